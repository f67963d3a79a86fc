"""The regime and what it changes, the model and what it claims, and what would prove the idea wrong."""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import gettext_lazy, ngettext_lazy

REGIME: Final[dict[str, Any]] = {
    "regime_known": (
        gettext_lazy("Market regime since %(since_on)s: %(regime)s (probability %(regime_p)s)."),
        gettext_lazy("The market has been %(in_regime)s since %(since_on)s (probability %(regime_p)s)."),
    ),
    "regime_clear": (
        gettext_lazy("Market regime since %(since_on)s: %(regime)s."),
        gettext_lazy("The market has been %(in_regime)s since %(since_on)s."),
    ),
    "sector_differs": gettext_lazy("The thresholds follow the market's regime, not the sector's."),
    "regime_unknown": gettext_lazy(
        "The market regime is not known yet; the thresholds of a flat market apply."
    ),
    "regime_asks": (
        gettext_lazy(
            "In this regime a trade needs an edge of at least %(edge_points)s percentage points after costs."
        ),
        gettext_lazy(
            "In this regime an edge below %(edge_points)s percentage points after costs is not traded."
        ),
    ),
    "regime_size": gettext_lazy("Positions are cut to %(size_share)s of the usual size."),
    "regime_longs": gettext_lazy(
        "For a long this regime asks an edge of at least %(edge_points)s percentage points after costs."
    ),
    "regime_trades": gettext_lazy(
        "In this market regime the model's trades made %(net_signed_bp)s bp each after costs [%(low_signed_bp)s, %(high_signed_bp)s] on the rows that its policy was chosen by, %(trades)s trades: no edge is proven by that."
    ),
    "regime_shorts": gettext_lazy(
        "For a short this regime asks an edge of at least %(edge_points)s percentage points after costs."
    ),
}

MODEL: Final[dict[str, Any]] = {
    "model_above_long": (
        gettext_lazy(
            "The model puts a long's chance of reaching the target at %(target_p)s, against %(break_even_p)s to break even: an edge of %(edge_points)s points."
        ),
        gettext_lazy(
            "Chance that a long reaches its target: %(target_p)s by the model against %(break_even_p)s to break even, so the edge is %(edge_points)s points."
        ),
    ),
    "model_above_short": (
        gettext_lazy(
            "The model puts a short's chance of reaching the target at %(target_p)s, against %(break_even_p)s to break even: an edge of %(edge_points)s points."
        ),
        gettext_lazy(
            "Chance that a short reaches its target: %(target_p)s by the model against %(break_even_p)s to break even, so the edge is %(edge_points)s points."
        ),
    ),
    "model_below_long": (
        gettext_lazy(
            "Of the two sides the long is the better one, but its chance of %(target_p)s lies %(edge_points)s points below the %(break_even_p)s needed to break even."
        ),
        gettext_lazy(
            "Even the better side, the long, lacks %(edge_points)s points: its chance is %(target_p)s, and it takes %(break_even_p)s to break even."
        ),
    ),
    "model_below_short": (
        gettext_lazy(
            "Of the two sides the short is the better one, but its chance of %(target_p)s lies %(edge_points)s points below the %(break_even_p)s needed to break even."
        ),
        gettext_lazy(
            "Even the better side, the short, lacks %(edge_points)s points: its chance is %(target_p)s, and it takes %(break_even_p)s to break even."
        ),
    ),
    "model_learned": gettext_lazy(
        "Fresh from training the model put this chance at %(trained_p)s; the outcomes that became known later have moved it."
    ),
    "model_own_levels": gettext_lazy(
        "This chance is that of reaching %(label_take_profit_rub)s before %(label_stop_loss_rub)s RUB, the levels that the model was trained on, not the target and the stop of the order: those are drawn from how far the price is expected to move, and the estimated result is what such orders made out of sample."
    ),
    "model_expects": gettext_lazy(
        "The estimated result is %(net_signed_frac)s, or %(net_r)s R, after costs of %(cost_frac)s."
    ),
    "return_other_way": (
        gettext_lazy(
            "The forecast of the return points the other way: its median over the horizon is %(median_signed_frac)s."
        ),
        gettext_lazy(
            "Against the call: the median of the forecast return over the horizon is %(median_signed_frac)s."
        ),
    ),
    "driver_raises": (
        gettext_lazy("%(family)s: plus %(effect_points)s points of probability."),
        gettext_lazy("%(family)s: %(effect_points)s points added to the chance."),
    ),
    "driver_lowers": (
        gettext_lazy("%(family)s: minus %(effect_points)s points of probability."),
        gettext_lazy("%(family)s: %(effect_points)s points taken from the chance."),
    ),
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
    "weaker_buy": gettext_lazy(
        "A fall below the support at %(support_rub)s RUB would weaken the idea before that."
    ),
    "weaker_sell": gettext_lazy(
        "A rise above the resistance at %(resistance_rub)s RUB would weaken the idea before that."
    ),
    "hold_changes_long": (
        gettext_lazy(
            "A long would need an edge of at least %(edge_points)s percentage points, from which its estimated result passes the threshold, too."
        ),
        gettext_lazy(
            "No long below an edge of %(edge_points)s percentage points, from which its estimated result passes the threshold, too."
        ),
    ),
    "hold_changes_short": (
        gettext_lazy(
            "A short would need an edge of at least %(edge_points)s percentage points, from which its estimated result passes the threshold, too."
        ),
        gettext_lazy(
            "No short below an edge of %(edge_points)s percentage points, from which its estimated result passes the threshold, too."
        ),
    ),
    "hold_base_rate": gettext_lazy(
        "This probability is a base rate, how often such targets were reached before: it says nothing about the share's present state, so its edge does not count. A model that can tell the states apart would change this."
    ),
    "change_stale_data": gettext_lazy("No trade before fresh bars are known."),
    "change_insufficient_history": gettext_lazy("No trade before more trading history is known."),
    "change_illiquid": gettext_lazy("No trade unless turnover rises or the spread narrows."),
    "change_halted": gettext_lazy("No trade before trading resumes."),
    "change_out_of_distribution": gettext_lazy(
        "No trade unless the market calms down or a model is trained on such days."
    ),
    "change_regime_forbids": gettext_lazy("No trade unless the market regime turns or the edge grows."),
    "change_regime_voter": gettext_lazy(
        "No trade unless the market regime turns or this member comes to agree: %(members)s."
    ),
    "change_model_missing": gettext_lazy("No trade before a model has passed its test on new data."),
    "change_model_degraded": gettext_lazy(
        "No trade before a better model serves or the staff has checked this one."
    ),
    "change_not_shortable": gettext_lazy("No trade unless the long side gains an edge."),
    "change_regime_lost": gettext_lazy(
        "No trade unless the market regime turns or such trades prove better."
    ),
    "change_volatility_lost": gettext_lazy(
        "No trade unless the expected volatility changes or such trades prove better."
    ),
    "change_hour_lost": gettext_lazy("No trade before another hour, unless such trades prove better."),
    "change_session_lost": gettext_lazy("No trade before another session, unless such trades prove better."),
    "change_liquidity_lost": gettext_lazy(
        "No trade unless the turnover changes or such trades prove better."
    ),
    "change_event_risk": gettext_lazy("No trade before the event has passed."),
    "change_low_agreement": gettext_lazy("No trade unless the strategies come to agree."),
}

NOTICE: Final[dict[str, Any]] = {
    "simulated": gettext_lazy("SIMULATED: this share and its prices are made up by the market simulator."),
    "not_advice": gettext_lazy("This is not individual investment advice."),
}
