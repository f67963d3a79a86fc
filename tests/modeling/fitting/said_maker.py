"""Rows of which a network said something that is right but for what a test changes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from modeling.kernels.calibration import sigmoid
from modeling.registry.folds import OutOfSample

PRIOR = -0.8
Curve = Callable[[np.ndarray], np.ndarray]


def said(
    *,
    days: int = 200,
    first_day: int = 0,
    seed: int = 0,
    curve: Curve = sigmoid,
    direction_slope: float = 1.0,
    prior: float = PRIOR,
) -> OutOfSample:
    """Return 40 rows a day; `curve` turns the logits of the long side into the probabilities that come true."""
    rng = np.random.default_rng([seed, first_day])
    n = days * 40
    logits = prior + 0.8 * rng.standard_normal((2, n))
    classes = 0.7 * rng.standard_normal((n, 5))
    odds = np.exp(direction_slope * classes)
    odds /= odds.sum(axis=1, keepdims=True)
    direction = (odds.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1).clip(0, 4).astype(np.float64)
    direction[::50] = np.nan
    return OutOfSample(
        p_long_logit=logits[0],
        p_short_logit=logits[1],
        direction_logits=classes,
        p_long=(rng.random(n) < curve(logits[0])).astype(np.float64),
        p_short=(rng.random(n) < sigmoid(logits[1])).astype(np.float64),
        direction=direction,
        day=first_day + np.repeat(np.arange(days), 40),
        p_long_prior=np.array(prior),
        p_short_prior=np.array(prior),
        direction_prior=np.zeros(5),
    )
