"""Trend. Columns of own bars: called with the window and the feature's parameters."""

from __future__ import annotations

from typing import Final

from features.kernels import technical
from features.kernels.columns.column import Column

COLUMNS: Final[dict[str, Column]] = {
    "price_to_sma": lambda w, **p: technical.price_to_sma(w.close, **p),
    "price_to_ema": lambda w, **p: technical.price_to_ema(w.close, **p),
    "ema_spread": lambda w, **p: technical.ema_spread(w.close, **p),
    "macd_histogram_atr": lambda w, **p: technical.macd_histogram_atr(w.high, w.low, w.close, **p),
    "adx": lambda w, **p: technical.adx(w.high, w.low, w.close, **p),
    "directional_spread": lambda w, **p: technical.directional_spread(w.high, w.low, w.close, **p),
}
