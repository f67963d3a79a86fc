"""The second stage of a classifier: when to sell, hold and buy, tuned by what trades made, on training rows alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from modeling.errors import DatasetRefusedError
from modeling.kernels.policy_gradient import PolicyShape, drawn_actions, policy_gradient, policy_shares
from modeling.kernels.significance import MeanInterval, paired_block_bootstrap
from modeling.systems.recipe import FigureConfig, ReinforcementConfig
from modeling.systems.rewards import row_risk
from modeling.systems.rows import SystemRows
from traderai.common.arrays import F64, I64

FILE: Final = "reinforcement.json"
_LEAST_P: Final = 1e-6
_BETA: Final = (0.9, 0.999)  # of Adam


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lesson:
    """What a policy learns from: training rows in the order of time, nothing else."""

    log_p: F64  # (n, 3) of the classifier
    context: F64  # (n, c) known at the decision; NaN: not known
    reward: F64  # (n, 3) net R of selling, holding and buying
    decision_s: I64  # (n,)
    window_end_s: I64  # (n,)
    day: I64  # (n,)

    def taken(self, own: np.ndarray) -> Lesson:
        """Return some of the rows."""
        return Lesson(
            **{name: getattr(self, name)[own] for name in ("log_p", "context", "reward", "decision_s")},
            window_end_s=self.window_end_s[own],
            day=self.day[own],
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stage:
    """A tuned policy; before anything was learned it says what the classifier says."""

    shape: PolicyShape
    parameters: F64
    mean: F64  # (3 + c,) of the inputs on the rows that taught
    std: F64
    told: dict[str, Any] = field(default_factory=dict)

    def scores(self, log_p: F64, context: F64) -> F64:
        """Return the share (n, 3) in which the policy would sell, hold and buy; what is not known counts as usual."""
        inputs = (np.column_stack((log_p, context)) - self.mean) / self.std
        return policy_shares(self.shape, self.parameters, log_p, np.where(np.isfinite(inputs), inputs, 0.0))

    def files(self) -> dict[str, bytes]:
        """Return the policy as JSON; numbers come back to the last bit."""
        own = {
            "hidden_units": self.shape.hidden_units, "parameters": self.parameters.tolist(), "mean": self.mean.tolist(),
            "std": self.std.tolist(), "told": self.told,
        }  # fmt: skip
        return {FILE: json.dumps(own, sort_keys=True).encode()}


def stage_load(files: Mapping[str, bytes]) -> Stage:
    """Return what `Stage.files` gave."""
    own = json.loads(files[FILE])
    mean = np.asarray(own["mean"])
    return Stage(
        shape=PolicyShape(inputs=mean.size, actions=3, hidden_units=own["hidden_units"]),
        parameters=np.asarray(own["parameters"]),
        mean=mean,
        std=np.asarray(own["std"]),
        told=own["told"],
    )


def log_shares(scores: F64) -> F64:
    """Return the logarithms of class probabilities (n, 3), none below that of a millionth."""
    return np.log(np.maximum(scores, _LEAST_P))


def stage_context(rows: SystemRows, at: I64) -> F64:
    """Return what else a policy knows of some rows (n,): the logarithms of their risk and of what a trade costs of it (n, 2)."""
    risk = row_risk(rows)[at]
    return np.column_stack((np.log(risk), np.log(rows.cost_frac[at] / risk)))


def stage_learned(lesson: Lesson, config: ReinforcementConfig, *, seed: int) -> Stage:
    """Return the policy that begins as the classifier and is tuned until the newest training days get no better by it.

    Each row's action is drawn from the policy; its reward counts from what the policy expects of that row, so that what
    all shares did on a day teaches nothing (a baseline of the row: it reads no drawn action). Equal rows, settings and
    seed give the same policy.
    Raises: DatasetRefusedError where the rows are too few to teach and to stop.
    """
    lesson = lesson.taken(np.asarray(np.isfinite(lesson.reward).all(axis=1)))
    teaching, stopping = _parts(lesson, config.stop_frac)
    inputs = np.column_stack((teaching.log_p, teaching.context))
    mean, std = np.nanmean(inputs, axis=0), np.nanstd(inputs, axis=0)
    shape = PolicyShape(inputs=inputs.shape[1], actions=3, hidden_units=config.hidden_units)
    rng = np.random.default_rng(seed)
    stage = Stage(
        shape=shape,
        parameters=shape.begun(rng),
        mean=np.where(np.isfinite(mean), mean, 0.0),
        std=np.where(np.isfinite(std) & (std > 1e-9), std, 1.0),
    )
    return _tuned(stage, teaching, stopping, config, rng)


def decisions(scores: F64) -> I64:
    """Return the likeliest action of each row (n,)."""
    return np.asarray(scores.argmax(axis=1), dtype=np.int64)


def daily_net_r(action: I64, reward: F64, day: I64) -> F64:
    """Return by day in order (d,) the mean net R of the rows' actions; a row that is held earns 0."""
    _, at = np.unique(day, return_inverse=True)
    return np.bincount(at, weights=reward[np.arange(action.size), action]) / np.bincount(at)


@dataclass(frozen=True, slots=True, kw_only=True)
class StageVerdict:
    """A policy beside the classifier that it began as, on the same held-out rows."""

    kept: bool
    gain: MeanInterval  # net R a day and row
    supervised: dict[str, float]  # net R a day and row, shares of the actions
    tuned: dict[str, float]


