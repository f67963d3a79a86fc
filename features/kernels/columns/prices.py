"""Price levels. Columns of own bars: called with the window and the feature's parameters."""

from __future__ import annotations

from typing import Final

import talib

from features.kernels.columns.column import Column
from features.kernels.rolling import require_window, rolling_mean, rolling_std
from features.kernels.technical import atr
from features.kernels.window import Window
from traderai.common.arrays import F64


def _close(w: Window) -> F64:
    return w.once("level/close", lambda: w.close / w.dividend_factor)


def _ema(w: Window, window: int) -> F64:
    require_window(window, least=2)
    return talib.EMA(_close(w), timeperiod=window)


def _macd(w: Window, line: int) -> F64:
    return talib.MACD(_close(w), fastperiod=12, slowperiod=26, signalperiod=9)[line]


def _band(w: Window, window: int, width_std: float) -> F64:
    mean, std = rolling_mean(_close(w), window=window), rolling_std(_close(w), window=window)
    return mean + width_std * std


def _range(w: Window, window: int) -> F64:
    high, low = w.high / w.dividend_factor, w.low / w.dividend_factor
    return atr(high, low, _close(w), window=window)


COLUMNS: Final[dict[str, Column]] = {
    "level_open": lambda w: w.open / w.dividend_factor,
    "level_high": lambda w: w.high / w.dividend_factor,
    "level_low": lambda w: w.low / w.dividend_factor,
    "level_close": _close,
    "level_volume": lambda w: w.volume,
    "level_sma": lambda w, window: rolling_mean(_close(w), window=window),
    "level_ema": _ema,
    "level_macd": lambda w: _macd(w, 0),
    "level_macd_signal": lambda w: _macd(w, 1),
    "level_band": _band,
    "level_atr": _range,
}
