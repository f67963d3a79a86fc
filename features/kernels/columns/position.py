"""Where the price stands. Columns of own bars: called with the window and the feature's parameters."""

from __future__ import annotations

from typing import Final

from features.kernels import position
from features.kernels.columns.column import Column

COLUMNS: Final[dict[str, Column]] = {
    "day_range_position": lambda w: position.day_range_position(w.high, w.low, w.close, w.trading_day),
    "distance_to_high": lambda w, **p: position.distance_to_high(w.high, w.close, **p),
    "distance_to_low": lambda w, **p: position.distance_to_low(w.low, w.close, **p),
    "session_gap": lambda w: position.session_gap(w.open, w.close, w.trading_day),
}
