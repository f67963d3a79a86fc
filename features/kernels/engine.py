"""From bars to a matrix of features, month by month.

A stored month is a pure function of its own bars and of a fixed number of own bars before it (the warm-up), so
building everything and rebuilding only the current month give the same bits, recursive indicators included.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from features.catalog import FeatureSpec
from features.kernels import position, session, technical, volatility, volume
from features.kernels.adjust import dividend_factor
from market.contracts import Bars
from traderai.common.arrays import F32, F64, I64

WARMUP_BARS_MAX: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Window:
    """The bars that one month needs, adjusted forward for splits and dividends. All arrays have shape (n,)."""

    begin_s: I64
    open: F64
    high: F64
    low: F64
    close: F64
    volume: F64
    turnover: F64
    trading_day: I64


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthSlice:
    """The bars `start` to `stop` belong to one calendar month in Moscow; the warm-up begins at `warmup_start`."""

    month: str  # "2024-05"
    warmup_start: int
    start: int
    stop: int


Column = Callable[..., F64]
# A column is called with the window and the feature's parameters; listed literally, one line a kernel.
COLUMNS: Final[dict[str, Column]] = {
    "log_return": lambda w, **p: technical.log_return(w.close, **p),
    "price_to_sma": lambda w, **p: technical.price_to_sma(w.close, **p),
    "price_to_ema": lambda w, **p: technical.price_to_ema(w.close, **p),
    "ema_spread": lambda w, **p: technical.ema_spread(w.close, **p),
    "macd_histogram_atr": lambda w, **p: technical.macd_histogram_atr(w.high, w.low, w.close, **p),
    "adx": lambda w, **p: technical.adx(w.high, w.low, w.close, **p),
    "directional_spread": lambda w, **p: technical.directional_spread(w.high, w.low, w.close, **p),
    "rsi": lambda w, **p: technical.rsi(w.close, **p),
    "stochastic_k": lambda w, **p: technical.stochastic_k(w.high, w.low, w.close, **p),
    "money_flow_index": lambda w, **p: technical.money_flow_index(w.high, w.low, w.close, w.turnover, **p),
    "atr_pct": lambda w, **p: technical.atr_pct(w.high, w.low, w.close, **p),
    "atr_ratio": lambda w, **p: technical.atr_ratio(w.high, w.low, w.close, **p),
    "return_std": lambda w, **p: volatility.return_std(w.close, **p),
    "parkinson_volatility": lambda w, **p: volatility.parkinson_volatility(w.high, w.low, **p),
    "ewma_volatility": lambda w, **p: volatility.ewma_volatility(w.close, **p),
    "bollinger_position": lambda w, **p: volatility.bollinger_position(w.close, **p),
    "bollinger_width": lambda w, **p: volatility.bollinger_width(w.close, **p),
    "volume_ratio": lambda w, **p: volume.volume_ratio(w.volume, **p),
    "volume_robust_z": lambda w, **p: volume.volume_robust_z(w.volume, **p),
    "turnover_ratio": lambda w, **p: volume.turnover_ratio(w.turnover, **p),
    "amihud_illiquidity": lambda w, **p: volume.amihud_illiquidity(w.close, w.turnover, **p),
    "day_range_position": lambda w: position.day_range_position(w.high, w.low, w.close, w.trading_day),
    "distance_to_high": lambda w, **p: position.distance_to_high(w.high, w.close, **p),
    "distance_to_low": lambda w, **p: position.distance_to_low(w.low, w.close, **p),
    "session_gap": lambda w: position.session_gap(w.open, w.close, w.trading_day),
    "minute_sin": lambda w: np.sin(session.minute_of_day_angle(w.begin_s)),
    "minute_cos": lambda w: np.cos(session.minute_of_day_angle(w.begin_s)),
    "weekday_sin": lambda w: np.sin(session.day_of_week_angle(w.begin_s)),
    "weekday_cos": lambda w: np.cos(session.day_of_week_angle(w.begin_s)),
}


def window_of(bars: Bars, *, start: int, stop: int) -> Window:
    """Return the bars `start` to `stop` with the gaps of their dividends taken out.

    Shapes: arrays of (stop - start,).
    Units:  prices in RUB at the window's first bar; scale-free features do not see the scale.
    Causal: a bar of the window reads the bars of the window up to itself.
    Raises: ValueError if a dividend is not below the close before it.
    """
    part = slice(start, stop)
    close = bars.close[part]
    factor = dividend_factor(close, bars.dividend_rub[part])
    return Window(
        begin_s=np.ascontiguousarray(bars.begin_s[part]),
        open=bars.open[part] * factor,
        high=bars.high[part] * factor,
        low=bars.low[part] * factor,
        close=close * factor,
        volume=np.ascontiguousarray(bars.volume_shares[part]),
        turnover=np.ascontiguousarray(bars.turnover_rub[part]),
        trading_day=np.ascontiguousarray(bars.trading_day[part]),
    )


def compute_columns(window: Window, specs: Sequence[FeatureSpec]) -> F32:
    """Return the features of a window of bars.

    Shapes: returns (n, k), columns in the order of `specs`.
    Units:  those of each feature.
    NaN:    where history is too short or a quotient has no divisor; never zero-filled, never infinite.
    Causal: row t reads the window's bars up to t.
    Raises: KeyError for a kernel that is not in COLUMNS.
    """
    n = window.begin_s.size
    out = np.full((n, len(specs)), np.nan, dtype=np.float32)
    if n == 0:
        return out
    for j, spec in enumerate(specs):
        values = COLUMNS[spec.kernel](window, **spec.parameters)
        out[:, j] = np.where(np.isfinite(values), values, np.nan)
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
    Causal: row t reads its month's bars up to t and the warm-up before the month.
    """
    window = window_of(bars, start=month.warmup_start, stop=month.stop)
    return np.ascontiguousarray(compute_columns(window, specs)[month.start - month.warmup_start :])


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


def inputs_fingerprint(bars: Bars, month: MonthSlice) -> str:
    """Return the SHA-256 of every number that a month's features are computed from, its warm-up included.

    Of the trading days only where one ends matters: a calendar that learns of other days changes nothing.
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
        bars.dividend_rub[part],
        days[1:] != days[:-1],
    ):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
