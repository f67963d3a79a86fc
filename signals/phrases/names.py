"""Names that stand in sentences, by the parameter that holds their code."""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import gettext_lazy, pgettext_lazy

from market.configs import sectors_config

FAMILIES: Final[dict[str, Any]] = {
    "returns": gettext_lazy("Recent returns"),
    "trend": gettext_lazy("Trend"),
    "oscillators": gettext_lazy("Oscillators"),
    "volatility": gettext_lazy("Volatility"),
    "volume": gettext_lazy("Volume"),
    "position": gettext_lazy("Place in the recent range"),
    "candles": gettext_lazy("Candlestick shapes"),
    "flow": gettext_lazy("Order flow"),
    "higher": gettext_lazy("Longer timeframes"),
    "market": gettext_lazy("The market's move"),
    "sector": gettext_lazy("The sector's move"),
    "cross_section": gettext_lazy("Place among the shares"),
    "fundamental": gettext_lazy("The company's figures"),
    "news": gettext_lazy("News"),
    "calendar": gettext_lazy("Time of day and week"),
    "regime": gettext_lazy("The market regime"),
    "prices": gettext_lazy("Price levels"),
}
REGIMES: Final[dict[str, Any]] = {
    "uptrend": gettext_lazy("uptrend"),
    "downtrend": gettext_lazy("downtrend"),
    "flat": gettext_lazy("flat market"),
    "panic": gettext_lazy("panic"),
    "euphoria": gettext_lazy("euphoria"),
    "news_storm": gettext_lazy("news storm"),
}
# As they stand after "the market has been", in Russian in the prepositional case.
IN_REGIMES: Final[dict[str, Any]] = {
    "uptrend": pgettext_lazy("the market is", "in an uptrend"),
    "downtrend": pgettext_lazy("the market is", "in a downtrend"),
    "flat": pgettext_lazy("the market is", "flat"),
    "panic": pgettext_lazy("the market is", "in panic"),
    "euphoria": pgettext_lazy("the market is", "in euphoria"),
    "news_storm": pgettext_lazy("the market is", "in a news storm"),
}
PATTERNS: Final[dict[str, Any]] = {
    "morning_star": gettext_lazy("morning star"),
    "evening_star": gettext_lazy("evening star"),
    "three_inside": gettext_lazy("three inside"),
    "three_outside": gettext_lazy("three outside"),
    "piercing": gettext_lazy("piercing line"),
    "dark_cloud_cover": gettext_lazy("dark cloud cover"),
    "engulfing": gettext_lazy("engulfing"),
    "doji_star": gettext_lazy("doji star"),
    "harami": gettext_lazy("harami"),
    "hammer": gettext_lazy("hammer"),
    "hanging_man": gettext_lazy("hanging man"),
    "inverted_hammer": gettext_lazy("inverted hammer"),
    "shooting_star": gettext_lazy("shooting star"),
    "dragonfly_doji": gettext_lazy("dragonfly doji"),
    "gravestone_doji": gettext_lazy("gravestone doji"),
    "doji": gettext_lazy("doji"),
}
MEMBERS: Final[dict[str, Any]] = {
    "global": gettext_lazy("the shared network"),
    "trend": gettext_lazy("trend following"),
    "mean_reversion": gettext_lazy("mean reversion"),
    "news": gettext_lazy("news"),
    "volatility": gettext_lazy("volatility"),
}
SCOPES: Final[dict[str, Any]] = {
    "instrument": gettext_lazy("about the company"),
    "sector": gettext_lazy("about the sector"),
    "market": gettext_lazy("about the market"),
}
EVENTS: Final[dict[str, Any]] = {
    "sanctions": gettext_lazy("sanctions"),
    "report": gettext_lazy("report"),
    "dividends": gettext_lazy("dividends"),
    "m_and_a": gettext_lazy("mergers and acquisitions"),
    "buyback": gettext_lazy("share buyback"),
    "placement": gettext_lazy("share placement"),
    "regulation": gettext_lazy("regulation"),
    "management": gettext_lazy("management"),
    "macro": gettext_lazy("economy"),
    "accident": gettext_lazy("accident"),
    "index_change": gettext_lazy("change of an index"),
    "trading_halt": gettext_lazy("halt of trading"),
    "other": gettext_lazy("other"),
}
NAMES: Final[dict[str, dict[str, Any]]] = {
    "family": FAMILIES,
    "regime": REGIMES,
    "in_regime": IN_REGIMES,
    "pattern": PATTERNS,
    "members": MEMBERS,
    "scope": SCOPES,
    "event": EVENTS,
}


def sector_name(code: str, *, language: str) -> str:
    """Return a sector's name as sectors.yaml has it."""
    name = sectors_config().sectors[code]
    return name.ru if language == "ru" else name.en
