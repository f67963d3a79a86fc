"""Walk forward over a panel of shares: learn the ranks of the years before, order the shares of the next one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from modeling.errors import DatasetRefusedError
from modeling.fitting.cross_data import RankPanel
from modeling.fitting.cross_rankers import Lesson, PanelLesson, PanelRanker, Ranker, choice_ic
from modeling.fitting.judging import Say
from modeling.kernels.splits import Borders, LabelledRows, split_between
from modeling.kernels.walk_forward import FoldDates, WalkConfig, WalkFold, walk_forward
from traderai.common.arrays import F64, I64, Bools

NO_SKILL: Final = "no_skill"
CHOSEN: Final = "chosen"


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
    # By model (folds, h): the mean daily rank IC on the rows that choose, of what the training rows alone taught;
    # -inf where it is not known. It is all that may choose among the models: no test row has a say.
    choice_ic: Mapping[str, F64]

    def chosen(self, h: int) -> tuple[str, ...]:
        """Return the model of each fold, oldest first, that ranks best on the rows that choose."""
        names = [name for name in self.choice_ic if name != NO_SKILL]
        best = np.stack([self.choice_ic[name][:, h] for name in names]).argmax(axis=0)
        return tuple(names[place] for place in best)


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
    rankers: Sequence[Ranker | PanelRanker],
    *,
    dates: Sequence[FoldDates],
    config: WalkConfig,
    seed: int,
    say: Say,
) -> RankWalk:
    """Return the scores of every fitted model, of the simple scores and of who knows nothing, on the test rows.

    The score of `chosen` is that of the model which ranked best on the choosing rows of its fold and horizon.
    """
    folds = rank_folds(panel, dates, config)
    shape = panel.rank.shape
    test = np.zeros(shape[0], dtype=np.bool_)
    for fold in next(iter(folds.values())):
        test[fold.test] = True
    lots = np.random.default_rng([seed, 11]).random((shape[0],))
    fixed = {name: np.tile(own[:, None], (1, shape[1])) for name, own in panel.scores.items()}
    fixed[NO_SKILL] = np.tile(lots[:, None], (1, shape[1]))
    names = (*(ranker.name for ranker in rankers), *fixed)
    walk = RankWalk(
        panel=panel,
        folds=folds,
        scores={name: np.full(shape, np.nan) for name in (*names, CHOSEN)},
        learned=tuple(ranker.name for ranker in rankers),
        test=test,
        choice_ic={name: np.full((len(dates), shape[1]), -np.inf) for name in names},
    )
    for number in range(len(dates)):
        for place, ranker in enumerate(rankers):
            say(
                number * len(rankers) + place,
                len(dates) * len(rankers),
                f"{dates[number].name} {ranker.name}",
            )
            _learn(walk, ranker, number, seed)
        for name, own in fixed.items():
            _note(walk, name, number, choosing=own, final=own)
    _choose(walk)
    return walk


def _learn(walk: RankWalk, ranker: Ranker | PanelRanker, number: int, seed: int) -> None:
    """Fit a model on one fold, and note what it says of the rows that choose and of the test rows."""
    panel, shape = walk.panel, walk.panel.rank.shape
    choosing, final = np.full(shape, np.nan), np.full(shape, np.nan)
    folds = [own[number] for own in walk.folds.values()]
    if isinstance(ranker, PanelRanker):
        taught = ranker.fit_panel(_panel_lesson(panel, folds, seed))
        chooses = np.unique(np.concatenate([fold.validation for fold in folds]))
        choosing[chooses] = taught.choosing(chooses)
        final[folds[0].test] = taught.final(folds[0].test)
    else:
        for h, fold in enumerate(folds):
            own = ranker.fit(_lesson(panel, fold, h, seed))
            choosing[fold.validation, h] = own.choosing(panel.values[fold.validation])
            final[fold.test, h] = own.final(panel.values[fold.test])
    _note(walk, ranker.name, number, choosing=choosing, final=final)


def _note(walk: RankWalk, name: str, number: int, *, choosing: F64, final: F64) -> None:
    panel = walk.panel
    for h, horizon in enumerate(panel.horizons):
        fold = walk.folds[horizon][number]
        rows = fold.validation
        walk.choice_ic[name][number, h] = choice_ic(
            panel.day[rows],
            panel.share[rows],
            choosing[rows, h],
            panel.rank[rows, h],
            min_shares=panel.min_shares,
        )
        walk.scores[name][fold.test, h] = final[fold.test, h]


def _choose(walk: RankWalk) -> None:
    for h, horizon in enumerate(walk.panel.horizons):
        for fold, name in zip(walk.folds[horizon], walk.chosen(h), strict=True):
            walk.scores[CHOSEN][fold.test, h] = walk.scores[name][fold.test, h]


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


def _panel_lesson(panel: RankPanel, folds: Sequence[RankFold], seed: int) -> PanelLesson:
    def of(part: str) -> Bools:
        found = np.zeros(panel.rank.shape, dtype=np.bool_)
        for h, fold in enumerate(folds):
            found[getattr(fold, part), h] = True
        return found

    lesson = of("lesson")
    return PanelLesson(
        values=panel.values,
        rank=np.where(lesson, panel.rank, np.nan),
        day=panel.day,
        share=panel.share,
        lesson=lesson,
        train=of("train"),
        choice=of("validation"),
        min_shares=panel.min_shares,
        seed=seed,
    )
