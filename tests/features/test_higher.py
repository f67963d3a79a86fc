"""Longer timeframes: the join, its purity, its causality, and what is left out."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.catalog import BY_NAME
from features.families import higher
from features.kernels.engine import features_of, month_slices
from features.kernels.higher import HOLE_DAYS, newest_known, stretches, unbroken_from
from features.services.months import build_scope, month_scopes
from features.sources import bar_series
from features.sources import higher as source
from features.sources.base import BuildScope, MonthScope
from features.sources.higher import HigherSource
from market.contracts import Timeframe
from market.models import Candle, Instrument, TradingDay
from market.selectors.instruments import traded_list
from tests.features.longer import (
    action,
    assert_same_bits,
    begins_of,
    held,
    joined,
    midnight,
    store,
    walk,
)
from tests.features.series import random_bars
from traderai.common.clock import MOSCOW, to_epoch_s

NAMES = [spec.name for spec in higher.FEATURES]
DAY_S = 86_400
APRIL, MAY = datetime(2024, 4, 1, tzinfo=MOSCOW), datetime(2024, 5, 1, tzinfo=MOSCOW)


@pytest.fixture
def market(db: None) -> Instrument:
    """Store a share with hourly bars of March to May and longer candles."""
    share = held("AAAA")
    store(share, Timeframe.H1, walk(begins_of(Timeframe.H1, 500), seed=1))
    store(share, Timeframe.H4, walk(begins_of(Timeframe.H4, 420), seed=2))
    store(share, Timeframe.D1, walk(begins_of(Timeframe.D1, 420), seed=3))
    store(share, Timeframe.W1, walk(begins_of(Timeframe.W1, 120), seed=4))
    action(share, "2024-04-16", shares_after_per_before=10.0)
    action(share, "2024-04-22", amount_rub=4.0)
    return share


def hourly(**options: Any) -> Any:
    return joined(higher.FEATURES, Timeframe.H1, **options)["AAAA"]


# The join.


def slow_newest(
    begin_s: Any, known_s: Any, day: Any, others_known_s: Any, *, stale_days: int, stale_s: int
) -> list[int]:
    out = []
    for t in range(len(begin_s)):
        found = max((j for j in range(len(others_known_s)) if others_known_s[j] <= known_s[t]), default=-1)
        since = [i for i in range(t + 1) if found >= 0 and begin_s[i] >= others_known_s[found]]
        if since:
            first = since[0]
            late = known_s[t] - begin_s[first] > stale_s
            if late and day[t] - day[first] >= stale_days:
                found = -1
        out.append(found)
    return out


@settings(max_examples=200, deadline=None)
@given(
    own=st.lists(st.integers(0, 400), min_size=0, max_size=40, unique=True),
    others=st.lists(st.integers(0, 420), min_size=0, max_size=25, unique=True),
    length=st.integers(1, 30),
    stale_days=st.integers(0, 3),
    stale_s=st.integers(0, 60),
    cut=st.integers(0, 40),
)
def test_the_join_equals_a_slow_one_and_knows_no_later_bar(
    own: list[int], others: list[int], length: int, stale_days: int, stale_s: int, cut: int
) -> None:
    begin_s = np.array(sorted(own), dtype=np.int64)
    known_s = begin_s + length
    day = begin_s // 50
    others_s = np.array(sorted(others), dtype=np.int64)
    rules = {"stale_days": stale_days, "stale_s": stale_s}
    got = newest_known(begin_s, known_s, day, others_s, **rules)
    assert got.tolist() == slow_newest(begin_s, known_s, day, others_s, **rules)
    # Without the own bars from `cut` on, and without the others that were not known before them.
    last_s = known_s[cut - 1] if 0 < cut <= len(own) else 0
    short = newest_known(begin_s[:cut], known_s[:cut], day[:cut], others_s[others_s <= last_s], **rules)
    if 0 < cut <= len(own):
        assert short.tolist() == got[:cut].tolist()


def test_a_bar_that_ends_with_the_own_one_counts_and_one_that_ends_later_does_not() -> None:
    begin_s = np.array([0, 60, 120], dtype=np.int64)
    day = np.zeros(3, dtype=np.int64)
    at = newest_known(begin_s, begin_s + 60, day, np.array([120, 181], dtype=np.int64), stale_days=1)
    assert at.tolist() == [-1, 0, 0]


@pytest.mark.parametrize("rules", [{"stale_days": -1}, {"stale_days": 0, "stale_s": -1}])
def test_the_join_refuses_rules_that_mean_nothing(rules: dict[str, int]) -> None:
    none = np.empty(0, dtype=np.int64)
    with pytest.raises(ValueError, match="must be at least 0"):
        newest_known(none, none, none, none, **rules)


@settings(max_examples=100, deadline=None)
@given(steps=st.lists(st.integers(0, 40), max_size=30), hole_days=st.integers(1, 30))
def test_stretches_cover_all_bars_and_hold_no_hole(steps: list[int], hole_days: int) -> None:
    days = np.cumsum(np.array(steps, dtype=np.int64))
    parts = stretches(days, hole_days=hole_days)
    assert [row for first, last in parts for row in range(first, last)] == list(range(days.size))
    assert all((np.diff(days[first:last]) <= hole_days).all() for first, last in parts)
    assert all(days[first] - days[first - 1] > hole_days for first, _ in parts[1:])


def test_stretches_refuse_a_hole_of_no_days() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        stretches(np.arange(3), hole_days=0)


@settings(max_examples=100, deadline=None)
@given(steps=st.lists(st.integers(0, 40), min_size=1, max_size=30), data=st.data())
def test_a_warm_up_begins_behind_the_last_hole(steps: list[int], data: st.DataObject) -> None:
    days = np.cumsum(np.array(steps, dtype=np.int64))
    start = data.draw(st.integers(0, days.size))
    first = data.draw(st.integers(0, start))
    since = unbroken_from(days, first=first, start=start)
    assert first <= since <= start
    assert (np.diff(days[since : start + 1]) <= HOLE_DAYS).all()
    assert since == first or days[since] - days[since - 1] > HOLE_DAYS


def test_a_hole_of_months_in_own_bars_makes_no_return_of_one_bar() -> None:
    names = ["ret_1", "ret_60", "price_ema_20", "rsi_14"]
    specs = [BY_NAME[name] for name in names]
    bars = random_bars(1_200, seed=5)
    hole = month_slices(bars.begin_s, warmup_bars=0)[-2].start
    apart = replace(bars, trading_day=bars.trading_day + (HOLE_DAYS + 1) * (np.arange(1_200) >= hole))
    values = features_of(apart, specs, warmup_bars=600)
    assert_same_bits(values[hole:], features_of(apart.part(hole, 1_200), specs, warmup_bars=600), names)
    assert_same_bits(values[:hole], features_of(bars.cut(hole), specs, warmup_bars=600), names)
    assert np.isnan(values[hole]).all()
    assert np.isfinite(features_of(bars, specs, warmup_bars=600)[hole]).all()


# In the database.


def test_what_was_known_earlier_is_the_same_bits(market: Instrument) -> None:
    whole = hourly()
    begins = Candle.objects.filter(instrument=market, timeframe_min=60).order_by("begin")
    ends = [begin + timedelta(hours=1) for begin in begins.values_list("begin", flat=True)]
    for moment in (ends[-1], ends[-2], ends[-40], ends[-41], midnight(date(2024, 5, 1))):
        rows = sum(end <= moment for end in ends)
        assert_same_bits(hourly(as_of=moment), whole[:rows], NAMES)


def test_what_is_stored_later_changes_nothing_before(market: Instrument) -> None:
    cut = midnight(date(2024, 4, 25))
    before = hourly()
    rows = Candle.objects.filter(instrument=market, timeframe_min=60, begin__lt=cut).count()
    later = Candle.objects.filter(instrument=market, timeframe_min__gt=60, begin__gte=cut)
    assert later.exists()
    for candle in later:
        for name in ("open", "high", "low", "close"):
            setattr(candle, name, getattr(candle, name) * 1.7)
        candle.save()
    after = hourly()
    assert_same_bits(after[:rows], before[:rows], NAMES)
    assert np.nansum(np.abs(after[rows:] - before[rows:])) > 0.0


def test_a_longer_build_gives_the_same_bits(market: Instrument) -> None:
    whole = hourly()
    for since in (APRIL, MAY):
        part = hourly(since=since)
        assert 0 < len(part) < len(whole)
        assert_same_bits(part, whole[-len(part) :], NAMES)


def unclosed(begin_s: Any, own_known_s: Any, day: Any, known_s: Any, **rules: Any) -> Any:
    """Plant a leak: a longer bar counts from its begin on."""
    return newest_known(begin_s, own_known_s, day, known_s - DAY_S, **rules)


def test_an_unclosed_longer_bar_is_caught_by_the_cut(
    market: Instrument, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "newest_known", unclosed)
    part = hourly(as_of=midnight(date(2024, 4, 25)) + timedelta(hours=14))
    with pytest.raises(AssertionError, match="d1_ret_1"):
        assert_same_bits(part, hourly()[: len(part)], NAMES)


def test_another_stretch_before_the_month_is_seen_by_a_longer_build(
    market: Instrument, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = hourly()
    monkeypatch.setattr(source, "WARMUP_BARS", 60)
    part = hourly(since=MAY)
    with pytest.raises(AssertionError, match="d1_rsi_14"):
        assert_same_bits(part, whole[-len(part) :], NAMES)


@pytest.mark.django_db
def test_a_split_leaves_no_trace() -> None:
    days = walk(begins_of(Timeframe.D1, 420), seed=7)
    scale = np.where(days.begin_s >= to_epoch_s(midnight(date(2024, 4, 16))), 0.1, 1.0)
    prices = {name: getattr(days, name) * scale for name in ("open", "high", "low", "close")}
    for secid, candles in (("PLAIN", days), ("SPLIT", replace(days, **prices))):
        share = held(secid)
        store(share, Timeframe.H1, walk(begins_of(Timeframe.H1, 300), seed=8))
        store(share, Timeframe.D1, candles)
    specs = tuple(spec for spec in higher.FEATURES if spec.name.startswith("d1_"))
    unsplit = joined(specs, Timeframe.H1)
    assert np.nanmax(np.abs(unsplit["SPLIT"] - unsplit["PLAIN"])) > 1.0
    action(Instrument.objects.get(secid="SPLIT"), "2024-04-16", shares_after_per_before=10.0)
    columns = joined(specs, Timeframe.H1)
    assert np.isfinite(columns["PLAIN"]).all()
    np.testing.assert_allclose(columns["SPLIT"], columns["PLAIN"], rtol=1e-4, atol=1e-5)


@pytest.mark.django_db
def test_a_share_without_longer_bars_is_left_out() -> None:
    share = held("AAAA")
    store(share, Timeframe.D1, walk(begins_of(Timeframe.D1, 60), seed=1))
    assert np.isnan(joined(higher.FEATURES, Timeframe.D1)["AAAA"]).all()
    other = held("BBBB")
    store(other, Timeframe.D1, walk(begins_of(Timeframe.D1, 60), seed=2))
    store(other, Timeframe.W1, walk(begins_of(Timeframe.W1, 90), seed=2))
    columns = joined(higher.FEATURES, Timeframe.D1)
    assert np.isnan(columns["AAAA"]).all()
    told = {
        name.partition("_")[0]
        for place, name in enumerate(NAMES)
        if np.isfinite(columns["BBBB"][:, place]).any()
    }
    assert told == {"w1"}


def test_unreadable_longer_bars_are_named_and_take_nothing_from_the_others(
    market: Instrument, caplog: pytest.LogCaptureFixture
) -> None:
    other = held("BBBB")
    store(other, Timeframe.H1, walk(begins_of(Timeframe.H1, 300), seed=5))
    store(other, Timeframe.D1, walk(begins_of(Timeframe.D1, 400), seed=6))
    before = hourly()
    assert np.isfinite(joined(higher.FEATURES, Timeframe.H1)["BBBB"]).any()
    # A bar on a day that no calendar knows can only come about by damage.
    saturday = date(2024, 4, 13)
    store(other, Timeframe.D1, walk([midnight(saturday)], seed=1))
    TradingDay.objects.filter(date=saturday).delete()
    with caplog.at_level(logging.WARNING, logger=bar_series.__name__):
        columns = joined(higher.FEATURES, Timeframe.H1)
    assert "no 1d bars of BBBB: each bar must have its trading day" in caplog.text
    assert_same_bits(columns["AAAA"], before, NAMES)
    assert np.isnan(columns["BBBB"]).all()


def test_a_dividend_that_cannot_be_is_named_and_takes_one_level_away(
    market: Instrument, caplog: pytest.LogCaptureFixture
) -> None:
    before = hourly()
    action(market, "2023-06-06", amount_rub=1e6)
    with caplog.at_level(logging.WARNING, logger=source.__name__):
        after = hourly()
    assert "bars of AAAA: a dividend must be above 0 and below the close before it" in caplog.text
    h4 = [place for place, name in enumerate(NAMES) if name.startswith("h4_")]
    assert_same_bits(after[:, h4], before[:, h4], [NAMES[place] for place in h4])
    assert np.isnan(after[:, NAMES.index("d1_rsi_14")]).any()


def test_two_shares_do_not_mix(market: Instrument) -> None:
    alone = hourly()
    for number in range(3):
        other = held(f"OTHER{number}")
        store(other, Timeframe.H1, walk(begins_of(Timeframe.H1, 200), seed=10 + number))
        store(other, Timeframe.D1, walk(begins_of(Timeframe.D1, 330), seed=20 + number))
    columns = joined(higher.FEATURES, Timeframe.H1)
    assert_same_bits(columns["AAAA"], alone, NAMES)
    assert not np.array_equal(columns["OTHER0"], columns["OTHER1"], equal_nan=True)
    some = tuple(
        reversed([spec for spec in higher.FEATURES if spec.name in {"d1_rsi_14", "h4_adx_14", "w1_ret_5"}])
    )
    part = joined(some, Timeframe.H1)["AAAA"]
    assert_same_bits(part, alone[:, [NAMES.index(spec.name) for spec in some]], [spec.name for spec in some])


def test_a_renewed_source_has_the_bits_of_a_new_one_and_reads_what_is_newer(market: Instrument) -> None:
    other = held("BBBB")
    store(other, Timeframe.H1, walk(begins_of(Timeframe.H1, 300), seed=5))
    store(other, Timeframe.D1, walk(begins_of(Timeframe.D1, 300, last="2024-05-01"), seed=6))
    moments = [
        midnight(date(2024, 5, day)) + timedelta(hours=hour) for day in (2, 3) for hour in (0, 11, 12, 17)
    ]
    renewed: HigherSource | None = None
    for moment in moments:
        scope, month = month_at(moment)
        renewed = HigherSource(scope, higher.FEATURES) if renewed is None else renewed.renewed(scope)
        got = renewed.month_columns(month)
        want = HigherSource(scope, higher.FEATURES).month_columns(month)
        assert got.keys() == want.keys() == {"AAAA", "BBBB"}
        for secid, values in want.items():
            assert_same_bits(got[secid], values, NAMES)
    # What was restated is seen by a new source alone.
    days = Candle.objects.filter(instrument=market, timeframe_min=1_440, begin__lt=midnight(date(2024, 5, 1)))
    day = days.order_by("begin").last()
    assert day is not None
    day.close = (day.high + day.low) / 2.0
    day.save()
    scope, month = month_at(moments[-1])
    assert renewed is not None
    kept = renewed.renewed(scope).month_columns(month)["AAAA"]
    assert_same_bits(kept, got["AAAA"], NAMES)
    with pytest.raises(AssertionError, match="d1_"):
        assert_same_bits(HigherSource(scope, higher.FEATURES).month_columns(month)["AAAA"], kept, NAMES)


def test_a_source_renewed_in_another_month_is_a_new_one(market: Instrument) -> None:
    scope, _ = month_at(midnight(date(2024, 4, 20)))
    april = HigherSource(scope, higher.FEATURES)
    scope, month = month_at(midnight(date(2024, 5, 3)))
    want = HigherSource(scope, higher.FEATURES).month_columns(month)["AAAA"]
    assert_same_bits(april.renewed(scope).month_columns(month)["AAAA"], want, NAMES)


def month_at(moment: datetime) -> tuple[BuildScope, MonthScope]:
    """Return the month that runs at a moment, as the live update reads it."""
    built = build_scope(
        universe=traded_list(timeframe=Timeframe.H1),
        timeframe=Timeframe.H1,
        since=moment - timedelta(hours=1),
        as_of=moment,
    )
    assert built is not None
    scope, months = built
    return scope, list(month_scopes(scope, months, warmup_bars=600, failed={}))[-1]
