"""What a portfolio would lose on days that have been."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from traderai.common.arrays import F64

StandIn = Literal["beta", "index"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareMove:
    """How one share moved in a spell, or what stands in for it."""

    move_frac: float  # with dividends; NaN where not even the index was there
    stand_in: StandIn | None  # None: its own candles; beta: beta times the index; index: the index's move


def spell_move(close: F64, dividend_rub: F64, *, first: int) -> float:
    """Return the move from the last close before row `first` to the last close from there on, dividends included.

    Shapes: close and dividend_rub (d,), rows are days up to the last of the spell
    Units: rubles of one share on one scale; a fraction
    NaN: days without a trade; NaN where the share did not trade both before the spell and in it
    Causal: reads its arguments only
    """
    before = np.flatnonzero(np.isfinite(close[:first]))
    within = first + np.flatnonzero(np.isfinite(close[first:]))
    if before.size == 0 or within.size == 0:
        return math.nan
    start = float(close[before[-1]])
    paid = float(np.nansum(dividend_rub[before[-1] + 1 : within[-1] + 1]))
    return (float(close[within[-1]]) + paid) / start - 1.0


def share_move(own_frac: float, *, beta: float, index_frac: float) -> ShareMove:
    """Return a share's own move, else a stand-in that says it is one; never silently nothing.

    A share that was not traded then moves by its present beta times the index, at most to nothing; without a beta by
    the index's own move.

    Units: fractions
    NaN: an unknown own move or beta; the move is NaN where the index's is unknown, too
    """
    if math.isfinite(own_frac):
        return ShareMove(move_frac=own_frac, stand_in=None)
    if math.isfinite(beta):
        return ShareMove(move_frac=max(beta * index_frac, -1.0), stand_in="beta")
    return ShareMove(move_frac=index_frac, stand_in="index")


def worst_spell(close: F64) -> tuple[int, int]:
    """Return the rows between which the deepest fall from a peak happened: the peak and the trough; (0, 0) without one.

    Shapes: close (d,), d >= 1
    NaN: not accepted
    Causal: reads its arguments only
    """
    fall = close / np.maximum.accumulate(close)
    trough = int(np.argmin(fall))
    return int(np.argmax(close[: trough + 1])), trough
