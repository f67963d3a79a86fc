"""What orders the shares of a date: LightGBM and ridge regression on ranked features."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol, runtime_checkable

import lightgbm
import numpy as np

from modeling.fitting.trees import repeatable
from modeling.kernels.cross_section import cross_section, daily_rank_ic, mean_ic
from traderai.common.arrays import F32, F64, I64, Bools

Ranking = Callable[[F32], F64]  # ranked features (n, k) -> scores (n,)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lesson:
    """Labelled rows of one horizon, by date: those before the test part, a part of which may choose a setting."""

    values: F32  # (n, k) ranked features
    rank: F64  # (n,) the label
    day: I64  # (n,) rising
    share: I64  # (n,)
    train: Bools  # (n,) those that may teach while a setting is chosen: their windows end before the first `choice`
    choice: Bools  # (n,) those that choose it
    min_shares: int
    seed: int

    @property
    def weight(self) -> F64:
        """The weight of each row: every date weighs the same, as in the mean of daily figures."""
        place, count = np.unique(self.day, return_inverse=True, return_counts=True)[1:]
        return np.asarray(self.day.size / np.unique(self.day).size / count[place])

    def thinned(self, max_rows: int) -> Lesson:
        """Return every n-th date, the newest among them, n as small as `max_rows` allows."""
        step = max(1, -(-self.day.size // max_rows))
        place = np.unique(self.day, return_inverse=True)[1]
        return self.some((place.max(initial=0) - place) % step == 0)

    def some(self, kept: Bools) -> Lesson:
        """Return the lesson of some of its rows (n,)."""
        names = ("values", "rank", "day", "share", "train", "choice")
        return replace(self, **{name: getattr(self, name)[kept] for name in names})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Taught:
    """What one lesson taught, twice: what may be compared on the choosing rows, and what is judged on later ones."""

    choosing: Ranking  # learned from the `train` rows alone; the `choice` rows chose its settings at most
    final: Ranking  # learned from all rows


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PanelLesson:
    """One fold of all horizons: which rows of a panel may teach what, for a model that reads a share's past.

    Rows are all of the panel, so that windows reach back and later rows can be scored.
    """

    values: F32  # (n, k) ranked features
    rank: F64  # (n, h) NaN outside of `lesson`
    day: I64  # (n,)
    share: I64  # (n,)
    lesson: Bools  # (n, h) those before the test part
    train: Bools  # (n, h) those that may teach while a setting is chosen
    choice: Bools  # (n, h) those that choose it
    min_shares: int
    seed: int


PanelRanking = Callable[[I64], F64]  # rows of the panel (r,) -> scores (r, h)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PanelTaught:
    """As `Taught`, of all horizons."""

    choosing: PanelRanking
    final: PanelRanking


class Ranker(Protocol):
    """Anything that learns to rank one horizon from the rows themselves."""

    @property
    def name(self) -> str:
        """The name in tables."""

    def fit(self, lesson: Lesson) -> Taught:
        """Return what the lesson taught; equal lessons give equal scores."""


@runtime_checkable
class PanelRanker(Protocol):
    """Anything that learns to rank all horizons at once, from windows over the panel."""

    @property
    def name(self) -> str:
        """The name in tables."""

    def fit_panel(self, lesson: PanelLesson) -> PanelTaught:
        """Return what the lesson taught; equal lessons give equal scores."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RidgeRanker:
    """Ridge regression of the rank on the ranked features.

    Both lie about 0 on every date, so that there is no intercept. The penalty, in mean squares of a feature, is the
    one with the highest mean daily rank IC on the lesson's choosing rows; all rows then teach with it.
    """

    penalties: tuple[float, ...] = (0.01, 0.1, 1.0, 10.0)

    @property
    def name(self) -> str:
        """The name in tables."""
        return "ridge"

    def fit(self, lesson: Lesson) -> Taught:
        """Return the regressions with the penalty that is chosen."""
        weight = lesson.weight
        taught = [_coefficients(lesson, weight, lesson.train, penalty) for penalty in self.penalties]
        best = int(np.argmax([_choice_ic(lesson, own) for own in taught]))
        every = np.ones(lesson.day.size, dtype=np.bool_)
        return Taught(
            choosing=_linear(taught[best]),
            final=_linear(_coefficients(lesson, weight, every, self.penalties[best])),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ForestRanker:
    """LightGBM of the rank on the ranked features, bagged over blocks of days.

    Rows of near days share what followed them. Each forest sees some of the blocks and is stopped by the others;
    blocks are longer than the longest windows, so that few rows of a stopping block overlap with those that teach.
    Where there are more rows than `max_rows`, every second, third, ... date teaches: its neighbours say much the same.
    """

    bags: int = 8
    bag_frac: float = 0.5  # of the blocks of days that each forest learns from
    block_days: int = 90  # calendar days
    leaves: int = 15
    least_rows: int = 500  # in a leaf: the labels are mostly noise
    feature_frac: float = 0.5
    learning_rate: float = 0.05
    max_rows: int = 60_000
    rounds: int = 300
    stop_rounds: int = 25
    threads: int = 1  # with so few rows more of them mostly wait for each other

    @property
    def name(self) -> str:
        """The name in tables."""
        return "lightgbm"

    def fit(self, lesson: Lesson) -> Taught:
        """Return the means of the forests."""
        return Taught(choosing=self._mean(lesson.some(lesson.train)), final=self._mean(lesson))

    def _mean(self, lesson: Lesson) -> Ranking:
        lesson = lesson.thinned(self.max_rows)
        weight = lesson.weight
        forests = [
            self._forest(lesson, weight, inside, lesson.seed + number)
            for number, inside in enumerate(self._bags(lesson))
        ]

        def ranking(values: F32) -> F64:
            said = [own.predict(values, num_iteration=own.best_iteration) for own in forests]
            return np.asarray(np.mean(said, axis=0), dtype=np.float64)

        return ranking

    def _bags(self, lesson: Lesson) -> Iterator[Bools]:
        """Yield the rows that teach each forest; the others stop it."""
        block = lesson.day // self.block_days
        blocks = np.unique(block)
        for number in range(self.bags):
            rng = np.random.default_rng([lesson.seed, number])
            size = min(max(round(self.bag_frac * blocks.size), 1), blocks.size - 1)
            yield np.isin(block, rng.permutation(blocks)[:size])

    def _forest(self, lesson: Lesson, weight: F64, inside: Bools, seed: int) -> lightgbm.Booster:
        def part(rows: Bools, **options: Any) -> lightgbm.Dataset:
            return lightgbm.Dataset(lesson.values[rows], lesson.rank[rows], weight=weight[rows], **options)

        train = part(inside)
        return lightgbm.train(
            {
                "objective": "regression", "learning_rate": self.learning_rate, "num_leaves": self.leaves,
                "min_data_in_leaf": self.least_rows, "feature_fraction": self.feature_frac, "lambda_l2": 1.0,
                **repeatable(seed=seed, threads=self.threads),
            },
            train,
            num_boost_round=self.rounds,
            valid_sets=[part(~inside, reference=train)],
            callbacks=[lightgbm.early_stopping(self.stop_rounds, verbose=False)],
        )  # fmt: skip


RANKERS: Final[dict[str, Ranker]] = {each.name: each for each in (ForestRanker(), RidgeRanker())}


def _coefficients(lesson: Lesson, weight: F64, rows: Bools, penalty: float) -> F64:
    values, own = lesson.values[rows].astype(np.float64), weight[rows]
    gram = (values * own[:, None]).T @ values
    # A feature of the market is 0 in every row: the penalty keeps its coefficient at 0.
    scale = max(float(np.trace(gram)) / gram.shape[0], np.finfo(np.float64).tiny)
    aim = values.T @ (own * lesson.rank[rows])
    return np.asarray(np.linalg.solve(gram + penalty * scale * np.eye(gram.shape[0]), aim))


def _linear(coefficients: F64) -> Ranking:
    return lambda values: values.astype(np.float64) @ coefficients


def _choice_ic(lesson: Lesson, coefficients: F64) -> float:
    rows = lesson.choice
    score = _linear(coefficients)(lesson.values[rows])
    return choice_ic(
        lesson.day[rows], lesson.share[rows], score, lesson.rank[rows], min_shares=lesson.min_shares
    )


def choice_ic(day: I64, share: I64, score: F64, rank: F64, *, min_shares: int) -> float:
    """Return the mean daily rank IC of scores (n,) on rows that choose; what cannot be measured is never chosen."""
    known = np.isfinite(score)
    if not known.any():
        return -np.inf
    section = cross_section(day[known], share[known], score[known], rank[known][:, None], horizons_days=(1,))
    found = mean_ic(daily_rank_ic(section, horizon_days=1, min_shares=min_shares)).mean
    return found if np.isfinite(found) else -np.inf
