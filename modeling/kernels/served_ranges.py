"""Predictions with the return quantiles that outcomes have taught."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from modeling.contracts import Prediction
from modeling.contracts.conformal import HorizonRanges
from modeling.kernels.conformal import conformal_say
from traderai.common.arrays import F64, I64


def ranged(
    predictions: Sequence[Prediction], ewma_volatility: F64, session: I64, own: HorizonRanges
) -> tuple[Prediction, ...]:
    """Return the predictions of one horizon, each with its quantiles moved; all else stays as it is.

    Shapes: ewma_volatility and session (n,) of the last bar of each of n predictions.
    Units:  fractions, of one bar's return.
    NaN:    a prediction whose volatility is not known keeps its quantiles.
    Raises: ValueError as `conformal_say`.
    """
    levels = len(own.state.levels)
    quantiles = np.array([each.return_quantiles for each in predictions], dtype=np.float64)
    said = conformal_say(
        own.state, quantiles.reshape(-1, levels), ewma_volatility * own.volatility_scale, session
    )
    return tuple(
        replace(each, return_quantiles=tuple(row))
        for each, row in zip(predictions, said.tolist(), strict=True)
    )
