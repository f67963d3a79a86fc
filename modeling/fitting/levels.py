"""Levels of probabilities that learn from outcomes: started on validation rows, kept where other rows are said better."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

import numpy as np

from modeling.contracts.levels import LEVEL_SIDES, HorizonLevels, LevelState
from modeling.errors import DatasetRefusedError
from modeling.fitting.baselines import tercile_edges
from modeling.fitting.dataset import TEST, TRAIN, VALIDATION, Dataset
from modeling.fitting.evaluation import log_losses
from modeling.fitting.folds import Half
from modeling.fitting.forecasts import Forecasts, require_held_out
from modeling.fitting.judging import Rules, bootstrap_of
from modeling.fitting.ranges import day_ends, learner_facts
from modeling.fitting.walk_scores import ece_interval
from modeling.kernels.running_levels import ProbabilityRows, level_fit, level_steps, level_terciles
from modeling.kernels.significance import block_bootstrap_mean
from modeling.kernels.trust import daily_means
from traderai.common.arrays import F64, I64

WAYS: Final = ("fixed", "learning")
_RESAMPLES: Final = 2000  # a bound at a share of the level lies further out than those of printed figures


class Side(NamedTuple):
    """One side and horizon, and what parts its terciles of volatility."""

    name: str  # of LEVEL_SIDES
    h: int
    volatility_scale: float  # as of `ewma_scale`
    edges: tuple[float, float]


class Levelled(NamedTuple):
    """Test rows of one horizon and side, in the order of their decisions, fold after fold; every array is (n,)."""

    day: I64
    outcome: F64
    fixed: F64
    learning: F64

    @classmethod
    def joined(cls, several: Sequence[Levelled]) -> Levelled:
        """Return the rows of several, pooled."""
        return cls(*(np.concatenate(column) for column in zip(*several, strict=True)))


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelVerdict:
    """What the newer halves of the folds said of one side's level that learns, beside none."""

    horizon: str
    side: str
    kept: bool
    rows: int
    days: int
    log_loss_before: float  # means by day; NaN where nothing was judged
    log_loss_after: float
    better_low: float  # lower bound of the first less the second
    level: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TaughtLevels:
    """What held-out rows taught the levels, which of them serve, and what became of the test part; by horizon."""

    by_horizon: dict[str, HorizonLevels]  # as of the end of the validation part
    verdicts: tuple[LevelVerdict, ...]
    tested: dict[str, dict[str, Any]]  # by horizon and side, before and after, kept or not


def probability_rows(dataset: Dataset, at: I64, p: F64, side: Side) -> ProbabilityRows:
    """Return what was said of rows, given in the order of their decisions, and what became of them."""
    expected = dataset.ewma_volatility[at] * side.volatility_scale
    return ProbabilityRows(
        p=p,
        tercile=level_terciles(expected, side.edges),
        decision_s=dataset.decision_s[at],
        outcome=np.where(dataset.usable[at, side.h], getattr(dataset.targets, side.name)[at, side.h], np.nan),
        resolved_s=dataset.targets.window_end_s[at, side.h],
    )


def side_rows(said: Forecasts, dataset: Dataset, side: Side) -> tuple[ProbabilityRows, I64]:
    """Return the forecasts of a side and horizon in the order of their decisions, and that order."""
    order = np.lexsort((said.rows, dataset.decision_s[said.rows]))
    p = getattr(said, side.name)[order, side.h]
    return probability_rows(dataset, said.rows[order], p, side), order


def levels_taught(said: Forecasts, dataset: Dataset, halves: Sequence[Half], rules: Rules) -> TaughtLevels:
    """Return what the validation rows among the forecasts teach, kept where the newer halves of the folds are said better by it.

    The test rows are said as in service, by what had been learned by the end of the day before; they only report.
    Raises: DatasetRefusedError for a validation part too small to teach, InvariantError for rows that taught the model.
    """
    require_held_out(said, dataset, part=VALIDATION)
    verdicts = _verdicts(dataset.horizons, halves, rules)
    by_horizon, tested = {}, {}
    for h, horizon in enumerate(dataset.horizons):
        kept = tuple(own.side for own in verdicts if own.kept and own.horizon == horizon)
        own = replace(levels_started(said, dataset, h=h), kept=kept)
        by_horizon[horizon] = own
        tested[horizon] = {
            side: level_part_figures([levels_run(said, dataset, own, side, h=h)], rules)
            for side in LEVEL_SIDES
        }
    return TaughtLevels(by_horizon=by_horizon, verdicts=verdicts, tested=tested)


def levels_started(said: Forecasts, dataset: Dataset, *, h: int) -> HorizonLevels:
    """Return what the validation rows among the forecasts teach at one horizon; nothing of it is kept yet."""
    own = said.taken(np.flatnonzero(dataset.part[:, h] == VALIDATION))
    facts = learner_facts(dataset, own.rows, h=h)
    edges, until_s = tercile_edges(dataset, h=h), dataset.taught_until_s(TRAIN, VALIDATION)
    sides = {}
    for name in LEVEL_SIDES:
        rows, _ = side_rows(own, dataset, Side(name, h, facts["volatility_scale"], edges))
        try:
            sides[name] = level_fit(rows, tercile_edges=edges, until_s=until_s)
        except ValueError as error:
            raise DatasetRefusedError(
                f"the validation part cannot teach the levels of {dataset.horizons[h]}: {error}"
            ) from error
    return HorizonLevels(**facts, sides=sides, kept=())


