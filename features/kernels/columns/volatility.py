"""Volatility and range. Columns of own bars: called with the window and the feature's parameters."""

from __future__ import annotations

from typing import Final

from features.kernels import technical, volatility
from features.kernels.columns.column import Column

COLUMNS: Final[dict[str, Column]] = {
    "atr_pct": lambda w, **p: technical.atr_pct(w.high, w.low, w.close, **p),
    "atr_ratio": lambda w, **p: technical.atr_ratio(w.high, w.low, w.close, **p),
    "return_std": lambda w, **p: volatility.return_std(w.close, **p),
    "parkinson_volatility": lambda w, **p: volatility.parkinson_volatility(w.high, w.low, **p),
    "ewma_volatility": lambda w, **p: volatility.ewma_volatility(w.close, **p),
    "bollinger_position": lambda w, **p: volatility.bollinger_position(w.close, **p),
    "bollinger_width": lambda w, **p: volatility.bollinger_width(w.close, **p),
}
