"""What must hold of the calendar's distances whatever the days."""

from __future__ import annotations

from datetime import date

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from features.kernels import calendar
from traderai.common.arrays import I64

DAYS = st.lists(st.integers(15_000, 16_000), min_size=1, max_size=60, unique=True)


def rising(days: list[int]) -> I64:
    return np.array(sorted(days), dtype=np.int64)


def number(text: str) -> int:
    return (date.fromisoformat(text) - date(1970, 1, 1)).days


@given(day=st.integers(14_900, 16_100), marks=DAYS)
def test_distances_point_to_marked_days(day: int, marks: list[int]) -> None:
    to = float(calendar.days_to_next(np.array([day]), rising(marks))[0])
    since = float(calendar.days_since_before(np.array([day]), rising(marks))[0])
    assert (np.isnan(to) and max(marks) < day) or (to >= 0 and day + to in marks)
    assert (np.isnan(since) and min(marks) >= day) or (since >= 1 and day - since in marks)
    assert not any(day - since < mark < day for mark in marks)


@given(planned=DAYS)
def test_trading_days_count_down_to_the_end_of_the_month(planned: list[int]) -> None:
    days = rising(planned)
    left = calendar.days_left_in_month(days, days)
    months = days.astype("datetime64[D]").astype("datetime64[M]")
    for month in np.unique(months):
        count = int((months == month).sum())
        assert left[months == month].tolist() == [float(n) for n in reversed(range(count))]


def test_index_futures_expire_on_the_third_thursday() -> None:
    found = calendar.index_futures_expiries(first_day=number("2021-01-01"), last_day=number("2022-12-31"))
    told = ["2021-03-18", "2021-06-17", "2021-09-16", "2021-12-16", "2022-03-17", "2022-06-16", "2022-09-15",
            "2022-12-15"]  # fmt: skip
    assert found.tolist() == [number(day) for day in told]


def test_a_pause_that_nobody_told_of_is_not_called_a_closure() -> None:
    planned = np.arange(100)
    traded = np.concatenate([np.arange(0, 30), np.arange(50, 100)])
    silent = calendar.days_since_closure(np.arange(100), traded, planned, frozenset(), longest=20)
    assert silent[20] == 20.0
    assert np.isnan(silent[[0, 19, 50, 69]]).all()
    assert silent[70] == 20.0
    told = calendar.days_since_closure(np.arange(100), traded, planned, frozenset({40}), longest=20)
    assert told[50:72].tolist() == [*range(20), 20, 20]


@given(moment=st.integers(0, 90_000))
def test_the_clock_of_a_session_adds_up(moment: int) -> None:
    opens, closes = np.array([10_000, 40_000]), np.array([30_000, 70_000])
    row = calendar.session_clock(np.array([moment]), opens, closes)[:, 0]
    if moment <= 10_000:
        assert np.isnan(row).all()
        return
    assert row[calendar.SINCE_OPEN] + row[calendar.TO_CLOSE] == (20_000 if moment <= 40_000 else 30_000)
    assert 0 <= row[calendar.SESSION_FRAC] <= 1
    assert 0 <= row[calendar.DAY_FRAC] <= 1


def test_a_date_without_sessions_has_no_clock() -> None:
    none = np.empty(0, dtype=np.int64)
    assert np.isnan(calendar.session_clock(np.array([5, 6]), none, none)).all()
    assert calendar.halted_min(np.array([5, 6]), none, none, bar_s=1, least_s=1).tolist() == [0.0, 0.0]


def test_a_halt_ends_with_its_session() -> None:
    begins = np.array([0, 600, 6_000])
    one = calendar.halted_min(begins, np.array([0]), np.array([9_000]), bar_s=600, least_s=1_800)
    assert one.tolist() == [0.0, 0.0, 80.0]
    two = calendar.halted_min(
        begins, np.array([0, 5_000]), np.array([3_600, 9_000]), bar_s=600, least_s=1_800
    )
    assert two.tolist() == [0.0, 0.0, 40.0]


def test_a_day_between_distant_meetings_may_hold_an_unknown_one() -> None:
    to = np.array([0.0, 40.0, 40.0, 34.0, np.nan, np.nan, 5.0])
    since = np.array([np.nan, 29.0, 40.0, np.nan, 34.0, 35.0, 0.0])
    out = calendar.meeting_day(to, since, least_gap_days=35)
    np.testing.assert_array_equal(out, [1.0, 0.0, np.nan, 0.0, 0.0, np.nan, 1.0])
