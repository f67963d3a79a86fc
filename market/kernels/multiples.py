"""Figures made of reports and the price."""

from __future__ import annotations

import numpy as np

from traderai.common.arrays import F64, I64

_SMOOTHED_OVER = (
    21  # capitalisations by day are made of average prices: one day's count of shares is off by percents
)


def ratio(numerator: F64, denominator: F64) -> F64:
    """Return the quotient where the denominator is positive.

    Shapes: (n,), (n,) -> (n,)
    NaN: where a figure is missing or the denominator is not positive
    """
    made = np.full(numerator.shape, np.nan)
    positive = denominator > 0
    made[positive] = numerator[positive] / denominator[positive]
    return made


def price_at(known_s: I64, price: F64, moments_s: I64, stale_after_s: int) -> F64:
    """Return the newest price known at each moment.

    Shapes: known_s (n,), rising; price (n,); moments_s (m,) -> (m,)
    Units: seconds since 1970 UTC
    NaN: before the first price and where the newest is older than `stale_after_s`
    Causal: moment i depends on prices known by then alone
    """
    prices = np.full(moments_s.size, np.nan)
    at = np.searchsorted(known_s, moments_s, side="right") - 1
    fresh = at >= 0
    fresh[fresh] = moments_s[fresh] - known_s[at[fresh]] <= stale_after_s
    prices[fresh] = price[at[fresh]]
    return prices


def smoothed_shares(shares: F64) -> F64:
    """Return the median of each count of shares and the 20 before it.

    Shapes: (n,) -> (n,)
    NaN: left out of the medians; NaN where nothing is left
    Causal: element i depends on shares[:i + 1] alone
    """
    if not shares.size:
        return shares.copy()
    padded = np.concatenate([np.full(_SMOOTHED_OVER - 1, np.nan), shares])
    windows = np.sort(np.lib.stride_tricks.sliding_window_view(padded, _SMOOTHED_OVER), axis=1)  # NaN last
    count = np.isfinite(windows).sum(axis=1)
    rows = np.arange(shares.size)
    medians: F64 = (windows[rows, np.maximum(count - 1, 0) // 2] + windows[rows, count // 2]) / 2.0
    return medians


def trailing_dividends(paid_s: I64, ends_s: I64, amount: F64, moments_s: I64) -> F64:
    """Return the sum of the dividends that count at each moment: from `paid_s` until `ends_s`.

    Shapes: paid_s, ends_s and amount (k,), in any order; moments_s (m,) -> (m,)
    Units: seconds since 1970 UTC; amounts on one scale of shares
    Causal: moment i depends on dividends with paid_s by then alone
    """
    counts = paid_s < ends_s
    paid_s, ends_s, amount = paid_s[counts], ends_s[counts], amount[counts]
    total = _running(paid_s, amount, moments_s) - _running(ends_s, amount, moments_s)
    ones = np.ones(amount.size)
    none_left = _running(paid_s, ones, moments_s) == _running(ends_s, ones, moments_s)
    return np.where(none_left, 0.0, total)


def _running(at_s: I64, amount: F64, moments_s: I64) -> F64:
    order = np.argsort(at_s, kind="stable")
    sums = np.concatenate([[0.0], np.cumsum(amount[order])])
    running: F64 = sums[np.searchsorted(at_s[order], moments_s, side="right")]
    return running
