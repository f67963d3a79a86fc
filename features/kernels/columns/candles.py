"""Candle patterns and structure. Columns of own bars: called with the window and the feature's parameters."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from features.kernels import candle_patterns, candles, session_profile, structure, technical
from features.kernels.columns.column import Column
from features.kernels.session import DAY_S
from features.kernels.window import Window
from traderai.common.arrays import F64


def _atr(w: Window) -> F64:
    return w.once("atr/14", lambda: technical.atr(w.high, w.low, w.close, window=14))


def _pattern(name: str) -> Column:
    return lambda w, **p: candles.candle_pattern(_patterns(w), name=name, **p)


def _patterns(w: Window) -> Any:
    # What is shared is 64 bits wide as far as types go; these have 8.
    made: Any = candle_patterns.candle_patterns
    return w.once("candle_patterns", lambda: made(w.open, w.high, w.low, w.close))


def _pivot(w: Window, *, level: int) -> F64:
    before = w.once(
        "day_before",
        lambda: structure.day_before(w.high, w.low, w.close, w.trading_day, whole_days=w.bar_s >= DAY_S),
    )
    return structure.pivot_distance_atr(w.close, before, _atr(w), level=level)


def _swing(row: int) -> Column:
    def column(w: Window, *, side: int, window: int) -> F64:
        name = f"swing_levels/{side}/{window}"
        levels = w.once(
            name,
            lambda: structure.swing_levels(w.high, w.low, w.close, _atr(w), side=side, window=window),
        )
        return np.ascontiguousarray(levels[row])

    return column


def _against_slot(w: Window, values: F64, *, days: int, least: int) -> F64:
    if w.bar_s >= DAY_S:  # a day has no time of day
        return np.full(values.size, np.nan)
    made = w.once(
        "minute_slots", lambda: session_profile.minute_slots(w.begin_s, w.session).astype(np.float64)
    )
    slots = made.astype(np.int64)
    return session_profile.against_slot_mean(values, slots, days=days, least=least)


COLUMNS: Final[dict[str, Column]] = {
    **{f"candle_{name}": _pattern(name) for name in candle_patterns.NAMES},
    "body_frac": lambda w: candles.body_frac(w.open, w.high, w.low, w.close),
    "upper_shadow_frac": lambda w: candles.upper_shadow_frac(w.open, w.high, w.low, w.close),
    "lower_shadow_frac": lambda w: candles.lower_shadow_frac(w.open, w.high, w.low, w.close),
    "inside_bar": lambda w: candles.inside_bar(w.high, w.low),
    "outside_bar": lambda w: candles.outside_bar(w.high, w.low),
    "gap_inside_atr": lambda w: candles.gap_inside_atr(w.open, w.close, w.trading_day, _atr(w)),
    "gap_night_atr": lambda w: candles.gap_night_atr(w.open, w.close, w.trading_day, _atr(w)),
    "run_length": lambda w, **p: candles.run_length(w.close, **p),
    "pivot_distance_atr": _pivot,
    "resistance_distance_atr": _swing(structure.RESISTANCE),
    "resistance_touches": _swing(structure.RESISTANCE_TOUCHES),
    "support_distance_atr": _swing(structure.SUPPORT),
    "support_touches": _swing(structure.SUPPORT_TOUCHES),
    "slot_range_ratio": lambda w, **p: _against_slot(w, (w.high - w.low) / w.close, **p),
    "slot_volume_ratio": lambda w, **p: _against_slot(w, w.volume, **p),
}
