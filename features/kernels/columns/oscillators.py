"""Oscillators. Columns of own bars: called with the window and the feature's parameters."""

from __future__ import annotations

from typing import Final

from features.kernels import technical
from features.kernels.columns.column import Column

COLUMNS: Final[dict[str, Column]] = {
    "rsi": lambda w, **p: technical.rsi(w.close, **p),
    "stochastic_k": lambda w, **p: technical.stochastic_k(w.high, w.low, w.close, **p),
    "money_flow_index": lambda w, **p: technical.money_flow_index(w.high, w.low, w.close, w.turnover, **p),
}
