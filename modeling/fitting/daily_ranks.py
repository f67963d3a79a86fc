"""The daily ranker's word on each share, as it was known at every decision: an input of a council's aggregator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from modeling.fitting.cross_walk import CHOSEN, RankWalk
from modeling.fitting.dataset import Dataset, KnownRanks
from modeling.kernels.known_ranks import ORDER_TAKES_S, newest_known
from modeling.kernels.ranked_features import ranks_within_dates
from traderai.common.arrays import F64, I64
from traderai.common.errors import InvariantError


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DailyRanks:
    """Where each share stood among the liquid ones of its day, by a model that had learned before: n rows."""

    name: str  # of the column
    secids: tuple[str, ...]
    share: I64  # (n,) index into secids
    known_s: I64  # (n,) when the day's bars were known; rising within a share
    learned_until_s: I64  # (n,) end of the last label that taught the row's model
    place: F64  # (n,) from -1, the lowest of the day, to 1
    told: Mapping[str, Any]  # what made it, as plain values

    def __post_init__(self) -> None:
        knew = self.learned_until_s >= self.known_s
        if knew.any():
            raise InvariantError(
                f"{self.name} must be said by models that had learned before, {int(knew.sum())} of {knew.size} rows "
                "are not; take the test rows of a walk"
            )


def daily_ranks(walk: RankWalk, horizon: str, *, name: str) -> DailyRanks:
    """Return how the chosen model of each fold orders its test rows, by what it had learned before them.

    Places and not scores: the scores of two folds' models have no common unit.
    """
    panel, h = walk.panel, walk.panel.horizons.index(horizon)
    score = walk.scores[CHOSEN][:, h]
    rows = np.flatnonzero(np.isfinite(score))
    until = np.full(score.size, np.iinfo(np.int64).max, dtype=np.int64)
    for fold in walk.folds[horizon]:
        until[fold.test] = panel.window_end_s[fold.lesson, h].max()
    chosen = {fold.name: model for fold, model in zip(walk.folds[horizon], walk.chosen(h), strict=True)}
    return DailyRanks(
        name=name,
        secids=panel.secids,
        share=panel.share[rows],
        known_s=panel.decision_s[rows],
        learned_until_s=until[rows],
        place=ranks_within_dates(panel.day[rows], score[rows, None].astype(np.float32))[:, 0].astype(
            np.float64
        ),
        told={
            "feature": name,
            "horizon": horizon,
            "models": chosen,
            "choice_ic": {
                year: float(walk.choice_ic[model][number, h])
                for number, (year, model) in enumerate(chosen.items())
            },
            "shares": int(np.unique(panel.share[rows]).size),
            "rows": int(rows.size),
            "panel_sha256": panel.sha256,
        },
    )


def with_ranks(dataset: Dataset, ranks: DailyRanks | str | None) -> Dataset:
    """Return the dataset with the newest rank of its share that was known at each row; NaN where there is none.

    Without ranks, or with the reason why there are none, it stays as it is.
    """
    if not isinstance(ranks, DailyRanks):
        return dataset
    numbers = {secid: number for number, secid in enumerate(ranks.secids)}
    own = np.array([numbers.get(secid, -1) for secid in dataset.secids], dtype=np.int64)
    told_s = ranks.known_s + ORDER_TAKES_S
    at = newest_known(ranks.share, told_s, at_share=own[dataset.instrument], at_s=dataset.decision_s)
    known = at >= 0
    place = np.full(at.size, np.nan)
    known_s = np.zeros(at.size, dtype=np.int64)
    place[known], known_s[known] = ranks.place[at[known]], told_s[at[known]]
    return replace(dataset, ranks=KnownRanks(name=ranks.name, place=place, known_s=known_s))
