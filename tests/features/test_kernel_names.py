"""Every kernel is named by a feature, and every feature names a kernel: of own bars and of each source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any, get_args

import numpy as np
import pytest

from features.catalog import FEATURES
from features.kernels import engine, fundamental_columns, news_columns, panel_columns
from features.sources import calendar, flow, index, listed, regime
from features.sources.base import BuildScope, MonthScope
from features.spec import FeatureSpec, Reads
from market.contracts import Timeframe
from market.selectors.flow import FlowColumns, OrderBookColumns
from tests.features.series import random_bars
from traderai.common.clock import MOSCOW

BEGIN_S, END_S = (int(datetime(2024, month, 1, tzinfo=MOSCOW).timestamp()) for month in (2, 3))


def of_flow() -> set[str]:
    def nothing(columns: Any) -> Any:
        arrays = {one.name: np.empty(0) for one in fields(columns)}
        return columns(**arrays | {"begin_s": np.empty(0, dtype=np.int64)})

    bars = random_bars(50, seed=1)
    flows = flow._flow_columns(bars, nothing(FlowColumns), first=0, since_s=BEGIN_S)
    return set(flows | flow._book_columns(bars, nothing(OrderBookColumns), first=0))


def of_calendar() -> set[str]:
    scope = BuildScope(
        timeframe=Timeframe.H1,
        universe=(),
        since_s=BEGIN_S,
        until_s=END_S,
        as_of=datetime(2024, 4, 1, tzinfo=UTC),
    )
    month = MonthScope(month="2024-02", begin_s=BEGIN_S, end_s=END_S, bars={})
    return set(calendar.CalendarSource(scope, ())._columns(month, np.array([BEGIN_S + 36_000])))


def own_name(spec: FeatureSpec) -> str:
    """Return what a kernel's name says without the index or the news that it is about."""
    return spec.kernel.partition(".")[2] if spec.reads in {"index", "news"} else spec.kernel


COMPUTED: dict[Reads, Callable[[], set[str]]] = {
    "bars": lambda: set(engine.COLUMNS),
    "higher": lambda: set(engine.COLUMNS),
    "index": lambda: {*engine.COLUMNS, *index.MOMENTS, index.STRENGTH, "level", "percentile"},
    "panel": lambda: set(panel_columns.COLUMNS),
    "flow": of_flow,
    "fundamental": lambda: {*fundamental_columns.COLUMNS, "score"},
    "news": lambda: set(news_columns.COLUMNS),
    "calendar": of_calendar,
    "regime": lambda: {*regime._MARKET, *regime._SECTOR, regime._SPELL},
}


def unmatched(specs: tuple[FeatureSpec, ...], computed: dict[Reads, set[str]]) -> set[tuple[str, str]]:
    """Return the kernels that no feature names and those that nothing computes, with what they read."""
    named = {(spec.reads, own_name(spec)) for spec in specs}
    # What longer bars and indices are asked is computed by the kernels of own bars: those are named by features of own
    # bars.
    have = {(reads, kernel) for reads, kernels in computed.items() for kernel in kernels}
    idle = {
        (reads, kernel)
        for reads, kernel in have - named
        if reads not in {"higher", "index"} or kernel not in computed["bars"]
    }
    return idle | (named - have)


@pytest.mark.django_db
def test_every_kernel_has_a_feature_and_every_feature_a_kernel() -> None:
    assert set(COMPUTED) == set(get_args(Reads)) == {"bars", *listed.SOURCES}
    computed = {reads: kernels() for reads, kernels in COMPUTED.items()}
    assert unmatched(FEATURES, computed) == set()
    # Were there one too many, or one too few, it would be seen.
    for reads in COMPUTED:
        spec = next(spec for spec in FEATURES if spec.reads == reads)
        lost = replace(spec, kernel=f"{spec.kernel}_lost", exact_tail=False)
        assert unmatched((*FEATURES, lost), computed) == {(reads, own_name(lost))}
        more = computed | {reads: {*computed[reads], "idle"}}
        assert unmatched(FEATURES, more) == {(reads, "idle")}
