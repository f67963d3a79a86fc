"""Rolling statistics of every row of a matrix, a constant number of steps a cell.

A window's sum is the sum of the end of one block of rows and of the beginning of the next (van Herk's scheme): nothing
is ever subtracted, so nothing drifts, and a window of zeros sums to zero exactly.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from features.kernels.rolling import require_window
from traderai.common.arrays import F64

# What is left of a variance by rounding: below this share of the mean square all values are taken for equal.
VARIANCE_DUST = 1e-9


def rolling_total(values: F64, *, window: int) -> F64:
    """Return the sum of the last `window` values of each row.

    Shapes: values (s, t); returns (s, t).
    Units:  those of the values.
    NaN:    the first `window - 1` columns, and every window that touches a NaN.
    Causal: out[:, t] reads columns t - window + 1 to t; blocks are counted from column 0.
    Raises: ValueError if `window` is below 1.
    Source: van Herk (1992), Pattern Recognition Letters 13, 517-521, with sums for extremes.
    """
    require_window(window)
    return _rolling_total(values, window)


def rolling_average(values: F64, *, window: int, least: int) -> F64:
    """Return the mean of the values among the last `window` columns of each row.

    Shapes: values (s, t); returns (s, t).
    Units:  those of the values.
    NaN:    the first `window - 1` columns, and where fewer than `least` are values.
    Causal: out[:, t] reads columns t - window + 1 to t; blocks are counted from column 0.
    Raises: ValueError if `window` or `least` is below 1.
    Source: `rolling_total`.
    """
    require_window(window)
    require_window(least)
    return _rolling_moments(values, window, least)[0]


def rolling_deviation(values: F64, *, window: int, least: int) -> F64:
    """Return the sample standard deviation of the values among the last `window` columns of each row.

    Shapes: values (s, t), small means against their spread (returns, not prices); returns (s, t).
    Units:  those of the values.
    NaN:    the first `window - 1` columns, and where fewer than `least` are values.
    Causal: out[:, t] reads columns t - window + 1 to t; blocks are counted from column 0.
    Raises: ValueError if `window` or `least` is below 2.
    Source: `rolling_total`.
    """
    require_window(window, least=2)
    require_window(least, least=2)
    return _rolling_moments(values, window, least)[1]


def rolling_top(values: F64, *, window: int) -> F64:
    """Return the largest of the last `window` values of each row.

    Shapes: values (s, t); returns (s, t).
    Units:  those of the values.
    NaN:    the first `window - 1` columns, and windows without a value; a NaN among values is passed over.
    Causal: out[:, t] reads columns t - window + 1 to t.
    Raises: ValueError if `window` is below 1.
    Source: van Herk (1992), Pattern Recognition Letters 13, 517-521.
    """
    require_window(window)
    return _rolling_top(values, window)


def rolling_position(moves: F64, *, window: int) -> F64:
    """Return where the level chained from moves stands between its lowest and highest of the last `window` columns.

    Shapes: moves (s, t), changes of the level since the column before; returns (s, t).
    Units:  0 at the lowest, 1 at the highest.
    NaN:    the first `window - 1` columns, windows in which a move is not known or nothing moved.
    Causal: out[:, t] reads columns t - window + 2 to t; levels are summed up and blocks counted from column 0.
    Raises: ValueError if `window` is below 2.
    Source: van Herk (1992), Pattern Recognition Letters 13, 517-521.
    """
    require_window(window, least=2)
    return _rolling_position(moves, window)


def rolling_fit(x: F64, y: F64, *, window: int, least: int) -> tuple[F64, F64]:
    """Return correlation of x and y and slope of y on x, over the pairs among the last `window` columns.

    Shapes: x, y (s, t), small means against their spread; returns two (s, t).
    Units:  correlation -1..1; slope in units of y per x.
    NaN:    the first `window - 1` columns, fewer than `least` pairs, and where x or y (for the slope: x) is constant.
    Causal: out[:, t] reads columns t - window + 1 to t; blocks are counted from column 0.
    Raises: ValueError if the shapes differ or `window` or `least` is below 2.
    Source: Pearson; `rolling_total`.
    """
    require_window(window, least=2)
    require_window(least, least=2)
    if x.shape != y.shape:
        raise ValueError(f"x and y must have one shape, were {x.shape} and {y.shape}")
    return _rolling_fit(x, y, window, least)


@njit(nogil=True, cache=True)
def _rolling_total(values: F64, window: int) -> F64:
    out = np.full(values.shape, np.nan)
    tail = np.zeros(window + 1)
    for s in range(values.shape[0]):
        head = 0.0
        for t in range(values.shape[1]):
            place = t % window
            if place == 0:
                head = 0.0
                if t > 0:
                    for i in range(window - 1, -1, -1):
                        tail[i] = tail[i + 1] + values[s, t - window + i]
            head += values[s, t]
            if t >= window - 1:
                out[s, t] = head if place == window - 1 else tail[place + 1] + head
    return out


@njit(nogil=True, cache=True)
def _rolling_moments(values: F64, window: int, least: int) -> tuple[F64, F64]:
    """Return mean and sample standard deviation of the values in each window."""
    mean = np.full(values.shape, np.nan)
    deviation = np.full(values.shape, np.nan)
    tail = np.zeros((window + 1, 3))
    for s in range(values.shape[0]):
        n, total, squares = 0.0, 0.0, 0.0
        for t in range(values.shape[1]):
            place = t % window
            if place == 0:
                n, total, squares = 0.0, 0.0, 0.0
                if t > 0:
                    _fill_moments(tail, values[s, t - window : t])
            value = values[s, t]
            if not np.isnan(value):
                n += 1.0
                total += value
                squares += value * value
            if t < window - 1:
                continue
            rest = window if place == window - 1 else place + 1
            count = n + tail[rest, 0]
            if count >= least:
                mean[s, t], deviation[s, t] = _moments_of(
                    count, total + tail[rest, 1], squares + tail[rest, 2]
                )
    return mean, deviation


@njit(nogil=True, cache=True)
def _fill_moments(tail: F64, block: F64) -> None:
    """Write count, sum and sum of squares of the end of a block, from each place on."""
    n, total, squares = 0.0, 0.0, 0.0
    for i in range(block.size - 1, -1, -1):
        value = block[i]
        if not np.isnan(value):
            n += 1.0
            total += value
            squares += value * value
        tail[i, 0], tail[i, 1], tail[i, 2] = n, total, squares


@njit(nogil=True, cache=True)
def _moments_of(n: float, total: float, squares: float) -> tuple[float, float]:
    deviation = np.sqrt(max(0.0, squares - total * total / n) / (n - 1.0)) if n > 1.0 else np.nan
    return total / n, deviation


@njit(nogil=True, cache=True)
def _rolling_top(values: F64, window: int) -> F64:
    out = np.full(values.shape, np.nan)
    tail = np.full(window + 1, -np.inf)
    for s in range(values.shape[0]):
        head = -np.inf
        for t in range(values.shape[1]):
            place = t % window
            if place == 0:
                head = -np.inf
                if t > 0:
                    for i in range(window - 1, -1, -1):
                        value = values[s, t - window + i]
                        tail[i] = value if value > tail[i + 1] else tail[i + 1]
            if values[s, t] > head:
                head = values[s, t]
            if t >= window - 1:
                top = head if place == window - 1 else max(head, tail[place + 1])
                if top > -np.inf:
                    out[s, t] = top
    return out


@njit(nogil=True, cache=True)
def _rolling_fit(x: F64, y: F64, window: int, least: int) -> tuple[F64, F64]:
    correlation = np.full(x.shape, np.nan)
    slope = np.full(x.shape, np.nan)
    tail = np.zeros((window + 1, 6))
    head = np.zeros((window, 6))
    for s in range(x.shape[0]):
        for begin in range(0, x.shape[1], window):
            end = min(begin + window, x.shape[1])
            if begin > 0:
                _fill_pairs(tail[:window], x[s, begin - window : begin], y[s, begin - window : begin], -1)
            _fill_pairs(head[: end - begin], x[s, begin:end], y[s, begin:end], 1)
            for t in range(max(begin, window - 1), end):
                # A whole block has no rest: the tail's last place is empty.
                rest, place = tail[t - begin + 1], head[t - begin]
                if place[0] + rest[0] >= least:
                    correlation[s, t], slope[s, t] = _fit_of(place, rest)
    return correlation, slope


@njit(nogil=True, cache=True)
def _fill_pairs(sums: F64, x: F64, y: F64, step: int) -> None:
    """Write n and the sums of x, y, xx, yy, xy over a block's pairs: from its begin (step 1) or to its end (-1)."""
    n = sum_x = sum_y = sum_xx = sum_yy = sum_xy = 0.0
    i = 0 if step > 0 else x.size - 1
    for _ in range(x.size):
        a, b = x[i], y[i]
        if not (np.isnan(a) or np.isnan(b)):
            n += 1.0
            sum_x += a
            sum_y += b
            sum_xx += a * a
            sum_yy += b * b
            sum_xy += a * b
        sums[i, 0], sums[i, 1], sums[i, 2] = n, sum_x, sum_y
        sums[i, 3], sums[i, 4], sums[i, 5] = sum_xx, sum_yy, sum_xy
        i += step


