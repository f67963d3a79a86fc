"""The indices: kernels, causality, and what is left out."""

from __future__ import annotations

import logging
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.families import market_index
from features.kernels.higher import newest_known
from features.kernels.index import closes_on_days, joint_moments, percentile, strength
from features.sources import index as source
from market.contracts import Timeframe
from market.models import Candle, Instrument
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
from traderai.common.arrays import F64
from traderai.common.clock import MOSCOW

NAMES = [spec.name for spec in market_index.FEATURES]
TOLD = [name for name in NAMES if not name.startswith("rtsi_")]
DAY_S = 86_400
DAYS = begins_of(Timeframe.D1, 420)


@pytest.fixture
def market(db: None) -> Instrument:
    """Store a share with hourly bars of March to May, its days, IMOEX and RVI."""
    share = held("AAAA")
    store(share, Timeframe.H1, walk(begins_of(Timeframe.H1, 500), seed=1))
    store(share, Timeframe.D1, walk([day for place, day in enumerate(DAYS) if place % 11], seed=2))
    store(held("IMOEX", kind="index"), Timeframe.D1, walk(DAYS, seed=3, level=3_000.0))
    store(held("RVI", kind="index"), Timeframe.D1, walk(DAYS, seed=4, level=30.0))
    action(share, "2024-04-22", amount_rub=4.0)
    return share


def hourly(**options: Any) -> Any:
    return joined(market_index.FEATURES, Timeframe.H1, **options)["AAAA"]


# Kernels.


def series(seed: int, size: int) -> tuple[F64, F64]:
    rng = np.random.default_rng(seed)
    index = 3_000.0 * np.exp(np.cumsum(rng.normal(0.0, 0.01, size)))
    share = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.02, size)))
    share[rng.random(size) < 0.1] = np.nan
    return share, index


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    size=st.integers(0, 90),
    window=st.integers(5, 40),
    scale=st.floats(1e-3, 1e3),
    cut=st.integers(0, 90),
)
def test_the_moments_are_those_of_a_regression(
    seed: int, size: int, window: int, scale: float, cut: int
) -> None:
    share, index = series(seed, size)
    got = joint_moments(share, index, window=window)
    x, y = np.diff(np.log(index)), np.diff(np.log(share))
    for at in range(size):
        part = slice(max(0, at - window), at)
        both = np.isfinite(y[part])
        if at < window or 3 * both.sum() < 2 * window:
            assert np.isnan(got[at]).all()
            continue
        line, residuals, *_ = np.polyfit(x[part][both], y[part][both], 1, full=True)
        correlation = np.corrcoef(x[part][both], y[part][both])[0, 1]
        deviation = np.sqrt(residuals[0] / (both.sum() - 2))
        np.testing.assert_allclose(got[at], [line[0], correlation, deviation], rtol=1e-7, atol=1e-10)
        assert -1.0 <= got[at, 1] <= 1.0
    np.testing.assert_allclose(joint_moments(scale * share, index, window=window), got, rtol=1e-6, atol=1e-9)
    first = min(cut, size)
    late = joint_moments(share, index, window=window, first=first)
    assert late[first:].tobytes() == got[first:].tobytes()
    assert np.isnan(late[:first]).all()
    early = joint_moments(share[:cut], index[:cut], window=window)
    assert early.tobytes() == np.ascontiguousarray(got[:cut]).tobytes()


def test_an_index_that_does_not_move_has_no_beta_and_a_share_that_does_not_no_correlation() -> None:
    moving, still = series(1, 30)[1], np.full(30, 5.0)
    assert np.isnan(joint_moments(moving, still, window=10)).all()
    beta, correlation, deviation = joint_moments(still, moving, window=10)[-1]
    assert (beta, deviation) == (0.0, 0.0)
    assert np.isnan(correlation)


@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(st.integers(0, 9), max_size=40),
    window=st.integers(2, 12),
    unknown=st.integers(0, 60),
)
def test_the_percentile_counts_what_lies_below(values: list[int], window: int, unknown: int) -> None:
    levels = np.array(values, dtype=np.float64)
    levels[unknown : unknown + 1] = np.nan
    got = percentile(levels, window=window)
    for at in range(levels.size):
        part = levels[max(0, at - window + 1) : at + 1]
        if len(part) < window or np.isnan(part).any():
            assert np.isnan(got[at])
        else:
            below = sum(1.0 for value in part if value < part[-1])
            equal = sum(1.0 for value in part if value == part[-1])
            assert got[at] == pytest.approx((below + equal / 2) / window)


def test_the_strength_is_the_share_less_the_index() -> None:
    share, index = np.array([100.0, 110.0, 121.0]), np.array([10.0, 10.0, 11.0])
    got = strength(share, index, span=1)
    np.testing.assert_allclose(got, [np.nan, np.log(1.1), 0.0], atol=1e-12)
    np.testing.assert_allclose(strength(share, share, span=2), [np.nan, np.nan, 0.0], atol=1e-12)


