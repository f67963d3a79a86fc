"""Splits and dividends laid along bars."""

from __future__ import annotations

import numpy as np

from traderai.common.arrays import F64, I64, Bools


def split_factors(trading_date: I64, ex_days: I64, shares_after_per_before: F64) -> F64:
    """Return for each bar the product of the splits up to and including its trading date.

    A price as traded times this factor is the price on the scale of the first shares: a split changes the
    factors of later bars only.

    Shapes: trading_date (n,), rising; ex_days and shares_after_per_before (k,), in any order -> (n,)
    Units: days since 1970; shares after for one share before
    NaN: not accepted
    Causal: bar i depends on the splits with ex_days <= trading_date[i] alone
    Raises: ValueError if a ratio is not a positive number
    """
    if not (np.isfinite(shares_after_per_before).all() and (shares_after_per_before > 0).all()):
        raise ValueError("shares_after_per_before must be positive numbers")
    order = np.argsort(ex_days, kind="stable")
    products = np.concatenate([[1.0], np.cumprod(shares_after_per_before[order])])
    factors: F64 = products[np.searchsorted(ex_days[order], trading_date, side="right")]
    return factors


def dividend_factors_backward(close: F64, dividend_rub: F64) -> F64:
    """Return for each bar the factor that takes the gaps of later dividends out of its price (proportional).

    A dividend d after the close c multiplies every earlier price by (c - d) / c: returns then are those of a
    holder who reinvests, and prices never become negative.

    Shapes: close and dividend_rub (n,) -> (n,), 1 at the last bar
    Units: roubles per share on one scale, that is free of splits; a dividend stands at the bar its ex-date starts
    NaN: not accepted
    Causal: no; bar i depends on every dividend after it
    Raises: ValueError if a dividend is negative or not below the close before it
    """
    steps = np.ones(close.size)
    for at in np.flatnonzero(dividend_rub):
        if at == 0:
            continue  # no bar before it is left to adjust
        if not 0.0 < dividend_rub[at] < close[at - 1]:
            raise ValueError(
                "a dividend must be above 0 and below the close before it, "
                f"was {dividend_rub[at]} after {close[at - 1]}"
            )
        steps[at] = (close[at - 1] - dividend_rub[at]) / close[at - 1]
    products = np.cumprod(steps[::-1])[::-1]
    factors: F64 = np.concatenate([products[1:], [1.0]])[: close.size]
    return factors


def dividends_by_bar(trading_date: I64, ex_days: I64, amount_rub: F64) -> F64:
    """Return for each bar the dividends whose ex-date starts with it, 0 elsewhere.

    That is the first bar on or after the ex-date; a dividend with no such bar yet appears nowhere, and one
    from before the first bar would appear with it: leave those out before.

    Shapes: trading_date (n,), rising; ex_days and amount_rub (k,) -> (n,)
    Units: days since 1970; roubles for one share as traded
    Causal: bar i depends on dividends with ex_days <= trading_date[i] alone
    """
    dividends = np.zeros(trading_date.size)
    first = np.searchsorted(trading_date, ex_days, side="left")
    inside = first < trading_date.size
    np.add.at(dividends, first[inside], amount_rub[inside])
    return dividends


def known_with_bar(trading_date: I64, ex_days: I64, known_s: F64, ends_s: I64) -> Bools:
    """Return which dividends were known when the bar that their ex-date starts with had ended.

    Shapes: trading_date and ends_s (n,), rising; ex_days and known_s (k,) -> (k,)
    Units: days since 1970; seconds since 1970 UTC
    Causal: a dividend without such a bar yet is not
    """
    first = np.searchsorted(trading_date, ex_days, side="left")
    known: Bools = known_s <= np.append(ends_s, np.iinfo(np.int64).min)[first]
    return known


def prices_as_traded(prices: F64, at: I64, ex_at: I64, shares_after_per_before: F64) -> F64:
    """Return split-adjusted prices turned back into prices as traded.

    A price before a 1:100 split was divided by 100 by whoever adjusted it: it is multiplied by 100 again.
    Turned prices are rounded to six decimals, finer than any price step: 151.2 * 100 alone is not 15120.

    Shapes: prices (n, m), at (n,), ex_at and shares_after_per_before (k,) -> (n, m)
    Units: `at` and `ex_at` in the same unit, days or seconds; roubles
    NaN: stays
    """
    factors = np.ones(at.size)
    for ex, ratio in zip(ex_at.tolist(), shares_after_per_before.tolist(), strict=True):
        factors[at < ex] *= ratio
    turned = prices.copy()
    changed = factors != 1.0
    turned[changed] = np.round(prices[changed] * factors[changed, None], 6)
    return turned


def continuous_across_split(before: float, after: float, shares_after_per_before: float) -> bool:
    """Return whether prices run on across a split, that is whether they have been adjusted for it.

    Units: the last close before and the first open after the split, roubles
    Raises: ValueError if a figure is not positive
    """
    if min(before, after, shares_after_per_before) <= 0:
        raise ValueError(
            f"prices and ratio must be positive, were {before}, {after}, {shares_after_per_before}"
        )
    step = float(np.log(after / before))
    return abs(step) < abs(step + float(np.log(shares_after_per_before)))
