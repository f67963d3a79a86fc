"""Oscillators. Columns of own bars: called with the window and the feature's parameters."""

from __future__ import annotations

from typing import Final

from features.kernels import divergence, oscillators, rolling, technical
from features.kernels.columns.column import Column
from features.kernels.columns.trend import range_position
from features.kernels.window import Window
from traderai.common.arrays import F64


def _rsi(w: Window, window: int) -> F64:
    return w.once(f"rsi/{window}", lambda: technical.rsi(w.close, window=window))


def _stochastic_k(w: Window, window: int) -> F64:
    return w.once(f"stochastic_k/{window}", lambda: 100.0 * range_position(w, window))


COLUMNS: Final[dict[str, Column]] = {
    "rsi": _rsi,
    "rsi_above": lambda w, window, level: oscillators.above(_rsi(w, window), level=level),
    "rsi_below": lambda w, window, level: oscillators.below(_rsi(w, window), level=level),
    "rsi_divergence": lambda w, window, **p: divergence.swing_divergence(w.close, _rsi(w, window), **p),
    "stochastic_k": _stochastic_k,
    "stochastic_d": lambda w, window, smooth: rolling.rolling_mean(_stochastic_k(w, window), window=smooth),
    "stochastic_above": lambda w, window, level: oscillators.above(_stochastic_k(w, window), level=level),
    "stochastic_below": lambda w, window, level: oscillators.below(_stochastic_k(w, window), level=level),
    "williams_r": lambda w, window: 100.0 * range_position(w, window) - 100.0,
    "commodity_channel_index": lambda w, **p: oscillators.commodity_channel_index(
        w.high, w.low, w.close, **p
    ),
    "money_flow_index": lambda w, **p: technical.money_flow_index(w.high, w.low, w.close, w.turnover, **p),
}
