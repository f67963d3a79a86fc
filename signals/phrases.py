"""The words of an explanation: one translatable sentence for each code of `signals.kernels.facts`."""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import gettext_lazy, ngettext_lazy

CALL: Final[dict[str, Any]] = {
    "call_buy": ngettext_lazy(
        "Buy at %(entry)s RUB: target %(take_profit_rub)s, stop %(stop_loss_rub)s, for up to %(days)s trading day.",
        "Buy at %(entry)s RUB: target %(take_profit_rub)s, stop %(stop_loss_rub)s, for up to %(days)s trading days.",
        "days",
    ),
    "call_sell": ngettext_lazy(
        "Sell short at %(entry)s RUB: target %(take_profit_rub)s, stop %(stop_loss_rub)s, for up to %(days)s trading day.",
        "Sell short at %(entry)s RUB: target %(take_profit_rub)s, stop %(stop_loss_rub)s, for up to %(days)s trading days.",
        "days",
    ),
    "call_hold": ngettext_lazy(
        "Hold: neither a long nor a short has a sufficient edge after costs over %(days)s trading day. Confidence %(confidence)s of 100.",
        "Hold: neither a long nor a short has a sufficient edge after costs over %(days)s trading days. Confidence %(confidence)s of 100.",
        "days",
    ),
    "strength_strong": gettext_lazy(
        "A strong signal: confidence %(confidence)s of 100, reward to risk %(risk_reward_ratio)s after costs."
    ),
    "strength_medium": gettext_lazy(
        "A signal of medium strength: confidence %(confidence)s of 100, reward to risk %(risk_reward_ratio)s after costs."
    ),
    "strength_weak": gettext_lazy(
        "A weak signal: confidence %(confidence)s of 100, reward to risk %(risk_reward_ratio)s after costs."
    ),
    "strength_low": gettext_lazy(
        "Low confidence: %(confidence)s of 100, reward to risk %(risk_reward_ratio)s after costs."
    ),
    "call_no_trade": gettext_lazy("No trade now."),
    "reason_stale_data": gettext_lazy("The data are stale, the newest bar closed on %(last_bar_at)s."),
    "reason_insufficient_history": gettext_lazy("Too few bars are known for a judgement."),
    "reason_illiquid": gettext_lazy("Turnover is too low or the spread too wide."),
    "reason_halted": gettext_lazy("Trading in the share is halted."),
    "reason_out_of_distribution": gettext_lazy("The market now is unlike anything the model was trained on."),
    "reason_regime_forbids": gettext_lazy(
        "In the present market regime the edge is too small for this side."
    ),
    "reason_model_missing": gettext_lazy("No model is in service for this share yet."),
    "reason_model_degraded": gettext_lazy(
        "The model in service has fallen below what it promised, so nothing is said until it is mended."
    ),
    "reason_not_shortable": gettext_lazy(
        "The edge is on the short side, and this share cannot be sold short."
    ),
    "reason_regime_lost": gettext_lazy(
        "In this market regime the model's trades have lost: %(net_signed_bp)s bp a trade after costs [%(low_signed_bp)s, %(high_signed_bp)s], out of sample, %(trades)s trades: nothing is traded."
    ),
    "reason_volatility_lost": gettext_lazy(
        "At such an expected volatility the model's trades have lost: %(net_signed_bp)s bp a trade after costs [%(low_signed_bp)s, %(high_signed_bp)s], out of sample, %(trades)s trades: nothing is traded."
    ),
    "reason_hour_lost": gettext_lazy(
        "At this hour the model's trades have lost: %(net_signed_bp)s bp a trade after costs [%(low_signed_bp)s, %(high_signed_bp)s], out of sample, %(trades)s trades: nothing is traded."
    ),
    "reason_session_lost": gettext_lazy(
        "In this session the model's trades have lost: %(net_signed_bp)s bp a trade after costs [%(low_signed_bp)s, %(high_signed_bp)s], out of sample, %(trades)s trades: nothing is traded."
    ),
    "reason_liquidity_lost": gettext_lazy(
        "At such a turnover the model's trades have lost: %(net_signed_bp)s bp a trade after costs [%(low_signed_bp)s, %(high_signed_bp)s], out of sample, %(trades)s trades: nothing is traded."
    ),
    "reason_event_risk": gettext_lazy("A corporate event is too near."),
    "reason_low_agreement": gettext_lazy("The strategies disagree."),
}

