"""The panel on stored candles: what comes later changes nothing, and a month alone equals a build of everything."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from features.families import cross_section, market, sector
from features.services.months import build_scope, month_scopes
from features.sources.base import MonthScope
from features.sources.panel import PanelSource
from market.contracts import Timeframe
from market.models import CorporateAction, Instrument
from market.selectors.instruments import traded_list
from tests.features.conftest import store_candles
from tests.features.series import FIRST_BAR_S, random_bars
from traderai.common.arrays import F64
from traderai.common.clock import from_epoch_s

SPECS = market.FEATURES + sector.FEATURES + cross_section.FEATURES
ROWS = 1_250
SHARES = tuple(f"S{place:02d}" for place in range(7))
Built = dict[tuple[str, str], F64]


@pytest.fixture
def universe(share: Callable[..., Instrument]) -> Iterator[dict[str, Instrument]]:
    """Seven shares of two sectors with five months of hourly candles, some bars missing."""
    made = {}
    for place, secid in enumerate(SHARES):
        bars = random_bars(ROWS, seed=40 + place)
        bars.dividend_rub[:] = 0.0
        keep = np.random.default_rng(place).random(ROWS) > 0.05 * (place % 3)
        made[secid] = share(secid, _kept(bars, keep))
        Instrument.objects.filter(pk=made[secid].pk).update(sector="ab"[place % 2])
    yield made


def _kept(bars: Any, keep: Any) -> Any:
    arrays = {
        name: getattr(bars, name)[keep]
        for name in bars.__dataclass_fields__
        if isinstance(getattr(bars, name), np.ndarray)
    }
    return replace(bars, **arrays)


def end_of(row: int) -> datetime:
    """Return when the bar of a row of the calendar is known."""
    return from_epoch_s(int(random_bars(ROWS, seed=0).begin_s[row]) + 3_600)


def built(as_of: datetime, *, since: datetime | None = None) -> Built:
    """Return the columns of every month and share as a build makes them."""
    facts = traded_list(timeframe=Timeframe.H1, active_only=False)
    found = build_scope(universe=facts, timeframe=Timeframe.H1, since=since, as_of=as_of)
    assert found is not None
    scope, months = found
    failed: dict[str, str] = {}
    source = PanelSource(scope, SPECS)
    out: Built = {}
    for month in month_scopes(scope, months, warmup_bars=600, failed=failed):
        out |= _by_place(month, source.month_columns(month))
    assert failed == {}
    return out


def _by_place(month: MonthScope, values: Mapping[str, F64]) -> Built:
    return {(month.month, secid): columns for secid, columns in values.items() if len(columns)}


def assert_prefix(early: Built, whole: Built) -> None:
    for place, values in early.items():
        want = np.ascontiguousarray(whole[place][: len(values)])
        assert np.ascontiguousarray(values).tobytes() == want.tobytes(), f"{place} has changed"


def assert_columns_are_there(found: Built) -> None:
    newest = max(month for month, _ in found)
    last = np.vstack([values[-1] for (month, _), values in found.items() if month == newest])
    unknown = [spec.name for j, spec in enumerate(SPECS) if not np.isfinite(last[:, j]).any()]
    assert unknown == []


def test_an_earlier_moment_gives_a_prefix_and_a_month_alone_the_same_bits(
    universe: dict[str, Instrument],
) -> None:
    whole = built(end_of(ROWS - 1))
    assert_columns_are_there(whole)
    for row in (ROWS - 40, ROWS - 200):
        assert_prefix(built(end_of(row)), whole)
    alone = built(end_of(ROWS - 1), since=end_of(ROWS - 1))
    assert 0 < len(alone) < len(whole)
    assert_prefix(alone, whole)
    assert all(len(values) == len(whole[place]) for place, values in alone.items())


def test_facts_that_come_later_change_nothing_before(
    universe: dict[str, Instrument], share: Callable[..., Instrument]
) -> None:
    moment = end_of(ROWS - 60)
    before = built(moment)
    later = random_bars(ROWS, seed=90)
    for name in ("open", "high", "low", "close"):
        getattr(later, name)[:] *= 7.0
    later_s = int(moment.timestamp())
    store_candles(universe["S00"], _kept(later, later.begin_s >= later_s))
    share("NEW", _kept(later, later.begin_s >= later_s))
    CorporateAction.objects.create(
        instrument=universe["S01"],
        kind="dividend",
        ex_date=(moment - timedelta(days=20)).date(),
        amount_rub=5.0,
        known_at=moment + timedelta(days=1),
        source="test",
    )
    assert_prefix(before, built(moment))
    assert_prefix(built(moment), before)
    assert ("2024-05", "NEW") in built(end_of(ROWS - 1))


def test_the_comparison_sees_a_candle_that_was_restated(universe: dict[str, Instrument]) -> None:
    moment = end_of(ROWS - 1)
    before = built(moment)
    other = random_bars(ROWS, seed=91)
    store_candles(universe["S00"], _kept(other, other.begin_s >= FIRST_BAR_S + (ROWS - 80) * 3_600))
    with pytest.raises(AssertionError, match="has changed"):
        assert_prefix(before, built(moment))


def test_as_of_is_the_end_of_a_bar() -> None:
    assert end_of(0) == datetime(2024, 1, 15, 8, tzinfo=UTC)
