"""What a published network says of the dataset's rows, calibrated on validation; the served bytes are judged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from modeling.contracts import HeadTemperatures
from modeling.fitting.dataset import VALIDATION, Dataset
from modeling.kernels.calibration import (
    fit_temperature_sigmoid,
    fit_temperature_softmax,
    sigmoid,
    softmax,
)
from modeling.kernels.windows import gather_windows
from modeling.registry.scorer import HEADS, Network
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


def temperatures_fit(raw: Raw, dataset: Dataset) -> dict[str, HeadTemperatures]:
    """Return the temperatures of each horizon by log loss on the validation part alone."""
    found = {}
    targets = dataset.targets
    for h, horizon in enumerate(dataset.horizons):
        own = dataset.part[raw.rows, h] == VALIDATION
        rows = raw.rows[own]
        direction = targets.direction[rows, h]
        known = np.isfinite(direction)
        found[horizon] = HeadTemperatures(
            p_long=fit_temperature_sigmoid(raw.p_long_logit[own, h], targets.p_long[rows, h]),
            p_short=fit_temperature_sigmoid(raw.p_short_logit[own, h], targets.p_short[rows, h]),
            direction=fit_temperature_softmax(raw.direction_logits[own, h][known], direction[known]),
        )
    return found


def calibrated(raw: Raw, dataset: Dataset, temperatures: dict[str, HeadTemperatures]) -> Forecasts:
    """Return the probabilities of the logits at the given temperatures."""
    own = [temperatures[horizon] for horizon in dataset.horizons]

    def binary(logits: F64, head: str) -> F64:
        columns = [
            sigmoid(logits[:, h], temperature=float(getattr(temperature, head)))
            for h, temperature in enumerate(own)
        ]
        return np.stack(columns, axis=1)

    direction = [
        softmax(raw.direction_logits[:, h], temperature=temperature.direction)
        for h, temperature in enumerate(own)
    ]
    return Forecasts(
        rows=raw.rows,
        p_long=binary(raw.p_long_logit, "p_long"),
        p_short=binary(raw.p_short_logit, "p_short"),
        return_quantiles=raw.return_quantiles,
        volatility=raw.volatility,
        direction=np.stack(direction, axis=1),
    )
