"""What forecasters say of the dataset's rows, and the tie that keeps predictions from being judged on other rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

import numpy as np

from modeling.contracts import HeadTrust
from modeling.contracts.heads import BASE_HEADS
from modeling.fitting.batches import Scaler
from modeling.fitting.dataset import PARTS, TRAIN, VALIDATION, Dataset
from modeling.registry.outputs import Outputs, Trusted, trusted
from modeling.registry.scorer import Network
from traderai.common.arrays import F64, I32, I64, Bools
from traderai.common.errors import InvariantError
from traderai.common.progress import Progress, silent

_CHUNK_ROWS = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Whose predictions these are, of which rows, and until when their model had learned."""

    model: str  # fingerprint of what was fitted
    dataset_sha256: str  # of the dataset's content
    train_end_s: int  # end of the last label of the training part
    validation_end_s: int  # of the validation part, which stops and calibrates

    @classmethod
    def of_fit(cls, model: str, dataset: Dataset) -> Provenance:
        """Return the provenance of a model fitted on the dataset's own parts."""
        return cls(
            model=model,
            dataset_sha256=dataset.content_sha256,
            train_end_s=dataset.taught_until_s(TRAIN),
            validation_end_s=dataset.taught_until_s(TRAIN, VALIDATION),
        )

    @classmethod
    def joined(cls, several: Sequence[Provenance]) -> Provenance:
        """Return the provenance of predictions of several models, each checked against its own rows before."""
        if len({each.dataset_sha256 for each in several}) != 1:
            raise InvariantError(
                "predictions of different datasets cannot be joined; predict one dataset's rows"
            )
        return cls(
            model="+".join(each.model for each in several),
            dataset_sha256=several[0].dataset_sha256,
            train_end_s=min(each.train_end_s for each in several),
            validation_end_s=min(each.validation_end_s for each in several),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Raw:
    """Uncalibrated outputs for n matrix rows and h horizons."""

    provenance: Provenance
    rows: I64  # (n,) of the matrix
    p_long_logit: F64  # (n, h)
    p_short_logit: F64  # (n, h)
    return_quantiles: F64  # (n, h, 7)
    volatility: F64  # (n, h)
    direction_logits: F64  # (n, h, 5)
    more: dict[str, F64] = field(default_factory=dict)  # other heads (n, h) or (n, h, 7)

    def taken(self, rows: I64) -> Raw:
        """Return the outputs of some of the rows."""
        own = np.isin(self.rows, rows)
        return replace(_taken(self, own), more={head: array[own] for head, array in self.more.items()})

    def at(self, h: int) -> Outputs:
        """Return the outputs at one horizon."""
        own = {head: getattr(self, head)[:, h] for head in BASE_HEADS}
        return Outputs(**own, more={head: array[:, h] for head, array in self.more.items()})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NetworkInputs:
    """What a network reads besides the rows' places."""

    scaler: Scaler
    ticker: I32  # (m,) its own embedding rows
    horizon_rows: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Forecasts:
    """Calibrated predictions for n matrix rows and h horizons."""

    provenance: Provenance
    rows: I64
    p_long: F64  # (n, h)
    p_short: F64  # (n, h)
    return_quantiles: F64  # (n, h, 7)
    volatility: F64  # (n, h)
    direction: F64  # (n, h, 5)
    # (n, h, 4, 7) quantiles in the order of EXCURSIONS, fractions of the entry price; None where none are foretold.
    excursions: F64 | None = None

    def taken(self, rows: I64) -> Forecasts:
        """Return the predictions of some of the rows."""
        own = np.isin(self.rows, rows)
        return _taken(self, own)


def joined_forecasts(several: Sequence[Forecasts]) -> Forecasts:
    """Return the predictions of several, one behind the other."""
    arrays = {each.name for each in fields(Forecasts)} - {"provenance"}
    if any(each.excursions is None for each in several):
        arrays.remove("excursions")
    return Forecasts(
        provenance=Provenance.joined([each.provenance for each in several]),
        **{name: np.concatenate([getattr(each, name) for each in several]) for name in arrays},
    )


def require_held_out(said: Raw | Forecasts, dataset: Dataset, *, part: int) -> None:
    """Raise InvariantError unless the predictions are of this dataset and their model knew none of the part's labels."""
    own = said.provenance
    if own.dataset_sha256 != dataset.content_sha256:
        raise InvariantError(
            f"predictions of {own.model[:12]} belong to another dataset ({own.dataset_sha256[:12]}) than is judged "
            f"({dataset.content_sha256[:12]}); predict this dataset's rows"
        )
    known_s = own.train_end_s if part == VALIDATION else own.validation_end_s
    decided_s = dataset.decision_s[said.rows[(dataset.part[said.rows] == part).any(axis=1)]]
    if decided_s.size and int(decided_s.min()) <= known_s:
        raise InvariantError(
            f"{own.model[:12]} learned until {known_s} and is judged on a row of {int(decided_s.min())} "
            f"({PARTS[part]} part); hold those rows out"
        )


def raw_forecasts(
    network: Network,
    dataset: Dataset,
    *,
    inputs: NetworkInputs,
    rows: I64,
    provenance: Provenance,
    progress: Progress = silent,
) -> Raw:
    """Return the network's outputs at every horizon."""
    found: dict[str, list[F64]] = {head: [] for head in network.heads}
    for start in range(0, rows.size, _CHUNK_ROWS):
        progress(start, rows.size, "rows answered")
        chunk = rows[start : start + _CHUNK_ROWS]
        bars = inputs.scaler.windows(dataset.values, chunk, lookback=dataset.lookback_bars)
        outputs = [
            network.run(
                bars=bars,
                ticker=inputs.ticker[chunk],
                horizon=np.full(chunk.size, inputs.horizon_rows[horizon], dtype=np.int32),
            )
            for horizon in dataset.horizons
        ]
        for head, parts in found.items():
            parts.append(np.stack([output.of(head) for output in outputs], axis=1))
    joined = {head: np.concatenate(parts) for head, parts in found.items()}
    more = {head: joined.pop(head) for head in network.heads if head not in BASE_HEADS}
    return Raw(provenance=provenance, rows=rows, **joined, more=more)


def calibrated(raw: Raw, dataset: Dataset, trust: dict[str, HeadTrust], *, column: int) -> Forecasts:
    """Return the predictions that scoring makes of the same outputs."""
    recent = dataset.values[raw.rows, column].astype(np.float64)
    said = [trusted(raw.at(h), recent, trust[horizon]) for h, horizon in enumerate(dataset.horizons)]
    return Forecasts(
        provenance=raw.provenance,
        rows=raw.rows,
        **{
            own.name: np.stack([getattr(each, own.name) for each in said], axis=1)
            for own in fields(Trusted)
            if getattr(said[0], own.name) is not None
        },
    )


Said = TypeVar("Said", Raw, Forecasts)


def _taken(said: Said, own: Bools) -> Said:
    arrays: dict[str, Any] = {
        each.name: getattr(said, each.name)[own]
        for each in fields(said)
        if isinstance(getattr(said, each.name), np.ndarray)
    }
    return replace(said, **arrays)
