"""What a version reads, measured on held-out rows: permutation importance and partial dependence of what serves.

Cost: the network answers `evaluation.explain_rows` questions, a question being a row at one horizon, for every family
and as often again as 100 features need: more than 100 get fewer rows each. A small tcn answers one in about 0.04 ms
on one core.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from modeling.contracts import QUANTILE_LEVELS, HeadTrust
from modeling.fitting.batches import stratified_rows
from modeling.fitting.dataset import TEST, TRAIN, Dataset
from modeling.fitting.evaluation import DayBootstrap, log_losses, pinball_losses
from modeling.fitting.forecasts import NetworkInputs
from modeling.fitting.judging import Rules, bootstrap_of
from modeling.fitting.trading import part_days
from modeling.kernels.importance import lending_rows, lent_moments
from modeling.kernels.significance import block_days_within
from modeling.registry.council import Council
from modeling.registry.outputs import Trusted, trusted
from modeling.registry.scorer import Network
from modeling.selectors.feature_families import UNLISTED
from traderai.common.arrays import F32, F64, I64

Say = Callable[[int, int, str], None]
FIGURES: Final = ("log_loss", "p_long", "p_short", "quantile_loss")  # the first is the mean of the sides'
SHOWN_LEVELS: Final = (
    0.05,
    0.25,
    0.50,
    0.75,
    0.95,
)  # quantiles of the training rows that a feature is set to
WAYS: Final = ("last_bar", "whole_window")
TOP_FEATURES: Final = 5
WHOLE_FEATURES: Final = 100  # so many features are measured on all rows
DEPENDENCE_ROWS: Final = 480
_CHUNK_ROWS = 1024
_MEDIAN = QUANTILE_LEVELS.index(0.50)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Served:
    """A version as it serves: the exported network under its trust."""

    network: Network
    inputs: NetworkInputs
    trust: dict[str, HeadTrust]  # by horizon
    column: int  # the feature of recent volatility
    council: Council | None = None  # how its votes become one decision

    def seen(self, dataset: Dataset, rows: I64) -> Seen:
        """Return what it reads of some rows."""
        return Seen(
            bars=self.inputs.scaler.windows(dataset.values, rows, lookback=dataset.lookback_bars),
            recent=dataset.values[rows, self.column].astype(np.float64),
            ticker=self.inputs.ticker[rows],
            last_bars=dataset.last_bars(rows),
        )

    def say(self, seen: Seen, horizon: str) -> Trusted:
        """Return what it says of what it reads."""
        number = np.full(seen.recent.size, self.inputs.horizon_rows[horizon], dtype=np.int32)
        outputs = self.network.run(bars=seen.bars, ticker=seen.ticker, horizon=number)
        if self.council is not None:
            outputs = self.council.seat(outputs, seen.last_bars, horizon).outputs
        return trusted(outputs, seen.recent, self.trust[horizon])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """What is read of n rows; a column may be lent and given back."""

    bars: F32  # (n, lookback, k) standardised
    recent: F64  # (n,) the recent volatility of a bar, which calibration reads besides the network
    ticker: np.ndarray  # (n,)
    last_bars: F32  # (n, k) raw, then the rank if there is one, which a council reads besides the network

    def lent(self, other: Seen, columns: I64, *, volatility: int) -> Seen:
        """Return this with the whole look-back of some columns from other rows."""
        bars = self.bars.copy()
        bars[:, :, columns] = other.bars[:, :, columns]
        recent = other.recent if volatility in columns else self.recent
        last_bars = self.last_bars.copy()
        last_bars[:, columns] = other.last_bars[:, columns]
        return Seen(bars=bars, recent=recent, ticker=self.ticker, last_bars=last_bars)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Question:
    """Held-out rows at one horizon, and the rows that lend them features."""

    h: int
    rows: I64  # (n,) of the matrix
    lenders: I64  # (n,) of the matrix, each of the same share


def version_explained(
    served: Served, dataset: Dataset, rules: Rules, families: Mapping[str, str], *, say: Say
) -> dict[str, Any]:
    """Return importance of every feature and family on the test part, and how answers depend on the first ones.

    `families` gives the family by feature. Equal arguments give equal figures.
    """
    evaluation = rules.recipe.evaluation
    rows, count = evaluation.explain_rows, len(dataset.features)
    asked, fewer = (
        questions(
            dataset,
            limit=limit,
            mean_block_days=evaluation.mean_block_days,
            rng=np.random.default_rng([rules.seed, limit]),
        )
        for limit in (rows, max(1, rows * WHOLE_FEATURES // max(WHOLE_FEATURES, count)))
    )
    together = family_columns(dataset.features, families)
    alone = list(np.arange(count, dtype=np.int64)[:, None])
    bootstrap = bootstrap_of(part_days(dataset, TEST), rules)
    by_family = [
        {"family": name, "features": columns.size, **own}
        for (name, columns), own in zip(
            together.items(),
            importance(served, dataset, asked, [*together.values()], bootstrap, say=say),
            strict=True,
        )
    ]
    features = [
        {"feature": name, "family": families.get(name, UNLISTED), **own}
        for name, own in zip(
            dataset.features, importance(served, dataset, fewer, alone, bootstrap, say=say), strict=True
        )
    ]
    features.sort(key=_rank, reverse=True)
    top = [dataset.features.index(own["feature"]) for own in features[:TOP_FEATURES]]
    return {
        "rows": sum(question.rows.size for question in asked),
        "feature_rows": sum(question.rows.size for question in fewer),
        "days": int(np.unique(np.concatenate([dataset.day[question.rows] for question in asked])).size),
        "interval_level": evaluation.interval_level,
        "families": sorted(by_family, key=_rank, reverse=True),
        "features": features,
        "partial_dependence": partial_dependence(served, dataset, asked, top),
    }


def questions(
    dataset: Dataset, *, limit: int, mean_block_days: float, rng: np.random.Generator
) -> tuple[Question, ...]:
    """Return about `limit` questions, evenly over the horizons, shares and days of the test part."""
    rows = dataset.rows_of(TEST)
    _, first, moment = np.unique(dataset.decision_s[rows], return_index=True, return_inverse=True)
    day = dataset.day[rows][first]
    block_days = max(1, int(block_days_within(int(np.unique(day).size), mean_block_days)))
    lent = lent_moments(day, block_days=block_days, rng=rng)
    lenders = rows[lending_rows(dataset.instrument[rows], moment.astype(np.int64), lent)]
    found = []
    for h in range(len(dataset.horizons)):
        own = np.flatnonzero(dataset.part[rows, h] == TEST)
        chosen = stratified_rows(own, limit=max(1, limit // len(dataset.horizons)), rng=rng)
        found.append(Question(h=h, rows=rows[chosen], lenders=lenders[chosen]))
    return tuple(found)


def family_columns(features: tuple[str, ...], families: Mapping[str, str]) -> dict[str, I64]:
    """Return the columns of each family, in the order of the features."""
    own = [families.get(name, UNLISTED) for name in features]
    return {family: np.flatnonzero(np.array(own) == family) for family in dict.fromkeys(own)}


def importance(
    served: Served,
    dataset: Dataset,
    asked: tuple[Question, ...],
    groups: list[I64],
    bootstrap: DayBootstrap,
    *,
    say: Say,
) -> list[dict[str, Any]]:
    """Return by how much the losses rise where a group's features are those of other days, with bounds over days.

    Of 580 features that a network reads and that tell nothing, 120 days, each bound at 0.95 held for 94 % to 95 %
    (independent noise) and for 93 % to 94 % (a memory of days, alone or of the whole market).
    """
    losses = []
    for question in asked:
        for start in range(0, question.rows.size, _CHUNK_ROWS):
            say(start, question.rows.size, f"importance at {dataset.horizons[question.h]}")
            part = slice(start, start + _CHUNK_ROWS)
            chunk = Question(h=question.h, rows=question.rows[part], lenders=question.lenders[part])
            losses.append(_lent_losses(served, dataset, chunk, groups))
    rises = np.concatenate(losses, axis=1)
    days = np.concatenate([dataset.day[question.rows] for question in asked])
    return [_figures(own, days, bootstrap) for own in rises]


def partial_dependence(
    served: Served, dataset: Dataset, asked: tuple[Question, ...], columns: list[int]
) -> list[dict[str, Any]]:
    """Return the mean answers with one feature at quantiles of its training rows, all else as it was.

    It is set in the last bar alone and in the whole window. A combination that no market has seen is among them.
    """
    limit = max(1, DEPENDENCE_ROWS // len(asked))
    chosen = [(question.h, stratified_rows(question.rows, limit=limit, rng=None)) for question in asked]
    seen = [(dataset.horizons[h], served.seen(dataset, rows)) for h, rows in chosen]
    train = dataset.values[dataset.rows_of(TRAIN)]
    found = []
    for column in columns:
        known = train[np.isfinite(train[:, column]), column]
        levels = np.unique(np.quantile(known, SHOWN_LEVELS)).astype(np.float32)
        answers = {
            way: np.stack([_answers_at(served, seen, column, level, way) for level in levels]) for way in WAYS
        }
        found.append(
            {
                "feature": dataset.features[column],
                "values": levels.tolist(),
                **{
                    way: dict(zip(("p_long", "p_short", "median_return_frac"), own.T.tolist(), strict=True))
                    for way, own in answers.items()
                },
            }
        )
    return found


def _lent_losses(served: Served, dataset: Dataset, question: Question, groups: list[I64]) -> F64:
    """Return the rise of each row's losses under each group (g, n, 3)."""
    own, other = served.seen(dataset, question.rows), served.seen(dataset, question.lenders)
    as_it_is = _losses(served, dataset, question, own)
    return np.stack(
        [
            _losses(served, dataset, question, own.lent(other, columns, volatility=served.column)) - as_it_is
            for columns in groups
        ]
    )


