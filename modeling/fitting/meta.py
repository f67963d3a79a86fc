"""The meta-aggregator: from the votes of a council, regime and liquidity to one decision, learned from history.

It takes folds and nothing else: a fold cannot be made of predictions that knew what they foretell.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Final

import numpy as np
from sklearn.linear_model import LogisticRegression

from modeling.contracts import QUANTILE_LEVELS
from modeling.contracts.council import META, META_RANK, MetaAggregator, SideWeights, VoteContext
from modeling.fitting.dataset import VALIDATION, Dataset
from modeling.fitting.folds import Fold
from modeling.fitting.forecasts import Raw
from modeling.fitting.recipe import Recipe
from modeling.fitting.votes import voted
from modeling.kernels.aggregator import SIDES, VotedOn, meta_columns, meta_design, meta_logits, meta_scaled
from modeling.kernels.ballots import Ballots
from traderai.common.arrays import F64
from traderai.common.errors import InvariantError

_MEDIAN: Final = QUANTILE_LEVELS.index(0.50)
_STRENGTH: Final = 0.01  # C: rows overlap, so that there are far fewer outcomes than rows
_REGIME: Final = "regime_"  # features of this family's names


def contexts_of(recipe: Recipe, dataset: Dataset) -> dict[str, VoteContext]:
    """Return what of a dataset the recipe's aggregator reads besides the votes, by the way that reads it.

    Where the dataset has ranks there are two to compare: without them and with them.
    """
    if recipe.council is None:
        raise InvariantError(f"recipe {recipe.name} has no council; write one into it")
    plain = VoteContext(
        volatility_feature=recipe.network.volatility_feature,
        liquidity_feature=recipe.council.liquidity_feature,
        regime_features=tuple(name for name in dataset.features if name.startswith(_REGIME)),
    )
    ranks = dataset.ranks
    return {META: plain} | ({} if ranks is None else {META_RANK: replace(plain, rank_features=(ranks.name,))})


def meta_fit(folds: Sequence[tuple[Fold, Ballots]], context: VoteContext, *, seed: int) -> MetaAggregator:
    """Return the aggregator of out-of-fold votes: each fold with the votes of its own network on its validation rows.

    Raises: InvariantError without a fold, with votes of other rows, or where a side knows one outcome only.
    """
    if not folds:
        raise InvariantError(
            "a meta-aggregator needs out-of-fold votes, there were none; give it earlier folds"
        )
    lessons = [_lesson(fold, ballots, context) for fold, ballots in folds]
    x = np.concatenate([own for own, _ in lessons])
    x[:, np.isnan(x).all(axis=0)] = 0.0  # a column that none of the lessons knows teaches nothing
    mean, std = np.nanmean(x, axis=0), np.nanstd(x, axis=0)
    std = np.where(std > 0, std, 1.0)
    y = np.concatenate([own for _, own in lessons], axis=1)
    scaled = meta_scaled(x, mean, std)
    first, ballots = folds[0]
    return MetaAggregator(
        columns=meta_columns(ballots.voters, context, first.dataset.horizons),
        mean=tuple(mean.tolist()),
        std=tuple(std.tolist()),
        sides={side: _side(scaled, y[place], side, seed) for place, side in enumerate(SIDES)},
        learned_until_s=max(fold.dataset.taught_until_s(VALIDATION) for fold, _ in folds),
    )


def meta_said(
    meta: MetaAggregator, context: VoteContext, raw: Raw, ballots: Ballots, dataset: Dataset
) -> Raw:
    """Return the network's outputs with the aggregator's decision; their provenance tells what it has seen too."""
    own = raw.provenance
    digest = hashlib.sha256(json.dumps(asdict(meta), sort_keys=True).encode()).hexdigest()
    provenance = replace(
        own,
        model=f"{own.model}:{digest}",
        train_end_s=max(own.train_end_s, meta.learned_until_s),
        validation_end_s=max(own.validation_end_s, meta.learned_until_s),
    )
    logits = np.stack(
        [meta_logits(_design(raw, ballots, dataset, context, h), meta) for h in range(len(dataset.horizons))],
        axis=2,
    )
    return replace(voted(raw, logits), provenance=provenance)


def _lesson(fold: Fold, ballots: Ballots, context: VoteContext) -> tuple[F64, F64]:
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
        designs.append(_design(fold.raw, ballots, data, context, h)[own])
        labels.append(np.stack([getattr(data.targets, side)[rows[own], h] for side in SIDES]))
    return np.concatenate(designs), np.concatenate(labels, axis=1)


def _side(x: F64, y: F64, side: str, seed: int) -> SideWeights:
    if np.unique(y).size < 2:
        raise InvariantError(f"{side} has one outcome only in the out-of-fold rows; give it longer folds")
    model = LogisticRegression(C=_STRENGTH, max_iter=500, random_state=seed).fit(x, y)
    return SideWeights(coefficients=tuple(model.coef_[0].tolist()), intercept=float(model.intercept_[0]))


def _design(raw: Raw, ballots: Ballots, dataset: Dataset, context: VoteContext, h: int) -> F64:
    on = VotedOn.read(
        median_return=raw.return_quantiles[:, h, _MEDIAN],
        volatility=raw.volatility[:, h],
        last_bars=dataset.last_bars(raw.rows),
        columns={name: column for column, name in enumerate(dataset.last_bar_names)},
        context=context,
    )
    return meta_design(ballots, on, at=h, horizon=h, horizons=len(dataset.horizons))
