"""What became of a shadow's answers: their log loss beside that of the base rates, a day being the unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from modeling.contracts import GateConfig
from modeling.contracts.shadow import ShadowGrade
from modeling.fitting.dataset import Dataset
from modeling.fitting.evaluation import DayBootstrap, log_losses
from modeling.fitting.judging import HEAD_TARGETS
from traderai.common.arrays import F64, I64, Bools


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answers:
    """Answers of one horizon; a probability that was not given is NaN."""

    horizon: str
    secids: Sequence[str]  # (n,)
    decision_s: I64  # (n,)
    p_long: F64  # (n,)
    p_short: F64
    base_p_long: F64
    base_p_short: F64


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowFigures:
    """How the answers came off, both sides of all horizons together."""

    grade: ShadowGrade
    outcomes: int
    days: int
    log_loss: float | None = None
    base_log_loss: float | None = None
    excess_low: float | None = None
    excess_high: float | None = None


def shadow_figures(
    dataset: Dataset, answers: Sequence[Answers], *, as_of_s: int, config: GateConfig
) -> ShadowFigures:
    """Return how answers came off whose windows had ended at `as_of_s`; unknown with outcomes of fewer than two days.

    Graded `worse` where even the lower bound of the mean excess over the base rates' log loss, at the gate's level
    and with its blocks of days, lies above the gate's tolerance: a few days prove little, so that a shadow is kept out
    only by what chance does not explain.
    """
    found = [
        part for own in answers for side in HEAD_TARGETS for part in [_losses(dataset, own, side, as_of_s)]
    ]
    own, base, day = (np.concatenate([part[k] for part in found]) if found else np.empty(0) for k in range(3))
    days = np.unique(day).astype(np.int64)
    if days.size < 2:
        return ShadowFigures(grade="unknown", outcomes=int(own.size), days=int(days.size))
    bootstrap = DayBootstrap.draw(
        days,
        resamples=config.resamples,
        mean_block_days=config.mean_block_days,
        level=config.level,
        seed=config.seed,
    )
    excess = bootstrap.mean(own - base, day.astype(np.int64))
    base_loss = float(base.mean())
    return ShadowFigures(
        grade="worse" if excess["low"] > config.base_tolerance_frac * base_loss else "ok",
        outcomes=int(own.size),
        days=int(days.size),
        log_loss=float(own.mean()),
        base_log_loss=base_loss,
        excess_low=excess["low"],
        excess_high=excess["high"],
    )


def _losses(dataset: Dataset, answers: Answers, side: str, as_of_s: int) -> tuple[F64, F64, I64]:
    """Return own and base loss and trading day of one side's answers that have an outcome."""
    h = dataset.horizons.index(answers.horizon)
    rows, there = _rows_of(dataset, answers)
    p = getattr(answers, side)
    known = there & np.isfinite(p) & dataset.resolved(rows, side, h, as_of_s=as_of_s)
    y = getattr(dataset.targets, side)[rows[known], h]
    base = getattr(answers, f"base_{side}")[known]
    return log_losses(y, p[known]), log_losses(y, base), dataset.trading_day[rows[known]]


def _rows_of(dataset: Dataset, answers: Answers) -> tuple[I64, Bools]:
    """Return the row of each answer, and whether it has one: a bar may have been withdrawn since."""
    places = {
        (secid, moment): row
        for row, (secid, moment) in enumerate(
            zip(
                (dataset.secids[i] for i in dataset.instrument.tolist()),
                dataset.decision_s.tolist(),
                strict=True,
            )
        )
    }
    found = [places.get(key, -1) for key in zip(answers.secids, answers.decision_s.tolist(), strict=True)]
    rows = np.asarray(found, dtype=np.int64)
    return np.maximum(rows, 0), rows >= 0
