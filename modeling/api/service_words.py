"""What a version in service is not for, in words."""

from __future__ import annotations

from typing import Any, Final

from django.utils import translation
from django.utils.translation import gettext_lazy

from modeling.selectors.service_report import ServedVersion
from traderai.common.clock import MOSCOW

LIMITS: Final[dict[str, Any]] = {
    "simulated": gettext_lazy("It learned from made-up shares and knows nothing of real ones."),
    "base_rates": gettext_lazy(
        "Its network proved no more than base rates know and says these in its stead (%(figures)s)."
    ),
    "paper": gettext_lazy("It is not for trading: no profit after costs has been proven of it."),
    "no_trades": gettext_lazy(
        "Its rules took no trade on the held-out days, so there is nothing to judge them by."
    ),
    "own_bars": gettext_lazy(
        "It speaks of %(timeframe)s bars and of horizons of %(horizons)s, and of nothing else."
    ),
    "own_time": gettext_lazy("It has learned nothing from after %(day)s; markets have changed since."),
    "overlap": gettext_lazy(
        "Neighbouring rows share most of their windows: their number overstates the evidence, so bounds draw whole days."
    ),
    "no_advice": gettext_lazy(
        "It knows neither your means nor your aims: this is no individual investment advice."
    ),
}


def limits_told(served: ServedVersion, *, language: str) -> list[dict[str, str]]:
    """Return what a version is not for, the weightiest first, in a language."""
    is_probability = served.slot == "forecast"
    params = {
        "figures": ", ".join(served.base_rates_of),
        "timeframe": served.timeframe,
        "horizons": ", ".join(served.horizons),
        "day": served.trained_until.astimezone(MOSCOW).date().isoformat(),
    }
    holds = {
        "simulated": served.is_simulated,
        "base_rates": bool(served.base_rates_of),
        "paper": is_probability and served.grade != "trade",
        "no_trades": bool(served.heads) and not served.policy,
        "own_bars": bool(served.horizons),
        "own_time": True,
        "overlap": bool(served.heads),
        "no_advice": True,
    }
    with translation.override(language):
        return [{"code": code, "text": str(LIMITS[code]) % params} for code in LIMITS if holds[code]]
