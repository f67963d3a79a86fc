"""Price levels a second time, from the bars as the market gives them: splits are taken out there, dividends are not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.features.golden import Frame, Slow
from tests.features.golden_windows import NAN, column, mean, over_windows, std, wilder
from traderai.common.arrays import F64


def _level(f: Frame, name: str) -> F64:
    return column(f, f"level_{name}")


def _smoothed(values: F64, window: int, start: int) -> F64:
    """Return the exponential average that begins as the mean of the `window` values from `start` on."""
    out = np.full(values.size, NAN)
    first = start + window - 1
    out[first] = mean(values[start : first + 1])
    for t in range(first + 1, values.size):
        out[t] = (2 * values[t] + (window - 1) * out[t - 1]) / (window + 1)
    return out


def _macd(f: Frame) -> tuple[F64, F64]:
    """Return line and signal: the averages begin on bar 25, the signal 8 bars later, and nothing is said before it."""
    close = _level(f, "close")
    line = _smoothed(close, 12, 14) - _smoothed(close, 26, 0)
    signal = _smoothed(line, 9, 25)
    return np.where(np.isnan(signal), NAN, line), signal


def _average_range(f: Frame) -> F64:
    high, low, close = (_level(f, name) for name in ("high", "low", "close"))
    spans = [max(high[t], close[t - 1]) - min(low[t], close[t - 1]) for t in range(1, close.size)]
    return wilder(np.array([NAN, *spans]), 14)


def _over(window: int, of: Callable[[F64], float]) -> Callable[[Frame], Any]:
    return lambda f: over_windows(of, window, _level(f, "close"))


GOLDEN: dict[str, Slow] = {
    "level_open": lambda f: _level(f, "open"),
    "level_high": lambda f: _level(f, "high"),
    "level_low": lambda f: _level(f, "low"),
    "level_close": lambda f: _level(f, "close"),
    "level_volume": lambda f: column(f, "volume"),
    "level_sma_20": _over(20, mean),
    "level_sma_50": _over(50, mean),
    "level_ema_20": lambda f: _smoothed(_level(f, "close"), 20, 0),
    "level_macd": lambda f: _macd(f)[0],
    "level_macd_signal": lambda f: _macd(f)[1],
    "level_bb_upper_20": _over(20, lambda part: mean(part) + 2 * std(part)),
    "level_bb_lower_20": _over(20, lambda part: mean(part) - 2 * std(part)),
    "level_atr_14": _average_range,
}
