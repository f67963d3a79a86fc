"""Searching thresholds of a label set: the space, one point's figures, a grid, and proposals from what was seen."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import optuna

from market.kernels.sessions import moscow_offset_s
from modeling.contracts import BarrierLabelSet, ClassLabelSet, LabelSet
from modeling.contracts.label_search import LabelSearchConfig
from modeling.fitting.content import data_sha256
from modeling.fitting.label_data import ShareRows
from modeling.kernels.class_labels import class_labels, class_names
from modeling.kernels.label_objective import LabelScore, label_objective, month_class_counts
from modeling.kernels.labels import barrier_labels
from traderai.common.arrays import I64, Bools
from traderai.common.errors import InputError
from traderai.common.progress import Progress

_ROUNDING = 1e-9  # of a step
_THRESHOLDS: Mapping[str, Mapping[str, str]] = {  # what is searched of a set, and in which unit
    "barrier": {"take_profit": "barrier_unit", "stop_loss": "barrier_unit"},
    "threshold": {"threshold_frac": "frac"},
    "adaptive": {"threshold_frac": "frac", "multiplier": "multiplier"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One threshold's range."""

    name: str
    own: float  # the set's
    low: float
    high: float
    step: float

    def rounded(self, value: float) -> float:
        """Return the nearest whole number of steps within the range, as it would be written down."""
        lowest = max(1, math.ceil(self.low / self.step - _ROUNDING))
        highest = max(lowest, math.floor(self.high / self.step + _ROUNDING))
        return round(min(max(round(value / self.step), lowest), highest) * self.step, 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One candidate: a horizon and thresholds."""

    horizon: str
    thresholds: tuple[float, ...]  # in the order of the axes


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchSpace:
    """All candidates of a label set."""

    spec: BarrierLabelSet | ClassLabelSet
    axes: tuple[Axis, ...]

    @classmethod
    def of(cls, spec: LabelSet, config: LabelSearchConfig) -> SearchSpace:
        """Return the space around a set's own thresholds; a set without thresholds is an InputError."""
        key = spec.rule if isinstance(spec, ClassLabelSet) else spec.kind
        if isinstance(spec, BarrierLabelSet | ClassLabelSet) and key in _THRESHOLDS:
            return cls(
                spec=spec,
                axes=tuple(_axis(spec, name, unit, config) for name, unit in _THRESHOLDS[key].items()),
            )
        raise InputError(
            f"label set {spec.name} has no thresholds to search (it is of kind {spec.kind}); choose a set with "
            "barriers or class thresholds",
            field="label_set",
        )

    def own(self) -> list[Point]:
        """Return the set as it stands, at each of its horizons."""
        own = tuple(axis.own for axis in self.axes)
        return [Point(horizon=horizon, thresholds=own) for horizon in self.spec.horizons]

    def grid(self, points: int) -> list[Point]:
        """Return so many values of each threshold in all combinations, at every horizon."""
        ranges = [
            [axis.rounded(value) for value in np.geomspace(axis.low, axis.high, points)] for axis in self.axes
        ]
        found = (
            Point(horizon=horizon, thresholds=thresholds)
            for horizon in self.spec.horizons
            for thresholds in product(*ranges)
        )
        return list(dict.fromkeys(found))

    def applied(self, point: Point) -> BarrierLabelSet | ClassLabelSet:
        """Return the label set that a point stands for."""
        named = dict(zip((axis.name for axis in self.axes), point.thresholds, strict=True))
        return replace(self.spec, horizons=(point.horizon,), **named)  # type: ignore[arg-type]  # fields by name


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelSums:
    """What all shares' rows of one point add up to."""

    counts: I64  # (sides, classes, months)
    rows: int  # all, without a label too
    trades: int  # both sides of every labelled row
    net_frac: float  # sum over the trades, after costs
    net_r: float  # the same in stops, or in thresholds of a class set

    @property
    def labelled(self) -> int:
        """Rows with a label."""
        return int(self.counts[0].sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """One point with its figures."""

    point: Point
    labelled: int
    rows: int
    trades: int
    net_expectancy_frac: float  # NaN without a trade
    score: LabelScore | None  # None: the point breaks a constraint
    refusal: str  # which one


def moscow_months(decision_s: I64) -> I64:
    """Return the month of each decision on Moscow's clock, counted from 1970."""
    local = (decision_s + moscow_offset_s(decision_s)).astype("datetime64[s]")
    return local.astype("datetime64[M]").astype(np.int64)


class Evaluator:
    """Points on the training rows, each looked at once."""

    def __init__(self, space: SearchSpace, shares: Sequence[ShareRows], config: LabelSearchConfig) -> None:
        self.space, self._shares, self._config = space, shares, config
        months = [moscow_months(share.bars.known_s) for share in shares]
        self._first = min(int(own.min()) for own in months)
        self._months = [own - self._first for own in months]
        self._span = max(int(own.max()) for own in self._months) + 1
        self.seen: dict[Point, Evaluated] = {}
        self._needed = 0
        own_points = [(point, self._sums(point)) for point in space.own()]
        # What the set itself labels is the measure: nobody may look good by leaving rows out.
        self._needed = round(config.min_labelled_frac * max(sums.labelled for _, sums in own_points))
        for point, sums in own_points:
            self.seen[point] = self._judged(point, sums)

    def evaluate(self, point: Point) -> Evaluated:
        """Return a point's figures."""
        if point not in self.seen:
            self.seen[point] = self._judged(point, self._sums(point))
        return self.seen[point]

    def _judged(self, point: Point, sums: LabelSums) -> Evaluated:
        refusal = self._level_refusal(point) or self._refusal(sums)
        score = None
        if not refusal:
            score = label_objective(
                sums.counts, mean_net_r=sums.net_r / sums.trades, weights=self._config.weights
            )
        return Evaluated(
            point=point,
            labelled=sums.labelled,
            rows=sums.rows,
            trades=sums.trades,
            net_expectancy_frac=sums.net_frac / sums.trades if sums.trades else float("nan"),
            score=score,
            refusal=refusal,
        )

    def _level_refusal(self, point: Point) -> str:
        spec = self.space.applied(point)
        if not isinstance(spec, BarrierLabelSet):
            return ""
        stops, wanted = spec.take_profit / spec.stop_loss, self._config.min_take_profit_stops
        return (
            f"takes {stops:.2f} stops of profit, wanted are {wanted:g}" if stops < wanted - _ROUNDING else ""
        )

    def _refusal(self, sums: LabelSums) -> str:
        if sums.labelled < max(self._needed, 1):
            return f"labels {sums.labelled:,} rows, wanted are {max(self._needed, 1):,}"
        months = int((sums.counts[0].sum(axis=0) > 0).sum())
        if months < self._config.min_months:
            return f"labels {months} months, wanted are {self._config.min_months}"
        rarest = float((sums.counts.sum(axis=2) / sums.labelled).min())
        if rarest < self._config.min_class_frac:
            return (
                f"its rarest class has {rarest:.1%} of the rows, wanted are {self._config.min_class_frac:.1%}"
            )
        return ""

    def _sums(self, point: Point) -> LabelSums:
        spec = self.space.applied(point)
        found = [
            _barrier_sums(spec, share, month, self._span)
            if isinstance(spec, BarrierLabelSet)
            else _class_sums(spec, share, month, self._span)
            for share, month in zip(self._shares, self._months, strict=True)
        ]
        return LabelSums(
            counts=np.sum([one.counts for one in found], axis=0),
            rows=sum(one.rows for one in found),
            trades=sum(one.trades for one in found),
            net_frac=sum(one.net_frac for one in found),
            net_r=sum(one.net_r for one in found),
        )


def search(
    evaluator: Evaluator, config: LabelSearchConfig, *, seed: int, progress: Progress
) -> list[Evaluated]:
    """Return every point that was evaluated, the set as it stands first, then a grid, then a Bayesian search."""
    grid = evaluator.space.grid(config.grid_points)
    total = len(grid) + config.bayesian_points
    for done, point in enumerate(grid):
        evaluator.evaluate(point)
        progress(done + 1, total, f"grid {point.horizon}")
    for done, point in enumerate(_proposals(evaluator, config.bayesian_points, seed=seed)):
        progress(len(grid) + done + 1, total, f"bayesian {point.horizon}")
    return list(evaluator.seen.values())


def rows_sha256(shares: Sequence[ShareRows]) -> str:
    """Return the fingerprint of all numbers that labels are made of."""
    return data_sha256(
        tuple(
            (share.facts.secid, share.bars, share.inputs.cost_frac, share.inputs.auction) for share in shares
        )
    )


def _proposals(evaluator: Evaluator, points: int, *, seed: int) -> Iterator[Point]:
    """Propose points by a tree-structured Parzen estimator that knows the points so far, and evaluate them.

    Source: Bergstra et al. (2011), Algorithms for Hyper-Parameter Optimization, NIPS 24.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    space = evaluator.space
    ranges: dict[str, optuna.distributions.BaseDistribution] = {
        "horizon": optuna.distributions.CategoricalDistribution(space.spec.horizons),
        **{
            axis.name: optuna.distributions.FloatDistribution(axis.low, axis.high, log=True)
            for axis in space.axes
        },
    }
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    for known in evaluator.seen.values():
        if known.score is not None:
            study.add_trial(
                optuna.trial.create_trial(
                    params={"horizon": known.point.horizon, **_clipped(space, known.point)},
                    distributions=ranges,
                    value=known.score.score,
                )
            )
    for _ in range(points):
        trial = study.ask(ranges)
        told = tuple(axis.rounded(trial.params[axis.name]) for axis in space.axes)
        found = evaluator.evaluate(Point(horizon=trial.params["horizon"], thresholds=told))
        if found.score is None:
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
        else:
            study.tell(trial, found.score.score)
        yield found.point


def _clipped(space: SearchSpace, point: Point) -> dict[str, float]:
    """Return a point's thresholds by name; rounding to a coarse step may have left the range."""
    return {
        axis.name: min(max(value, axis.low), axis.high)
        for axis, value in zip(space.axes, point.thresholds, strict=True)
    }


def _axis(spec: BarrierLabelSet | ClassLabelSet, name: str, unit: str, config: LabelSearchConfig) -> Axis:
    own = float(getattr(spec, name))
    code = getattr(spec, unit) if unit == "barrier_unit" else unit
    # A long cannot fall by the whole price, nor a short rise by it in the labels' terms.
    most = 0.99 if code == "frac" else np.inf
    return Axis(
        name=name,
        own=own,
        low=own * config.factor_low,
        high=min(own * config.factor_high, most),
        step=getattr(config.steps, code),
    )


def _barrier_sums(spec: BarrierLabelSet, share: ShareRows, month: I64, months: int) -> LabelSums:
    outcomes = barrier_labels(share.bars, spec, spec.horizons[0], share.inputs)
    own = outcomes.labelled
    sides = (outcomes.long, outcomes.short)
    return LabelSums(
        counts=np.stack(
            [month_class_counts(side.label[own], month[own], classes=2, months=months) for side in sides]
        ),
        rows=int(own.size),
        trades=2 * int(own.sum()),
        net_frac=float(sum(side.net_frac[own].sum() for side in sides)),
        net_r=float(sum(side.r_multiple[own].sum() for side in sides)),
    )


def _class_sums(spec: ClassLabelSet, share: ShareRows, month: I64, months: int) -> LabelSums:
    """Return the sums of a class set: what one side wins by the move the other loses, both pay; a stop is a threshold."""
    found = class_labels(share.bars, spec, spec.horizons[0], share.inputs)
    own: Bools = found.labelled
    cost = share.inputs.cost_frac[own]
    classes = len(class_names(spec))
    return LabelSums(
        counts=month_class_counts(found.label[own], month[own], classes=classes, months=months)[None],
        rows=int(own.size),
        trades=2 * int(own.sum()),
        net_frac=-2.0 * float(cost.sum()),
        net_r=-2.0 * float((cost / found.threshold_frac[own]).sum()),
    )
