"""Trend. Columns of own bars: called with the window and the feature's parameters."""

from __future__ import annotations

from typing import Final

from features.kernels import averages, directional, oscillators, regression, rolling, technical
from features.kernels.columns.column import Column
from features.kernels.window import Window
from traderai.common.arrays import F64


def _sma(w: Window, window: int) -> F64:
    return w.once(f"sma/{window}", lambda: averages.sma(w.close, window=window))


def _ema(w: Window, window: int) -> F64:
    return w.once(f"ema/{window}", lambda: averages.ema(w.close, window=window))


def _ema_spread(w: Window, fast: int, slow: int) -> F64:
    technical.require_order(fast, slow)
    return averages.distance(_ema(w, fast), _ema(w, slow))


def _sma_cross(w: Window, fast: int, slow: int, within: int) -> F64:
    technical.require_order(fast, slow)
    return averages.cross_freshness(_sma(w, fast), _sma(w, slow), within=within)


def _range_unit(w: Window, window: int) -> F64:
    atr = w.once(f"atr/{window}", lambda: technical.atr(w.high, w.low, w.close, window=window))
    return w.once(f"range_unit/{window}", lambda: averages.range_unit(atr, w.close))


def _macd(w: Window, row: int, window: int) -> F64:
    """Return the line (0), the signal line (1) or the histogram (2) in average true ranges."""
    lines: F64 = w.once("macd", lambda: averages.macd(w.close))[row]
    return lines / _range_unit(w, window)


def _directional(w: Window, window: int) -> F64:
    """Return +DI, -DI and ADX."""
    return w.once(
        f"directional/{window}",
        lambda: directional.directional_movement(w.high, w.low, w.close, window=window),
    )


def _directional_spread(w: Window, window: int) -> F64:
    spread: F64 = _directional(w, window)[0] - _directional(w, window)[1]
    return spread


def _line_fit(w: Window, window: int) -> F64:
    """Return slope and R2."""
    return w.once(f"line_fit/{window}", lambda: regression.line_fit(w.close, window=window))


def range_position(w: Window, window: int) -> F64:
    """Return where the close lies in the range of the last bars, 0 to 1."""
    highest = w.once(f"highest/{window}", lambda: rolling.rolling_highest(w.high, window=window))
    lowest = w.once(f"lowest/{window}", lambda: rolling.rolling_lowest(w.low, window=window))
    return w.once(f"range_position/{window}", lambda: oscillators.range_position(w.close, highest, lowest))


COLUMNS: Final[dict[str, Column]] = {
    "price_to_sma": lambda w, window: averages.distance(w.close, _sma(w, window)),
    "price_to_ema": lambda w, window: averages.distance(w.close, _ema(w, window)),
    "ema_spread": _ema_spread,
    "sma_slope_atr": lambda w, window, span, atr: averages.slope_in_ranges(
        _sma(w, window), _range_unit(w, atr), span=span
    ),
    "ema_slope_atr": lambda w, window, span, atr: averages.slope_in_ranges(
        _ema(w, window), _range_unit(w, atr), span=span
    ),
    "sma_cross": _sma_cross,
    "macd_line_atr": lambda w, window: _macd(w, 0, window),
    "macd_signal_atr": lambda w, window: _macd(w, 1, window),
    "macd_histogram_atr": lambda w, window: _macd(w, 2, window),
    "plus_di": lambda w, window: _directional(w, window)[0],
    "minus_di": lambda w, window: _directional(w, window)[1],
    "adx": lambda w, window: _directional(w, window)[2],
    "directional_spread": _directional_spread,
    "line_slope_atr": lambda w, window, atr: _line_fit(w, window)[0] / _range_unit(w, atr),
    "line_r2": lambda w, window: _line_fit(w, window)[1],
    "range_position": range_position,
}
