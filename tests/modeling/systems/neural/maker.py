"""A market where a plain classifier says nothing but hold, and small classifiers to be taught on it."""

from __future__ import annotations

from functools import cache
from typing import Any

from modeling.systems.estimators import SystemTask
from modeling.systems.neural.classifier import FittedClassifier, NeuralClassifier
from modeling.systems.neural.toolkit import Option, Toolkit
from modeling.systems.rows import SystemRows
from tests.modeling.systems.maker import parted

RARE = {"rule": "threshold", "neutral": "class", "threshold_frac": 0.04}


@cache
def rare() -> SystemRows:
    """Sell and buy in a few rows of a hundred; the first feature foretells them in part."""
    return parted(planted=True, days=160, **RARE)


def toolkit(*options: Option, **parameters: Any) -> Toolkit:
    return Toolkit(options=options, **parameters)


def small(*options: Option, tools: dict[str, Any] | None = None, **parameters: Any) -> NeuralClassifier:
    values = {
        "backbone": "tcn", "channels": 8, "dense_width": 8, "epochs": 4, "batch_rows": 128, "learning_rate": 0.01,
        "dropout_frac": 0.0,
    }  # fmt: skip
    return NeuralClassifier(**(values | parameters), toolkit=toolkit(*options, **(tools or {})))


def task(rows: SystemRows, *, seed: int = 1) -> SystemTask:
    return SystemTask(rows=rows, seed=seed, threads=1, say=lambda *_: None)


@cache
def fitted(*options: Option) -> FittedClassifier:
    found = small(*options).fit(task(rare()))
    assert isinstance(found, FittedClassifier)
    return found
