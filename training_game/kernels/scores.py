"""Who won a round, and how many in a row."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

WIN, DRAW, LOSS = 1.0, 0.5, 0.0


def round_score(own_r: float, other_r: float, *, draw_r: float) -> float:
    """Return 1 for a win, 0.5 for a draw and 0 for a loss of one result against another of the same moment.

    Who stays out has made 0 R: that beats a loss, loses to a gain and draws with whoever stayed out too. So a HOLD is
    right where the other's trade did not even pay its costs. Results nearer than `draw_r` are a draw.

    Units:  R: net of costs, in units of the own stop.
    Raises: ValueError for a negative draw_r.
    """
    if draw_r < 0.0:
        raise ValueError(f"draw_r must not be negative, was {draw_r}")
    gap = own_r - other_r
    if abs(gap) <= draw_r:
        return DRAW
    return WIN if gap > 0.0 else LOSS


class Streaks(NamedTuple):
    """Rounds won in a row."""

    current: int
    best: int


def streaks(scores: Iterable[float | None]) -> Streaks:
    """Return the rounds won in a row, now and at best; `scores` are in the order of time.

    A draw neither adds nor ends, nor does a round that was not rated (None); a loss ends.
    """
    current = best = 0
    for score in scores:
        if score == WIN:
            current += 1
        elif score == LOSS:
            current = 0
        best = max(best, current)
    return Streaks(current, best)
