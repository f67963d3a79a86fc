"""What can be fitted as an earlier system: the contract, and the literal list of all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from modeling.systems.rows import SystemRows
from traderai.common.arrays import F32, F64, I64

Say = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SystemTask:
    """What an estimator learns from: the training part teaches, the validation part stops and chooses."""

    rows: SystemRows
    seed: int
    threads: int
    say: Say


class FittedSystem(Protocol):
    """A fitted estimator; equal rows get equal scores, also after it was stored and loaded."""

    @property
    def told(self) -> dict[str, Any]:
        """What a report says of the fit, as plain values."""

    def scores(self, rows: SystemRows, at: I64) -> F64:
        """Return the probability of each class (n, k) of some rows (n,)."""

    def files(self) -> dict[str, bytes]:
        """Return what an artifact holds of it; no pickle."""


class Estimator(Protocol):
    """Something with a fit, made from a recipe's parameters."""

    def fit(self, task: SystemTask) -> FittedSystem:
        """Return the fitted estimator; only the training and validation parts are read."""

    def load(self, files: Mapping[str, bytes]) -> FittedSystem:
        """Return what `FittedSystem.files` gave, ready to score."""


def last_bars(rows: SystemRows, at: I64, mean: F64) -> F32:
    """Return the features of some rows (n, k) for trees and lines: what is missing becomes the training mean."""
    values = rows.values[at]
    return np.where(np.isnan(values), mean.astype(np.float32), values)
