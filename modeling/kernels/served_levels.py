"""Predictions with the level of their probabilities that outcomes have taught."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from modeling.contracts import Prediction
from modeling.contracts.decisions import Levelled
from modeling.contracts.levels import LEVEL_SIDES, HorizonLevels
from modeling.kernels.running_levels import level_say, level_terciles
from traderai.common.arrays import F64


def with_levels(
    predictions: Sequence[Prediction], ewma_volatility: F64, own: HorizonLevels
) -> tuple[Prediction, ...]:
    """Return the predictions of one horizon, each with the probabilities moved of the sides that are kept.

    A share with an adapter keeps its own: adapters were taught upon what was said without levels, and learn the level
    of their share by themselves.

    Shapes: ewma_volatility (n,) of the last bar of each of n predictions.
    Units:  fractions, of one bar's return.
    NaN:    a prediction whose volatility is not known keeps its probabilities.
    Raises: ValueError as `level_say`.
    """
    if not own.kept:
        return tuple(predictions)
    long, short = (_moved(predictions, side, ewma_volatility, own) for side in LEVEL_SIDES)
    since = datetime.fromtimestamp(own.since_s, UTC)
    return tuple(
        each
        if each.adapter is not None
        else replace(
            each,
            p_long=p_long,
            p_short=p_short,
            level=Levelled(
                outcomes=own.outcomes, since=since, p_long_before=each.p_long, p_short_before=each.p_short
            ),
        )
        for each, p_long, p_short in zip(predictions, long.tolist(), short.tolist(), strict=True)
    )


def _moved(predictions: Sequence[Prediction], side: str, ewma: F64, own: HorizonLevels) -> F64:
    p = np.array([getattr(each, side) for each in predictions], dtype=np.float64)
    if side not in own.kept:
        return p
    state = own.sides[side]
    return level_say(state, p, level_terciles(ewma * own.volatility_scale, state.tercile_edges))
