"""The whole explanation of a version: what is measured from outside, and what its backbone itself tells of its reading."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import keras
import numpy as np

from modeling.fitting.batches import stratified_rows
from modeling.fitting.dataset import TEST, Dataset
from modeling.fitting.explain import Say, Served, version_explained
from modeling.fitting.judging import Rules
from modeling.fitting.recipe import Recipe
from modeling.networks.build import insight
from modeling.selectors.feature_families import feature_families
from traderai.common.arrays import F32, F64

_BATCH_ROWS = 256
_WEIGHED_ROWS = 512


def explanation(served: Served, network: Any, dataset: Dataset, rules: Rules, *, say: Say) -> dict[str, Any]:
    """Return what `explain.json` holds: importance, partial dependence and the weights of the Keras network."""
    families = feature_families(feature_set=rules.recipe.feature_set)
    told = version_explained(served, dataset, rules, families, say=say)
    rows = stratified_rows(dataset.rows_of(TEST), limit=_WEIGHED_ROWS, rng=None)
    weights: dict[str, Any] = {
        name: own.tolist() for name, own in mean_weights(network, served.seen(dataset, rows).bars).items()
    }
    if "variable_weights" in weights:
        names = variables_of(rules.recipe, dataset.features)
        weights["variable_weights"] = dict(zip(names, weights["variable_weights"], strict=True))
    return told | {"weights": weights}


def keras_network(content: bytes) -> Any:
    """Return the network of an artifact's `network.keras`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.keras"
        path.write_bytes(content)
        return keras.saving.load_model(path, compile=False, safe_mode=True)


def mean_weights(network: Any, bars: F32) -> dict[str, F64]:
    """Return the mean weights over standardised windows (n, lookback, k); nothing where the backbone has none.

    `attention_weights` (lookback,) by bar, oldest first, and `variable_weights` (variables,), the mean over bars.
    Weights say what was read, not what it was good for.
    """
    view = insight(network)
    if view is None or bars.shape[0] == 0:
        return {}
    sums: dict[str, F64] = {}
    for start in range(0, bars.shape[0], _BATCH_ROWS):
        told = view({"bars": bars[start : start + _BATCH_ROWS]}, training=False)
        for name, weights in told.items():
            own = np.asarray(keras.ops.convert_to_numpy(weights), dtype=np.float64)
            by_row = own if own.ndim == 2 else own.mean(axis=1)
            sums[name] = sums.get(name, np.zeros(by_row.shape[1])) + by_row.sum(axis=0)
    return {name: total / bars.shape[0] for name, total in sums.items()}


def variables_of(recipe: Recipe, features: tuple[str, ...]) -> tuple[str, ...]:
    """Return what a backbone reads bar by bar, in its order: blocks, or the features themselves."""
    blocks = tuple(name for name in recipe.network.blocks if name not in recipe.network.slow_blocks)
    return blocks or features
