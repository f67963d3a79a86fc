"""Temperature scaling: one number that makes a classifier as sure as it is right."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar

from modeling.kernels.calibration import softmax
from modeling.kernels.metrics import log_loss_classes
from traderai.common.arrays import F64, I64

_COLDEST, _HOTTEST = 0.05, 20.0


def temperature_fit(logits: F64, label: I64) -> float:
    """Return the temperature that divides logits at the lowest log loss; 1 where none is better than leaving them.

    Dividing by it never changes which class is the likeliest.

    Shapes: logits (n, k), label (n,) class numbers.
    Raises: ValueError for no row, shapes that do not match, logits that are not finite, labels outside the classes.
    Source: Guo et al. (2017), On calibration of modern neural networks.
    """
    if logits.ndim != 2 or label.shape != logits.shape[:1] or not label.size:
        raise ValueError(
            f"logits must be (n, k) and label (n,) with rows, were {logits.shape} and {label.shape}"
        )
    if not np.isfinite(logits).all() or label.min() < 0 or label.max() >= logits.shape[1]:
        raise ValueError(f"logits must be finite and labels from 0 to {logits.shape[1] - 1}")

    def loss(log_temperature: float) -> float:
        return log_loss_classes(label.astype(np.float64), softmax(logits / np.exp(log_temperature)))

    found = minimize_scalar(loss, bounds=(np.log(_COLDEST), np.log(_HOTTEST)), method="bounded")
    return float(np.exp(found.x)) if found.fun < loss(0.0) else 1.0
