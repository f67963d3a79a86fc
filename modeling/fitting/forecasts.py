"""What a published network says of the dataset's rows, calibrated on validation; the served bytes are judged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from modeling.contracts import QUANTILE_LEVELS, HeadTemperatures
from modeling.fitting.dataset import TRAIN, VALIDATION, Dataset
from modeling.kernels.calibration import TEMPERATURE_RANGE, fit_temperature_softmax, softmax
from modeling.kernels.metrics import pinball_loss
from modeling.kernels.windows import gather_windows
from modeling.registry.scorer import HEADS, Network, shrunk_probability, shrunk_quantiles
from traderai.common.arrays import F32, F64, I32, I64

_CHUNK_ROWS = 4096


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Raw:
    """Uncalibrated outputs for n matrix rows and h horizons."""

    rows: I64  # (n,) of the matrix
    p_long_logit: F64  # (n, h)
    p_short_logit: F64  # (n, h)
    return_quantiles: F64  # (n, h, 7)
    volatility: F64  # (n, h)
    direction_logits: F64  # (n, h, 5)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Forecasts:
    """Calibrated predictions for n matrix rows and h horizons."""

    rows: I64
    p_long: F64  # (n, h)
    p_short: F64  # (n, h)
    return_quantiles: F64  # (n, h, 7)
    volatility: F64  # (n, h)
    direction: F64  # (n, h, 5)


def raw_forecasts(
    network: Network, dataset: Dataset, *, scaled: F32, ticker: I32, horizon_rows: dict[str, int], rows: I64
) -> Raw:
    """Return the network's outputs at every horizon; `ticker` (m,) are its own embedding rows."""
    found: dict[str, list[F64]] = {head: [] for head in HEADS}
    for start in range(0, rows.size, _CHUNK_ROWS):
        chunk = rows[start : start + _CHUNK_ROWS]
        bars = gather_windows(scaled, chunk, lookback=dataset.lookback_bars)
        outputs = [
            network.run(
                bars=bars,
                ticker=ticker[chunk],
                horizon=np.full(chunk.size, horizon_rows[horizon], dtype=np.int32),
            )
            for horizon in dataset.horizons
        ]
        for head in HEADS:
            found[head].append(np.stack([getattr(output, head) for output in outputs], axis=1))
    return Raw(rows=rows, **{head: np.concatenate(parts) for head, parts in found.items()})


def calibration_fit(raw: Raw, dataset: Dataset) -> dict[str, HeadTemperatures]:
    """Return how far each horizon's outputs are to be trusted, by log and pinball loss on validation alone.

    The priors and base quantiles come from the training part.
    """
    return {horizon: _horizon_calibration(raw, dataset, h) for h, horizon in enumerate(dataset.horizons)}


def calibrated(raw: Raw, dataset: Dataset, calibration: dict[str, HeadTemperatures]) -> Forecasts:
    """Return the predictions that scoring makes of the same outputs."""
    p_long, p_short = np.empty_like(raw.p_long_logit), np.empty_like(raw.p_short_logit)
    quantiles, direction = np.empty_like(raw.return_quantiles), np.empty_like(raw.direction_logits)
    for h, horizon in enumerate(dataset.horizons):
        own = calibration[horizon]
        p_long[:, h] = shrunk_probability(raw.p_long_logit[:, h], own.p_long_prior, own.p_long)
        p_short[:, h] = shrunk_probability(raw.p_short_logit[:, h], own.p_short_prior, own.p_short)
        quantiles[:, h] = shrunk_quantiles(
            raw.return_quantiles[:, h], own.base_quantiles, own.quantile_weight
        )
        direction[:, h] = softmax(raw.direction_logits[:, h], temperature=own.direction)
    return Forecasts(
        rows=raw.rows,
        p_long=p_long,
        p_short=p_short,
        return_quantiles=quantiles,
        volatility=raw.volatility,
        direction=direction,
    )


def _horizon_calibration(raw: Raw, dataset: Dataset, h: int) -> HeadTemperatures:
    targets = dataset.targets
    own = dataset.part[raw.rows, h] == VALIDATION
    rows = raw.rows[own]
    train = dataset.part[:, h] == TRAIN
    direction = targets.direction[rows, h]
    known = np.isfinite(direction)
    base = tuple(np.quantile(targets.forward_return[train, h], QUANTILE_LEVELS).tolist())
    found: dict[str, float] = {}
    for side in ("p_long", "p_short"):
        rate = float(getattr(targets, side)[train, h].mean())
        prior = float(np.log(rate / (1.0 - rate)))
        logits = getattr(raw, f"{side}_logit")[own, h]
        found[f"{side}_prior"] = prior
        found[side] = _temperature(logits, getattr(targets, side)[rows, h], prior)
    return HeadTemperatures(
        **found,
        direction=fit_temperature_softmax(raw.direction_logits[own, h][known], direction[known]),
        base_quantiles=base,
        quantile_weight=_weight(raw.return_quantiles[own, h], targets.forward_return[rows, h], base),
    )


def _temperature(logits: F64, y: F64, prior: float) -> float:
    """Return the temperature of least log loss around the prior; the loss is convex in its inverse."""
    sign = 1.0 - 2.0 * y

    def loss(inverse: float) -> float:
        return float(np.mean(np.logaddexp(0.0, sign * (prior + inverse * (logits - prior)))))

    low, high = 1.0 / TEMPERATURE_RANGE[1], 1.0 / TEMPERATURE_RANGE[0]
    return 1.0 / float(minimize_scalar(loss, bounds=(low, high), method="bounded").x)


def _weight(quantiles: F64, y: F64, base: tuple[float, ...]) -> float:
    """Return the weight in [0, 1] of least pinball loss; the loss is convex in it."""
    levels = np.asarray(QUANTILE_LEVELS)

    def loss(weight: float) -> float:
        return float(pinball_loss(y, shrunk_quantiles(quantiles, base, weight), levels=levels).mean())

    return float(minimize_scalar(loss, bounds=(0.0, 1.0), method="bounded").x)
