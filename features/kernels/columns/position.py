"""Where the price stands. Columns of own bars: called with the window and the feature's parameters."""

from __future__ import annotations

from typing import Final

from features.kernels import position, range_volatility, rolling, spells
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
    return _log_distance(w, spells.spell_first(shared.log_open(w), spell))


def _log_distance(w: Window, level: F64) -> F64:
    """Return how far the close is above a level, of which the log is given."""
    return shared.log_close(w) - level


def _log_highest(w: Window, window: int) -> F64:
    return rolling.rolling_highest(shared.log_high(w), window=window)


def _log_lowest(w: Window, window: int) -> F64:
    return rolling.rolling_lowest(shared.log_low(w), window=window)


COLUMNS: Final[dict[str, Column]] = {
    "day_range_position": lambda w: position.day_range_position(w.high, w.low, w.close, w.trading_day),
    "day_range_pct": lambda w: range_volatility.range_pct(shared.day_high(w), shared.day_low(w), w.close),
    "week_range_position": _week_range_position,
    "previous_range_position": lambda w: position.position_between(
        w.close, shared.previous_low(w), shared.previous_high(w)
    ),
    "distance_to_high": lambda w, window: _log_distance(w, _log_highest(w, window)),
    "distance_to_low": lambda w, window: _log_distance(w, _log_lowest(w, window)),
    "bars_since_high": lambda w, **p: position.bars_since_high(w.high, **p),
    "bars_since_low": lambda w, **p: position.bars_since_low(w.low, **p),
    "session_gap": lambda w: position.session_gap(w.open, w.close, w.trading_day),
    "distance_to_previous_close": lambda w: _log_distance(
        w, spells.previous_last(shared.log_close(w), w.trading_day)
    ),
    "distance_to_previous_high": lambda w: position.log_distance(w.close, shared.previous_high(w)),
    "distance_to_previous_low": lambda w: position.log_distance(w.close, shared.previous_low(w)),
    "distance_to_day_open": lambda w: _log_distance(w, spells.spell_first(shared.log_open(w), w.trading_day)),
    "distance_to_session_open": _distance_to_session_open,
    "distance_to_week_open": lambda w: _log_distance(
        w, spells.spell_first(shared.log_open(w), shared.week(w))
    ),
    "round_price_distance_bp": lambda w, **p: position.round_price_distance_bp(w.traded_close, **p),
}
