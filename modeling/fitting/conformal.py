"""Adaptive conformal quantiles of one horizon: started on validation rows, judged by their coverage of test rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final

import numpy as np

from modeling.contracts import QUANTILE_LEVELS
from modeling.contracts.conformal import ConformalState
from modeling.fitting.baselines import ewma_forecast, ewma_scale, tercile_edges
from modeling.fitting.dataset import TEST, TRAIN, VALIDATION, Dataset
from modeling.fitting.forecasts import Forecasts, require_held_out
from modeling.kernels.conformal import QuantileRows, conformal_learn, conformal_run, conformal_start
from modeling.kernels.edges import volatility_terciles
from modeling.kernels.metrics import pinball_loss
from modeling.kernels.regression_metrics import coverage_by_group
from traderai.common.arrays import F64, I64

_LEVELS: Final = np.asarray(QUANTILE_LEVELS)
_CENTRAL: Final = tuple((k, _LEVELS.size - 1 - k) for k in range(_LEVELS.size // 2))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CoverageRows:
    """The test rows of one horizon, by which the coverage of quantiles is judged."""

    outcome: F64  # (n,)
    unadjusted: F64  # (n, 7)
    adjusted: F64  # (n, 7)
    tercile: I64  # (n,) of the volatility expected when the row was said, by the training rows' edges
    day: I64  # (n,) of the decision

    @classmethod
    def joined(cls, several: Sequence[CoverageRows]) -> CoverageRows:
        """Return the rows of several folds, pooled."""
        names = [field.name for field in fields(cls)]
        return cls(**{name: np.concatenate([getattr(each, name) for each in several]) for name in names})


def conformal_fit(forecasts: Forecasts, dataset: Dataset, *, h: int) -> ConformalState:
    """Return what the validation rows of horizon `h` teach.

    Terciles are those of the training rows' EWMA volatility, scaled to the horizon. The rows are run through twice,
    first to place the offsets, then to say: from nothing, one validation part would bring a rare tercile half of the
    way. So what is said of the rows knows what came later in their part; whatever is said after it does not.

    Raises: InvariantError for forecasts of another dataset or of rows that taught their model, ValueError as
            `conformal_start`.
    """
    require_held_out(forecasts, dataset, part=VALIDATION)
    own = forecasts.taken(np.flatnonzero(dataset.part[:, h] == VALIDATION))
    rows, _ = quantile_rows(own, dataset, h=h, scale=float(ewma_scale(dataset)[h]))
    start = conformal_start(rows, levels=_LEVELS, tercile_edges=tercile_edges(dataset, h=h))
    _, placed = conformal_run(start, rows)
    begun = replace(start, offsets=placed.offsets, session_offsets=placed.session_offsets)
    said, state = conformal_run(begun, rows)
    # The last windows of the part end after its last decision.
    return conformal_learn(state, rows, said, until_s=dataset.taught_until_s(TRAIN, VALIDATION))


def quantile_rows(
    forecasts: Forecasts, dataset: Dataset, *, h: int, scale: float
) -> tuple[QuantileRows, I64]:
    """Return the forecasts of a horizon in the order of their decisions, and that order; `scale` as of `ewma_scale`."""
    order = np.lexsort((forecasts.rows, dataset.decision_s[forecasts.rows]))
    at, targets = forecasts.rows[order], dataset.targets
    rows = QuantileRows(
        quantiles=forecasts.return_quantiles[order, h],
        volatility=dataset.ewma_volatility[at] * scale,
        decision_s=dataset.decision_s[at],
        outcome=np.where(dataset.usable[at, h], targets.forward_return[at, h], np.nan),
        resolved_s=targets.window_end_s[at, h],
        session=dataset.session[at].astype(np.int64),
    )
    return rows, order


def coverage_rows(
    said: Forecasts, unadjusted: Forecasts, dataset: Dataset, *, h: int, edges: tuple[float, float]
) -> CoverageRows:
    """Return the test rows of horizon `h` among those said, with what was said without adjusting; `edges` of terciles."""
    own = np.intersect1d(said.rows, np.flatnonzero(dataset.part[:, h] == TEST))
    return CoverageRows(
        outcome=dataset.targets.forward_return[own, h],
        unadjusted=_quantiles_of(unadjusted, own, h),
        adjusted=_quantiles_of(said, own, h),
        tercile=volatility_terciles(ewma_forecast(dataset, own)[:, h], edges),
        day=dataset.day[own],
    )


def coverage_figures(rows: CoverageRows) -> dict[str, Any]:
    """Return the coverage of each level and central interval, on the whole and by tercile, before and after.

    A miss is the distance of coverage from its level; the largest ones stand by themselves.
    """
    return {
        "rows": int(rows.outcome.size),
        "unadjusted": _said_figures(rows.outcome, rows.unadjusted, rows.tercile),
        "adjusted": _said_figures(rows.outcome, rows.adjusted, rows.tercile),
    }


def _quantiles_of(forecasts: Forecasts, rows: I64, h: int) -> F64:
    own = forecasts.taken(rows)
    return np.asarray(own.return_quantiles[np.argsort(own.rows), h])


def _said_figures(outcome: F64, quantiles: F64, tercile: I64) -> dict[str, Any]:
    found = coverage_by_group(outcome, quantiles, levels=_LEVELS, group=tercile)
    parts = zip(found.group.tolist(), found.rows.tolist(), found.coverage, strict=True)
    return {
        "pinball_loss": float(pinball_loss(outcome, quantiles, levels=_LEVELS).mean()),
        "whole": _level_figures(found.whole, quantiles),
        "terciles": [
            {"tercile": number, "rows": rows, **_level_figures(coverage, quantiles[tercile == number])}
            for number, rows, coverage in parts
        ],
    }


def _level_figures(coverage: F64, quantiles: F64) -> dict[str, Any]:
    central = {
        f"{_LEVELS[high] - _LEVELS[low]:.2f}": {
            "coverage": float(coverage[high] - coverage[low]),
            "mean_width_frac": float(np.mean(quantiles[:, high] - quantiles[:, low])),
        }
        for low, high in _CENTRAL
    }
    return {
        "coverage": {
            f"{level:.2f}": share for level, share in zip(QUANTILE_LEVELS, coverage.tolist(), strict=True)
        },
        "central": central,
        "largest_miss": float(np.abs(coverage - _LEVELS).max()),
        "largest_central_miss": max(abs(own["coverage"] - float(name)) for name, own in central.items()),
    }
