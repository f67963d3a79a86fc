"""The whole of full_v1 on a real market: nothing knows the future, and one new bar gives the bits of a whole build.

Every feature of the catalogue takes part by itself. Known exceptions: none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.db import transaction

from features.catalog import FEATURES
from features.kernels import engine
from features.live_rows import rows_get
from features.selectors.catalogue import feature_set_get, feature_specs
from features.services.live import LiveMarket
from features.services.regime import SETTLE, regime_build
from features.sources import listed
from features.sources.base import BuildScope, ColumnSource, MonthScope
from features.spec import FeatureSpec
from market.contracts import Timeframe
from tests.features.whole import (
    CASES,
    NOW,
    SET,
    SHARES,
    Case,
    Rows,
    load_market,
    rows_of,
    spoil_after,
    unequal_columns,
)
from traderai.common.arrays import F64, I64
from traderai.common.clock import from_epoch_s, to_epoch_s

# The mark makes pytest-django set up a database of its own before the fixture below opens it.
pytestmark = [pytest.mark.django_db, pytest.mark.realdata]
# Nothing here is halted and has its sanctions, leverage and loans told; a storm of news is seen against 30 days that
# were read without a break, the intensity of news against ten shares that trade. Their own tests make up such data.
UNTOLD = {
    "halt_day_min",
    "fund_sanction_score",
    "fund_risk_score",
    "regime_p_news_storm",
    "regime_sector_p_news_storm",
    "news_market_intensity_60",
    "news_market_intensity_1440",
}
case_of = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


@pytest.fixture(scope="module")
def market(
    real_data: Path, tmp_path_factory: pytest.TempPathFactory, django_db_setup: None, django_db_blocker: Any
) -> Iterator[None]:
    """Load the market once for all tests of this file, in a transaction that is taken back at the end."""
    with django_db_blocker.unblock(), transaction.atomic():
        load_market(real_data, tmp_path_factory.mktemp("cut"))
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def whole(market: None) -> Callable[[Case], dict[str, Rows]]:
    """Return the rows of a case as known at its end, computed once."""
    kept: dict[Timeframe, dict[str, Rows]] = {}

    def rows(case: Case) -> dict[str, Rows]:
        if case.timeframe not in kept:
            kept[case.timeframe] = rows_of(case, as_of=case.until)
        return kept[case.timeframe]

    return rows


@contextmanager
def taken_back() -> Iterator[None]:
    """Undo what is done to the database inside."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def known_then(rows: Mapping[str, Rows], case: Case, cut: Any) -> dict[str, Rows]:
    known = {secid: one.known(cut, case.timeframe) for secid, one in rows.items()}
    return {secid: one for secid, one in known.items() if len(one.begin_s)}


def test_every_feature_takes_part(whole: Callable[[Case], dict[str, Rows]]) -> None:
    """All features but those without real data or of another timeframe have values on at least one timeframe."""
    columns = feature_set_get(name=SET).columns
    assert set(columns) == {spec.name for spec in FEATURES if spec.family != "prices"}
    filled = np.zeros(len(columns), dtype=bool)
    for case in CASES.values():
        rows = whole(case)
        assert len(rows) >= 5
        for one in rows.values():
            filled |= np.isfinite(one.values).any(axis=0)
    empty = {name for name, is_filled in zip(columns, filled, strict=True) if not is_filled}
    without_data = {name for name in columns if name.startswith(("rtsi_", "book_"))}
    assert empty <= without_data | UNTOLD


@case_of
def test_what_was_known_then_gives_the_same_bits(
    whole: Callable[[Case], dict[str, Rows]], case: Case
) -> None:
    for cut in case.cuts:
        want = known_then(whole(case), case, cut)
        assert sum(len(one.begin_s) for one in want.values()) >= 50
        assert unequal_columns(rows_of(case, as_of=cut), want) == {}


@case_of
def test_noise_in_the_future_changes_no_bit(whole: Callable[[Case], dict[str, Rows]], case: Case) -> None:
    cut = case.cuts[0]
    with taken_back():
        assert spoil_after(cut) > 1_000
        spoiled = rows_of(case, as_of=case.until)
    assert unequal_columns(known_then(spoiled, case, cut), known_then(whole(case), case, cut)) == {}
    after = unequal_columns(spoiled, whole(case))
    assert len(after) > 250, "the noise did not reach the features"


@case_of
def test_one_new_bar_gives_the_bits_of_a_whole_build(
    whole: Callable[[Case], dict[str, Rows]], case: Case
) -> None:
    live = LiveMarket(feature_set=SET, timeframe=case.timeframe, simulated=False)
    step = case.timeframe.duration
    moments = [case.until - 2 * step, case.until - step, case.until]
    reports = [live.update(now=moment) for moment in moments]
    assert [report.reloaded for report in reports] == [True, False, False] or step >= timedelta(hours=1)
    assert all(not report.failed for report in reports)
    rows = rows_get(live.facts, case.timeframe, list(SHARES))
    assert len(rows) >= 5
    for secid, row in rows.items():
        stored = whole(case)[secid]
        at = int(np.searchsorted(stored.begin_s, row.begin_s))
        assert stored.begin_s[at] == row.begin_s
        differs = np.flatnonzero(row.values.view(np.int32) != stored.values[at].view(np.int32))
        assert [live.facts.columns[j] for j in differs] == []
    assert live.update(now=case.until).rows == 0


