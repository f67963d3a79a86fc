"""The losses of the multitask network; a target that is NaN carries no gradient."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from modeling.contracts import QUANTILE_LEVELS
from modeling.contracts.heads import BASE_HEADS

Loss = Callable[[Any, Any], Any]
_CALMEST = 1e-4  # in units of returns: an outcome without any volatility has a finite loss


def losses(
    *, return_unit_frac: float, heads: Sequence[str] = BASE_HEADS, own: Mapping[str, Loss] | None = None
) -> dict[str, Loss]:
    """Return the loss of each head; targets have shape (b, h, 1) and NaN where a row has no label.

    Those of `rank_score` are (b, h, 2): the rank and the number of the row's moment within the batch. `own` holds the
    losses of heads that learn by another one than usual.
    """
    return {head: _loss_of(head, return_unit_frac) for head in heads} | dict(own or {})


def _loss_of(head: str, unit: float) -> Loss:
    if head.endswith("quantiles"):
        return _pinball(unit)
    if head == "volatility":
        return _quasi_likelihood(unit)
    if head == "rank_score":
        return pairwise_logistic
    return class_cross_entropy if head == "direction_logits" else binary_cross_entropy


def binary_cross_entropy(target: Any, logit: Any) -> Any:
    """Return the mean log loss of 0/1 targets (b, h, 1) against logits of the same shape."""
    known, target = _split(target)
    loss = keras.ops.softplus(logit) - target * logit
    return _mean(loss, known)


def weighted_binary(*, hit_weight: np.ndarray, miss_weight: float = 1.0, gamma: float = 0.0) -> Loss:
    """Return the log loss with weights of hits and misses and a focus on rows that are not told well yet.

    A row counts by its class's weight times `(1 - p of what happened) ** gamma`; the mean is over rows, not weights.

    Shapes: hit_weight (h, 1), one for each horizon; targets and logits (b, h, 1).
    Raises: ValueError for weights that are not above 0 and a focus below 0.
    Source: Lin et al. (2017), Focal loss for dense object detection; with gamma 0 and weights of 1 the log loss.
    """
    hit = np.asarray(hit_weight, dtype=np.float32)
    if not (np.all(hit > 0) and miss_weight > 0 and gamma >= 0):
        raise ValueError(
            f"weights must be above 0 and gamma at least 0, were {hit.ravel()}, {miss_weight} and {gamma}"
        )

    def weighted(target: Any, logit: Any) -> Any:
        known, target = _split(target)
        loss = keras.ops.softplus(logit) - target * logit
        weight = target * hit + (1.0 - target) * miss_weight
        if gamma > 0:  # 1 - p of what happened is sigmoid(-margin), here without a difference of near numbers
            margin = (2.0 * target - 1.0) * logit
            weight = weight * keras.ops.exp(-gamma * keras.ops.softplus(margin))
        return _mean(weight * loss, known)

    return weighted


def class_cross_entropy(target: Any, logits: Any) -> Any:
    """Return the mean log loss of class indices (b, h, 1) against logits (b, h, classes)."""
    known, target = _split(target)
    wanted = keras.ops.one_hot(keras.ops.cast(target[..., 0], "int32"), logits.shape[-1])
    loss = -keras.ops.sum(wanted * keras.ops.log_softmax(logits, axis=-1), axis=-1, keepdims=True)
    return _mean(loss, known)


def pairwise_logistic(target: Any, score: Any) -> Any:
    """Return the mean log loss of telling which of two rows of one moment ranks higher (Burges et al. 2005).

    Targets (b, h, 2) hold the rank and the moment's number, scores are (b, h, 1). Pairs of different moments, of
    equal ranks or with a missing rank do not count; each moment counts by its rows, not by its pairs.
    """
    known, rank = _split(target[..., :1])
    known, rank, score, moment = (_by_horizon(x) for x in (known, rank, score, target[..., 1:]))
    together = _pairs(keras.ops.equal, moment) * known[:, :, None] * known[:, None, :]
    higher = _pairs(keras.ops.greater, rank) * together
    rows = keras.ops.maximum(keras.ops.sum(together, axis=-1, keepdims=True), 1.0)
    loss = keras.ops.softplus(score[:, None, :] - score[:, :, None])
    return _mean(loss, 2.0 * higher / rows)


def _by_horizon(x: Any) -> Any:
    """(b, h, 1) to (h, b)."""
    return keras.ops.transpose(x[..., 0])


def _pairs(compare: Callable[[Any, Any], Any], x: Any) -> Any:
    """Return 1 where the comparison of rows i and j holds, else 0: (h, b, b) of (h, b)."""
    return keras.ops.cast(compare(x[:, :, None], x[:, None, :]), "float32")


def _pinball(unit: float) -> Loss:
    levels = np.asarray(QUANTILE_LEVELS, dtype=np.float32)

    def pinball(target: Any, quantiles: Any) -> Any:
        known, target = _split(target)
        over = (target - quantiles) / unit
        loss = keras.ops.mean(keras.ops.maximum(levels * over, (levels - 1.0) * over), axis=-1, keepdims=True)
        return _mean(loss, known)

    return pinball


def _quasi_likelihood(unit: float) -> Loss:
    """The Gaussian quasi-likelihood: its minimum is the root of the expected squared volatility.

    It counts from what a forecast of the outcome itself would cost, so it is never negative.
    """

    def quasi_likelihood(target: Any, volatility: Any) -> Any:
        known, target = _split(target)
        expected = volatility / unit  # the network keeps it above a floor
        loss = 0.5 * keras.ops.square(target / unit / expected) + keras.ops.log(expected)
        best = 0.5 + keras.ops.log(keras.ops.maximum(target / unit, _CALMEST))
        return _mean(loss - best, known)

    return quasi_likelihood


def _split(target: Any) -> tuple[Any, Any]:
    missing = keras.ops.isnan(target)
    known = keras.ops.cast(keras.ops.logical_not(missing), "float32")
    return known, keras.ops.where(missing, keras.ops.zeros_like(target), target)


def _mean(loss: Any, known: Any) -> Any:
    return keras.ops.sum(loss * known) / keras.ops.maximum(keras.ops.sum(known), 1.0)
