"""A share against an index, day by day of the index."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.lib.stride_tricks import sliding_window_view

from features.kernels.rolling import require_window
from traderai.common.arrays import F64, I64


def closes_on_days(close: F64, known_s: I64, day_begin_s: I64, day_known_s: I64) -> F64:
    """Return a share's last close of each day of the index.

    What the share traded since the day of the index before, such as on a weekend, belongs to the next one.

    Shapes: close, known_s (n,), rising in time; day_begin_s, day_known_s (m,), rising; returns (m,).
    Units:  those of the closes.
    NaN:    days since whose predecessor the share has not traded; before the first day nothing counts.
    Causal: out[j] reads closes known at the end of day j.
    """
    out = np.full(day_begin_s.size, np.nan)
    if close.size == 0 or day_begin_s.size == 0:
        return out
    at = np.searchsorted(known_s, day_known_s, side="right") - 1
    before_s = np.concatenate([day_begin_s[:1], day_known_s[:-1]])
    traded = (at >= 0) & (known_s[np.maximum(at, 0)] > before_s)
    out[traded] = close[at[traded]]
    return out


def strength(share_close: F64, index_close: F64, *, span: int) -> F64:
    """Return the share's log return less that of the index.

    Shapes: share_close, index_close (m,); returns (m,).
    Units:  natural log of the ratio of the price ratios.
    NaN:    the first `span` values, and where either has no close at one of the two ends.
    Causal: out[j] reads days j - span and j.
    Raises: ValueError if `span` is below 1.
    """
    require_window(span)
    out = np.full(share_close.size, np.nan)
    ratio = np.log(share_close) - np.log(index_close)
    out[span:] = ratio[span:] - ratio[:-span]
    return out


def joint_moments(share_close: F64, index_close: F64, *, window: int, first: int = 0) -> F64:
    """Return beta, correlation and residual deviation of the share's daily log returns against the index's.

    Shapes: share_close, index_close (m,); returns (m, 3).
    Units:  ratio; -1 to 1; log return of one day (divisor pairs - 2, as in a regression with a constant).
    NaN:    rows before `first`, the first `window` rows, rows with pairs on fewer than 2/3 of the days, without a
        move of the index (all three) or of the share (correlation).
    Causal: out[j] reads the closes of days j - window to j.
    Raises: ValueError if `window` is below 5 (fewer than four pairs say nothing) or `first` is negative.
    Source: ordinary least squares of the market model, Sharpe (1963), Management Science 9, 277-293.
    """
    require_window(window, least=5)
    if first < 0:
        raise ValueError(f"first must be at least 0, was {first}")
    moves = np.full((share_close.size, 2), np.nan)
    moves[1:, 0] = np.diff(np.log(index_close))
    moves[1:, 1] = np.diff(np.log(share_close))
    return _joint_moments(moves, window, -(-2 * window // 3), first)


def percentile(values: F64, *, window: int) -> F64:
    """Return which share of the last `window` values lies below the newest of them; equal ones count half.

    Shapes: values (m,); returns (m,).
    Units:  fraction, 0.5 / window (the lowest) to 1 - 0.5 / window (the highest).
    NaN:    the first `window - 1` values, and every window that touches a NaN.
    Causal: out[j] reads values j - window + 1 to j.
    Raises: ValueError if `window` is below 2.
    """
    require_window(window, least=2)
    out = np.full(values.size, np.nan)
    if values.size < window:
        return out
    parts = sliding_window_view(values, window)
    newest = parts[:, -1:]
    below = (parts < newest).sum(axis=1) + 0.5 * (parts == newest).sum(axis=1)
    out[window - 1 :] = np.where(np.isnan(parts).any(axis=1), np.nan, below / window)
    return out


@njit(nogil=True, cache=True)
def _joint_moments(moves: F64, window: int, least: int, first: int) -> F64:
    out = np.full((moves.shape[0], 3), np.nan)
    for t in range(max(first, window), moves.shape[0]):
        begin = t - window + 1
        pairs = 0
        mean_x = mean_y = 0.0
        for i in range(begin, t + 1):
            if not np.isnan(moves[i, 0] + moves[i, 1]):
                pairs += 1
                mean_x += moves[i, 0]
                mean_y += moves[i, 1]
        if pairs < least:
            continue
        mean_x /= pairs
        mean_y /= pairs
        xx = xy = yy = 0.0
        for i in range(begin, t + 1):
            if not np.isnan(moves[i, 0] + moves[i, 1]):
                x = moves[i, 0] - mean_x
                y = moves[i, 1] - mean_y
                xx += x * x
                xy += x * y
                yy += y * y
        if xx > 0.0:
            out[t, 0] = xy / xx
            out[t, 2] = np.sqrt(max(0.0, yy - xy * xy / xx) / (pairs - 2))
            if yy > 0.0:
                out[t, 1] = min(1.0, max(-1.0, xy / np.sqrt(xx * yy)))
    return out
