"""What validation teaches the policy: losses by volatility, profit by edge, and how far inputs may stray."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from modeling.contracts import Evidence, HeadTrust, SideLosses
from modeling.errors import DatasetRefusedError
from modeling.fitting.batches import Scaler
from modeling.fitting.dataset import TRAIN, VALIDATION, Dataset
from modeling.fitting.forecasts import Forecasts
from modeling.kernels.calibration import fit_isotonic
from modeling.kernels.edges import break_even, mean_gross_losses, volatility_terciles
from modeling.registry.scorer import mahalanobis
from traderai.common.arrays import F64, I64

LOSS_FLOOR_R = 0.005  # keeps break-even defined where time-outs even out the stops
_RIDGE = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Novelty:
    """Where training inputs lay, in standardised features of the last bar."""

    mean: F64  # (k,)
    precision: F64  # (k, k)
    limit: float  # Mahalanobis distance


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SideFigures:
    """Edge and expected net result of one side for n rows."""

    edge: F64
    net_frac: F64


def novelty_fit(dataset: Dataset, scaler: Scaler, *, quantile: float) -> Novelty:
    """Return mean, ridged precision and the distance that `quantile` of the training rows keep within."""
    rows = scaler.apply(dataset.values[dataset.rows_of(TRAIN)]).astype(np.float64)
    mean = rows.mean(axis=0)
    covariance = np.atleast_2d(np.cov(rows, rowvar=False)) + _RIDGE * np.eye(rows.shape[1])
    precision: F64 = np.linalg.inv(covariance).astype(np.float64)
    distance = mahalanobis(rows, mean=mean, precision=precision)
    return Novelty(mean=mean, precision=precision, limit=float(np.quantile(distance, quantile)))


def side_figures(
    p: F64, losses: SideLosses, tercile: I64, cost_frac: F64, *, levels_frac: tuple[F64, F64]
) -> SideFigures:
    """Return the policy's edge and expected net result for whole arrays (n,); levels are take-profit and stop."""
    take_profit, stop_loss = levels_frac
    loss = np.asarray(losses.mean_gross_loss_r)[tercile] * stop_loss
    edge = p - break_even(loss, take_profit, cost_frac)
    return SideFigures(edge=edge, net_frac=edge * (take_profit + loss))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lessons:
    """What the evidence is learned from: out-of-fold predictions, their dataset, and the trust behind them."""

    forecasts: Forecasts
    dataset: Dataset
    novelty: Novelty
    trust: dict[str, HeadTrust]
    training: Dataset  # whose training part the base rates come from


def evidence_fit(lessons: Lessons) -> dict[str, Evidence]:
    """Return the evidence of each horizon from the validation part alone."""
    return {
        horizon: _horizon_evidence(lessons, h, lessons.trust[horizon])
        for h, horizon in enumerate(lessons.dataset.horizons)
    }


def _horizon_evidence(lessons: Lessons, h: int, trust: HeadTrust) -> Evidence:
    forecasts, dataset = lessons.forecasts, lessons.dataset
    own = dataset.part[forecasts.rows, h] == VALIDATION
    rows = forecasts.rows[own]
    volatility = forecasts.volatility[own, h]
    low, high = (float(edge) for edge in np.quantile(volatility, [1 / 3, 2 / 3]))
    tercile = volatility_terciles(volatility, (low, high))
    cost = dataset.cost_frac[rows]
    targets = dataset.targets
    stop = dataset.stop_loss_frac
    levels = (dataset.take_profit_frac[rows], stop[rows])
    sides, edges, profits = [], [], []
    train = lessons.training.part[:, h] == TRAIN
    for p, label, gross, trusted in (
        (forecasts.p_long, targets.p_long, targets.long_gross, trust.p_long_trust),
        (forecasts.p_short, targets.p_short, targets.short_gross, trust.p_short_trust),
    ):
        common = _mean_losses(
            label[train, h], gross[train, h] / stop[train], np.zeros(int(train.sum()), np.int64)
        )[0]
        by_tercile = _mean_losses(label[rows, h], gross[rows, h] / stop[rows], tercile)
        losses = _drawn(common, by_tercile, trusted)
        figures = side_figures(p[own, h], losses, tercile, cost, levels_frac=levels)
        sides.append(losses)
        edges.append(figures.edge)
        profits.append((gross[rows, h] - cost > 0).astype(np.float64))
    edge = np.concatenate(edges)
    mapping = fit_isotonic(edge, np.concatenate(profits))
    return Evidence(
        horizon=dataset.horizons[h],
        long=sides[0],
        short=sides[1],
        volatility_tercile_edges=(low, high),
        edge_knots=mapping.knots,
        edge_p_positive=mapping.values,
        edge_p99=float(np.quantile(edge, 0.99)),
        novelty_limit=lessons.novelty.limit,
        long_informed=trust.p_long_trust > 0.0,
        short_informed=trust.p_short_trust > 0.0,
    )


def _drawn(common: float, by_tercile: tuple[float, float, float], trusted: float) -> SideLosses:
    """Return the losses drawn to those of the training part as far as the probability is to its base rate.

    A probability that does not know the volatility must not meet a break-even that does: in calm markets the
    losses, and with them the break-even, are small, and so is the chance of the take-profit. And a base rate of
    one period must not meet the losses of another.
    """
    low, middle, high = (common + min(trusted, 1.0) * (mean - common) for mean in by_tercile)
    return SideLosses(mean_gross_loss_r=(low, middle, high))


def _mean_losses(label: F64, gross_r: F64, tercile: I64) -> tuple[float, float, float]:
    try:
        return mean_gross_losses(label.astype(np.int8), gross_r, tercile, floor_r=LOSS_FLOOR_R)
    except ValueError as error:
        raise DatasetRefusedError(f"these rows cannot tell what a lost trade costs: {error}") from error
