"""What is traded in a walk forward: models by their policy or their highest scores, simple rules, and who knows nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Final, Literal

import numpy as np

from modeling.contracts import PolicyConfig
from modeling.contracts.thresholds import Thresholds
from modeling.fitting.baselines import base_rates
from modeling.fitting.dataset import TEST, VALIDATION, Dataset
from modeling.fitting.judging import Rules
from modeling.fitting.trading import Traded, Wanted, joined, label_scales, part_days, traded
from modeling.fitting.walk import JudgedFold, Walk, walk_wanted
from modeling.kernels.calibration import sigmoid
from modeling.kernels.metrics import TOP_SHARES
from traderai.common.arrays import F64, I8, I64, Bools

ALWAYS_LONG: Final = "always_long"
ArmKind = Literal["model", "rule", "cut"]
Side = Literal["both", "long", "short"]
Kept = Literal["all", "but_order_levels", "nothing"]  # of what a policy has learned


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Arm:
    """One way of trading the test rows; all of its rows have a side, so that row n is order n."""

    name: str
    kind: ArmKind
    wanted: Wanted

    def traded(self, walk: Walk, rules: Rules, cost_bp: float | None) -> Traded:
        """Return what the account makes of the arm over the days of the walk's tests."""
        dataset, terms = walk.dataset, rules.terms(cost_bp)
        orders = self.wanted.orders(dataset, terms.policy)
        return traded(orders, dataset, terms, days=part_days(dataset, TEST))


def model_arm(walk: Walk, name: str, rules: Rules, *, cost_bp: float | None, learned: Kept = "all") -> Arm:
    """Return what a model's policy takes at a cost, which it knows when it decides; or without what it has learned."""
    folds = tuple(
        replace(fold, judged=replace(fold.judged, thresholds=_kept(fold.judged.thresholds, learned)))
        for fold in walk.by_forecaster[name]
    )
    wanted = walk_wanted(folds, rules, cost_bp=cost_bp, horizons=walk.dataset.horizons)
    return Arm(name=name, kind="model", wanted=with_side(wanted))


def rule_arms(walk: Walk, sides: Mapping[str, I8], rules: Rules, *, horizon: int) -> tuple[Arm, ...]:
    """Return the simple rules at a horizon, on the test rows that are as liquid as the policy asks.

    A rule has no preference among its orders: where places are short, the seed decides by lot.
    """
    dataset = walk.dataset
    rng = np.random.default_rng([rules.seed, horizon])
    lot = rng.random(dataset.instrument.size)
    own = (dataset.part[:, horizon] == TEST) & liquid(dataset, rules.policy)
    return tuple(
        Arm(name=name, kind="rule", wanted=with_side(_ruled(dataset, np.where(own, side, 0), lot, horizon)))
        for name, side in sides.items()
    )


def cut_arm(folds: Sequence[JudgedFold], rules: Rules, *, share: float, side: Side) -> Arm:
    """Return the test rows whose score reaches the cut that the validation rows of their own fold set.

    A row's score is the probability before calibration less the training part's base rate, of the better side.
    """
    wanted = [_cut(fold, rules, share, side, h) for fold in folds for h in range(len(fold.dataset.horizons))]
    return Arm(name=f"top {share:.1%} {side}", kind="cut", wanted=with_side(joined(wanted)))


def cut_arms(folds: Sequence[JudgedFold], rules: Rules) -> tuple[Arm, ...]:
    """Return the cuts at the usual shares, both sides together and each by itself."""
    sides: tuple[Side, ...] = ("both", "long", "short")
    return tuple(cut_arm(folds, rules, share=share, side=side) for share in TOP_SHARES for side in sides)


def liquid(dataset: Dataset, policy: PolicyConfig) -> Bools:
    """Return the rows whose median turnover, known at the decision, the policy would trade (m,)."""
    return np.asarray(dataset.median_turnover_rub >= policy.min_median_turnover_rub)


def liquid_rows(dataset: Dataset, min_median_turnover_rub: float) -> Dataset:
    """Return the dataset in which rows of a lower median turnover, known at the decision, are not usable."""
    enough = dataset.median_turnover_rub >= min_median_turnover_rub
    return replace(
        dataset,
        usable=dataset.usable & enough[:, None],
        exclusions=dataset.exclusions
        | {"below_turnover_limit": int((dataset.usable & ~enough[:, None]).sum())},
    )


def with_side(wanted: Wanted) -> Wanted:
    """Return the rows that have a side."""
    own = wanted.side != 0
    return replace(wanted, **{field.name: getattr(wanted, field.name)[own] for field in fields(Wanted)})


def side_scores(fold: JudgedFold, h: int) -> tuple[F64, F64]:
    """Return how far both sides' probabilities before calibration lie above the training part's base rates (n,)."""
    raw, dataset = fold.raw, fold.dataset
    long = sigmoid(raw.p_long_logit[:, h]) - base_rates(dataset, "p_long")[h]
    short = sigmoid(raw.p_short_logit[:, h]) - base_rates(dataset, "p_short")[h]
    return np.asarray(long), np.asarray(short)


def _kept(thresholds: Thresholds | None, learned: Kept) -> Thresholds | None:
    if thresholds is None or learned == "nothing":
        return None
    return thresholds if learned == "all" else replace(thresholds, order_levels=None)


def _cut(fold: JudgedFold, rules: Rules, share: float, side: Side, h: int) -> Wanted:
    dataset, rows = fold.dataset, fold.raw.rows
    long, short = side_scores(fold, h)
    short = np.where(dataset.shortable[rows], short, -np.inf)
    if side == "long":
        short = np.full(rows.size, -np.inf)
    if side == "short":
        long = np.full(rows.size, -np.inf)
    better = np.maximum(long, short)
    usable = liquid(dataset, rules.policy)[rows] & np.isfinite(better)
    judged = better[usable & (dataset.part[rows, h] == VALIDATION)]
    cut = np.quantile(judged, 1.0 - share) if judged.size else np.inf
    taken = usable & (dataset.part[rows, h] == TEST) & (better >= cut)
    return _wanted(rows[taken], h, np.where(long >= short, 1, -1)[taken], better[taken])


def _ruled(dataset: Dataset, side: np.ndarray, lot: F64, horizon: int) -> Wanted:
    side = np.where((side < 0) & ~dataset.shortable, 0, side)
    rows = np.flatnonzero(side).astype(np.int64)
    return _wanted(rows, horizon, side[rows], lot[rows])


def _wanted(rows: I64, h: int, side: np.ndarray, edge: F64) -> Wanted:
    return Wanted(
        row=rows,
        horizon=np.full(rows.size, h, dtype=np.int64),
        side=side.astype(np.int8),
        edge=edge,
        scales=label_scales(rows.size),
    )
