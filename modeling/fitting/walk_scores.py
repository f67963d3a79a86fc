"""How good a walk's predictions are, beside the base rate: all test folds together and each by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from modeling.fitting.baselines import base_rates
from modeling.fitting.dataset import TEST, Dataset
from modeling.fitting.evaluation import DayBootstrap, probability_figures
from modeling.fitting.forecasters import SIDES
from modeling.fitting.judging import Rules, bootstrap_of
from modeling.fitting.walk import JudgedFold, Walk
from modeling.kernels.calibration import sigmoid
from modeling.kernels.metrics import TOP_SHARES, equal_mass_bins, pr_auc_lift, precision_at_top, reliability
from modeling.kernels.significance import figure_interval, gaps_by_chance
from traderai.common.arrays import F64, I64

BASE_RATE: Final = "base_rate"
UP: Final = "up"  # the target of direction: the sign of the forward return
_BINS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Said:
    """What was said of n test rows at one horizon, fold after fold; every array is (n,)."""

    row: I64  # of the dataset
    fold: I64
    base: Mapping[str, F64]  # by side: the base rate of the fold's training part
    calibrated: Mapping[str, Mapping[str, F64]]  # by model and side
    raw: Mapping[str, Mapping[str, F64]]  # before calibration


def horizon_said(walk: Walk, h: int) -> Said:
    """Return what every forecaster said of the test rows of all folds at a horizon."""
    names = tuple(walk.by_forecaster)
    first = walk.by_forecaster[names[0]]
    inside = [fold.dataset.part[fold.raw.rows, h] == TEST for fold in first]
    rows = [fold.raw.rows[own] for fold, own in zip(first, inside, strict=True)]
    sizes = [own.size for own in rows]

    def joined(name: str, side: str, *, raw: bool) -> F64:
        return np.concatenate(
            [
                _one(fold, side, h, raw=raw)[own]
                for fold, own in zip(walk.by_forecaster[name], inside, strict=True)
            ]
        )

    return Said(
        row=np.concatenate(rows),
        fold=np.repeat(np.arange(len(first)), sizes),
        base={
            side: np.repeat([base_rates(fold.dataset, side)[h] for fold in first], sizes) for side in SIDES
        },
        calibrated={name: {side: joined(name, side, raw=False) for side in SIDES} for name in names},
        raw={name: {side: joined(name, side, raw=True) for side in SIDES} for name in names},
    )


def score_figures(walk: Walk, rules: Rules) -> dict[str, Any]:
    """Return by horizon the figures of both sides and of direction, over all folds and by fold."""
    found = {}
    for h, horizon in enumerate(walk.dataset.horizons):
        said = horizon_said(walk, h)
        found[horizon] = {
            **{side: _side_figures(walk, said, rules, side, h) for side in SIDES},
            "direction": _direction_figures(walk, said, rules, h),
        }
    return found


def _side_figures(walk: Walk, said: Said, rules: Rules, side: str, h: int) -> dict[str, Any]:
    dataset = walk.dataset
    y = getattr(dataset.targets, side)[said.row, h]
    days = dataset.day[said.row]
    bootstrap = bootstrap_of(np.unique(days), rules)
    models: dict[str, Any] = {BASE_RATE: _probabilities(y, said.base[side], days, bootstrap)}
    for name in said.raw:
        models[name] = _probabilities(y, said.calibrated[name][side], days, bootstrap)
        models[name]["before_calibration"] = _ranking(y, said.raw[name][side], days, bootstrap)
    return {
        "rows": int(y.size),
        "days": int(bootstrap.days.size),
        "positive_frac": bootstrap.mean(y, days),
        "models": models,
        "folds": [_fold_figures(walk, said, rules, (side, h), number) for number in range(len(walk.folds))],
    }


def _fold_figures(walk: Walk, said: Said, rules: Rules, at: tuple[str, int], number: int) -> dict[str, Any]:
    side, h = at
    own = said.fold == number
    y = getattr(walk.dataset.targets, side)[said.row[own], h]
    days = walk.dataset.day[said.row[own]]
    bootstrap = bootstrap_of(np.unique(days), rules)
    models = {
        BASE_RATE: probability_figures(y, said.base[side][own], days, bootstrap),
        **{
            name: probability_figures(y, said.calibrated[name][side][own], days, bootstrap)
            | {"roc_auc_before_calibration": bootstrap.auc(y, said.raw[name][side][own], days)}
            for name in said.raw
        },
    }
    return {
        "fold": walk.folds[number].name,
        "rows": int(y.size),
        "days": int(bootstrap.days.size),
        "positive_frac": float(y.mean()),
        "models": models,
    }


def _direction_figures(walk: Walk, said: Said, rules: Rules, h: int) -> dict[str, Any]:
    """Return how well p_long - p_short before calibration tells the sign of the forward return."""
    dataset = walk.dataset
    up = (dataset.targets.forward_return[said.row, h] > 0).astype(np.float64)
    days = dataset.day[said.row]
    bootstrap = bootstrap_of(np.unique(days), rules)
    return {
        "rows": int(up.size),
        "days": int(bootstrap.days.size),
        "positive_frac": bootstrap.mean(up, days),
        "roc_auc": {
            name: bootstrap.auc(up, raw["p_long"] - raw["p_short"], days) for name, raw in said.raw.items()
        },
    }


def _probabilities(y: F64, p: F64, days: I64, bootstrap: DayBootstrap) -> dict[str, Any]:
    table = reliability(y, p, bins=_BINS)
    return probability_figures(y, p, days, bootstrap) | {
        "pr_auc_lift": pr_lift_interval(y, p, days, bootstrap),
        "ece": ece_interval(y, p, days, bootstrap),
        "reliability": {
            "p_mean": table.p_mean.tolist(),
            "happened": table.happened.tolist(),
            "rows": table.rows.astype(np.int64).tolist(),
        },
    }


def _ranking(y: F64, score: F64, days: I64, bootstrap: DayBootstrap) -> dict[str, Any]:
    tops = [
        {
            "share": top.share,
            "rows": top.rows,
            "score_min": top.score_min,
            "precision": bootstrap.mean(y[score >= top.score_min], days[score >= top.score_min]),
        }
        for top in precision_at_top(y, score, shares=TOP_SHARES)
    ]
    return {
        "roc_auc": bootstrap.auc(y, score, days),
        "pr_auc_lift": pr_lift_interval(y, score, days, bootstrap),
        "top": tops,
    }


def pr_lift_interval(y: F64, score: F64, row_days: I64, bootstrap: DayBootstrap) -> dict[str, float]:
    """Return average precision over the base rate with one-sided basic bounds at the level."""
    order = np.argsort(-score, kind="stable")
    place, hits = bootstrap.place(row_days)[order], y[order]
    ends = np.append(np.flatnonzero(np.diff(score[order])), y.size - 1)  # the last row of each tie
    resampled = np.array([_weighted_lift(hits, day[place], ends) for day in bootstrap.draws.weights])
    found = figure_interval(pr_auc_lift(y, score), resampled, bootstrap.draws)
    return {"value": found.value, "low": found.low, "high": found.high}


def ece_interval(y: F64, p: F64, row_days: I64, bootstrap: DayBootstrap) -> dict[str, float]:
    """Return the expected calibration error over bins of equal mass with one-sided basic bounds.

    The bins are those of all rows. An error is never below 0, so that a perfect forecast has one above 0 too: at
    the level it stays below `by_chance`.
    """
    bins = equal_mass_bins(p, bins=_BINS)
    days = bootstrap.days.size
    place = bootstrap.place(row_days) * _BINS + bins
    gap, rows = (
        np.bincount(place, weights=each, minlength=days * _BINS).reshape(days, _BINS).astype(np.float64)
        for each in (p - y, np.ones(y.size))
    )
    draws = bootstrap.draws
    rows_drawn = draws.weights @ rows.sum(axis=1)
    resampled = np.abs(draws.weights @ gap).sum(axis=1) / rows_drawn
    chance = np.abs(gaps_by_chance(gap, rows, draws)).sum(axis=1) / rows_drawn
    found = figure_interval(float(np.abs(gap.sum(axis=0)).sum() / y.size), resampled, draws)
    return {
        "value": found.value,
        "low": max(found.low, 0.0),  # basic bounds mirror the draws, past 0 where the error is small
        "high": found.high,
        "by_chance": float(np.quantile(chance, draws.level)),
    }


def base_win_rates(dataset: Dataset, own: np.ndarray, cost_frac: F64) -> F64:
    """Return the share of rows (n, h) of a mask that end above 0 after costs, by horizon and side (h, 2)."""
    found = np.full((own.shape[1], 2), np.nan)
    for h in range(own.shape[1]):
        rows = np.flatnonzero(own[:, h])
        for number, gross in enumerate((dataset.targets.long_gross, dataset.targets.short_gross)):
            if rows.size:
                found[h, number] = float(np.mean(gross[rows, h] - cost_frac[rows] > 0))
    return found


def _one(fold: JudgedFold, side: str, h: int, *, raw: bool) -> F64:
    if raw:
        return np.asarray(sigmoid(getattr(fold.raw, f"{side}_logit")[:, h]))
    said: F64 = getattr(fold.judged.forecasts, side)[:, h]
    return said


def _weighted_lift(hits: F64, weight: F64, ends: I64) -> float:
    """Return the lift of rows from the highest score down, each counted `weight` times, ties taken together."""
    rows, found = np.cumsum(weight)[ends], np.cumsum(weight * hits)[ends]
    total, positives = rows[-1], found[-1]
    if positives == 0:
        return float("nan")
    precision = np.divide(found, rows, out=np.zeros(rows.size), where=rows > 0)
    return float(np.sum(np.diff(found, prepend=0.0) * precision) / positives / (positives / total))
