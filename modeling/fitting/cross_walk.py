"""Walk forward over a panel of shares: learn the ranks of the years before, order the shares of the next one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from modeling.errors import DatasetRefusedError
from modeling.fitting.cross_data import RankPanel
from modeling.fitting.cross_rankers import Lesson, Ranker
from modeling.fitting.judging import Say
from modeling.kernels.splits import Borders, LabelledRows, split_between
from modeling.kernels.walk_forward import FoldDates, WalkConfig, WalkFold, walk_forward
from traderai.common.arrays import F64, I64, Bools

NO_SKILL: Final = "no_skill"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RankFold:
    """One fold of one horizon; rows are those of the panel."""

    fold: WalkFold
    lesson: I64  # labelled rows whose windows end before the test part, embargoed
    train: I64  # those of them whose windows end before the validation part
    validation: I64
    test: I64  # every row of the test part, with a label or without

    @property
    def name(self) -> str:
        """The name in tables."""
        return self.fold.name


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RankWalk:
    """What every model said of the test rows of all folds."""

    panel: RankPanel
    folds: Mapping[str, tuple[RankFold, ...]]  # by horizon, oldest first
    scores: Mapping[str, F64]  # by model (n, h): NaN outside of the test parts and where a score is not known
    learned: tuple[str, ...]  # the models that were fitted
    test: Bools  # (n,)


def rank_folds(
    panel: RankPanel, dates: Sequence[FoldDates], config: WalkConfig
) -> dict[str, tuple[RankFold, ...]]:
    """Return the folds of each horizon, purged by its own windows and embargoed.

    Raises: DatasetRefusedError where a part of a fold is empty.
    """
    return {
        horizon: tuple(_horizon_folds(panel, h, dates, config)) for h, horizon in enumerate(panel.horizons)
    }


def _horizon_folds(
    panel: RankPanel, h: int, dates: Sequence[FoldDates], config: WalkConfig
) -> list[RankFold]:
    own = np.flatnonzero(panel.labelled[:, h])
    rows = LabelledRows(decision_s=panel.decision_s[own], window_end_s=panel.window_end_s[own, h])
    try:
        steps = walk_forward(rows, dates, config)
    except ValueError as error:
        raise DatasetRefusedError(f"horizon {panel.horizons[h]}: {error}") from error
    if steps.refused:
        told = "; ".join(f"{fold.name}: {', '.join(fold.reasons)}" for fold in steps.refused)
        raise DatasetRefusedError(f"horizon {panel.horizons[h]}: {told}; give more data or later test years")
    found = []
    for fold in steps.folds:
        borders = fold.borders
        whole = Borders(
            train_start_s=borders.train_start_s,
            validation_start_s=borders.test_start_s,
            test_start_s=borders.test_end_s or int(panel.decision_s.max()) + 1,
        )
        later = panel.decision_s >= borders.test_start_s
        if borders.test_end_s is not None:
            later &= panel.decision_s < borders.test_end_s
        found.append(
            RankFold(
                fold=fold,
                # What had to keep its distance from the validation part may teach the model that is judged.
                lesson=own[split_between(rows, whole, embargo_s=config.embargo_s).train],
                train=own[fold.split.train],
                validation=own[fold.split.validation],
                test=np.flatnonzero(later).astype(np.int64),
            )
        )
    return found


def rank_walk(
    panel: RankPanel,
    rankers: Sequence[Ranker],
    *,
    dates: Sequence[FoldDates],
    config: WalkConfig,
    seed: int,
    say: Say,
) -> RankWalk:
    """Return the scores of every fitted model, of the simple scores and of who knows nothing, on the test rows."""
    folds = rank_folds(panel, dates, config)
    shape = panel.rank.shape
    test = np.zeros(shape[0], dtype=np.bool_)
    for fold in next(iter(folds.values())):
        test[fold.test] = True
    scores = {ranker.name: np.full(shape, np.nan) for ranker in rankers}
    for h, horizon in enumerate(panel.horizons):
        for number, fold in enumerate(folds[horizon]):
            lesson = _lesson(panel, fold, h, seed)
            for ranker in rankers:
                say(h * len(dates) + number, len(folds) * len(dates), f"{horizon} {fold.name} {ranker.name}")
                scores[ranker.name][fold.test, h] = ranker.fit(lesson)(panel.values[fold.test])
    lots = np.random.default_rng([seed, 11]).random((shape[0],))
    fixed: dict[str, F64] = {**panel.scores, NO_SKILL: lots}
    for name, own in fixed.items():
        scores[name] = np.tile(np.where(test, own, np.nan)[:, None], (1, shape[1]))
    return RankWalk(
        panel=panel,
        folds=folds,
        scores=scores,
        learned=tuple(ranker.name for ranker in rankers),
        test=test,
    )


def _lesson(panel: RankPanel, fold: RankFold, h: int, seed: int) -> Lesson:
    rows = fold.lesson
    return Lesson(
        values=panel.values[rows],
        rank=panel.rank[rows, h],
        day=panel.day[rows],
        share=panel.share[rows],
        train=np.isin(rows, fold.train),
        choice=np.isin(rows, fold.validation),
        min_shares=panel.min_shares,
        seed=seed,
    )
