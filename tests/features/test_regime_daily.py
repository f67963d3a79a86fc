"""Daily closes of many shares at once: daily bars first, hourly ones where there are none, and when a day is over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from features.kernels.panel import NOT_OVER_S, DailyPanel, ShareDays, daily_panel, panel_days
from market.contracts import CandleColumns, Timeframe
from market.models import CorporateAction, Instrument, TradingDay
from market.selectors.bars import bars_load
from market.selectors.daily_closes import DailyCloses, daily_closes
from market.services.candle_write import candles_write
from tests.features.conftest import NOW
from tests.features.series import random_bars
from tests.market.make import FILE
from traderai.common.clock import MOSCOW

DAY_S = 86_400
MakeShare = Callable[..., Instrument]


def day_number(day: date) -> int:
    return day.toordinal() - date(1970, 1, 1).toordinal()


def daily_candles(instrument: Instrument, closes: dict[date, float]) -> None:
    begins = [datetime(day.year, day.month, day.day, tzinfo=MOSCOW) for day in sorted(closes)]
    close = np.array([closes[day] for day in sorted(closes)])
    candles_write(
        instrument_id=instrument.pk,
        timeframe=Timeframe.D1,
        columns=CandleColumns(
            begin_s=np.array([int(begin.timestamp()) for begin in begins]), open=close, high=close, low=close,
            close=close, volume_shares=np.ones(close.size), value_rub=close,
        ),
        origin=FILE,
    )  # fmt: skip


def closes_of(*instruments: Instrument, as_of: datetime = NOW) -> DailyCloses:
    return daily_closes(instrument_ids=tuple(one.pk for one in instruments), as_of=as_of)


def share_days(rows: list[tuple[int, int, int, float]], *, is_daily: bool = True) -> ShareDays:
    """Return closes from (share, trading day, last day, close)."""
    table = np.array(rows, dtype=np.float64).reshape(-1, 4)
    days = table[:, 1].astype(np.int64)
    return ShareDays(
        share=table[:, 0].astype(np.int64), trading_day=days, last_day=table[:, 2].astype(np.int64),
        first_end_s=(table[:, 2].astype(np.int64) * DAY_S + 10 * 3_600), is_daily=np.full(days.size, is_daily),
        close=table[:, 3], dividend_rub=np.zeros(days.size),
    )  # fmt: skip


def panel(rows: ShareDays, *, shares: int) -> DailyPanel:
    return daily_panel(rows, shares=shares, midnight_s=(panel_days(rows) + 1) * DAY_S)


@pytest.mark.django_db
def test_hourly_bars_are_reduced_to_the_close_that_bars_have(share: MakeShare) -> None:
    bars = random_bars(40, seed=1)
    one, other = share("AAAA", bars), share("BBBB", bars.cut(20))
    rows = closes_of(one, other)
    own = bars_load(secid="AAAA", timeframe=Timeframe.H1, as_of=NOW)
    np.testing.assert_array_equal(rows.close[:3], own.close[[13, 27, 39]])
    np.testing.assert_array_equal(rows.instrument_id, [one.pk] * 3 + [other.pk] * 2)
    np.testing.assert_array_equal(rows.first_end_s[:3], own.known_s[[0, 14, 28]])
    assert not rows.is_daily.any()
    # A bar that has not closed is not known: the day's close is the one before it.
    early = closes_of(one, as_of=datetime.fromtimestamp(int(own.known_s[39]) - 1, tz=UTC))
    assert early.close[2] == own.close[38]
    assert len(closes_of(one, as_of=datetime(2020, 1, 1, tzinfo=UTC))) == 0
    assert len(daily_closes(instrument_ids=(), as_of=NOW)) == 0


@pytest.mark.django_db
def test_a_daily_bar_goes_before_hourly_ones_of_its_day_and_leaves_them_the_others(share: MakeShare) -> None:
    bars = random_bars(42, seed=1)
    one = share("AAAA", bars)
    first = date(2024, 1, 15)
    daily_candles(one, {first - timedelta(days=3): 200.0, first: 222.0})
    rows = closes_of(one)
    np.testing.assert_array_equal(rows.is_daily, [True, True, False, False])
    np.testing.assert_array_equal(rows.close, [200.0, 222.0, bars.close[27], bars.close[41]])
    # The daily bar is known when its day is over, not before.
    running = closes_of(one, as_of=datetime(2024, 1, 15, 20, 59, tzinfo=UTC))
    np.testing.assert_array_equal(running.is_daily, [True, False])
    assert closes_of(one, as_of=datetime(2024, 1, 15, 21, tzinfo=UTC)).close[1] == 222.0


@pytest.mark.django_db
def test_splits_and_dividends_count_if_they_were_known_by_their_day(share: MakeShare) -> None:
    bars = random_bars(56, seed=1)
    one = share("AAAA", bars)
    days = [date(2024, 1, 15) + timedelta(days=n) for n in range(4)]

    def known(day: date) -> datetime:
        return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)

    CorporateAction.objects.create(
        instrument=one,
        kind="split",
        ex_date=days[1],
        shares_after_per_before=2.0,
        known_at=known(days[0]),
        source="a",
    )
    CorporateAction.objects.create(
        instrument=one, kind="dividend", ex_date=days[2], amount_rub=3.0, known_at=known(days[2]), source="a"
    )
    late = CorporateAction.objects.create(
        instrument=one, kind="dividend", ex_date=days[3], amount_rub=5.0, known_at=known(days[3] + timedelta(days=1)),
        source="a",
    )  # fmt: skip
    rows = closes_of(one)
    np.testing.assert_allclose(rows.close, bars.close[[13, 27, 41, 55]] * [1.0, 2.0, 2.0, 2.0])
    np.testing.assert_allclose(rows.dividend_rub, [0.0, 0.0, 6.0, 0.0])
    late.known_at = known(days[3])
    late.save()
    np.testing.assert_allclose(closes_of(one).dividend_rub, [0.0, 0.0, 6.0, 10.0])


@pytest.mark.django_db
def test_a_weekend_session_belongs_to_the_trading_day_after_it(share: MakeShare) -> None:
    one = share("AAAA", random_bars(14, seed=1))
    saturday, monday = date(2024, 1, 20), date(2024, 1, 22)
    daily_candles(one, {saturday: 250.0})
    TradingDay.objects.filter(date=saturday).update(trading_date=monday)
    rows = closes_of(one)
    assert (rows.trading_day[-1], rows.last_day[-1]) == (day_number(monday), day_number(saturday))
    daily_candles(one, {monday: 260.0})
    rows = closes_of(one)
    assert (rows.last_day[-1], rows.close[-1]) == (day_number(monday), 260.0)
    assert rows.first_end_s[-1] == int(datetime(2024, 1, 21, tzinfo=MOSCOW).timestamp())


def test_the_panel_has_a_row_for_each_day_and_a_column_for_each_share() -> None:
    made = panel(share_days([(0, 100, 100, 7.0), (0, 102, 102, 8.0), (2, 101, 101, 9.0)]), shares=3)
    np.testing.assert_array_equal(made.trading_day, [100, 101, 102])
    np.testing.assert_array_equal(made.closes[:, 0], [7.0, np.nan, 8.0])
    assert np.isnan(made.closes[:, 1]).all()
    np.testing.assert_array_equal(made.is_daily, np.isfinite(made.closes))
    np.testing.assert_array_equal(made.known_s, np.array([101, 102, 103]) * DAY_S)
    assert panel(share_days([]), shares=0).closes.shape == (0, 0)


def test_dividends_are_reinvested() -> None:
    rows = share_days([(0, 100, 100, 100.0), (0, 101, 101, 90.0)])
    made = panel(replace(rows, dividend_rub=np.array([0.0, 10.0])), shares=1)
    np.testing.assert_allclose(made.closes[:, 0], [100.0, 100.0])


def test_a_day_known_by_its_weekend_session_alone_is_over_when_a_later_one_has_begun() -> None:
    # Trading day 103, of which only the session on day 101 is known.
    made = panel(share_days([(0, 100, 100, 7.0), (0, 103, 101, 8.0)]), shares=1)
    np.testing.assert_array_equal(made.known_s, [101 * DAY_S, NOT_OVER_S])
    later = panel(share_days([(0, 100, 100, 7.0), (0, 103, 101, 8.0), (0, 104, 104, 9.0)]), shares=1)
    assert later.known_s[1] == 104 * DAY_S + 10 * 3_600
    # Sabotage: with a bar of its own date it is over at its midnight.
    assert panel(share_days([(0, 103, 103, 8.0)]), shares=1).known_s[0] == 104 * DAY_S
