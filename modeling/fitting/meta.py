"""The meta-aggregator: from the votes of a council, regime and liquidity to one decision, learned from history.

It takes folds and nothing else: a fold cannot be made of predictions that knew what they foretell.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Final

import numpy as np
from sklearn.linear_model import LogisticRegression

from modeling.contracts import QUANTILE_LEVELS
from modeling.fitting.dataset import VALIDATION, Dataset
from modeling.fitting.folds import Fold
from modeling.fitting.forecasts import Raw
from modeling.fitting.votes import Ballots, voted
from traderai.common.arrays import F64
from traderai.common.errors import InvariantError

_SIDES: Final = ("p_long", "p_short")
_MEDIAN: Final = QUANTILE_LEVELS.index(0.50)
_MOST: Final = 6.0  # of a logit, and of a context figure in standard deviations
_STRENGTH: Final = 0.01  # C: rows overlap, so that there are far fewer outcomes than rows
_REGIME: Final = "regime_"  # features of this family's names


@dataclass(frozen=True, slots=True, kw_only=True)
class SideWeights:
    """One side's logistic regression, in the units of `MetaAggregator.columns`."""

    coefficients: tuple[float, ...]
    intercept: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MetaAggregator:
    """What was learned; plain numbers, so that it is stored as JSON."""

    columns: tuple[str, ...]  # (d,)
    mean: tuple[float, ...]
    std: tuple[float, ...]
    sides: dict[str, SideWeights]
    learned_until_s: int  # end of the last label that taught it

    def logits(self, raw: Raw, ballots: Ballots, dataset: Dataset) -> F64:
        """Return (2, n, h): the decision on rows that taught it nothing."""
        out: F64 = np.empty_like(ballots.logits[0])
        for h in range(out.shape[2]):
            x = _scaled(_design(raw, ballots, dataset, h), np.array(self.mean), np.array(self.std))
            for place, side in enumerate(_SIDES):
                own = self.sides[side]
                out[place, :, h] = x @ np.array(own.coefficients) + own.intercept
        return out

    def weights(self, side: str) -> dict[str, float]:
        """Return by column how much one standard deviation of it moves the side's logit."""
        return dict(zip(self.columns, self.sides[side].coefficients, strict=True))

    def said(self, raw: Raw, ballots: Ballots, dataset: Dataset) -> Raw:
        """Return the network's outputs with this decision; their provenance tells what the aggregator has seen too."""
        own = raw.provenance
        digest = hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()
        provenance = replace(
            own,
            model=f"{own.model}:{digest}",
            train_end_s=max(own.train_end_s, self.learned_until_s),
            validation_end_s=max(own.validation_end_s, self.learned_until_s),
        )
        return replace(voted(raw, self.logits(raw, ballots, dataset)), provenance=provenance)


def meta_fit(folds: Sequence[tuple[Fold, Ballots]], *, seed: int) -> MetaAggregator:
    """Return the aggregator of out-of-fold votes: each fold with the votes of its own network on its validation rows.

    Raises: InvariantError without a fold, with votes of other rows, or where a side knows one outcome only.
    """
    if not folds:
        raise InvariantError(
            "a meta-aggregator needs out-of-fold votes, there were none; give it earlier folds"
        )
    lessons = [_lesson(fold, ballots) for fold, ballots in folds]
    x = np.concatenate([own for own, _ in lessons])
    mean, std = np.nanmean(x, axis=0), np.nanstd(x, axis=0)
    std = np.where(std > 0, std, 1.0)
    y = np.concatenate([own for _, own in lessons], axis=1)
    scaled = _scaled(x, mean, std)
    first, ballots = folds[0]
    return MetaAggregator(
        columns=_columns(ballots, first.dataset),
        mean=tuple(mean.tolist()),
        std=tuple(std.tolist()),
        sides={side: _side(scaled, y[place], side, seed) for place, side in enumerate(_SIDES)},
        learned_until_s=max(fold.dataset.taught_until_s(VALIDATION) for fold, _ in folds),
    )


def _lesson(fold: Fold, ballots: Ballots) -> tuple[F64, F64]:
    """Return what is read of a fold's validation rows, horizon after horizon (n, d), and both sides' labels (2, n)."""
    rows, data = fold.raw.rows, fold.dataset
    if not np.array_equal(ballots.rows, rows):
        raise InvariantError(
            f"votes must be those of the fold's {rows.size} rows, were of {ballots.rows.size} others; "
            "take those of the fold's own network"
        )
    designs, labels = [], []
    for h in range(len(data.horizons)):
        own = data.part[rows, h] == VALIDATION
        designs.append(_design(fold.raw, ballots, data, h)[own])
        labels.append(np.stack([getattr(data.targets, side)[rows[own], h] for side in _SIDES]))
    return np.concatenate(designs), np.concatenate(labels, axis=1)


def _scaled(x: F64, mean: F64, std: F64) -> F64:
    """Return x in standard deviations; what is missing counts as the mean."""
    return np.asarray(np.nan_to_num(np.clip((x - mean) / std, -_MOST, _MOST)))


def _side(x: F64, y: F64, side: str, seed: int) -> SideWeights:
    if np.unique(y).size < 2:
        raise InvariantError(f"{side} has one outcome only in the out-of-fold rows; give it longer folds")
    model = LogisticRegression(C=_STRENGTH, max_iter=500, random_state=seed).fit(x, y)
    return SideWeights(coefficients=tuple(model.coef_[0].tolist()), intercept=float(model.intercept_[0]))


def _columns(ballots: Ballots, dataset: Dataset) -> tuple[str, ...]:
    votes = [f"{name} {side}" for name in ballots.voters for side in ("long", "short")]
    setups = [f"{name} present" for name in ballots.voters[1:]]
    regimes = [dataset.features[column] for column in _regime_columns(dataset)]
    return (*votes, *setups, "median return", "volatility", "liquidity", *regimes, *dataset.horizons)


def _design(raw: Raw, ballots: Ballots, dataset: Dataset, h: int) -> F64:
    """Return what the aggregator reads of each row at one horizon (n, d); nothing of it is known after the row."""
    rows = raw.rows
    # An abstention is what the training part knows: nothing beyond it.
    votes = [logits[place, :, h] - ballots.prior[place, h] for logits in ballots.logits for place in range(2)]
    volatility = np.maximum(raw.volatility[:, h], 1e-9)
    context = [
        raw.return_quantiles[:, h, _MEDIAN] / volatility,
        np.log(volatility / dataset.ewma_volatility[rows]),
        np.log1p(dataset.median_turnover_rub[rows]),
        *(dataset.values[rows, column] for column in _regime_columns(dataset)),
        *(np.full(rows.size, float(h == own)) for own in range(len(dataset.horizons))),
    ]
    return np.stack([*votes, *ballots.present[1:], *context], axis=1).astype(np.float64)


def _regime_columns(dataset: Dataset) -> list[int]:
    return [place for place, name in enumerate(dataset.features) if name.startswith(_REGIME)]
