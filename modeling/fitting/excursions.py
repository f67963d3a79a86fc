"""How well is foretold how far prices go within the whole windows of held-out rows."""

from __future__ import annotations

from typing import Any

from modeling.contracts.decisions import EXCURSIONS
from modeling.fitting import baselines
from modeling.fitting.dataset import Dataset
from modeling.fitting.evaluation import DayBootstrap, quantile_figures
from modeling.fitting.forecasts import Forecasts


def excursion_figures(
    said: Forecasts, dataset: Dataset, bootstrap: DayBootstrap, *, part: int
) -> dict[str, dict[str, Any]]:
    """Return by horizon and excursion how its quantiles stand beside the training rows' own; empty without forecasts."""
    found: dict[str, dict[str, Any]] = {}
    if said.excursions is None:
        return found
    rows, days = said.rows, dataset.day[said.rows]
    for place, name in enumerate(EXCURSIONS):
        target = dataset.excursions[..., place]
        known = baselines.training_quantiles(dataset, target)
        for h, horizon in enumerate(dataset.horizons):
            own = dataset.part[rows, h] == part
            found.setdefault(horizon, {})[name] = quantile_figures(
                target[rows[own], h], said.excursions[own, h, place], known[h], days[own], bootstrap
            )
    return found
