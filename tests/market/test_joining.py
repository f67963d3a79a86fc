from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.kernels.joining import (
    SPLIT_REASONS,
    boards_taking_over,
    lots_as_shares,
    main_boards,
    rows_of_best_ticker,
    split_faults,
)

DAYS = st.integers(0, 30)


def i64(values):
    return np.array(values, dtype=np.int64)


@given(
    rows=st.lists(st.tuples(DAYS, st.integers(0, 2)), max_size=30),
    spans=st.lists(st.tuples(DAYS, DAYS), min_size=3, max_size=3),
)
def test_each_day_keeps_the_rows_of_one_ticker_and_the_one_valid_then(rows, spans):
    day, ticker = i64([row[0] for row in rows]), i64([row[1] for row in rows])
    first, till = i64([min(span) for span in spans]), i64([max(span) for span in spans])
    kept = rows_of_best_ticker(day, ticker, first, till)
    for at, (on, which) in enumerate(rows):
        # The slow second way: of the tickers told on that day and not yet given up the first to have become valid.
        told = {code for other, code in rows if other == on and on < till[code]}
        best = min(told, key=lambda code: (max(first[code] - on, 0), code)) if told else None
        assert kept[at] == (which == best)


def test_a_ticker_carried_back_gives_way_to_the_one_of_the_day():
    # T came on day 10 and is told of days 8 and 9 too; TCSG has day 9 only.
    day, ticker = i64([8, 9, 9, 10, 11]), i64([0, 0, 1, 0, 1])
    kept = rows_of_best_ticker(day, ticker, i64([10, -100]), i64([1000, 10]))
    assert kept.tolist() == [True, False, True, True, False]


@given(
    spans=st.lists(st.tuples(DAYS, DAYS), max_size=5),
    days=st.lists(st.integers(-5, 35), max_size=20),
)
def test_the_main_board_is_the_one_that_ends_first(spans, days):
    first, last = i64([min(span) for span in spans]), i64([max(span) for span in spans])
    main, other = main_boards(i64(days), first, last)
    for at, day in enumerate(days):
        held = [code for code in range(len(spans)) if first[code] <= day <= last[code]]
        if held:
            best = min(held, key=lambda code: (last[code], -first[code]))
            assert (last[main[at]], first[main[at]]) == (last[best], first[best])
            assert other[at] == main[at]
            continue
        before = [last[code] for code in range(len(spans)) if last[code] < day]
        after = [first[code] for code in range(len(spans)) if first[code] > day]
        if not spans:
            assert (main[at], other[at]) == (-1, -1)
        elif before and after:
            assert (last[main[at]], first[other[at]]) == (max(before), min(after))
        else:
            assert main[at] == other[at]
            assert last[main[at]] == max(before) if before else first[main[at]] == min(after)


def test_a_stay_on_another_board_lies_inside_the_longer_span():
    # A share of TQBR spent days 10 to 20 on TQPI; both spans are recorded by their ends alone.
    main, _ = main_boards(i64([5, 10, 20, 21]), i64([0, 10]), i64([100, 20]))
    assert main.tolist() == [0, 1, 1, 0]


def bars(closes, opens=None):
    closes = np.array(closes, dtype=np.float64)
    opens = closes if opens is None else np.array(opens, dtype=np.float64)
    return np.column_stack([opens, np.maximum(opens, closes), np.minimum(opens, closes), closes])


@pytest.mark.parametrize(
    ("prices", "adjusted", "reasons"),
    [
        # As traded, split 1:8 on day 3: the price falls to an eighth.
        (bars([80, 81, 10, 10.1]), False, ["", "", "", ""]),
        # The first bar in new shares opened in old ones.
        (bars([80, 81, 10, 10.1], [80, 81, 75, 10]), False, ["", "", "on_both_sides_of_split", ""]),
        (bars([80, 81, 79, 10.1, 10, 10]), False, ["", "", "in_old_shares_after_split", "", "", ""]),
        # Declared as traded, but somebody has adjusted it: what is before the split is doubtful.
        (bars([10, 10.1, 10, 10.1]), False, ["price_basis_contradicted"] * 2 + ["", ""]),
        (bars([10, 10.1, 10, 10.1]), True, ["", "", "", ""]),
        (bars([80, 81, 10, 10.1]), True, ["price_basis_contradicted"] * 2 + ["", ""]),
    ],
)
def test_the_sides_of_a_split_are_told_apart(prices, adjusted, reasons):
    day = np.arange(1, len(prices) + 1, dtype=np.int64)
    faults = split_faults(day, prices, 3, 8.0, adjusted=adjusted)
    assert [SPLIT_REASONS[code] for code in faults.tolist()] == reasons


