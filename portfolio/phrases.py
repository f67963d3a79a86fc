"""The words of portfolio advice: for each code one translatable sentence."""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import gettext_lazy, ngettext_lazy

REASONS: Final[dict[str, Any]] = {
    "price_stale": gettext_lazy("The price is too old to judge by."),
    "stop_passed": gettext_lazy("The price %(price_rub)s is beyond your stop of %(stop_rub)s."),
    "stop_near": gettext_lazy("Your stop is near: %(distance_frac)s of the price away."),
    "no_stop": gettext_lazy("No stop is set."),
    "signal_against_proven": gettext_lazy("A signal with a proven edge speaks against the position."),
    "signal_with_proven": gettext_lazy("A signal with a proven edge speaks for the position."),
    "signal_against_paper": gettext_lazy(
        "A paper signal speaks against the position; its edge is not proven, so by itself it is no reason to act."
    ),
    "signal_with_paper": gettext_lazy(
        "A paper signal speaks for the position; its edge is not proven, so by itself it is no reason to add."
    ),
    "signal_hold": gettext_lazy("The signal sees no edge on either side."),
    "signal_no_trade": gettext_lazy("The signal makes no judgement now."),
    "signal_old": gettext_lazy("The last signal is too old to act on."),
    "no_signal": gettext_lazy("No signal has been made of this share yet."),
    "room": ngettext_lazy(
        "Your limits leave room for %(lots)s lot.", "Your limits leave room for %(lots)s lots.", "lots"
    ),
    "no_room": gettext_lazy("Your limits leave no room for more."),
    "capital_unknown": gettext_lazy("Tell your capital, then it can be said whether there is room for more."),
    "cut_share": gettext_lazy(
        "The position is %(now_frac)s of the capital, your limit for one share is %(limit_frac)s."
    ),
    "cut_sector": gettext_lazy(
        "Its sector is %(now_frac)s of the capital, your limit for a sector is %(limit_frac)s."
    ),
    "cut_gross": gettext_lazy(
        "All positions together are %(now_frac)s of the capital, your limit is %(limit_frac)s."
    ),
    "cut_short": gettext_lazy(
        "Short positions are %(now_frac)s of the capital, your limit is %(limit_frac)s."
    ),
    "cut_cash": gettext_lazy(
        "Free cash is %(now_signed_frac)s of the capital, you want at least %(limit_frac)s."
    ),
    "cut_exit_days": gettext_lazy(
        "The position is %(now_frac)s of the capital; only %(limit_frac)s could be left in the days that you allow."
    ),
    "cut_volatility": gettext_lazy(
        "The portfolio moves by %(now_frac)s on an ordinary day, your limit is %(limit_frac)s."
    ),
    "slow_exit": ngettext_lazy(
        "Leaving it takes about %(days)s trading day.",
        "Leaving it takes about %(days)s trading days.",
        "days",
    ),
    "no_turnover": gettext_lazy("Hardly anybody trades it: it cannot be left at the market."),
    "dividend_long": ngettext_lazy(
        "A dividend is cut off in %(days)s day: who holds the share before gets it, and the price opens lower.",
        "A dividend is cut off in %(days)s days: who holds the share before gets it, and the price opens lower.",
        "days",
    ),
    "dividend_short": ngettext_lazy(
        "A dividend is cut off in %(days)s day: who is short pays it.",
        "A dividend is cut off in %(days)s days: who is short pays it.",
        "days",
    ),
    "in_profit": gettext_lazy("It stands at %(gain_signed_frac)s; that alone is no reason to sell."),
    "in_loss": gettext_lazy("It stands at %(gain_signed_frac)s; that alone is no reason to hold on."),
}
WARNINGS: Final[dict[str, Any]] = {
    "capital_needed": gettext_lazy(
        "The capital is not known: weights are of the positions alone, and cash, limits and rebalancing cannot be told. Tell your capital."
    ),
    "positions_refused": ngettext_lazy(
        "%(count)s position was left out, see refused.",
        "%(count)s positions were left out, see refused.",
        "count",
    ),
    "prices_stale": gettext_lazy("Prices are old and nothing is traded on them: %(secids)s."),
    "risk_unknown": ngettext_lazy(
        "No share has %(days)s day of history, so the risk cannot be told.",
        "No share has %(days)s days of history, so the risk cannot be told.",
        "days",
    ),
    "risk_leaves_out": ngettext_lazy(
        "The figures of risk leave out what has less than %(days)s common day of history: %(secids)s. The real risk is larger.",
        "The figures of risk leave out what has less than %(days)s common days of history: %(secids)s. The real risk is larger.",
        "days",
    ),
    "history_shortened": ngettext_lazy(
        "The figures of risk know %(days)s common day only, because these are young or seldom traded: %(secids)s.",
        "The figures of risk know %(days)s common days only, because these are young or seldom traded: %(secids)s.",
        "days",
    ),
    "risk_in_one": gettext_lazy("%(secids)s alone carries %(risk_frac)s of the risk."),
    "moves_together": gettext_lazy("These move together, so holding both spreads little: %(secids)s."),
    "few_bets": ngettext_lazy(
        "%(positions)s position is about %(bets_times)s independent bets: more of the same kind spreads little.",
        "%(positions)s positions are about %(bets_times)s independent bets: more of the same kind spreads little.",
        "positions",
    ),
    "no_index": gettext_lazy(
        "The index %(secids)s is not stored: beta and stand-ins in stress tests are not known."
    ),
    "simulated": gettext_lazy("Made-up shares of the market simulator: %(secids)s."),
    "nothing_proven": gettext_lazy(
        "No model has a proven edge here: advice rests on your stops and limits alone."
    ),
}
PHRASES: Final[dict[str, Any]] = REASONS | WARNINGS
