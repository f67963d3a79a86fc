"""From bars to a matrix of features, month by month.

A stored month is a pure function of its own bars and of a fixed number of own bars before it (the warm-up), so
building everything and rebuilding only the current month give the same bits, recursive indicators included.
"""

from __future__ import annotations

import hashlib
import itertools
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit

from features.kernels import session
from features.kernels.columns import (
    calendar,
    candles,
    oscillators,
    position,
    prices,
    returns,
    trend,
    volatility,
    volume,
)
from features.kernels.columns.column import Column
from features.kernels.higher import unbroken_from
from features.kernels.window import Window, joined_windows, window_of
from features.spec import FeatureSpec
from market.contracts import Bars
from traderai.common.arrays import F32, F64, I64

WARMUP_BARS_MAX: Final = 1_000
# Windows of a few lengths share what their columns have in common.
_WHOLE: Final = 2**62
_TAILS: Final = (32, 128, 512, _WHOLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthSlice:
    """The bars `start` to `stop` belong to one calendar month in Moscow; the warm-up begins at `warmup_start`."""

    month: str  # "2024-05"
    warmup_start: int
    start: int
    stop: int


COLUMNS: Final[dict[str, Column]] = {
    **returns.COLUMNS,
    **trend.COLUMNS,
    **oscillators.COLUMNS,
    **volatility.COLUMNS,
    **volume.COLUMNS,
    **position.COLUMNS,
    **candles.COLUMNS,
    **calendar.COLUMNS,
    **prices.COLUMNS,
}


def compute_columns(window: Window, specs: Sequence[FeatureSpec]) -> F32:
    """Return the features of a window of bars that read own bars.

    Shapes: returns (n, k), columns in the order of `specs`, each contiguous.
    Units:  those of each feature.
    NaN:    where history is too short or a quotient has no divisor; never zero-filled, never infinite.
    Causal: row t reads the window's bars up to t.
    Raises: KeyError for a kernel that is not in COLUMNS.
    """
    n = window.begin_s.size
    out = np.empty((n, len(specs)), dtype=np.float32, order="F")
    if n == 0:
        return out
    for j, spec in enumerate(specs):
        _store(np.ascontiguousarray(COLUMNS[spec.kernel](window, **spec.parameters)), out[:, j])
    return out


def newest_columns(windows: Sequence[Window], specs: Sequence[FeatureSpec]) -> F32:
    """Return of each window the last row of `compute_columns`, bit for bit, without the rows before it where it can.

    Features whose newest value needs few bars (`exact_tail`) get those of all windows at once, one behind the other:
    for so short series a call costs more than what it computes. The others get each window whole.

    Shapes: windows (s) of bars of one length; returns (s, k).
    NaN:    as `compute_columns`.
    Causal: reads the bars of each window for its own row.
    Raises: ValueError for a window without bars.
    """
    sizes = np.array([window.begin_s.size for window in windows], dtype=np.int64)
    if (sizes == 0).any():
        raise ValueError("a window must hold at least one bar, was empty")
    newest = np.empty((len(windows), len(specs)))
    places: dict[int, list[int]] = {}
    for j, spec in enumerate(specs):
        size = _TAILS[bisect_right(_TAILS, spec.lookback_bars)] if spec.exact_tail else _WHOLE
        places.setdefault(size, []).append(j)
    for size, some in places.items():
        long = np.flatnonzero(sizes >= size)
        if long.size:
            tails = joined_windows([windows[i].tail(size) for i in long.tolist()])
            for j in some:
                newest[long, j] = COLUMNS[specs[j].kernel](tails, **specs[j].parameters)[size - 1 :: size]
        for i in np.flatnonzero(sizes < size).tolist():
            for j in some:
                newest[i, j] = COLUMNS[specs[j].kernel](windows[i], **specs[j].parameters)[-1]
    return float32_or_nan(newest)


@njit(nogil=True, cache=True, error_model="numpy")
def _store(values: F64, out: F32) -> None:
    largest = np.float32(3.4028235e38)
    for t in range(values.size):
        value = np.float32(values[t])
        out[t] = value if abs(value) <= largest else np.float32(np.nan)


def float32_or_nan(values: F64) -> F32:
    """Return values as the store holds them: 32 bits, and NaN where there is no finite number.

    Shapes: any; returns the same.
    NaN:    where the value is NaN, infinite or too large for 32 bits.
    """
    with np.errstate(over="ignore"):
        out = values.astype(np.float32)
    # Also where there is NaN already: its sign is a bit, too.
    np.copyto(out, np.nan, where=~np.isfinite(out))
    return out


def month_slices(begin_s: I64, *, warmup_bars: int) -> tuple[MonthSlice, ...]:
    """Return the calendar months (Moscow) of a series of bars, oldest first.

    Shapes: begin_s (n,), rising.
    Causal: bars added at the end extend the last month or add months; they change no earlier slice.
    Raises: ValueError if the warm-up is not within 0 to 1,000 bars or the bars are not in rising order.
    """
    if not 0 <= warmup_bars <= WARMUP_BARS_MAX:
        raise ValueError(f"warmup_bars must be within 0 to {WARMUP_BARS_MAX}, was {warmup_bars}")
    if begin_s.size == 0:
        return ()
    if np.any(np.diff(begin_s) <= 0):
        raise ValueError("bars must be in rising order of their begin")
    months = session.moscow_seconds(begin_s).astype("datetime64[s]").astype("datetime64[M]")
    starts = np.concatenate([[0], np.flatnonzero(months[1:] != months[:-1]) + 1, [begin_s.size]])
    return tuple(
        MonthSlice(
            month=str(months[start]),
            warmup_start=max(0, int(start) - warmup_bars),
            start=int(start),
            stop=int(stop),
        )
        for start, stop in itertools.pairwise(starts)
    )


def month_features(bars: Bars, specs: Sequence[FeatureSpec], month: MonthSlice) -> F32:
    """Return the features of one month's bars.

    Shapes: returns (stop - start, k).
    Units:  those of each feature.
    NaN:    as `compute_columns`.
    Causal: row t reads its month's bars up to t and the warm-up before the month, from the last hole in it on.
    """
    first = unbroken_from(bars.trading_day, first=month.warmup_start, start=month.start)
    window = window_of(bars, start=first, stop=month.stop)
    return compute_columns(window, specs)[month.start - first :]


def features_of(bars: Bars, specs: Sequence[FeatureSpec], *, warmup_bars: int) -> F32:
    """Return the features of all bars, as the store holds them.

    Shapes: returns (n, k).
    Units:  those of each feature.
    NaN:    as `compute_columns`.
    Causal: row t reads bars up to t, at most `warmup_bars` before its month.
    """
    months = month_slices(bars.begin_s, warmup_bars=warmup_bars)
    parts = [month_features(bars, specs, month) for month in months]
    return np.concatenate(parts) if parts else np.empty((0, len(specs)), dtype=np.float32)


def inputs_fingerprint(bars: Bars, month: MonthSlice, joined: F32 | None = None) -> str:
    """Return the SHA-256 of every number that a month's features are computed from, its warm-up included.

    Of the trading days only where one ends matters: a calendar that learns of other days changes nothing. `joined`
    are the columns that come from elsewhere, at the month's rows: they go into the features as they are.

    Shapes: joined (stop - start, j).
    """
    part = slice(month.warmup_start, month.stop)
    days = bars.trading_day[part]
    digest = hashlib.sha256(f"{month.start - month.warmup_start}".encode())
    for array in (
        bars.begin_s[part],
        bars.open[part],
        bars.high[part],
        bars.low[part],
        bars.close[part],
        bars.volume_shares[part],
        bars.turnover_rub[part],
        bars.split_factor[part],
        bars.dividend_rub[part],
        bars.session[part],
        days[1:] != days[:-1],
    ):
        digest.update(np.ascontiguousarray(array).tobytes())
    if joined is not None:
        digest.update(np.ascontiguousarray(joined.T).tobytes())
    return digest.hexdigest()