def test_the_regime_that_was_known_then_is_the_same(market: None) -> None:
    from features.models import RegimeHistory

    cut = CASES["1d"].cuts[0]
    fields = ("market", "scope", "trading_day", "name", "probabilities", "as_of")
    later = list(RegimeHistory.objects.filter(as_of__lte=cut).order_by(*fields[:3]).values_list(*fields))
    with taken_back():
        RegimeHistory.objects.all().delete()
        regime_build(now=cut + SETTLE)
        then = list(RegimeHistory.objects.filter(as_of__lte=cut).order_by(*fields[:3]).values_list(*fields))
    assert len(then) > 500
    assert then == later


class Ahead:
    """A source that knows some time too early: the leak by event time, by period end, by an unclosed bar."""

    def __init__(self, inner: ColumnSource, early: timedelta, scope: BuildScope) -> None:
        self._inner, self._early_s = inner, int(early.total_seconds())
        self._newest_s = to_epoch_s(scope.as_of) - 60 * scope.timeframe.minutes

    def month_columns(self, month: MonthScope) -> Mapping[str, F64]:
        bars = {
            secid: replace(one, bars=replace(one.bars, begin_s=self._later(one.bars.begin_s)))
            for secid, one in month.bars.items()
        }
        return self._inner.month_columns(replace(month, bars=bars))

    def _later(self, begin_s: I64) -> I64:
        return np.maximum(begin_s, np.minimum(begin_s + self._early_s, self._newest_s))


class NextRow:
    """A source whose rows are those of the next bar: the leak by rolling one back."""

    def __init__(self, inner: ColumnSource, _early: timedelta, _scope: BuildScope) -> None:
        self._inner = inner

    def month_columns(self, month: MonthScope) -> Mapping[str, F64]:
        return {secid: np.roll(rows, -1, axis=0) for secid, rows in self._inner.month_columns(month).items()}


LEAKS: dict[str, tuple[str, str, Any, timedelta]] = {
    "longer bars that have not ended": ("higher", "10m", Ahead, timedelta(days=1)),
    "news by the time of the event": ("news", "10m", Ahead, timedelta(hours=1)),
    "reports by the end of their period": ("fundamental", "1d", Ahead, timedelta(days=120)),
    "the index of a day that is not over": ("index", "1h", Ahead, timedelta(days=1)),
    "the regime of a day that is not over": ("regime", "1h", Ahead, timedelta(days=1)),
    "the next bar of other shares": ("panel", "10m", NextRow, timedelta()),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_a_planted_leak_is_caught(market: None, monkeypatch: pytest.MonkeyPatch, leak: str) -> None:
    reads, name, leaking, early = LEAKS[leak]
    case = CASES[name]
    honest = listed.SOURCES[reads]  # type: ignore[index]

    def opened(scope: BuildScope, specs: tuple[FeatureSpec, ...]) -> ColumnSource:
        return leaking(honest(scope, specs), early, scope)

    monkeypatch.setitem(listed.SOURCES, reads, opened)  # type: ignore[arg-type]
    cut = case.cuts[0]
    want = known_then(rows_of(case, as_of=case.until), case, cut)
    with taken_back():
        spoil_after(cut)
        spoiled = known_then(rows_of(case, as_of=case.until), case, cut)
    unequal = unequal_columns(spoiled, want)
    assert {spec.reads for spec in feature_specs(name=SET) if spec.name in unequal} == {reads}


@pytest.mark.parametrize(
    "leak",
    [
        lambda close: np.roll(close, -1),
        lambda close: close - close.mean(),
        lambda close: np.convolve(close, np.ones(5) / 5, mode="same"),
    ],
    ids=["the next bar", "the mean of the whole sample", "a centred window"],
)
def test_a_planted_leak_of_own_bars_is_caught(
    whole: Callable[[Case], dict[str, Rows]], monkeypatch: pytest.MonkeyPatch, leak: Callable[[F64], F64]
) -> None:
    case = CASES["1h"]
    monkeypatch.setitem(engine.COLUMNS, "log_return", lambda w, span: leak(w.close))
    cut = case.cuts[0]
    want = known_then(rows_of(case, as_of=case.until), case, cut)
    unequal = unequal_columns(rows_of(case, as_of=cut), want)
    assert {name for name in unequal if name.startswith("ret_")} >= {"ret_1", "ret_60"}


def test_a_published_row_says_of_which_bar_it_is(whole: Callable[[Case], dict[str, Rows]]) -> None:
    case = CASES["1h"]
    rows = whole(case)["SBER"]
    assert from_epoch_s(int(rows.begin_s[-1])) <= case.until - case.timeframe.duration < NOW
