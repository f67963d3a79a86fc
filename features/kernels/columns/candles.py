"""Candle patterns and structure. Columns of own bars: called with the window and the feature's parameters."""

from __future__ import annotations

from typing import Final

from features.kernels.columns.column import Column

COLUMNS: Final[dict[str, Column]] = {}
