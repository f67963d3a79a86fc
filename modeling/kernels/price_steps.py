"""The price step that a share's own prices betray, for where reference data do not tell it."""

from __future__ import annotations

from typing import Final

import numpy as np

from market.contracts import Bars
from traderai.common.arrays import F64

# 1, 2 and 5 of each power of ten, the coarsest first: MOEX has no other steps.
STEPS_RUB: Final = tuple(float(f"{digit}e{power}") for power in range(2, -8, -1) for digit in (5, 2, 1))
LEAST_BARS: Final = 20
_ON_STEP_FRAC: Final = 0.99  # of the prices: a wrong one now and then does not make the step finer
_OFF_STEP: Final = 1e-3  # of a step, which is rounding


def price_step_rub(bars: Bars, *, stored_rub: float) -> F64:
    """Return the price step of each bar: the stored one, or a finer one that the prices as traded lie on.

    The stored step is the newest one, or a default where no reference told it. Between two splits the prices show
    the largest step that holds nearly all of them; where that is finer than the stored step, the stored one is wrong.

    Shapes: bars of n -> (n,)
    Units:  RUB of the shares as traded.
    Causal: no; a step is a public fact, and this finds it in all the prices between two splits.
    Raises: ValueError if stored_rub is not above 0.
    """
    if not stored_rub > 0:
        raise ValueError(f"stored_rub must be above 0, was {stored_rub}")
    out = np.full(len(bars), stored_rub)
    borders = np.flatnonzero(np.diff(bars.split_factor)) + 1
    for part in np.split(np.arange(len(bars)), borders):
        if part.size >= LEAST_BARS:
            prices = np.concatenate([bars.open[part], bars.close[part]]) / np.tile(bars.split_factor[part], 2)
            out[part] = min(stored_rub, _step_seen(prices))
    return out


def _step_seen(prices: F64) -> float:
    """Return the largest step on which nearly all prices lie, the finest one if there is none."""
    for step in STEPS_RUB:
        steps = prices / step
        whole = np.maximum(np.round(steps), 1.0)  # no price is nothing
        if np.mean(np.abs(steps - whole) <= _OFF_STEP + 1e-9 * steps) >= _ON_STEP_FRAC:
            return step
    return STEPS_RUB[-1]