def levels_again(
    said: Forecasts, dataset: Dataset, before: Mapping[str, HorizonLevels], *, until_s: int
) -> dict[str, HorizonLevels]:
    """Return the levels by horizon that forecasts under another calibration would have by a moment, in the steps of before.

    Rows whose outcome is not known by then have no say. Raises: ValueError where no outcome is known.
    """
    found = {}
    for h, horizon in enumerate(dataset.horizons):
        own, known = before[horizon], dataset.targets.window_end_s[:, h] <= until_s
        heard = said.taken(np.flatnonzero(dataset.usable[:, h] & known))
        sides: dict[str, LevelState] = {}
        for name, state in own.sides.items():
            rows, _ = side_rows(heard, dataset, Side(name, h, own.volatility_scale, state.tercile_edges))
            sides[name] = level_fit(rows, tercile_edges=state.tercile_edges, until_s=until_s, step=state.step)
        found[horizon] = replace(own, sides=sides, since_s=int(dataset.decision_s[heard.rows].min()))
    return found


def levels_run(said: Forecasts, dataset: Dataset, own: HorizonLevels, side: str, *, h: int) -> Levelled:
    """Return the test rows of a horizon as they are said by a level that goes on learning, once a day.

    Raises: InvariantError for forecasts of another dataset or of test rows that taught their model.
    """
    require_held_out(said, dataset, part=TEST)
    state = own.sides[side]
    rows, order = side_rows(said, dataset, Side(side, h, own.volatility_scale, state.tercile_edges))
    ends = day_ends(dataset, after_s=state.learned_until_s, until_s=int(rows.decision_s[-1]))
    learning, _ = level_steps([state], rows, until_s=ends)
    at = said.rows[order]
    tested = dataset.part[at, h] == TEST
    return Levelled(dataset.day[at[tested]], rows.outcome[tested], rows.p[tested], learning[tested])


def level_part_figures(parts: Sequence[Levelled], rules: Rules) -> dict[str, Any]:
    """Return log loss, calibration error and bias of some rows, without what a level learned and with it."""
    own = Levelled.joined(parts)
    bootstrap = bootstrap_of(np.unique(own.day), rules)
    found: dict[str, Any] = {"rows": int(own.outcome.size), "days": int(bootstrap.days.size)}
    for way in WAYS:
        p = getattr(own, way)
        found[way] = {
            "log_loss": float(log_losses(own.outcome, p).mean()),
            "ece": ece_interval(own.outcome, p, own.day, bootstrap),
            "bias": float(p.mean() - own.outcome.mean()),
        }
    return found


def _verdicts(horizons: Sequence[str], halves: Sequence[Half], rules: Rules) -> tuple[LevelVerdict, ...]:
    found = []
    for h, horizon in enumerate(horizons):
        started = [(half, own) for half in halves if (own := _half_started(half, h=h)) is not None]
        for side in LEVEL_SIDES:
            runs = [levels_run(half.forecasts, half.dataset, own, side, h=h) for half, own in started]
            found.append(_verdict(runs, rules, horizon, side, of=len(horizons)))
    return tuple(found)


def _half_started(half: Half, *, h: int) -> HorizonLevels | None:
    try:
        return levels_started(half.forecasts, half.dataset, h=h)
    except DatasetRefusedError:
        return None  # half of a fold may be too short where the whole is not: it proves nothing


def _verdict(parts: Sequence[Levelled], rules: Rules, horizon: str, side: str, *, of: int) -> LevelVerdict:
    """Return whether a side's log loss is less with the level that learns, and the bound of it.

    Less is enough, it need not be proven: the level of training is a guess that the next months are like those before
    it, no safer ground. Where nothing changes, what is learned is noise and its loss is more. The bound is told beside; all
    sides share its risk (Bonferroni).
    """
    level = 1.0 - (1.0 - rules.recipe.evaluation.interval_level) / (of * len(LEVEL_SIDES))
    told: dict[str, Any] = {"horizon": horizon, "side": side, "level": level}
    if not parts:
        told |= dict.fromkeys(("log_loss_before", "log_loss_after", "better_low"), float("nan"))
        return LevelVerdict(**told, kept=False, rows=0, days=0)
    own = Levelled.joined(parts)
    daily = daily_means(np.stack([log_losses(own.outcome, getattr(own, way)) for way in WAYS]), own.day)
    low = float("nan")
    if daily.shape[1] > 1:
        low = block_bootstrap_mean(
            daily[0] - daily[1],
            level=level,
            mean_block_days=rules.recipe.evaluation.mean_block_days,
            resamples=_RESAMPLES,
            rng=np.random.default_rng(rules.seed),
        ).low
    before, after = (float(mean) for mean in daily.mean(axis=1))
    return LevelVerdict(
        **told,
        kept=after < before,
        rows=own.day.size,
        days=daily.shape[1],
        log_loss_before=before,
        log_loss_after=after,
        better_low=low,
    )