def test_a_weekend_belongs_to_the_next_day_of_the_index() -> None:
    friday, saturday, monday, tuesday = 0, 1, 3, 4
    index = np.array([friday, monday, tuesday], dtype=np.int64) * DAY_S
    share = np.array([friday, saturday, tuesday], dtype=np.int64) * DAY_S
    close = np.array([1.0, 2.0, 3.0])
    got = closes_on_days(close, share + DAY_S, index, index + DAY_S)
    assert got.tolist() == [1.0, 2.0, 3.0]
    without = closes_on_days(close[[0, 2]], share[[0, 2]] + DAY_S, index, index + DAY_S)
    np.testing.assert_array_equal(without, [1.0, np.nan, 3.0])
    # What ended before the first day begins does not count for it.
    np.testing.assert_array_equal(closes_on_days(close[:1], share[:1], index, index + DAY_S), [np.nan] * 3)
    assert closes_on_days(close[:0], share[:0], index, index + DAY_S).size == 3


@pytest.mark.parametrize(
    ("kernel", "options"),
    [
        (joint_moments, {"window": 4}),
        (joint_moments, {"window": 5, "first": -1}),
        (strength, {"span": 0}),
    ],
)
def test_kernels_refuse_what_means_nothing(kernel: Any, options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must be at least"):
        kernel(np.ones(9), np.ones(9), **options)


def test_a_percentile_of_one_value_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 2"):
        percentile(np.ones(9), window=1)


# In the database.


def test_what_was_known_earlier_is_the_same_bits(market: Instrument) -> None:
    whole = hourly()
    begins = Candle.objects.filter(instrument=market, timeframe_min=60).order_by("begin")
    ends = [begin + timedelta(hours=1) for begin in begins.values_list("begin", flat=True)]
    for moment in (ends[-1], ends[-2], ends[-40], midnight(date(2024, 5, 1)), midnight(date(2024, 4, 13))):
        rows = sum(end <= moment for end in ends)
        assert_same_bits(hourly(as_of=moment), whole[:rows], NAMES)
    assert np.isfinite(whole[:, [NAMES.index(name) for name in TOLD]]).any(axis=0).all()


@pytest.mark.parametrize(
    ("changed", "unchanged"), [("IMOEX", "rvi_level"), ("RVI", "imoex_beta_60"), ("AAAA", "imoex_rsi_14")]
)
def test_what_is_stored_later_changes_nothing_before(
    market: Instrument, changed: str, unchanged: str
) -> None:
    cut = midnight(date(2024, 4, 25))
    before = hourly()
    rows = Candle.objects.filter(instrument=market, timeframe_min=60, begin__lt=cut).count()
    later = Candle.objects.filter(instrument__secid=changed, timeframe_min=1_440, begin__gte=cut)
    rng = np.random.default_rng(1)
    for candle in later:
        factor = float(np.exp(rng.normal(0.0, 0.2)))
        for name in ("open", "high", "low", "close"):
            setattr(candle, name, getattr(candle, name) * factor)
        candle.save()
    after = hourly()
    # The day of the cut is known when it has ended.
    bars_a_day = 9
    assert_same_bits(after[: rows + bars_a_day - 1], before[: rows + bars_a_day - 1], NAMES)
    place = NAMES.index(unchanged)
    assert_same_bits(after[:, [place]], before[:, [place]], [unchanged])
    assert np.nansum(np.abs(after[rows + bars_a_day :] - before[rows + bars_a_day :])) > 0.0


def test_a_longer_build_gives_the_same_bits(market: Instrument, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = hourly()
    for month in (4, 5):
        part = hourly(since=datetime(2024, month, 1, tzinfo=MOSCOW))
        assert 0 < len(part) < len(whole)
        assert_same_bits(part, whole[-len(part) :], NAMES)
    # Sabotage: a month that reads another stretch before it.
    monkeypatch.setattr(source, "WARMUP_DAYS", 60)
    part = hourly(since=datetime(2024, 5, 1, tzinfo=MOSCOW))
    with pytest.raises(AssertionError, match="imoex_rsi_14"):
        assert_same_bits(part, whole[-len(part) :], NAMES)


def unclosed(begin_s: Any, own_known_s: Any, day: Any, known_s: Any, **rules: Any) -> Any:
    """Plant a leak: a day of the index counts from its begin on."""
    return newest_known(begin_s, own_known_s, day, known_s - DAY_S, **rules)


def test_a_day_that_has_not_ended_is_caught_by_the_cut(
    market: Instrument, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "newest_known", unclosed)
    part = hourly(as_of=midnight(date(2024, 4, 25)) + timedelta(hours=14))
    with pytest.raises(AssertionError, match="imoex_ret_1"):
        assert_same_bits(part, hourly()[: len(part)], NAMES)


def test_an_index_whose_days_lag_behind_is_unknown(market: Instrument) -> None:
    place, bars_a_day = NAMES.index("imoex_ret_1"), 9
    last_two = Candle.objects.filter(instrument__secid="IMOEX", begin__gte=midnight(date(2024, 5, 2)))
    assert last_two.delete()[0] == 2
    level = hourly()[:, place]
    # On the third the day before is missing; on the second that of the first was still the newest.
    assert np.isnan(level[-bars_a_day:]).all()
    assert np.isfinite(level[-2 * bars_a_day : -bars_a_day]).all()
    assert np.isfinite(hourly()[-1, NAMES.index("rvi_level")])


def test_nothing_reads_across_a_hole_in_the_days_of_an_index(market: Instrument) -> None:
    hole = Candle.objects.filter(
        instrument__secid="IMOEX",
        begin__range=(midnight(date(2024, 2, 1)), midnight(date(2024, 3, 20))),
    )
    assert hole.delete()[0] > 22
    week = hourly()[-45:]
    for name in ("imoex_price_sma_50", "imoex_strength_60", "imoex_beta_60", "imoex_drawdown_60"):
        assert np.isnan(week[:, NAMES.index(name)]).all()
    for name in ("imoex_price_sma_20", "imoex_strength_5", "imoex_ret_20", "rvi_percentile_250"):
        assert np.isfinite(week[:, NAMES.index(name)]).any()


def test_without_days_of_the_share_there_is_the_index_and_nothing_against_it(market: Instrument) -> None:
    other = held("BBBB")
    store(other, Timeframe.H1, walk(begins_of(Timeframe.H1, 100), seed=9))
    newest = joined(market_index.FEATURES, Timeframe.H1)["BBBB"][-1]
    known = {name for place, name in enumerate(NAMES) if np.isfinite(newest[place])}
    assert known == {
        name for name in TOLD if not any(word in name for word in ("strength", "beta", "corr", "residual"))
    }


@pytest.mark.django_db
def test_without_any_index_everything_is_unknown() -> None:
    store(held("AAAA"), Timeframe.H1, walk(begins_of(Timeframe.H1, 100), seed=9))
    assert np.isnan(hourly()).all()
    held("IMOEX", kind="index")
    assert np.isnan(hourly()).all()
    store(held("SIMX", kind="index", is_simulated=True), Timeframe.D1, walk(DAYS, seed=1))
    assert np.isnan(hourly()).all()


def test_too_few_days_of_both_give_no_beta(market: Instrument) -> None:
    days = Candle.objects.filter(
        instrument=market, timeframe_min=1_440, begin__gte=midnight(date(2024, 2, 1))
    )
    lost = [candle.pk for place, candle in enumerate(days.order_by("begin")) if place % 4 == 0]
    Candle.objects.filter(pk__in=lost).delete()
    newest = dict(zip(NAMES, hourly()[-1], strict=True))
    assert np.isnan(newest["imoex_beta_60"])
    assert np.isnan(newest["imoex_corr_60"])
    assert np.isfinite(newest["imoex_beta_250"])


def test_a_dividend_that_cannot_be_is_named_and_leaves_the_index(
    market: Instrument, caplog: pytest.LogCaptureFixture
) -> None:
    action(market, "2023-11-07", amount_rub=1e6)
    with caplog.at_level(logging.WARNING, logger=source.__name__):
        newest = dict(zip(NAMES, hourly()[-1], strict=True))
    assert "no columns of AAAA against IMOEX: a dividend must be above 0" in caplog.text
    assert np.isnan(newest["imoex_beta_60"])
    assert np.isfinite(newest["imoex_rsi_14"])


def test_the_dividend_of_the_share_is_no_weakness(market: Instrument) -> None:
    """A price that falls by its dividend alone has lost nothing against the index."""
    place = NAMES.index("imoex_strength_5")
    before = hourly()
    days = Candle.objects.filter(instrument=market, timeframe_min=1_440).order_by("begin")
    last = days.filter(begin__lt=midnight(date(2024, 4, 24))).last()
    assert last is not None
    paid = 0.1 * last.close
    for candle in days.filter(begin__gte=midnight(date(2024, 4, 24))):
        for name in ("open", "high", "low", "close"):
            setattr(candle, name, getattr(candle, name) * 0.9)
        candle.save()
    fallen = hourly()
    assert np.nanmax(np.abs(fallen[:, place] - before[:, place])) == pytest.approx(-np.log(0.9), rel=1e-4)
    action(market, "2024-04-24", amount_rub=paid)
    np.testing.assert_allclose(hourly()[:, place], before[:, place], rtol=1e-6, atol=1e-9)
