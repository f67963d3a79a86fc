"""Joining rows of several tickers and boards into one series, and telling the sides of a split apart."""

from __future__ import annotations

import numpy as np

from traderai.common.arrays import F64, I8, I64, Bools

SPLIT_REASONS = ("", "on_both_sides_of_split", "in_old_shares_after_split", "price_basis_contradicted")
"""What a code of `split_faults` means; 0 is a good row."""

_NEAR_DAYS = 30  # further apart, prices say nothing of a split between them
_TELLING_RATIO = 1.5  # a smaller split cannot be told from a bad day


def rows_of_best_ticker(day: I64, ticker: I64, valid_from: I64, valid_till: I64) -> Bools:
    """Return which rows of one instrument's tickers are kept: on each day those of the ticker valid then.

    A ticker's rows from before it was valid (files carry a new ticker back) are kept on days of which no ticker
    that was valid, or became so earlier, has a row.

    Shapes: day, ticker (n,), ticker an index into valid_from and valid_till (k,) -> (n,)
    Units: days since 1970; valid_till is the first day left out
    """
    ahead = np.maximum(valid_from[ticker] - day, 0)
    alive = day < valid_till[ticker]
    # Of two tickers valid alike the earlier index stays, so that a day never mixes two.
    rank = np.where(alive, ahead * (valid_from.size + 1) + ticker, np.iinfo(np.int64).max)
    days, where = np.unique(day, return_inverse=True)
    best = np.full(days.size, np.iinfo(np.int64).max)
    np.minimum.at(best, where, rank)
    kept: Bools = alive & (rank == best[where])
    return kept


def main_boards(day: I64, traded_from: I64, traded_till: I64) -> tuple[I64, I64]:
    """Return each day's main board as an index into the recorded spans, and the one other board that is as good.

    Of the recorded boards whose span holds the day the main one is the one that ends first, of those the one that
    began last: a share stays on its board until that ends, and a span inside a longer one is a stay elsewhere. On a
    day that no span holds, the board recorded next before is the main one, the one next after is as good; -1 where
    there is none.

    Shapes: day (n,), traded_from and traded_till (k,) -> (n,), (n,)
    Units: days since 1970; traded_till is the last day
    """
    nothing = np.full(day.size, -1, dtype=np.int64)
    if not traded_from.size:
        return nothing, nothing.copy()
    days, where = np.unique(day, return_inverse=True)
    order = np.lexsort((-traded_from, traded_till))
    first, last = traded_from[order], traded_till[order]
    ended, ahead = last < days[:, None], first > days[:, None]
    holds = ~ended & ~ahead
    before = np.where(ended, last, np.iinfo(np.int64).min).argmax(axis=1)
    after = np.where(ahead, first, np.iinfo(np.int64).max).argmin(axis=1)
    previous = np.where(ended.any(axis=1), order[before], -1)
    following = np.where(ahead.any(axis=1), order[after], -1)
    held = np.asarray(holds.any(axis=1))
    main = np.where(held, order[holds.argmax(axis=1)], np.where(previous >= 0, previous, following))
    other = np.where(held, main, np.where(following >= 0, following, previous))
    return main[where], other[where]


def boards_taking_over(day: I64, board: I64, main: I64, traded_from: I64, traded_till: I64) -> Bools:
    """Return which rows of another recorded board are kept, because the day's main board has no row any more.

    The new settlement's boards of 2013 opened while the old ones were still listed: a share's trading moved over
    before the old board's span ended. From the last row of the main board on, a board whose own span holds the day
    stands in for it; before that, rows of two boards would take turns.

    Shapes: day, board, main (n,), the boards indices into traded_from and traded_till (k,), negative for none -> (n,)
    Units: days since 1970; traded_till is the last day
    """
    if not traded_from.size:
        return np.zeros(day.size, dtype=np.bool_)
    newest = np.full(traded_from.size, np.iinfo(np.int64).min)
    told = board >= 0
    np.maximum.at(newest, board[told], day[told])
    named = np.where(told, board, 0)
    holds = told & (traded_from[named] <= day) & (day <= traded_till[named])
    kept: Bools = holds & (main >= 0) & (newest[main] < day)
    return kept


def split_faults(day: I64, prices: F64, ex_day: int, shares_after_per_before: float, *, adjusted: bool) -> I8:
    """Return the fault of each row around one split as an index into `SPLIT_REASONS`.

    On the first day in new shares a bar may hold prices of old shares, wholly or beside new ones. Where the prices
    run on across the split though they are declared as traded (or jump though declared adjusted), every row before
    it is doubtful. Prices are compared with the last close before the split; further than 30 days from it, or for
    ratios below 1.5, nothing can be told and no fault is found.

    Shapes: day (n,), rising; prices (n, 4) as open, high, low, close -> (n,)
    Units: days since 1970; roubles
    NaN: a price that is not a positive number has no fault here
    """
    faults = np.zeros(day.size, dtype=np.int8)
    at = int(np.searchsorted(day, ex_day, side="left"))
    turn = float(np.log(shares_after_per_before))
    if not 0 < at < day.size or abs(turn) < np.log(_TELLING_RATIO):
        return faults
    before, first_day = float(prices[at - 1, 3]), int(day[at])
    if not before > 0 or ex_day - day[at - 1] > _NEAR_DAYS or first_day - ex_day > _NEAR_DAYS:
        return faults
    with np.errstate(invalid="ignore", divide="ignore"):
        step = np.log(prices[at:] / before)
        old = np.abs(step) < np.abs(step + turn)
    week = day[at:] <= first_day + 7
    runs_on = float(np.median(old[week, 3])) > 0.5
    if runs_on != adjusted:
        faults[:at] = 3
    if adjusted or runs_on:
        return faults
    on_first = day[at:] == first_day
    faults[at:][on_first & old.any(axis=1)] = 1
    faults[at:][on_first & old.all(axis=1)] = 2
    return faults


def lots_as_shares(volume_lots: F64, value_rub: F64, vwap_rub: F64) -> F64:
    """Return volumes in shares of volumes in lots of unknown size; NaN where the lot cannot be told.

    The lot is the power of ten next to value / (volume * average price); those must agree within 1 %.

    Shapes: (n,) each -> (n,)
    Units: lots; roubles
    NaN: in any of the three gives NaN
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        told = value_rub / (volume_lots * vwap_rub)
        lot = 10.0 ** np.round(np.log10(told))
        shares: F64 = np.where(np.abs(told / lot - 1.0) < 0.01, volume_lots * lot, np.nan)
    return shares
