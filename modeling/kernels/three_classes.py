"""How recipes of two or three classes enter the policy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from modeling.contracts import Prediction
from modeling.kernels.emission import BUY, HOLD, class_calls
from modeling.kernels.policy_sides import SIDES, Side


def class_prediction(
    classes: Sequence[float], *, return_quantiles: tuple[float, ...], volatility: float
) -> Prediction:
    """Return classes as a prediction: the chance of a buy is the long's, that of a sell is the short's.

    Two classes are p_sell and p_buy, of which no part is left for a hold; three are p_sell, p_hold and p_buy. The
    evidence that `decide` weighs them with must be taught on these probabilities and the trades they call for.

    Shapes: two or three numbers, adding up to 1.
    Units:  probabilities; quantiles and volatility as in `contracts.Prediction`, from whatever foretells them.
    NaN:    refused.
    Causal: reads its arguments only.
    Raises: ValueError for another number of classes, or what are no probabilities.
    """
    class_calls(np.asarray([classes], dtype=np.float64))  # refuses what are none
    sell, buy = float(classes[0]), float(classes[-1])
    hold = float(classes[1]) if len(classes) == 3 else 0.0
    return Prediction(
        p_long=buy,
        p_short=sell,
        return_quantiles=return_quantiles,
        volatility=volatility,
        direction=(0.0, sell, hold, buy, 0.0),
        p_classes=(sell, hold, buy),
    )


def called_sides(prediction: Prediction) -> tuple[Side, ...]:
    """Return the sides that may be traded: the likeliest class, none of a hold, both where no classes speak.

    A hold wins among equals, so classes that do not know better trade nothing.

    Causal: reads its arguments only.
    """
    if prediction.p_classes is None:
        return SIDES
    call = class_calls(np.asarray([prediction.p_classes]))[0][0]
    if call == HOLD:
        return ()
    return ("long",) if call == BUY else ("short",)