PICTURE: Final[dict[str, Any]] = {
    "trend_up": gettext_lazy(
        "The trend is up: the close stands %(distance_signed_frac)s from its 50-bar average and %(change_signed_frac)s over 20 bars."
    ),
    "trend_down": gettext_lazy(
        "The trend is down: the close stands %(distance_signed_frac)s from its 50-bar average and %(change_signed_frac)s over 20 bars."
    ),
    "trend_flat": gettext_lazy(
        "There is no clear trend: the close stands %(distance_signed_frac)s from its 50-bar average and %(change_signed_frac)s over 20 bars."
    ),
    "rsi_high": gettext_lazy("RSI at %(rsi_index)s: overbought."),
    "rsi_low": gettext_lazy("RSI at %(rsi_index)s: oversold."),
    "rsi_middle": gettext_lazy("RSI at %(rsi_index)s: neutral."),
    "volume_high": gettext_lazy("Volume is high: %(volume_ratio)s times the usual."),
    "volume_low": gettext_lazy("Volume is low: %(volume_ratio)s times the usual."),
    "volume_usual": gettext_lazy("Volume is normal: %(volume_ratio)s times the usual."),
    "levels_both": gettext_lazy(
        "The nearest support is %(support_rub)s, the nearest resistance %(resistance_rub)s RUB."
    ),
    "rank_place": gettext_lazy(
        "The daily ranker puts the share in place %(position)s of %(shares)s liquid ones (horizon in trading days: %(days)s; %(known_at)s). The rank correlation of such orders with what followed was %(ic_ratio)s over a year; no edge after costs is proven by them."
    ),
    "levels_support": gettext_lazy(
        "The nearest support is %(support_rub)s RUB; there is no recent resistance above."
    ),
    "levels_resistance": gettext_lazy(
        "The nearest resistance is %(resistance_rub)s RUB; there is no recent support below."
    ),
}

REGIME: Final[dict[str, Any]] = {
    "regime_known": gettext_lazy("Market regime since %(since_on)s: %(regime)s (probability %(regime_p)s)."),
    "regime_unknown": gettext_lazy(
        "The market regime is not known yet; the thresholds of a flat market apply."
    ),
    "regime_asks": gettext_lazy(
        "A trade then needs an edge of at least %(edge_points)s percentage points after costs."
    ),
    "regime_size": gettext_lazy("Positions are cut to %(size_share)s of the usual size."),
    "regime_longs": gettext_lazy("A long needs at least %(edge_points)s points."),
    "regime_trades": gettext_lazy(
        "In this market regime the model's trades made %(net_signed_bp)s bp each after costs [%(low_signed_bp)s, %(high_signed_bp)s] on the rows that its policy was chosen by, %(trades)s trades: no edge is proven by that."
    ),
    "regime_shorts": gettext_lazy("A short needs at least %(edge_points)s points."),
}

MODEL: Final[dict[str, Any]] = {
    "model_above_long": gettext_lazy(
        "The model puts a long's chance of reaching the target at %(target_p)s, against %(break_even_p)s to break even: an edge of %(edge_points)s points."
    ),
    "model_above_short": gettext_lazy(
        "The model puts a short's chance of reaching the target at %(target_p)s, against %(break_even_p)s to break even: an edge of %(edge_points)s points."
    ),
    "model_below_long": gettext_lazy(
        "Of the two sides the long is the better one, but its chance of %(target_p)s lies %(edge_points)s points below the %(break_even_p)s needed to break even."
    ),
    "model_below_short": gettext_lazy(
        "Of the two sides the short is the better one, but its chance of %(target_p)s lies %(edge_points)s points below the %(break_even_p)s needed to break even."
    ),
    "model_learned": gettext_lazy(
        "As trained, the model put this chance at %(trained_p)s; outcomes that have become known since moved it."
    ),
    "model_own_levels": gettext_lazy(
        "This chance is that of reaching %(label_take_profit_rub)s before %(label_stop_loss_rub)s RUB, not the target and the stop of the order: those are drawn from how far the price is expected to move, and the expected result is what such orders made out of sample."
    ),
    "model_expects": gettext_lazy(
        "The expected result is %(net_signed_frac)s or %(net_r)s R after costs of %(cost_frac)s."
    ),
    "driver_raises": gettext_lazy("%(family)s: plus %(effect_points)s points of probability."),
    "driver_lowers": gettext_lazy("%(family)s: minus %(effect_points)s points of probability."),
    "proven": gettext_lazy("The model's edge has been proven out of sample after costs."),
    "paper": gettext_lazy(
        "The model's edge is not proven: this is a paper signal, not a reason to risk money."
    ),
    "in_sample": gettext_lazy(
        "The model was trained on data that reach beyond this bar: the figures are not out of sample."
    ),
}

