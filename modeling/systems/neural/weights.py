"""What each class's rows count in the loss: told by the recipe, and moved from epoch to epoch by what is predicted."""

from __future__ import annotations

import numpy as np

from modeling.kernels.imbalance.reweighting import reweighted
from modeling.systems.neural.toolkit import Toolkit
from traderai.common.arrays import F64, I64


class ClassWeights:
    """The weights of the classes, now."""

    def __init__(self, toolkit: Toolkit, *, shares: F64) -> None:
        self._step, classes = toolkit.reweighting_step, shares.size
        self.now: F64 = np.ones(classes)
        if toolkit.has("class_weights"):
            own = toolkit.class_weights or tuple((1.0 / (classes * shares)).tolist())
            if len(own) != classes or min(own) <= 0:
                raise ValueError(f"class_weights must be above 0 for each of {classes} classes, were {own}")
            self.now = np.asarray(own, dtype=np.float64)

    def of(self, label: I64) -> F64:
        """Return the weight of each row (n,)."""
        return np.asarray(self.now[label])

    def move(self, *, predicted: I64, true: I64) -> None:
        """Take a small step towards the classes that are predicted less often than they are true, of rows (n,) each."""
        classes = self.now.size
        seen, wanted = (np.bincount(own, minlength=classes) / own.size for own in (predicted, true))
        if wanted.min() > 0:
            self.now = reweighted(self.now, predicted=seen, wanted=wanted, step=self._step)