def test_where_nothing_can_be_told_of_a_split_nothing_is_refused():
    prices = bars([80, 81, 10, 10.1], [80, 81, 75, 10])
    day = i64([1, 2, 3, 4])
    assert not split_faults(day, prices, 1, 8.0, adjusted=False).any()  # no row before it
    assert not split_faults(day, prices, 9, 8.0, adjusted=False).any()  # no row after it
    assert not split_faults(i64([1, 2, 99, 100]), prices, 3, 8.0, adjusted=False).any()  # trade resumed late
    assert not split_faults(day, prices, 3, 1.2, adjusted=False).any()  # a bad day looks the same
    assert not split_faults(i64([]), bars([]), 3, 8.0, adjusted=False).any()


@given(st.floats(-0.3, 0.3), st.sampled_from([0.0002, 0.01, 0.125, 2.0, 8.0, 100.0]))
def test_a_reverse_split_is_told_apart_as_well(move, ratio):
    after = 100.0 / ratio * np.exp(move * 0.9)
    prices = bars([99, 100, after, after])
    assert not split_faults(i64([1, 2, 3, 4]), prices, 3, ratio, adjusted=False).any()
    continuous = bars([99, 100, 100 * np.exp(move * 0.9), 100])
    assert split_faults(i64([1, 2, 3, 4]), continuous, 3, ratio, adjusted=False).tolist() == [3, 3, 0, 0]


@given(st.sampled_from([1, 10, 100, 1000, 10000]), st.integers(1, 10**6), st.floats(0.01, 1e5))
def test_the_lot_follows_from_value_and_average_price(lot, lots, price):
    value = lots * lot * price
    vwap = price * 1.002  # rounded to the price step
    assert lots_as_shares(*(np.array([float(x)]) for x in (lots, value, vwap))).tolist() == [lots * lot]


def test_a_lot_that_cannot_be_told_is_missing():
    told = lots_as_shares(
        np.array([10.0, 0.0, 10.0, np.nan]), np.array([55.0, 0.0, np.nan, 1.0]), np.array([1.0] * 4)
    )
    assert np.isnan(told).all()


@given(
    rows=st.lists(st.tuples(DAYS, st.integers(-5, 2)), max_size=20),
    spans=st.lists(st.tuples(DAYS, DAYS), min_size=3, max_size=3),
)
def test_a_board_takes_over_once_the_main_one_has_no_row_any_more(rows, spans):
    day, board = i64([row[0] for row in rows]), i64([row[1] for row in rows])
    first, last = i64([min(span) for span in spans]), i64([max(span) for span in spans])
    main, _ = main_boards(day, first, last)
    kept = boards_taking_over(day, board, main, first, last)
    for at, (on, code) in enumerate(rows):
        later = [other for other, told in rows if told == main[at] and other >= on]
        assert kept[at] == (code >= 0 and first[code] <= on <= last[code] and main[at] >= 0 and not later)


def test_the_new_settlements_board_of_2013_follows_the_old_one_at_once():
    # Listed: the old board until day 20, the new one from day 10; the file has old rows until day 11.
    first, last = i64([0, 10]), i64([20, 100])
    day, board = i64([9, 10, 11, 12, 20, 21]), i64([0, 1, 0, 1, 1, 1])
    main, _ = main_boards(day, first, last)
    kept = (board == main) | boards_taking_over(day, board, main, first, last)
    assert kept.tolist() == [True, False, True, True, True, True]
