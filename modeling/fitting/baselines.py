"""What is known without a network: base rates, the training part's quantiles, EWMA volatility."""

from __future__ import annotations

import numpy as np

from modeling.contracts import QUANTILE_LEVELS
from modeling.fitting.dataset import TRAIN, Dataset
from traderai.common.arrays import F64, I64


def base_rates(dataset: Dataset, side: str) -> F64:
    """Return the share of positives of the training part at each horizon (h,)."""
    own = np.where(dataset.part == TRAIN, getattr(dataset.targets, side), np.nan)
    return np.asarray(np.nanmean(own, axis=0))


def unconditional_quantiles(dataset: Dataset) -> F64:
    """Return the return quantiles of the training part at each horizon (h, 7)."""
    return training_quantiles(dataset, dataset.targets.forward_return)


def training_quantiles(dataset: Dataset, target: F64) -> F64:
    """Return the quantiles of a target (m, h) in the training part at each horizon (h, 7)."""
    own = np.where(dataset.part == TRAIN, target, np.nan)
    return np.asarray(np.nanquantile(own, QUANTILE_LEVELS, axis=0).T)


def ewma_forecast(dataset: Dataset, rows: I64) -> F64:
    """Return EWMA volatility scaled to each horizon (n, h) by `ewma_scale`."""
    return np.asarray(dataset.ewma_volatility[rows][:, None] * ewma_scale(dataset))


def ewma_scale(dataset: Dataset) -> F64:
    """Return what EWMA volatility times is that of each horizon (h,), by least squares of variance on training rows."""
    train = dataset.part == TRAIN
    ewma = dataset.ewma_volatility[:, None]
    wanted = dataset.targets.forward_volatility
    known = train & np.isfinite(wanted) & np.isfinite(ewma)
    return np.array(
        [
            np.sqrt(np.sum(wanted[own, h] ** 2) / np.sum(dataset.ewma_volatility[own] ** 2))
            for h, own in enumerate(known.T)
        ]
    )


def tercile_edges(dataset: Dataset, *, h: int) -> tuple[float, float]:
    """Return what parts the terciles of the volatility that EWMA expected of the training rows of horizon `h`."""
    expected = ewma_forecast(dataset, np.flatnonzero(dataset.part[:, h] == TRAIN))[:, h]
    low, high = np.quantile(expected[np.isfinite(expected)], (1 / 3, 2 / 3)).tolist()
    return low, high
