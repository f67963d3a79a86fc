"""Every feature a second time, slowly: pandas and plain loops, written from the formulas and not from the kernels."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from market.contracts import Bars

# pandas carries no types here
Frame: TypeAlias = Any
Slow: TypeAlias = Callable[[Frame], Any]


def frame_of(bars: Bars) -> Frame:
    """Return the bars with the gaps of dividends taken out, bar by bar."""
    factor, factors = 1.0, []
    for t in range(len(bars)):
        if bars.dividend_rub[t] and t:
            factor *= bars.close[t - 1] / (bars.close[t - 1] - bars.dividend_rub[t])
        factors.append(factor)
    adjust = np.array(factors)
    frame = pd.DataFrame(
        {
            "open": bars.open * adjust,
            "high": bars.high * adjust,
            "low": bars.low * adjust,
            "close": bars.close * adjust,
            "volume": bars.volume_shares,
            "turnover": bars.turnover_rub,
            "day": bars.trading_day,
            "session": bars.session,
            "traded": bars.close / bars.split_factor,
            "dividend_factor": adjust,
        }
    )
    frame["at"] = pd.to_datetime(bars.begin_s, unit="s", utc=True).tz_convert("Europe/Moscow")
    return frame


def _ret(f: Frame, span: int) -> Any:
    return (f.close / f.close.shift(span)).map(math.log)


def _ema(values: Any, window: int) -> Any:
    clean = values.dropna()
    out = pd.Series(np.nan, index=values.index)
    level = clean.iloc[:window].mean()
    out[clean.index[window - 1]] = level
    for at in clean.index[window:]:
        level += 2.0 / (window + 1) * (clean[at] - level)
        out[at] = level
    return out


def _true_range(f: Frame) -> Any:
    before = f.close.shift(1)
    spans = pd.concat([f.high - f.low, (f.high - before).abs(), (f.low - before).abs()], axis=1)
    return spans.max(axis=1).where(before.notna())


def _wilder_mean(values: list[float], window: int, start: int) -> dict[int, float]:
    """Return Wilder's average by position: the mean of the first `window` from `start` on, then smoothed."""
    level = sum(values[start : start + window]) / window
    out = {start + window - 1: level}
    for t in range(start + window, len(values)):
        level = (level * (window - 1) + values[t]) / window
        out[t] = level
    return out


def _atr(f: Frame, window: int) -> Any:
    return pd.Series(_wilder_mean(list(_true_range(f)), window, 1)).reindex(f.index)


def _directional(f: Frame, window: int) -> tuple[dict[int, float], dict[int, float]]:
    """Return +DI and -DI by position; the first sums hold window - 1 moves, as Wilder and TA-Lib have it."""
    ranges = list(_true_range(f))
    plus, minus = [0.0], [0.0]
    for t in range(1, len(f)):
        up, down = f.high[t] - f.high[t - 1], f.low[t - 1] - f.low[t]
        plus.append(up if up > down and up > 0 else 0.0)
        minus.append(down if down > up and down > 0 else 0.0)
    sums = [sum(column[1:window]) for column in (plus, minus, ranges)]
    di_plus, di_minus = {}, {}
    for t in range(window, len(f)):
        sums = [
            old - old / window + column[t] for old, column in zip(sums, (plus, minus, ranges), strict=True)
        ]
        di_plus[t], di_minus[t] = 100 * sums[0] / sums[2], 100 * sums[1] / sums[2]
    return di_plus, di_minus


def _di_spread(f: Frame) -> Any:
    plus, minus = _directional(f, 14)
    return pd.Series({t: plus[t] - minus[t] for t in plus}).reindex(f.index)


def _adx(f: Frame) -> Any:
    plus, minus = _directional(f, 14)
    dx = [math.nan] * 14 + [100 * abs(plus[t] - minus[t]) / (plus[t] + minus[t]) for t in plus]
    return pd.Series(_wilder_mean(dx, 14, 14)).reindex(f.index)


def _rsi(f: Frame, window: int) -> Any:
    moves = [0.0, *np.diff(f.close)]
    gains = _wilder_mean([max(move, 0.0) for move in moves], window, 1)
    losses = _wilder_mean([max(-move, 0.0) for move in moves], window, 1)
    return pd.Series({t: 100.0 - 100.0 / (1.0 + gains[t] / losses[t]) for t in gains}).reindex(f.index)


def _macd(f: Frame) -> Any:
    # TA-Lib starts the fast average so that both averages begin on bar 25.
    fast = _ema(f.close.iloc[14:], 12).reindex(f.index)
    line = (fast - _ema(f.close, 26)).where(pd.Series(f.index >= 25, index=f.index))
    return (line - _ema(line, 9)) / _atr(f, 14)


def _mfi(f: Frame) -> Any:
    typical = (f.high + f.low + f.close) / 3
    move = typical.diff()
    rising = f.turnover.where(move > 0, 0.0).where(move.notna()).rolling(14).sum()
    falling = f.turnover.where(move < 0, 0.0).where(move.notna()).rolling(14).sum()
    return 100 * rising / (rising + falling)


