from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.kernels.multiples import price_at, ratio, smoothed_shares, trailing_dividends
from market.kernels.reports import (
    Reports,
    latest_steps,
    same_quarter_growth_steps,
    trailing_year_steps,
    values_at,
)

Q = 2023 * 4  # the first quarter of 2023
FRESH = 10_000


def reports(*rows):
    """(quarter, is_year, known_s, value[, expires_s])"""
    table = [(*row, FRESH)[:5] for row in rows]
    columns = list(zip(*table, strict=True)) if table else [[], [], [], [], []]
    return Reports(
        quarter=np.array(columns[0], dtype=np.int64),
        is_year=np.array(columns[1], dtype=np.bool_),
        known_s=np.array(columns[2], dtype=np.int64),
        value=np.array(columns[3], dtype=np.float64),
        expires_s=np.array(columns[4], dtype=np.int64),
    )


def at(steps, *moments):
    return values_at(steps, np.array(moments, dtype=np.int64)).tolist()


def same(left, right):
    return np.array_equal(np.array(left), np.array(right), equal_nan=True)


NAN = float("nan")


def test_the_newest_period_counts_and_its_restatement_replaces_it():
    told = reports((Q, False, 10, 1.0), (Q + 1, False, 20, 2.0), (Q, False, 30, 9.0), (Q + 1, False, 40, 3.0))
    assert same(at(latest_steps(told), 9, 10, 20, 30, 39, 40), [NAN, 1, 2, 2, 2, 3])


def test_a_figure_that_is_too_old_is_missing():
    told = reports((Q, False, 10, 1.0, 50), (Q + 1, False, 60, 2.0, 90))
    assert same(at(latest_steps(told), 49, 50, 59, 60, 90), [1, NAN, NAN, 2, NAN])


def test_twelve_months_are_four_quarters_on_end_or_a_year():
    quarters = [(Q + i, False, 10 * (i + 1), 10.0**i) for i in range(5)]
    steps = trailing_year_steps(reports(*quarters))
    assert same(at(steps, 30, 40, 50), [NAN, 1111, 11110])
    with_gap = [row for row in quarters if row[0] != Q + 1]
    assert same(at(trailing_year_steps(reports(*with_gap)), 60), [NAN])
    year = (Q + 3, True, 45, 5000.0)
    assert same(at(trailing_year_steps(reports(*quarters, year)), 44, 45, 50), [1111, 5000, 11110])
    assert same(at(trailing_year_steps(reports(*with_gap, year)), 45, 60), [5000, 5000])


def test_growth_is_against_the_same_quarter_with_both_known():
    told = reports(
        (Q, False, 10, 100.0), (Q + 3, True, 20, 1.0), (Q + 4, False, 30, 150.0), (Q, False, 40, 300.0),
        (Q + 1, False, 50, -5.0), (Q + 5, False, 60, 7.0),
    )  # fmt: skip
    assert same(at(same_quarter_growth_steps(told), 10, 20, 30, 40, 50, 60), [NAN, NAN, 50, -50, -50, NAN])


rows = st.lists(
    st.tuples(
        st.integers(Q, Q + 9), st.booleans(), st.integers(0, 60), st.floats(-10, 10), st.integers(20, 90)
    ),
    max_size=25,
)


@given(rows, st.integers(0, 70))
@pytest.mark.parametrize("steps_of", [latest_steps, trailing_year_steps, same_quarter_growth_steps])
def test_what_becomes_known_later_changes_nothing_before(steps_of, rows, cut):
    moments = np.arange(cut, dtype=np.int64)
    whole = values_at(steps_of(reports(*rows)), moments)
    known = values_at(steps_of(reports(*[row for row in rows if row[2] < cut])), moments)
    assert same(whole, known)


@given(rows)
def test_the_newest_figure_agrees_with_looking_through_all_reports(rows):
    steps = latest_steps(reports(*rows))
    for moment in range(0, 95, 7):
        known = [(row[0], row[1], row[2], at) for at, row in enumerate(rows) if row[2] <= moment]
        best = max(known, default=None)
        value = NAN if best is None or rows[best[3]][4] <= moment else rows[best[3]][3]
        assert same(at(steps, moment), [value])


def test_ratios_need_a_positive_denominator():
    made = ratio(np.array([1.0, 1.0, 1.0, NAN]), np.array([2.0, 0.0, -1.0, 1.0]))
    assert same(made, [0.5, NAN, NAN, NAN])


def test_prices_are_the_newest_known_and_not_too_old():
    prices = price_at(np.array([10, 20]), np.array([1.0, 2.0]), np.array([9, 10, 19, 20, 25, 26]), 5)
    assert same(prices, [NAN, 1, NAN, 2, 2, NAN])


@given(st.lists(st.one_of(st.floats(1, 100), st.just(NAN)), max_size=60))
def test_smoothed_shares_are_medians_of_the_21_so_far(values):
    series = np.array(values, dtype=np.float64)
    smooth = smoothed_shares(series)
    for i in range(len(values)):
        window = [v for v in values[max(0, i - 20) : i + 1] if not np.isnan(v)]
        assert same([smooth[i]], [np.median(window) if window else NAN]) or smooth[i] == pytest.approx(
            np.median(window)
        )
        assert same(smooth[: i + 1], smoothed_shares(series[: i + 1]))


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 80), st.floats(0.1, 5)), max_size=12),
    st.lists(st.integers(0, 100), max_size=10),
)
def test_trailing_dividends_are_those_between_their_start_and_end(paid, moments):
    starts, ends, amounts = (np.array([row[i] for row in paid]) for i in range(3))
    total = trailing_dividends(
        starts.astype(np.int64),
        ends.astype(np.int64),
        amounts.astype(float),
        np.array(moments, dtype=np.int64),
    )
    slow = [sum(a for s, e, a in paid if s <= t < e) for t in moments]
    assert total == pytest.approx(slow)
    assert all(total[i] == 0.0 for i, value in enumerate(slow) if value == 0)
