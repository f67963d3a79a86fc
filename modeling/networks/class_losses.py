"""Losses of classifiers whose classes are not equally frequent; targets are shares of the classes (b, k)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

ClassLoss = Callable[[Any, Any], Any]


def asymmetric_focal(alpha: Sequence[float], gamma: Sequence[float]) -> ClassLoss:
    """Return the loss `sum_c y_c alpha_c (1 - p_c) ** gamma_c (-log p_c)`, its weight and focus told for each class.

    With gamma 0 and alpha 1 it is the cross-entropy. Targets and logits are (b, k); the loss is (b,).
    Raises: ValueError for lists of different lengths, weights that are not above 0 and focuses below 0.
    Source: Lin et al. (2017), Focal loss for dense object detection, with a focus for each class.
    """
    if len(alpha) != len(gamma) or min(alpha, default=0.0) <= 0 or min(gamma, default=-1.0) < 0:
        raise ValueError(
            f"alpha must be above 0 and gamma at least 0 for each of the same classes, were {alpha} and {gamma}"
        )
    weight, focus = (np.asarray(each, dtype=np.float32) for each in (alpha, gamma))

    def loss(target: Any, logits: Any) -> Any:
        log_p = keras.ops.log_softmax(logits, axis=-1)
        # The logarithm of 1 - p, made without a difference of near numbers: its power has a gradient at p = 1, too.
        log_rest = keras.ops.log(keras.ops.maximum(-keras.ops.expm1(log_p), 1e-7))
        return -keras.ops.sum(target * weight * keras.ops.exp(focus * log_rest) * log_p, axis=-1)

    return loss


def overconfidence(classes: int, *, least_entropy: float) -> Callable[[Any], Any]:
    """Return how far the entropy of logits (b, k) lies below a share of the largest one, (b,); 0 where it does not.

    Raises: ValueError for a share outside (0, 1).
    Source: Pereyra et al. (2017), Regularizing neural networks by penalizing confident output distributions (the
            hinge of its section 3.2).
    """
    if not 0.0 < least_entropy < 1.0:
        raise ValueError(f"least_entropy must lie in (0, 1), a share of log(classes), was {least_entropy}")
    least = float(least_entropy * np.log(classes))

    def penalty(logits: Any) -> Any:
        log_p = keras.ops.log_softmax(logits, axis=-1)
        entropy = -keras.ops.sum(keras.ops.exp(log_p) * log_p, axis=-1)
        return keras.ops.relu(least - entropy)

    return penalty


def with_penalty(loss: ClassLoss, penalty: Callable[[Any], Any], *, weight: float) -> ClassLoss:
    """Return the loss plus so much of a penalty on the logits."""
    return lambda target, logits: loss(target, logits) + weight * penalty(logits)


def misordered(logits: Any, move: Any) -> Any:
    """Return how badly rows of a batch stand in the order of their moves (b,): the mean logistic loss of a row's pairs.

    A row's score is the logit of the rising class less that of the falling one, logits (b, k), the falling class first;
    move (b,) is what came, NaN where nothing is known, and such a row is in no pair.
    Source: Burges et al. (2005), Learning to rank using gradient descent.
    """
    score = logits[:, -1] - logits[:, 0]
    known = keras.ops.cast(keras.ops.logical_not(keras.ops.isnan(move)), score.dtype)
    came = keras.ops.where(keras.ops.isnan(move), keras.ops.zeros_like(move), move)
    order = keras.ops.sign(came[:, None] - came[None, :]) * known[:, None] * known[None, :]
    loss = keras.ops.softplus(-order * (score[:, None] - score[None, :])) * keras.ops.abs(order)
    return keras.ops.sum(loss, axis=1) / keras.ops.maximum(keras.ops.sum(keras.ops.abs(order), axis=1), 1.0)


def on_moves(loss: ClassLoss, *, classes: int, ranking_weight: float) -> ClassLoss:
    """Return the loss of targets (b, classes + 1) whose last column is the move, which an auxiliary ranking loss reads."""

    def both(target: Any, logits: Any) -> Any:
        own = loss(target[:, :classes], logits)
        return own if ranking_weight == 0.0 else own + ranking_weight * misordered(logits, target[:, classes])

    return both