def _losses(served: Served, dataset: Dataset, question: Question, seen: Seen) -> F64:
    """Return the log losses of both sides and the pinball loss of each row (n, 3)."""
    said, targets = served.say(seen, dataset.horizons[question.h]), dataset.targets
    rows, h = question.rows, question.h
    return np.stack(
        [
            log_losses(targets.p_long[rows, h], said.p_long),
            log_losses(targets.p_short[rows, h], said.p_short),
            pinball_losses(targets.forward_return[rows, h], said.return_quantiles),
        ],
        axis=1,
    )


def _figures(rises: F64, days: I64, bootstrap: DayBootstrap) -> dict[str, dict[str, float]]:
    long, short, quantiles = rises.T
    values = ((long + short) / 2.0, long, short, quantiles)
    return {name: bootstrap.mean(own, days) for name, own in zip(FIGURES, values, strict=True)}


def _answers_at(
    served: Served, seen: list[tuple[str, Seen]], column: int, level: np.float32, way: str
) -> F64:
    """Return the mean of both probabilities and the median over all rows (3,)."""
    scaler = served.inputs.scaler
    row = scaler.mean.astype(np.float32)
    row[column] = level
    scaled, answers = scaler.apply(row)[column], []
    for horizon, own in seen:
        bars = own.bars.copy()
        bars[:, -1 if way == "last_bar" else slice(None), column] = scaled
        recent = np.full_like(own.recent, level) if column == served.column else own.recent
        last_bars = own.last_bars.copy()
        last_bars[:, column] = level
        said = served.say(Seen(bars=bars, recent=recent, ticker=own.ticker, last_bars=last_bars), horizon)
        answers.append(np.stack([said.p_long, said.p_short, said.return_quantiles[:, _MEDIAN]], axis=1))
    return np.asarray(np.concatenate(answers).mean(axis=0))


def _rank(own: dict[str, Any]) -> tuple[float, float]:
    return own["log_loss"]["value"], own["quantile_loss"]["value"]
