"""Return quantiles as they serve: states that learn once a day, from the validation part on, judged on the test part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np

from modeling.contracts.conformal import HorizonRanges
from modeling.errors import DatasetRefusedError
from modeling.fitting.baselines import ewma_scale
from modeling.fitting.conformal import (
    CoverageRows,
    conformal_fit,
    coverage_figures,
    coverage_rows,
    quantile_rows,
)
from modeling.fitting.dataset import TEST, VALIDATION, Dataset
from modeling.fitting.folds import Half
from modeling.fitting.forecasts import Forecasts, require_held_out
from modeling.kernels.conformal import conformal_steps
from traderai.common.arrays import I64
from traderai.common.clock import midnight, to_epoch_s

_FIRST_DAY = date(1970, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TaughtRanges:
    """What held-out rows taught the ranges, and how well they then kept their levels; by horizon."""

    by_horizon: dict[str, HorizonRanges]  # as of the end of the validation part
    coverage: dict[str, Any]  # on the test part, before and after
    verdicts: tuple[RangeVerdict, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeVerdict:
    """What the newer halves of the folds said of the quantiles of one horizon as they learn, beside those that do not."""

    horizon: str
    kept: bool
    rows: int
    miss_before: float  # the largest one of a level's coverage; NaN where nothing was judged
    miss_after: float
    pinball_before: float
    pinball_after: float


def ranges_taught(said: Forecasts, dataset: Dataset, halves: Sequence[Half] = ()) -> TaughtRanges:
    """Return what the validation rows among the forecasts teach, and the coverage of the test rows said by it.

    The test rows are said as in service: by what had been learned by the end of the day before. None of them is in
    what is returned by horizon. A horizon is kept unless the halves of the folds say that coverage loses by what is learned: that
    nine outcomes of ten lie within it is what a range promises. What it costs in pinball loss is told beside.

    Raises: DatasetRefusedError for a validation part too small to teach, InvariantError as `conformal_fit`.
    """
    by_horizon, coverage, verdicts = {}, {}, []
    for h, horizon in enumerate(dataset.horizons):
        verdict = _verdict(horizon, halves, h=h)
        own = replace(ranges_started(said, dataset, h), kept=verdict.kept)
        by_horizon[horizon] = own
        coverage[horizon] = coverage_figures(ranges_tested(said, dataset, h, own))
        verdicts.append(verdict)
    return TaughtRanges(by_horizon=by_horizon, coverage=coverage, verdicts=tuple(verdicts))


def learner_facts(dataset: Dataset, taught: I64, *, h: int) -> dict[str, Any]:
    """Return what `HorizonLearner` holds, of one horizon and the rows that are the first to teach."""
    windows_s = dataset.targets.window_end_s[:, h] - dataset.decision_s
    return {
        "volatility_scale": float(ewma_scale(dataset)[h]),
        "longest_window_s": int(windows_s[dataset.usable[:, h]].max()),
        "since_s": int(dataset.decision_s[taught].min()),
    }


def day_ends(dataset: Dataset, *, after_s: int, until_s: int) -> list[int]:
    """Return the ends of the Moscow days with bars that lie after one moment and at another at the latest."""
    days = np.unique(dataset.day[dataset.decision_s > after_s]).tolist()
    ends = (to_epoch_s(midnight(_FIRST_DAY + timedelta(days=day + 1))) for day in days)
    return [end for end in ends if after_s < end <= until_s]


def _verdict(horizon: str, halves: Sequence[Half], *, h: int) -> RangeVerdict:
    found = []
    for half in halves:
        try:
            started = ranges_started(half.forecasts, half.dataset, h)
        except DatasetRefusedError:
            continue  # half of a fold may be too short where the whole is not: it says nothing
        found.append(ranges_tested(half.forecasts, half.dataset, h, started))
    if not found:
        nothing = dict.fromkeys(
            ("miss_before", "miss_after", "pinball_before", "pinball_after"), float("nan")
        )
        return RangeVerdict(horizon=horizon, kept=True, rows=0, **nothing)
    told = coverage_figures(CoverageRows.joined(found))
    before, after = (told[way] for way in ("unadjusted", "adjusted"))
    misses = [float(own["whole"]["largest_miss"]) for own in (before, after)]
    return RangeVerdict(
        horizon=horizon,
        kept=misses[1] <= misses[0],
        rows=told["rows"],
        miss_before=misses[0],
        miss_after=misses[1],
        pinball_before=float(before["pinball_loss"]),
        pinball_after=float(after["pinball_loss"]),
    )


def ranges_started(said: Forecasts, dataset: Dataset, h: int) -> HorizonRanges:
    """Return what the validation rows among the forecasts teach at one horizon; raises as `ranges_taught`."""
    try:
        state = conformal_fit(said, dataset, h=h)
    except ValueError as error:
        raise DatasetRefusedError(
            f"the validation part cannot teach the ranges of {dataset.horizons[h]}: {error}"
        ) from error
    taught = np.intersect1d(said.rows, np.flatnonzero(dataset.part[:, h] == VALIDATION))
    return HorizonRanges(**learner_facts(dataset, taught, h=h), state=state)


def ranges_tested(said: Forecasts, dataset: Dataset, h: int, own: HorizonRanges) -> CoverageRows:
    """Return the test rows of a horizon as they are said in service, and as they would be without what is learned.

    Raises: InvariantError for forecasts of another dataset or of test rows that taught their model.
    """
    require_held_out(said, dataset, part=TEST)
    rows, order = quantile_rows(said, dataset, h=h, scale=own.volatility_scale)
    ends = day_ends(dataset, after_s=own.state.learned_until_s, until_s=int(rows.decision_s[-1]))
    adjusted, _ = conformal_steps([own.state], rows, until_s=ends)
    quantiles = said.return_quantiles.copy()
    quantiles[order, h] = adjusted
    after = replace(said, return_quantiles=quantiles)
    return coverage_rows(after, said, dataset, h=h, edges=own.state.tercile_edges)