def stage_kept(
    log_p: F64, tuned: F64, reward: F64, day: I64, config: FigureConfig, *, level: float, seed: int
) -> StageVerdict:
    """Return whether tuned shares (n, 3) decide better than the classifier's (n, 3): the lower bound of the gain is above 0.

    Rows without a known reward judge nothing.
    """
    known = np.isfinite(reward).all(axis=1)
    reward, day = reward[known], day[known]
    before, after = decisions(log_p[known]), decisions(tuned[known])
    daily = [daily_net_r(action, reward, day) for action in (after, before)]
    gain = paired_block_bootstrap(
        *daily, level=level, mean_block_days=config.mean_block_days, resamples=config.resamples,
        rng=np.random.default_rng(seed),
    )  # fmt: skip
    return StageVerdict(
        kept=gain.low > 0,
        gain=gain,
        supervised=_figures(before, daily[1]),
        tuned=_figures(after, daily[0]),
    )


def _figures(action: I64, daily: F64) -> dict[str, float]:
    shares = np.bincount(action, minlength=3) / action.size
    return {
        "net_r": float(daily.mean()),
        **dict(zip(("sell", "hold", "buy"), shares.tolist(), strict=True)),
    }


def _parts(lesson: Lesson, stop_frac: float) -> tuple[Lesson, Lesson]:
    """Return the rows that teach and the newest days, which stop; a window that reaches into those teaches nothing."""
    days = np.unique(lesson.day)
    if days.size < 10:
        raise DatasetRefusedError(
            f"a second stage needs rows of at least 10 days with a known risk, had {days.size}; give it more time or "
            "leave it out"
        )
    stopping = lesson.day >= days[int(np.ceil((1.0 - stop_frac) * days.size)) - 1]
    begins_s = lesson.decision_s[stopping].min()
    teaching = ~stopping & (lesson.window_end_s < begins_s)
    if not teaching.any():
        raise DatasetRefusedError(
            "no row is left to teach the second stage; its windows are longer than its days"
        )
    return lesson.taken(teaching), lesson.taken(stopping)


def _tuned(
    stage: Stage, teaching: Lesson, stopping: Lesson, config: ReinforcementConfig, rng: np.random.Generator
) -> Stage:
    inputs = (np.column_stack((teaching.log_p, teaching.context)) - stage.mean) / stage.std
    inputs = np.where(np.isfinite(inputs), inputs, 0.0)
    unit = float(teaching.reward.std()) or 1.0
    parameters, moments = stage.parameters.copy(), np.zeros((2, stage.parameters.size))
    best, best_at, steps = parameters.copy(), 0, 0
    curve = [_worth(stage, parameters, stopping)]
    for epoch in range(1, config.max_epochs + 1):
        order = rng.permutation(teaching.day.size)
        for own in np.array_split(order, max(1, order.size // config.batch_rows)):
            steps += 1
            gradient = _gradient(stage.shape, parameters, teaching.taken(own), inputs[own], config, unit, rng)
            parameters = parameters + config.learning_rate * _adam(moments, gradient, steps)
        curve.append(_worth(stage, parameters, stopping))
        if curve[-1] > curve[best_at]:
            best, best_at = parameters.copy(), epoch
        if epoch - best_at >= config.patience_epochs:
            break
    told = {
        "rows": int(teaching.day.size),
        "stopping_rows": int(stopping.day.size),
        "epochs": len(curve) - 1,
        "best_epoch": best_at,
        "net_r_by_epoch": curve,
    }
    return Stage(shape=stage.shape, parameters=best, mean=stage.mean, std=stage.std, told=told)


def _gradient(
    shape: PolicyShape,
    parameters: F64,
    lesson: Lesson,
    inputs: F64,
    config: ReinforcementConfig,
    unit: float,
    rng: np.random.Generator,
) -> F64:
    """Return the gradient of some rows: drawn actions, and rewards in their unit from what is expected of the row."""
    shares = policy_shares(shape, parameters, lesson.log_p, inputs)
    action = drawn_actions(shares, rng)
    expected = (shares * lesson.reward).sum(axis=1)
    advantage = (lesson.reward[np.arange(action.size), action] - expected) / unit
    return policy_gradient(
        shape, parameters, lesson.log_p, inputs, action=action, advantage=advantage,
        entropy_weight=config.entropy_weight,
    )  # fmt: skip


def _adam(moments: F64, gradient: F64, step: int) -> F64:
    """Return the step upwards (Kingma and Ba 2015); the moments (2, size) are moved in place."""
    for row, (beta, value) in enumerate(zip(_BETA, (gradient, gradient**2), strict=True)):
        moments[row] = beta * moments[row] + (1.0 - beta) * value
    first, second = (moments[row] / (1.0 - beta**step) for row, beta in enumerate(_BETA))
    return np.asarray(first / (np.sqrt(second) + 1e-8))


def _worth(stage: Stage, parameters: F64, lesson: Lesson) -> float:
    own = Stage(shape=stage.shape, parameters=parameters, mean=stage.mean, std=stage.std)
    action = decisions(own.scores(lesson.log_p, lesson.context))
    return float(daily_net_r(action, lesson.reward, lesson.day).mean())
