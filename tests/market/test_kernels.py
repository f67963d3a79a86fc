from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.kernels.adjustment import (
    continuous_across_split,
    dividends_by_bar,
    prices_as_traded,
    split_factors,
)
from market.kernels.corporate import ex_date
from market.kernels.validation import REASONS, candle_faults
from tests.market.make import days_of

GOOD = (10.0, 11.0, 9.0, 10.5)


def faults(rows, volumes=None, values=None, begins=None, now_s=10**10):
    n = len(rows)
    codes = candle_faults(
        np.array(begins if begins is not None else [3600 * i for i in range(n)], dtype=np.int64),
        np.array(rows, dtype=np.float64).reshape(-1, 4),
        np.array(volumes if volumes is not None else [1.0] * n),
        np.array(values if values is not None else [np.nan] * n),
        step_s=3600,
        now_s=now_s,
    )
    return [REASONS[code] for code in codes]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (GOOD, ""),
        ((np.nan, 11.0, 9.0, 10.0), "bad_number"),
        ((10.0, np.inf, 9.0, 10.0), "bad_number"),
        ((0.0, 11.0, 0.0, 10.0), "price_not_positive"),
        ((10.0, 9.0, 11.0, 10.0), "low_above_high"),
        ((12.0, 11.0, 9.0, 10.0), "outside_low_high"),
        ((10.0, 11.0, 9.0, 8.0), "outside_low_high"),
    ],
)
def test_each_price_fault_has_its_reason(row, reason):
    assert faults([GOOD, row, GOOD]) == ["", reason, ""]


def test_volume_value_and_time_have_theirs():
    assert faults([GOOD] * 3, volumes=[-1.0, 0.0, np.nan]) == ["volume_negative", "", "bad_number"]
    assert faults([GOOD] * 3, values=[-1.0, 0.0, np.inf]) == ["value_negative", "", "bad_number"]
    assert faults([GOOD] * 3, begins=[0, 1800, 0]) == ["", "time_off_grid", "duplicate_in_page"]
    assert faults([GOOD] * 2, now_s=3599) == ["", "in_future"]
    assert faults([]) == []


def test_shapes_that_do_not_belong_together_are_refused():
    with pytest.raises(ValueError, match="shape"):
        candle_faults(
            np.zeros(2, dtype=np.int64), np.ones((3, 4)), np.ones(2), np.ones(2), step_s=60, now_s=1
        )


@given(st.lists(st.tuples(*[st.floats(allow_nan=True, allow_infinity=True)] * 5), max_size=20))
def test_what_passes_satisfies_the_database(rows):
    table = np.array(rows, dtype=np.float64).reshape(-1, 5)
    codes = candle_faults(
        np.arange(len(table), dtype=np.int64) * 3600, table[:, :4], table[:, 4], np.full(len(table), np.nan),
        step_s=3600, now_s=10**12,
    )  # fmt: skip
    for (opened, high, low, close, volume), code in zip(table.tolist(), codes.tolist(), strict=True):
        # Each comparison with a NaN is false, as in the database; min() and max() would pass over one.
        sound = 0 < low <= opened <= high < float("inf") and low <= close <= high
        sound = sound and 0 <= volume < float("inf")
        assert (code == 0) == sound


DAYS = days_of("2023-07-17", 40)


@given(st.integers(3, 33), st.integers(0, 6))
def test_the_ex_date_is_the_first_day_whose_buyer_settles_too_late(at, more):
    registry_close = DAYS[at] + timedelta(days=more)
    for day in DAYS:  # the slow way: settle every day's trade one trading day after the other
        lag = 1 if day >= date(2023, 7, 31) else 2
        if DAYS.index(day) + lag >= len(DAYS):
            break
        if DAYS[DAYS.index(day) + lag] > registry_close:
            break
    assert ex_date(registry_close, DAYS) == day


@pytest.mark.parametrize(
    ("registry_close", "expected"),
    [
        ("2023-07-20", "2023-07-19"),
        ("2023-08-10", "2023-08-10"),
        ("2023-08-13", "2023-08-11"),
        ("2023-07-23", "2023-07-20"),
    ],
)
def test_known_ex_dates(registry_close, expected):
    assert ex_date(date.fromisoformat(registry_close), DAYS) == date.fromisoformat(expected)


@pytest.mark.parametrize("day", ["2023-07-16", "2023-07-17", "2030-01-01"])
def test_days_that_the_calendar_does_not_cover_have_no_ex_date(day):
    assert ex_date(date.fromisoformat(day), DAYS) is None
    assert ex_date(date.fromisoformat(day), []) is None


def test_split_factors_step_at_the_ex_day_and_never_look_ahead():
    days = np.array([1, 2, 3, 3, 5, 9], dtype=np.int64)
    ex, ratio = np.array([5, 3], dtype=np.int64), np.array([0.1, 100.0])
    assert split_factors(days, ex, ratio).tolist() == [1.0, 1.0, 100.0, 100.0, 10.0, 10.0]
    for stop in range(len(days)):
        known = ex <= days[stop]
        assert (
            split_factors(days[: stop + 1], ex[known], ratio[known]).tolist()
            == split_factors(days, ex, ratio)[: stop + 1].tolist()
        )
    with pytest.raises(ValueError, match="positive"):
        split_factors(days, ex, np.array([0.0, 1.0]))


def test_dividends_fall_on_the_first_bar_of_their_day_or_the_next():
    days = np.array([1, 2, 2, 4], dtype=np.int64)
    paid = dividends_by_bar(days, np.array([2, 3, 4, 8], dtype=np.int64), np.array([1.0, 10.0, 5.0, 7.0]))
    assert paid.tolist() == [0.0, 1.0, 0.0, 15.0]


def test_adjusted_prices_turn_back_exactly():
    prices = np.array([[151.20, 0.0], [152.52, 1.0], [153.0, 2.0]])
    turned = prices_as_traded(prices, np.array([1, 2, 3]), np.array([2, 3]), np.array([10.0, 10.0]))
    assert turned.tolist() == [[15120.0, 0.0], [1525.2, 10.0], [153.0, 2.0]]
    assert prices[0, 0] == 151.20


def test_prices_say_whether_they_were_adjusted():
    assert continuous_across_split(151.0, 152.5, 100.0)
    assert not continuous_across_split(15100.0, 152.5, 100.0)
    assert continuous_across_split(92.0, 93.0, 1 / 5000)
    assert not continuous_across_split(0.0184, 93.0, 1 / 5000)
    with pytest.raises(ValueError, match="positive"):
        continuous_across_split(0.0, 1.0, 2.0)
