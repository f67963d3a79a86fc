"""The losses of the multitask network; a target that is NaN carries no gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from modeling.contracts import QUANTILE_LEVELS

Loss = Callable[[Any, Any], Any]


def losses(*, return_unit_frac: float) -> dict[str, Loss]:
    """Return the loss of each head; targets have shape (b, h, 1) and NaN where a row has no label."""
    return {
        "p_long_logit": binary_cross_entropy,
        "p_short_logit": binary_cross_entropy,
        "return_quantiles": _pinball(return_unit_frac),
        "volatility": _quasi_likelihood(return_unit_frac),
        "direction_logits": class_cross_entropy,
    }


def binary_cross_entropy(target: Any, logit: Any) -> Any:
    """Return the mean log loss of 0/1 targets (b, h, 1) against logits of the same shape."""
    known, target = _split(target)
    loss = keras.ops.softplus(logit) - target * logit
    return _mean(loss, known)


def class_cross_entropy(target: Any, logits: Any) -> Any:
    """Return the mean log loss of class indices (b, h, 1) against logits (b, h, classes)."""
    known, target = _split(target)
    wanted = keras.ops.one_hot(keras.ops.cast(target[..., 0], "int32"), logits.shape[-1])
    loss = -keras.ops.sum(wanted * keras.ops.log_softmax(logits, axis=-1), axis=-1, keepdims=True)
    return _mean(loss, known)


def _pinball(unit: float) -> Loss:
    levels = np.asarray(QUANTILE_LEVELS, dtype=np.float32)

    def pinball(target: Any, quantiles: Any) -> Any:
        known, target = _split(target)
        over = (target - quantiles) / unit
        loss = keras.ops.mean(keras.ops.maximum(levels * over, (levels - 1.0) * over), axis=-1, keepdims=True)
        return _mean(loss, known)

    return pinball


def _quasi_likelihood(unit: float) -> Loss:
    """The Gaussian quasi-likelihood: its minimum is the root of the expected squared volatility."""

    def quasi_likelihood(target: Any, volatility: Any) -> Any:
        known, target = _split(target)
        expected = volatility / unit  # the network keeps it above a floor
        loss = 0.5 * keras.ops.square(target / unit / expected) + keras.ops.log(expected)
        return _mean(loss, known)

    return quasi_likelihood


def _split(target: Any) -> tuple[Any, Any]:
    missing = keras.ops.isnan(target)
    known = keras.ops.cast(keras.ops.logical_not(missing), "float32")
    return known, keras.ops.where(missing, keras.ops.zeros_like(target), target)


def _mean(loss: Any, known: Any) -> Any:
    return keras.ops.sum(loss * known) / keras.ops.maximum(keras.ops.sum(known), 1.0)
