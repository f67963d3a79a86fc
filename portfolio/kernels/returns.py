"""Daily returns of several shares on common days."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from traderai.common.arrays import F64, Bools


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CommonDays:
    """Which shares have enough history, and on which rows all of these have a return."""

    kept: Bools  # (n,) shares
    rows: Bools  # (d,) days


def total_returns(close: F64, dividend_rub: F64) -> F64:
    """Return the simple return of each day with its dividend: `(close + dividend) / close of the day before - 1`.

    Simple returns add up across shares, log returns across days: a portfolio needs the first. Without the dividend, a
    cut-off would look like a loss, of a short like a gain.

    Shapes: close and dividend_rub (d, n), rows are consecutive trading days -> (d - 1, n)
    Units: rubles of one share on one scale, free of splits; fractions
    NaN: without a close on either day there is no return; nothing is filled in
    Causal: row i depends on the days i and i + 1 alone
    Source: A. Meucci (2010), Quant Nugget 2: Linear vs. compounded returns, GARP Risk Professional
    """
    returns: F64 = (close[1:] + dividend_rub[1:]) / close[:-1] - 1.0
    return returns


def common_days(returns: F64, *, min_days: int) -> CommonDays:
    """Return the shares with at least `min_days` returns and the days on which each of them has one.

    A share that is too short is left out, and after it, while fewer than `min_days` days are common, the one that
    lacks most of them. A covariance of days that differ from pair to pair need not be one of anything.

    Shapes: returns (d, n)
    NaN: no return on that day
    Causal: reads its arguments only
    """
    known = np.isfinite(returns)
    kept = known.sum(axis=0) >= min_days
    while kept.any():
        rows = np.asarray(known[:, kept].all(axis=1))
        if rows.sum() >= min_days:
            return CommonDays(kept=kept, rows=rows)
        left = np.flatnonzero(kept)
        kept = kept.copy()
        kept[left[np.argmin(known[:, left].sum(axis=0))]] = False
    return CommonDays(kept=kept, rows=np.zeros(len(returns), dtype=np.bool_))
