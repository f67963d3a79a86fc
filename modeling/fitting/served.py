"""Forecasts as they serve: probabilities and ranges moved, once a day, by what outcomes had taught by then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np

from modeling.contracts.conformal import ConformalState, HorizonRanges
from modeling.contracts.levels import LEVEL_SIDES, HorizonLevels, LevelState, LevelStates
from modeling.fitting.conformal import quantile_rows
from modeling.fitting.dataset import Dataset
from modeling.fitting.forecasts import Forecasts
from modeling.fitting.levels import Side, side_rows
from modeling.fitting.ranges import day_ends
from modeling.kernels.conformal import conformal_steps
from modeling.kernels.running_levels import level_steps
from traderai.common.arrays import I64

State = TypeVar("State", ConformalState, LevelState)
# A window with more days off in it than any in training is longer; one of twice the length has no label.
_WINDOWS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """By what a version's words are moved: where its ranges and levels began, and what they had learned later.

    The later states are of days one after the other, the oldest first.
    """

    ranges: Mapping[str, HorizonRanges]  # by horizon; none: quantiles are said as they are
    levels: Mapping[str, HorizonLevels]  # by horizon; none: probabilities are said as they are
    later_ranges: Sequence[Mapping[str, ConformalState]] = ()
    later_levels: Sequence[LevelStates] = ()

    def range_states(self, horizon: str) -> list[ConformalState]:
        """Return the states of a horizon, the one that it began with first."""
        return [self.ranges[horizon].state, *(own[horizon] for own in self.later_ranges)]

    def level_states(self, horizon: str, side: str) -> list[LevelState]:
        """Return the states of a side, the one that it began with first."""
        return [self.levels[horizon].sides[side], *(own[horizon][side] for own in self.later_levels)]

    @property
    def until_s(self) -> int:
        """Until when all of it has learned; without any of it nothing is to be learned at all."""
        ranges = [self.range_states(name)[-1].learned_until_s for name in self.ranges]
        levels = [
            self.level_states(name, side)[-1].learned_until_s for name in self.levels for side in LEVEL_SIDES
        ]
        return min([*ranges, *levels], default=np.iinfo(np.int64).max)

    @property
    def longest_s(self) -> int:
        """How long before that a row may have been decided whose outcome is still to be learned."""
        learners = (*self.ranges.values(), *self.levels.values())
        return _WINDOWS * max((own.longest_window_s for own in learners), default=0)

    def not_before(self, begin_s: int) -> Learned:
        """Return the same as if all before a moment had been learned already."""

        def at(own: State) -> State:
            return replace(own, learned_until_s=max(own.learned_until_s, begin_s))

        later_ranges, later_levels = list(self.later_ranges), list(self.later_levels)
        ranges, levels = dict(self.ranges), dict(self.levels)
        if later_ranges:
            later_ranges[-1] = {name: at(own) for name, own in later_ranges[-1].items()}
        else:
            ranges = {name: replace(own, state=at(own.state)) for name, own in ranges.items()}
        if later_levels:
            later_levels[-1] = {
                name: {side: at(state) for side, state in sides.items()}
                for name, sides in later_levels[-1].items()
            }
        else:
            levels = {
                name: replace(own, sides={side: at(state) for side, state in own.sides.items()})
                for name, own in levels.items()
            }
        return Learned(ranges=ranges, levels=levels, later_ranges=later_ranges, later_levels=later_levels)

    def rows_that_teach(self, dataset: Dataset, *, until_s: int) -> I64:
        """Return the rows decided by a moment whose outcomes are still to be learned then, in the matrix's order."""
        due = dataset.usable.any(axis=1) & (dataset.decision_s <= until_s)
        return np.flatnonzero(due & (dataset.decision_s > self.until_s - self.longest_s)).astype(np.int64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Served:
    """Forecasts as they are said, and the state of each new day by its end."""

    forecasts: Forecasts
    ranges: dict[int, dict[str, ConformalState]] = field(default_factory=dict)
    levels: dict[int, dict[str, dict[str, LevelState]]] = field(default_factory=dict)


def served(said: Forecasts, dataset: Dataset, learned: Learned, *, until_s: int) -> Served:
    """Return forecasts as a version says them in service, its states going on day by day to a moment.

    What is not kept learns and is said as it was. To learn what was missed, the forecasts must hold
    `learned.rows_that_teach`.
    Causal: a row reads the outcomes known by the end of the last day before its decision; one decided before all
            states is said by the first.
    Raises: ValueError as `conformal_steps` and `level_steps`.
    """
    quantiles = said.return_quantiles.copy()
    sides = {side: getattr(said, side).copy() for side in LEVEL_SIDES}
    found = Served(forecasts=replace(said, return_quantiles=quantiles, **sides))
    ends = day_ends(dataset, after_s=learned.until_s, until_s=until_s)
    for h, horizon in enumerate(dataset.horizons):
        if horizon in learned.ranges:
            _range_days(found, said, dataset, learned, h, ends)
        if horizon in learned.levels:
            for side in LEVEL_SIDES:
                _level_days(found, said, dataset, learned, (h, side), ends)
    return found


def _range_days(
    found: Served, said: Forecasts, dataset: Dataset, learned: Learned, h: int, ends: Sequence[int]
) -> None:
    horizon = dataset.horizons[h]
    own, states = learned.ranges[horizon], learned.range_states(horizon)
    rows, order = quantile_rows(said, dataset, h=h, scale=own.volatility_scale)
    own_ends = [end_s for end_s in ends if end_s > states[-1].learned_until_s]
    moved, new = conformal_steps(states, rows, until_s=own_ends)
    if own.kept:
        found.forecasts.return_quantiles[order, h] = moved
    for end_s, state in zip(own_ends, new, strict=True):
        found.ranges.setdefault(end_s, {})[horizon] = state


def _level_days(
    found: Served,
    said: Forecasts,
    dataset: Dataset,
    learned: Learned,
    of: tuple[int, str],
    ends: Sequence[int],
) -> None:
    h, side = of
    horizon = dataset.horizons[h]
    own, states = learned.levels[horizon], learned.level_states(horizon, side)
    at = Side(side, h, own.volatility_scale, states[0].tercile_edges)
    rows, order = side_rows(said, dataset, at)
    own_ends = [end_s for end_s in ends if end_s > states[-1].learned_until_s]
    moved, new = level_steps(states, rows, until_s=own_ends)
    if side in own.kept:
        getattr(found.forecasts, side)[order, h] = moved
    for end_s, state in zip(own_ends, new, strict=True):
        found.levels.setdefault(end_s, {}).setdefault(horizon, {})[side] = state
