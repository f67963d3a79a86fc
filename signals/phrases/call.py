"""What to do: the call itself, or why there is none."""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import gettext_lazy, ngettext_lazy

# Known only when a stored signal is read, so no code of its facts.
EXPIRED: Final = gettext_lazy("This signal expired at %(until_at)s: it is history, not a call to act.")
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
    "style_enter_now": gettext_lazy("How to enter: at once, while the price stays within the range."),
    "style_limit": gettext_lazy("How to enter: by a limit order within the range, not at the market."),
    "style_wait_pullback": gettext_lazy("How to enter: wait for a pullback, do not run after the price."),
    "style_scale_in": gettext_lazy("How to enter: in parts, not with the whole position at once."),
    "call_no_trade": gettext_lazy("No trade now."),
    "reason_stale_data": gettext_lazy("The data are stale, the newest bar closed on %(last_bar_at)s."),
    "reason_insufficient_history": gettext_lazy("Too few bars are known for a judgement."),
    "reason_illiquid": gettext_lazy("Turnover is too low or the spread too wide."),
    "reason_halted": gettext_lazy("Trading in the share is halted."),
    "reason_out_of_distribution": gettext_lazy(
        "The market now is too unlike what the model was trained on for its figures to be trusted."
    ),
    "reason_regime_forbids": gettext_lazy("In the present market regime the edge is too small for a trade."),
    "reason_regime_voter": gettext_lazy(
        "In the present market regime a trade needs the word of a member of the council, and does not have it: %(members)s."
    ),
    "reason_model_missing": gettext_lazy("No model is in service for this share yet."),
    "reason_model_degraded": gettext_lazy(
        "The model in service is switched off: it has fallen below what it promised or failed a check. It is silent until it is mended or replaced."
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
    "reason_event_risk": gettext_lazy(
        "A corporate event, such as a dividend's cut-off, is too near to open a trade."
    ),
    "reason_low_agreement": gettext_lazy("The strategies of the council agree too little."),
}
