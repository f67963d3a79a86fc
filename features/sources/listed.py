"""The sources of columns that are joined to bars, listed literally."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from features.sources.base import BuildScope, ColumnSource
from features.sources.calendar import CalendarSource
from features.sources.flow import FlowSource
from features.sources.fundamental import FundamentalSource
from features.sources.higher import HigherSource
from features.sources.index import IndexSource
from features.sources.news import NewsSource
from features.sources.panel import PanelSource
from features.sources.regime import RegimeSource
from features.spec import FeatureSpec, Reads

SourceMaker = Callable[[BuildScope, tuple[FeatureSpec, ...]], ColumnSource]
SOURCES: Final[dict[Reads, SourceMaker]] = {
    "calendar": CalendarSource,
    "flow": FlowSource,
    "fundamental": FundamentalSource,
    "higher": HigherSource,
    "index": IndexSource,
    "news": NewsSource,
    "panel": PanelSource,
    "regime": RegimeSource,
}
