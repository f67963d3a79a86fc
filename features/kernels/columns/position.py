"""Where the price stands. Columns of own bars: called with the window and the feature's parameters."""

from __future__ import annotations

from typing import Final

from features.kernels import position, range_volatility, spells
from features.kernels.columns import shared
from features.kernels.columns.column import Column
from features.kernels.window import Window
from traderai.common.arrays import F64


def _week_range_position(w: Window) -> F64:
    week = shared.week(w)
    highest, lowest = spells.spell_highest(w.high, week), -spells.spell_highest(-w.low, week)
    return position.position_between(w.close, lowest, highest)


def _distance_to_session_open(w: Window) -> F64:
    spell = spells.session_spells(shared.moscow_day(w), w.session)
    return position.log_distance(w.close, spells.spell_first(w.open, spell))


COLUMNS: Final[dict[str, Column]] = {
    "day_range_position": lambda w: position.day_range_position(w.high, w.low, w.close, w.trading_day),
    "day_range_pct": lambda w: range_volatility.range_pct(shared.day_high(w), shared.day_low(w), w.close),
    "week_range_position": _week_range_position,
    "previous_range_position": lambda w: position.position_between(
        w.close, shared.previous_low(w), shared.previous_high(w)
    ),
    "distance_to_high": lambda w, window: position.log_distance(w.close, shared.highest_high(w, window)),
    "distance_to_low": lambda w, window: position.log_distance(w.close, shared.lowest_low(w, window)),
    "bars_since_high": lambda w, **p: position.bars_since_high(w.high, **p),
    "bars_since_low": lambda w, **p: position.bars_since_low(w.low, **p),
    "session_gap": lambda w: position.session_gap(w.open, w.close, w.trading_day),
    "distance_to_previous_close": lambda w: position.log_distance(
        w.close, spells.previous_last(w.close, w.trading_day)
    ),
    "distance_to_previous_high": lambda w: position.log_distance(w.close, shared.previous_high(w)),
    "distance_to_previous_low": lambda w: position.log_distance(w.close, shared.previous_low(w)),
    "distance_to_day_open": lambda w: position.log_distance(
        w.close, spells.spell_first(w.open, w.trading_day)
    ),
    "distance_to_session_open": _distance_to_session_open,
    "distance_to_week_open": lambda w: position.log_distance(
        w.close, spells.spell_first(w.open, shared.week(w))
    ),
    "round_price_distance_bp": lambda w, **p: position.round_price_distance_bp(w.traded_close, **p),
}
