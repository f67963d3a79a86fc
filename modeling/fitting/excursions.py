"""How far prices went within the whole windows of a dataset's rows, and how well that was foretold."""

from __future__ import annotations

from typing import Any

import numpy as np

from modeling.contracts.decisions import EXCURSIONS
from modeling.fitting import baselines
from modeling.fitting.dataset import Dataset
from modeling.fitting.evaluation import DayBootstrap, quantile_figures
from modeling.fitting.forecasts import Forecasts
from modeling.kernels.window_excursions import window_excursions
from traderai.common.arrays import F64


def excursion_targets(dataset: Dataset, name: str) -> F64:
    """Return one of EXCURSIONS of every labelled row and horizon (m, h), fractions of the entry price; else NaN.

    Those of a labelled trade end at the label set's barriers; these end with the window.
    """
    side, kind = name.split("_")
    rows, columns = np.nonzero(np.isfinite(dataset.targets.p_long))
    begin = dataset.market.offset[dataset.instrument[rows]]
    found = window_excursions(
        dataset.market.path,
        begin + dataset.targets.entry_bar[rows, columns],
        begin + dataset.targets.last_bar[rows, columns],
    )
    moved = found.up_frac if (side == "long") == (kind == "mfe") else found.down_frac
    out = np.full(dataset.targets.p_long.shape, np.nan)
    out[rows, columns] = moved if side == "long" else -moved
    return out


def excursion_figures(
    said: Forecasts, dataset: Dataset, bootstrap: DayBootstrap, *, part: int
) -> dict[str, dict[str, Any]]:
    """Return by horizon and excursion how its quantiles stand beside the training rows' own; empty without forecasts."""
    found: dict[str, dict[str, Any]] = {}
    if said.excursions is None:
        return found
    rows, days = said.rows, dataset.day[said.rows]
    for place, name in enumerate(EXCURSIONS):
        target = excursion_targets(dataset, name)
        known = baselines.training_quantiles(dataset, target)
        for h, horizon in enumerate(dataset.horizons):
            own = dataset.part[rows, h] == part
            found.setdefault(horizon, {})[name] = quantile_figures(
                target[rows[own], h], said.excursions[own, h, place], known[h], days[own], bootstrap
            )
    return found
