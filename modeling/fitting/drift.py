"""What a training keeps for later comparison: where its features and scores lay, and how its hits scattered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from modeling.contracts.drift import DriftConfig
from modeling.fitting.dataset import TRAIN, VALIDATION, Dataset
from modeling.fitting.forecasts import Forecasts
from modeling.fitting.judging import HEAD_TARGETS
from modeling.kernels.drift import column_bins
from traderai.common.arrays import F64, I64, Bools

SCORES: Final = "scores"  # the family of all heads
UNKNOWN_FAMILY: Final = "unknown"  # of a feature that is in no catalogue
_MARGIN: Final = 1e-6  # equal probabilities differ in their last bits between machines


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnReference:
    """Where a feature or a score lay."""

    name: str
    family: str
    edges: tuple[float, ...]
    counts: tuple[int, ...]  # below the first edge, between two, above the last, missing
    stretch_psi: tuple[float, ...]  # of each stretch against all other rows


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupReference:
    """The columns of one kind and the days they are from."""

    days: int
    columns: tuple[ColumnReference, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HitReference:
    """How the hits of one head's best scores scattered about their calibrated probabilities."""

    name: str  # "p_long_3d"
    side: str
    horizon: str
    least_p: float  # what is among the best scores
    spread: float  # root mean square of a day's hits less their expectation, on validation


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftReference:
    """What later days are held against; written into the artifact."""

    stretch_days: int
    features: GroupReference
    scores: GroupReference
    hits: tuple[HitReference, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HitDays:
    """Hits of one head's best scores by the day of their decision; all shapes (d,)."""

    hits: F64  # share of the day's rows
    expected_p: F64  # mean of their probabilities
    rows: I64
    start_s: I64  # of the first decision
    end_s: I64  # of the last window


def drift_reference(
    dataset: Dataset, said: Forecasts, *, families: Mapping[str, str], config: DriftConfig
) -> DriftReference:
    """Return the reference of a fitted dataset.

    Features are those of all rows with a whole look-back up to the last decision of the training part, with a label
    or without, as later days are. Scores are those of the rows that were held out of the fit (validation and test),
    because what was learned by heart is scored differently; no label has a say in them. Hits are those of the
    validation part, by which the probabilities were calibrated.
    """
    last_s = dataset.decision_s[dataset.rows_of(TRAIN)].max()
    rows = np.flatnonzero(dataset.eligible & (dataset.decision_s <= last_s))
    features = {
        name: (families.get(name, UNKNOWN_FAMILY), dataset.values[rows, column])
        for column, name in enumerate(dataset.features[: len(dataset.sparse_blocks)])
    }
    scores = {name: (SCORES, values) for name, values in score_columns(said, dataset.horizons).items()}
    return DriftReference(
        stretch_days=config.stretch_days,
        features=_group(features, dataset.trading_day[rows], config),
        scores=_group(scores, dataset.trading_day[said.rows], config),
        hits=tuple(_hit_references(dataset, said, top_frac=config.top_frac)),
    )


def score_columns(said: Forecasts, horizons: tuple[str, ...]) -> dict[str, F64]:
    """Return what is compared of forecasts: both probabilities and the volatility of each horizon, each (n,)."""
    return {
        f"{head}_{horizon}": getattr(said, head)[:, h]
        for head in (*HEAD_TARGETS, "volatility")
        for h, horizon in enumerate(horizons)
    }


def hit_days(
    dataset: Dataset, said: Forecasts, *, side: str, h: int, least_p: float, among: Bools
) -> HitDays:
    """Return the days on which some of the rows `among` (n,) had a score among the best and have an outcome."""
    p, hit = getattr(said, side)[:, h], getattr(dataset.targets, side)[said.rows, h]
    own = among & np.isfinite(hit) & (p >= least_p)
    rows = said.rows[own]
    days, place = np.unique(dataset.trading_day[rows], return_inverse=True)
    count = np.bincount(place, minlength=days.size)
    start, end = np.full(days.size, np.iinfo(np.int64).max), np.zeros(days.size, dtype=np.int64)
    np.minimum.at(start, place, dataset.decision_s[rows])
    np.maximum.at(end, place, dataset.targets.window_end_s[rows, h])
    return HitDays(
        hits=np.bincount(place, hit[own], minlength=days.size) / count,
        # A mean of probabilities may pass 1 in its last bit.
        expected_p=np.clip(np.bincount(place, p[own], minlength=days.size) / count, 0.0, 1.0),
        rows=count.astype(np.int64),
        start_s=start,
        end_s=end,
    )


def _group(columns: Mapping[str, tuple[str, np.ndarray]], day: I64, config: DriftConfig) -> GroupReference:
    days, number = np.unique(day, return_inverse=True)
    stretches = days.size // config.stretch_days
    stretch = np.minimum(number // config.stretch_days, stretches)
    return GroupReference(
        days=int(days.size),
        columns=tuple(
            _column(name, family, values, stretch, (stretches, config.bins))
            for name, (family, values) in columns.items()
        ),
    )


def _column(
    name: str, family: str, values: np.ndarray, stretch: I64, sizes: tuple[int, int]
) -> ColumnReference:
    found = column_bins(values.astype(np.float64), stretch, stretches=sizes[0], bins=sizes[1])
    return ColumnReference(
        name=name,
        family=family,
        edges=tuple(found.edges.tolist()),
        counts=tuple(found.counts.tolist()),
        # A stretch that is all there is was like the others, of which there are none.
        stretch_psi=tuple(np.nan_to_num(found.stretch_psi, nan=0.0).tolist()),
    )


def _hit_references(dataset: Dataset, said: Forecasts, *, top_frac: float) -> Iterable[HitReference]:
    for side in HEAD_TARGETS:
        for h, horizon in enumerate(dataset.horizons):
            least_p = float(np.quantile(getattr(said, side)[:, h], 1.0 - top_frac)) - _MARGIN
            among = dataset.part[said.rows, h] == VALIDATION
            found = hit_days(dataset, said, side=side, h=h, least_p=least_p, among=among)
            if not found.hits.size:
                continue  # no best score in the whole part: there is nothing to follow
            yield HitReference(
                name=f"{side}_{horizon}",
                side=side,
                horizon=horizon,
                least_p=least_p,
                spread=float(np.sqrt(np.mean((found.hits - found.expected_p) ** 2))),
            )
