"""Fitting one correction upon shared logits: what a ticker adds to them, by trees, a regression or a small network.

Every family starts from the shared logit and learns what is left of the label; what it does not find is 0. The models
are kept in the library's own format or as figures, are the same for the same seed, and use one thread.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import lightgbm
import numpy as np
import xgboost
from sklearn.neural_network import MLPRegressor

from modeling.fitting.recipe_adapters import AdapterConfig
from modeling.fitting.trees import repeatable
from modeling.kernels.calibration import sigmoid
from modeling.kernels.offset_logistic import offset_logistic
from modeling.registry.adapters import Correction, standardised
from traderai.common.arrays import F32, F64

_HEAVIEST: Final = 0.25  # p (1 - p): what a weight of 1 counts in a leaf at most


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CorrectionTask:
    """One side of one ticker."""

    x: F32  # (n, d) as `adapter_inputs` makes it
    shared: F64  # (n,) logits
    y: F64  # (n,) 0 or 1
    weight: F64  # (n,) a day's rows weigh 1 together: they look at the same market, and so do the horizons
    config: AdapterConfig
    seed: int


def correction_fit(task: CorrectionTask) -> Correction:
    """Return what is learned of the label beyond the shared logit; equal tasks give equal corrections."""
    family = task.config.family
    return Correction(family=family, text=_FITS[family](task))


def _xgboost(task: CorrectionTask) -> str:
    own = task.config
    train = xgboost.DMatrix(task.x, label=task.y, weight=task.weight, base_margin=task.shared, nthread=1)
    booster = xgboost.train(
        {
            "objective": "binary:logistic", "base_score": 0.5, "eta": own.learning_rate, "max_depth": own.depth,
            "min_child_weight": own.least_days * _HEAVIEST, "lambda": own.l2, "tree_method": "hist", "max_bin": 63,
            "seed": task.seed, "nthread": 1, "verbosity": 0,
        },
        train,
        num_boost_round=own.rounds,
    )  # fmt: skip
    return bytes(booster.save_raw("json")).decode()


def _lightgbm(task: CorrectionTask) -> str:
    own = task.config
    train = lightgbm.Dataset(
        task.x, task.y, weight=task.weight, init_score=task.shared, params={"verbose": -1}
    )
    booster = lightgbm.train(
        {
            "objective": "binary", "boost_from_average": False, "learning_rate": own.learning_rate,
            "num_leaves": 2**own.depth, "max_depth": own.depth, "min_data_in_leaf": 1, "min_sum_hessian_in_leaf": own.least_days * _HEAVIEST,
            "lambda_l2": own.l2,
            **repeatable(seed=task.seed, threads=1),
        },
        train,
        num_boost_round=own.rounds,
    )  # fmt: skip
    return str(booster.model_to_string())


def _logistic(task: CorrectionTask) -> str:
    mean, std, scaled = _scaled(task)
    columns = np.column_stack([np.ones(scaled.shape[0]), scaled])
    found = offset_logistic(columns, task.y, task.shared, task.weight, penalty=task.config.l2)
    return _figures(mean=mean, std=std, intercept=found[0], coefficients=found[1:])


def _mlp(task: CorrectionTask) -> str:
    """Return a small network of one Newton step: what is left of a label, in units of what a logit moves it.

    The library has no networks upon an offset; a step from the shared logit is what a correction is.
    """
    mean, std, scaled = _scaled(task)
    p = sigmoid(task.shared)
    curve = np.maximum(p * (1.0 - p), 1e-6)
    model = MLPRegressor(
        hidden_layer_sizes=(task.config.hidden,), activation="tanh", solver="lbfgs", alpha=task.config.l2,
        max_iter=1000, random_state=task.seed,
    )  # fmt: skip
    model.fit(scaled, (task.y - p) / curve, sample_weight=task.weight * curve)
    (weights, coefficients), (bias, intercept) = model.coefs_, model.intercepts_
    return _figures(
        mean=mean,
        std=std,
        weights=weights,
        bias=bias,
        coefficients=coefficients[:, 0],
        intercept=intercept[0],
    )


def _scaled(task: CorrectionTask) -> tuple[F64, F64, F64]:
    known = np.isfinite(task.x)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, task.x, 0.0).sum(axis=0, dtype=np.float64) / count
    std = np.sqrt(np.where(known, (task.x - mean) ** 2, 0.0).sum(axis=0) / count)
    std = np.where(std > 0, std, 1.0)  # what never changes has no unit of its own
    return mean, std, standardised(task.x, mean, std)


def _figures(**figures: F64 | float) -> str:
    return json.dumps({name: np.asarray(own).tolist() for name, own in figures.items()}, sort_keys=True)


_FITS: Final[dict[str, Callable[[CorrectionTask], str]]] = {
    "xgboost": _xgboost,
    "lightgbm": _lightgbm,
    "logistic": _logistic,
    "mlp": _mlp,
}