RISK: Final[dict[str, Any]] = {
    "wrong_buy": ngettext_lazy(
        "The idea is wrong if the price falls to %(stop_loss_rub)s RUB, and over if the target is not reached in %(days)s trading day.",
        "The idea is wrong if the price falls to %(stop_loss_rub)s RUB, and over if the target is not reached in %(days)s trading days.",
        "days",
    ),
    "wrong_sell": ngettext_lazy(
        "The idea is wrong if the price rises to %(stop_loss_rub)s RUB, and over if the target is not reached in %(days)s trading day.",
        "The idea is wrong if the price rises to %(stop_loss_rub)s RUB, and over if the target is not reached in %(days)s trading days.",
        "days",
    ),
    "hold_changes_long": gettext_lazy(
        "The answer would change if the edge of a long rose to %(edge_points)s points."
    ),
    "hold_changes_short": gettext_lazy(
        "The answer would change if the edge of a short rose to %(edge_points)s points."
    ),
    "hold_base_rate": gettext_lazy(
        "This probability is a base rate, how often such targets were reached before: it says nothing about the share's present state, so its edge does not count. A model that can tell the states apart would change this."
    ),
    "change_stale_data": gettext_lazy("Fresh bars would change this."),
    "change_insufficient_history": gettext_lazy("More trading history would change this."),
    "change_illiquid": gettext_lazy("Higher turnover or a narrower spread would change this."),
    "change_halted": gettext_lazy("The resumption of trading would change this."),
    "change_out_of_distribution": gettext_lazy(
        "Calmer conditions or a model trained on such days would change this."
    ),
    "change_regime_forbids": gettext_lazy("Another market regime or a larger edge would change this."),
    "change_model_missing": gettext_lazy("A model that passes the gate would change this."),
    "change_model_degraded": gettext_lazy("A better model, or a check by the staff, would change this."),
    "change_not_shortable": gettext_lazy("An edge on the long side would change this."),
    "change_regime_lost": gettext_lazy(
        "Another market regime, or trades that prove better, would change this."
    ),
    "change_volatility_lost": gettext_lazy(
        "Another expected volatility, or trades that prove better, would change this."
    ),
    "change_hour_lost": gettext_lazy("Another hour, or trades that prove better, would change this."),
    "change_session_lost": gettext_lazy("Another session, or trades that prove better, would change this."),
    "change_liquidity_lost": gettext_lazy(
        "Another turnover, or trades that prove better, would change this."
    ),
    "change_event_risk": gettext_lazy("The passing of the event would change this."),
    "change_low_agreement": gettext_lazy("Agreement between the strategies would change this."),
}

NOTICE: Final[dict[str, Any]] = {
    "simulated": gettext_lazy("SIMULATED: this share and its prices are made up by the market simulator."),
    "not_advice": gettext_lazy("This is not individual investment advice."),
}

PHRASES: Final[dict[str, Any]] = CALL | PICTURE | REGIME | MODEL | RISK | NOTICE

SCENARIOS: Final[dict[str, Any]] = {
    "falls_below": gettext_lazy("falls below %(high_rub)s"),
    "falls_to": gettext_lazy("falls to %(low_rub)s–%(high_rub)s"),
    "stays_in": gettext_lazy("stays in %(low_rub)s–%(high_rub)s"),
    "rises_to": gettext_lazy("rises to %(low_rub)s–%(high_rub)s"),
    "rises_above": gettext_lazy("rises above %(low_rub)s"),
    "stays_below": gettext_lazy("stays below %(high_rub)s"),
    "stays_above": gettext_lazy("stays above %(low_rub)s"),
}

NAMES: Final[dict[str, Any]] = {
    "uptrend": gettext_lazy("uptrend"),
    "downtrend": gettext_lazy("downtrend"),
    "flat": gettext_lazy("flat market"),
    "panic": gettext_lazy("panic"),
    "euphoria": gettext_lazy("euphoria"),
    "news_storm": gettext_lazy("news storm"),
    "returns": gettext_lazy("Recent returns"),
    "trend": gettext_lazy("Trend"),
    "oscillators": gettext_lazy("Oscillators"),
    "volatility": gettext_lazy("Volatility"),
    "volume": gettext_lazy("Volume"),
    "position": gettext_lazy("Place in the recent range"),
    "calendar": gettext_lazy("Time of day and week"),
}
