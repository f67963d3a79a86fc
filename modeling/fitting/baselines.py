"""What the network must beat on the same rows: base rate, logistic regression, LightGBM, EWMA volatility."""

from __future__ import annotations

from typing import Any

import lightgbm
import numpy as np
from sklearn.linear_model import LogisticRegression

from modeling.contracts import QUANTILE_LEVELS
from modeling.fitting.batches import Scaler, stratified_rows
from modeling.fitting.dataset import TRAIN, VALIDATION, Dataset
from traderai.common.arrays import F32, F64, I64

SIDES = ("p_long", "p_short")
LOGISTIC_ROWS = 20_000
TREE_ROWS = 60_000
TREE_ROUNDS = 300
_TREE_STOP_ROUNDS = 25


def base_rates(dataset: Dataset, side: str) -> F64:
    """Return the share of positives of the training part at each horizon (h,)."""
    own = np.where(dataset.part == TRAIN, getattr(dataset.targets, side), np.nan)
    return np.asarray(np.nanmean(own, axis=0))


def logistic_probabilities(dataset: Dataset, scaler: Scaler, rows: I64, *, side: str) -> F64:
    """Return logistic regression's probabilities (n, h): last bar, horizon and share, fitted on training rows."""
    chosen = stratified_rows(dataset.rows_of(TRAIN), limit=LOGISTIC_ROWS, rng=None)
    x, y = _stacked(dataset, scaler, chosen, side, TRAIN)
    model = LogisticRegression(C=0.1, max_iter=300)
    model.fit(_one_hot(dataset, x), y)
    columns = [
        model.predict_proba(_one_hot(dataset, _design(dataset, scaler, rows, h)))[:, 1]
        for h in range(len(dataset.horizons))
    ]
    return np.stack(columns, axis=1).astype(np.float64)


def tree_probabilities(dataset: Dataset, scaler: Scaler, rows: I64, *, side: str, seed: int) -> F64:
    """Return LightGBM's probabilities (n, h): last bar, horizon and share; early stopping on validation."""
    k = len(dataset.features)
    options: dict[str, Any] = {"categorical_feature": [k, k + 1], "free_raw_data": False}
    train_rows = stratified_rows(dataset.rows_of(TRAIN), limit=TREE_ROWS, rng=None)
    validation_rows = stratified_rows(dataset.rows_of(VALIDATION), limit=LOGISTIC_ROWS, rng=None)
    train = lightgbm.Dataset(*_stacked(dataset, scaler, train_rows, side, TRAIN), **options)
    validation = lightgbm.Dataset(
        *_stacked(dataset, scaler, validation_rows, side, VALIDATION), reference=train, **options
    )
    model = lightgbm.train(
        {
            "objective": "binary", "learning_rate": 0.05, "num_leaves": 31, "min_data_in_leaf": 200,
            "feature_fraction": 0.8, "bagging_fraction": 0.8, "bagging_freq": 5, "lambda_l2": 1.0,
            "seed": seed, "deterministic": True, "force_row_wise": True, "num_threads": 2, "verbose": -1,
        },
        train,
        num_boost_round=TREE_ROUNDS,
        valid_sets=[validation],
        callbacks=[lightgbm.early_stopping(_TREE_STOP_ROUNDS, verbose=False)],
    )  # fmt: skip
    columns = [
        model.predict(_design(dataset, scaler, rows, h), num_iteration=model.best_iteration)
        for h in range(len(dataset.horizons))
    ]
    return np.stack(columns, axis=1).astype(np.float64)


def unconditional_quantiles(dataset: Dataset) -> F64:
    """Return the return quantiles of the training part at each horizon (h, 7)."""
    own = np.where(dataset.part == TRAIN, dataset.targets.forward_return, np.nan)
    return np.asarray(np.nanquantile(own, QUANTILE_LEVELS, axis=0).T)


def ewma_forecast(dataset: Dataset, rows: I64) -> F64:
    """Return EWMA volatility scaled to each horizon (n, h) by least squares of variance on training rows."""
    train = dataset.part == TRAIN
    ewma = dataset.ewma_volatility[:, None]
    wanted = dataset.targets.forward_volatility
    known = train & np.isfinite(wanted) & np.isfinite(ewma)
    scale = np.array(
        [
            np.sqrt(np.sum(wanted[own, h] ** 2) / np.sum(dataset.ewma_volatility[own] ** 2))
            for h, own in enumerate(known.T)
        ]
    )
    return np.asarray(dataset.ewma_volatility[rows][:, None] * scale)


def _design(dataset: Dataset, scaler: Scaler, rows: I64, h: int) -> F32:
    """Return the last bar's features, the horizon's and the share's number."""
    scaled = scaler.apply(dataset.values[rows])
    numbers = np.stack([np.full(rows.size, h), dataset.instrument[rows]], axis=1)
    return np.concatenate([scaled, numbers], axis=1).astype(np.float32)


def _stacked(dataset: Dataset, scaler: Scaler, rows: I64, side: str, part: int) -> tuple[F32, F64]:
    xs, ys = [], []
    for h in range(len(dataset.horizons)):
        own = rows[dataset.part[rows, h] == part]
        xs.append(_design(dataset, scaler, own, h))
        ys.append(getattr(dataset.targets, side)[own, h])
    return np.concatenate(xs), np.concatenate(ys)


def _one_hot(dataset: Dataset, x: F32) -> F32:
    k = len(dataset.features)
    horizons = np.eye(len(dataset.horizons), dtype=np.float32)[x[:, k].astype(int)]
    shares = np.eye(len(dataset.secids), dtype=np.float32)[x[:, k + 1].astype(int)]
    return np.concatenate([x[:, :k], horizons, shares], axis=1)