def _stochastic(f: Frame) -> Any:
    low, high = f.low.rolling(14).min(), f.high.rolling(14).max()
    return 100 * (f.close - low) / (high - low)


def _ewma(f: Frame) -> Any:
    squares = list(_ret(f, 1) ** 2)
    variance = sum(squares[1:21]) / 20
    out = {20: math.sqrt(variance)}
    for t in range(21, len(f)):
        variance = 0.94 * variance + 0.06 * squares[t]
        out[t] = math.sqrt(variance)
    return pd.Series(out).reindex(f.index)


def _bands(f: Frame) -> tuple[Any, Any]:
    return f.close.rolling(20).mean(), 2 * f.close.rolling(20).std()


def _robust_z(f: Frame) -> Any:
    logs = (1 + f.volume).map(math.log)

    def z(part: Any) -> float:
        ordered = sorted(part)
        median = (ordered[29] + ordered[30]) / 2
        distances = sorted(abs(x - median) for x in part)
        return float((part[-1] - median) / (1.4826 * (distances[29] + distances[30]) / 2))

    return logs.rolling(60).apply(z, raw=True)


def _amihud(f: Frame) -> Any:
    moves = 1e4 * _ret(f, 1).abs()
    ratio = moves.rolling(20).sum() / (f.turnover / 1e6).rolling(20).sum()
    return (1 + ratio).map(math.log)


def _day_position(f: Frame) -> Any:
    high, low = f.groupby("day").high.cummax(), f.groupby("day").low.cummin()
    return ((f.close - low) / (high - low)).where(high > low, 0.5)


def _gap(f: Frame) -> Any:
    first_open = f.groupby("day").open.transform("first")
    last_close = f.groupby("day").close.last().shift(1)
    return (first_open / f.day.map(last_close)).map(math.log)


def _angle(f: Frame, *, of: str) -> Any:
    turns = (f["at"].dt.hour * 60 + f["at"].dt.minute) / 1440 if of == "day" else f["at"].dt.day_of_week / 7
    return turns * 2 * math.pi


GOLDEN: dict[str, Slow] = {
    **{f"ret_{span}": lambda f, span=span: _ret(f, span) for span in (1, 2, 3, 5, 10, 20, 60)},  # type: ignore[misc]
    "price_sma_20": lambda f: f.close / f.close.rolling(20).mean() - 1,
    "price_sma_50": lambda f: f.close / f.close.rolling(50).mean() - 1,
    "price_ema_20": lambda f: f.close / _ema(f.close, 20) - 1,
    "ema_spread_5_20": lambda f: _ema(f.close, 5) / _ema(f.close, 20) - 1,
    "ema_spread_20_60": lambda f: _ema(f.close, 20) / _ema(f.close, 60) - 1,
    "macd_hist_atr": _macd,
    "adx_14": _adx,
    "di_spread_14": _di_spread,
    "rsi_7": lambda f: _rsi(f, 7),
    "rsi_14": lambda f: _rsi(f, 14),
    "stoch_k_14": _stochastic,
    "mfi_14": _mfi,
    "atr_14_pct": lambda f: 100 * _atr(f, 14) / f.close,
    "atr_ratio_5_30": lambda f: _atr(f, 5) / _atr(f, 30),
    "std_20": lambda f: _ret(f, 1).rolling(20).std(),
    "std_60": lambda f: _ret(f, 1).rolling(60).std(),
    "parkinson_20": lambda f: (
        ((f.high / f.low).map(math.log) ** 2 / (4 * math.log(2))).rolling(20).mean() ** 0.5
    ),
    "ewma_vol_94": _ewma,
    "bb_position_20": lambda f: (f.close - (_bands(f)[0] - _bands(f)[1])) / (2 * _bands(f)[1]),
    "bb_width_20": lambda f: 100 * 2 * _bands(f)[1] / _bands(f)[0],
    "volume_ratio_20": lambda f: f.volume / f.volume.rolling(20).mean(),
    "volume_robust_z_60": _robust_z,
    "turnover_ratio_20_120": lambda f: f.turnover.rolling(20).mean() / f.turnover.rolling(120).mean(),
    "amihud_20": _amihud,
    "day_range_position": _day_position,
    "dist_high_20": lambda f: (f.close / f.high.rolling(20).max()).map(math.log),
    "dist_high_60": lambda f: (f.close / f.high.rolling(60).max()).map(math.log),
    "dist_low_20": lambda f: (f.close / f.low.rolling(20).min()).map(math.log),
    "dist_low_60": lambda f: (f.close / f.low.rolling(60).min()).map(math.log),
    "session_gap": _gap,
    "minute_sin": lambda f: _angle(f, of="day").map(math.sin),
    "minute_cos": lambda f: _angle(f, of="day").map(math.cos),
    "weekday_sin": lambda f: _angle(f, of="week").map(math.sin),
    "weekday_cos": lambda f: _angle(f, of="week").map(math.cos),
}
