"""Logistic regression upon what is known already: the part of a logit that is given is not learned again."""

from __future__ import annotations

import numpy as np

from modeling.kernels.calibration import sigmoid
from traderai.common.arrays import F64

_STEPS = 100
_STILL = 1e-10


def offset_logistic(x: F64, y: F64, offset: F64, weight: F64, *, penalty: float) -> F64:
    """Return the coefficients b of `sigmoid(offset + x b)` with the least weighted log loss plus `penalty / 2 |b|^2`.

    Every coefficient is penalised: what the rows do not prove is drawn to 0, so that the offset stands. An intercept is
    a column of ones.

    Shapes: x (n, d), y, offset and weight (n,); returns (d,).
    Units:  the log loss is the weighted sum over rows: the penalty counts less the more the rows weigh together.
    NaN:    refused.
    Raises: ValueError for shapes that differ, missing figures, no row, y other than 0 and 1, or a weight or penalty not
            above 0.
    Source: Newton's method with halved steps; McCullagh and Nelder (1989), Generalized Linear Models, 2.5 and 5.4.
    """
    if x.ndim != 2 or y.size == 0 or any(own.shape != x.shape[:1] for own in (y, offset, weight)):
        raise ValueError(
            f"x must be (n, d), y, offset and weight (n,), were {x.shape}, {y.shape}, {offset.shape} and {weight.shape}"
        )
    if not (np.isfinite(x).all() and np.isfinite(offset).all() and np.isin(y, (0.0, 1.0)).all()):
        raise ValueError("x and offset must be finite and y 0 or 1; leave such rows out")
    if not (penalty > 0 and np.all(weight > 0)):
        raise ValueError(f"penalty and weights must be above 0, were {penalty} and down to {weight.min()}")

    def loss_at(b: F64) -> float:
        logits = offset + x @ b
        return float(weight @ (np.logaddexp(0.0, logits) - y * logits) + 0.5 * penalty * b @ b)

    b: F64 = np.zeros(x.shape[1])
    loss = loss_at(b)
    for _ in range(_STEPS):
        p = sigmoid(offset + x @ b)
        slope = x.T @ (weight * (p - y)) + penalty * b
        curve = (x * (weight * p * (1.0 - p))[:, None]).T @ x + penalty * np.eye(b.size)
        step = np.linalg.solve(curve, slope)
        if float(slope @ step) < _STILL:
            break
        while (found := loss_at(b - step)) > loss:
            step = step / 2.0
        b, loss = b - step, found
    return b
