"""Logistic regression upon what is known already: the part of a logit that is given is not learned again."""

from __future__ import annotations

import numpy as np

from modeling.kernels.calibration import sigmoid
from traderai.common.arrays import F64

_STEPS = 100
_STILL = 1e-10


def offset_logistic(x: F64, y: F64, offset: F64, *, penalty: float) -> F64:
    """Return the coefficients b of `sigmoid(offset + x b)` with the least log loss plus `penalty / 2 |b|^2`.

    Every coefficient is penalised: what the rows do not prove is drawn to 0, so that the offset stands. An intercept is
    a column of ones.

    Shapes: x (n, d), y and offset (n,); returns (d,).
    Units:  the log loss is the sum over rows, so that the penalty counts less the more rows there are.
    NaN:    refused.
    Raises: ValueError for shapes that differ, missing figures, no row, y other than 0 and 1, or a penalty not above 0.
    Source: Newton's method with halved steps; McCullagh and Nelder (1989), Generalized Linear Models, 2.5 and 5.4.
    """
    if x.ndim != 2 or y.shape != x.shape[:1] or offset.shape != y.shape or y.size == 0 or not penalty > 0:
        raise ValueError(
            f"x must be (n, d), y and offset (n,), the penalty above 0, were {x.shape}, {y.shape}, {offset.shape}, {penalty}"
        )
    if not (np.isfinite(x).all() and np.isfinite(offset).all() and np.isin(y, (0.0, 1.0)).all()):
        raise ValueError("x and offset must be finite and y 0 or 1; leave such rows out")
    b: F64 = np.zeros(x.shape[1])
    loss = _penalised(x, y, offset, b, penalty)
    for _ in range(_STEPS):
        p = sigmoid(offset + x @ b)
        slope = x.T @ (p - y) + penalty * b
        curve = (x * (p * (1.0 - p))[:, None]).T @ x + penalty * np.eye(b.size)
        step = np.linalg.solve(curve, slope)
        if float(slope @ step) < _STILL:
            break
        while (found := _penalised(x, y, offset, b - step, penalty)) > loss:
            step = step / 2.0
        b, loss = b - step, found
    return b


def _penalised(x: F64, y: F64, offset: F64, b: F64, penalty: float) -> float:
    logits = offset + x @ b
    return float(np.sum(np.logaddexp(0.0, logits) - y * logits) + 0.5 * penalty * b @ b)
