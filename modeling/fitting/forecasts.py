"""What a published network says of the dataset's rows, calibrated on validation; the served bytes are judged."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from modeling.contracts import HeadTrust
from modeling.fitting.dataset import Dataset
from modeling.kernels.windows import gather_windows
from modeling.registry.scorer import HEADS, Network, Outputs, Trusted, trusted
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

    def taken(self, rows: I64) -> Raw:
        """Return the outputs of some of the rows."""
        own = np.isin(self.rows, rows)
        return Raw(**{field.name: getattr(self, field.name)[own] for field in fields(self)})

    def at(self, h: int) -> Outputs:
        """Return the outputs at one horizon."""
        return Outputs(**{head: getattr(self, head)[:, h] for head in HEADS})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Forecasts:
    """Calibrated predictions for n matrix rows and h horizons."""

    rows: I64
    p_long: F64  # (n, h)
    p_short: F64  # (n, h)
    return_quantiles: F64  # (n, h, 7)
    volatility: F64  # (n, h)
    direction: F64  # (n, h, 5)

    def taken(self, rows: I64) -> Forecasts:
        """Return the predictions of some of the rows."""
        own = np.isin(self.rows, rows)
        return Forecasts(**{field.name: getattr(self, field.name)[own] for field in fields(self)})


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


def calibrated(raw: Raw, dataset: Dataset, trust: dict[str, HeadTrust], *, column: int) -> Forecasts:
    """Return the predictions that scoring makes of the same outputs."""
    recent = dataset.values[raw.rows, column].astype(np.float64)
    said = [trusted(raw.at(h), recent, trust[horizon]) for h, horizon in enumerate(dataset.horizons)]
    return Forecasts(
        rows=raw.rows,
        **{
            field.name: np.stack([getattr(each, field.name) for each in said], axis=1)
            for field in fields(Trusted)
        },
    )