@njit(nogil=True, cache=True)
def _fit_of(head: F64, tail: F64) -> tuple[float, float]:
    n, sum_x, sum_y = head[0] + tail[0], head[1] + tail[1], head[2] + tail[2]
    sum_xx, sum_yy = head[3] + tail[3], head[4] + tail[4]
    spread_x = sum_xx - sum_x * sum_x / n
    spread_y = sum_yy - sum_y * sum_y / n
    together = head[5] + tail[5] - sum_x * sum_y / n
    correlation, slope = np.nan, np.nan
    if spread_x > VARIANCE_DUST * sum_xx:
        slope = together / spread_x
        if spread_y > VARIANCE_DUST * sum_yy:
            correlation = min(1.0, max(-1.0, together / np.sqrt(spread_x * spread_y)))
    return correlation, slope


@njit(nogil=True, cache=True)
def _rolling_position(moves: F64, window: int) -> F64:
    out = np.full(moves.shape, np.nan)
    level = np.zeros(moves.shape[1])
    high_tail = np.full(window + 1, -np.inf)
    low_tail = np.full(window + 1, np.inf)
    for s in range(moves.shape[0]):
        unknown = -1  # the last column whose move is not known
        high, low = -np.inf, np.inf
        for t in range(moves.shape[1]):
            is_known = not np.isnan(moves[s, t])
            level[t] = (level[t - 1] if t > 0 else 0.0) + (moves[s, t] if is_known else 0.0)
            unknown = unknown if is_known else t
            place = t % window
            if place == 0:
                high, low = -np.inf, np.inf
                if t > 0:
                    _fill_extremes(high_tail, low_tail, level[t - window : t])
            high, low = max(high, level[t]), min(low, level[t])
            if t - unknown >= window - 1 and t >= window - 1:
                rest = window if place == window - 1 else place + 1
                top, bottom = max(high, high_tail[rest]), min(low, low_tail[rest])
                if top > bottom:
                    out[s, t] = (level[t] - bottom) / (top - bottom)
    return out


@njit(nogil=True, cache=True)
def _fill_extremes(high_tail: F64, low_tail: F64, block: F64) -> None:
    high, low = -np.inf, np.inf
    for i in range(block.size - 1, -1, -1):
        high, low = max(high, block[i]), min(low, block[i])
        high_tail[i], low_tail[i] = high, low
