"""Return quantiles as they serve: states that learn once a day, from the validation part on, judged on the test part."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np

from modeling.contracts.conformal import HorizonRanges
from modeling.errors import DatasetRefusedError
from modeling.fitting.baselines import ewma_scale
from modeling.fitting.conformal import (
    Conformed,
    conformal_fit,
    coverage_figures,
    coverage_rows,
    quantile_rows,
)
from modeling.fitting.dataset import TEST, TRAIN, VALIDATION, Dataset
from modeling.fitting.forecasts import Forecasts
from modeling.kernels.conformal import conformal_learn, conformal_steps
from traderai.common.clock import midnight, to_epoch_s

_FIRST_DAY = date(1970, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TaughtRanges:
    """What held-out rows taught the ranges, and how well they then kept their levels; by horizon."""

    by_horizon: dict[str, HorizonRanges]  # as of the end of the validation part
    coverage: dict[str, Any]  # on the test part, before and after


def ranges_taught(said: Forecasts, dataset: Dataset) -> TaughtRanges:
    """Return what the validation rows among the forecasts teach, and the coverage of the test rows said by it.

    The test rows are said as in service: by what had been learned by the end of the day before. None of them is in
    what is returned by horizon.

    Raises: DatasetRefusedError for a validation part too small to teach, InvariantError as `conformal_fit`.
    """
    by_horizon, coverage = {}, {}
    for h, horizon in enumerate(dataset.horizons):
        own = _taught(said, dataset, h)
        by_horizon[horizon] = own
        coverage[horizon] = _coverage(said.taken(dataset.rows_of(TEST)), dataset, h, own)
    return TaughtRanges(by_horizon=by_horizon, coverage=coverage)


def day_ends(dataset: Dataset, *, after_s: int, until_s: int) -> list[int]:
    """Return the ends of the Moscow days with bars that lie after one moment and at another at the latest."""
    days = np.unique(dataset.day[dataset.decision_s > after_s]).tolist()
    ends = (to_epoch_s(midnight(_FIRST_DAY + timedelta(days=day + 1))) for day in days)
    return [end for end in ends if after_s < end <= until_s]


def _taught(said: Forecasts, dataset: Dataset, h: int) -> HorizonRanges:
    scale = float(ewma_scale(dataset)[h])
    try:
        fitted = conformal_fit(said, dataset, h=h)
    except ValueError as error:
        raise DatasetRefusedError(
            f"the validation part cannot teach the ranges of {dataset.horizons[h]}: {error}"
        ) from error
    rows, _ = quantile_rows(fitted.forecasts, dataset, h=h, scale=scale)
    # The last windows of the part end after its last decision.
    state = conformal_learn(fitted.state, rows, until_s=dataset.taught_until_s(TRAIN, VALIDATION))
    windows_s = dataset.targets.window_end_s[:, h] - dataset.decision_s
    return HorizonRanges(
        volatility_scale=scale,
        longest_window_s=int(windows_s[dataset.usable[:, h]].max()),
        since_s=int(rows.decision_s[0]),
        state=state,
    )


def _coverage(tested: Forecasts, dataset: Dataset, h: int, own: HorizonRanges) -> dict[str, Any]:
    rows, order = quantile_rows(tested, dataset, h=h, scale=own.volatility_scale)
    ends = day_ends(dataset, after_s=own.state.learned_until_s, until_s=int(rows.decision_s[-1]))
    adjusted, _ = conformal_steps([own.state], rows, until_s=ends)
    quantiles = tested.return_quantiles.copy()
    quantiles[order, h] = adjusted
    after = Conformed(forecasts=replace(tested, return_quantiles=quantiles), state=own.state)
    return coverage_figures(coverage_rows(after, tested, dataset, h=h))
