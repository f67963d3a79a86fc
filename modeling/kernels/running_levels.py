"""Calibration in the large that keeps up: the level of probabilities moved, by volatility tercile, as outcomes become known.

How often a barrier is reached changes from month to month with the market, and a base rate learned over years does
not follow. Each tercile of expected volatility has an offset in log odds that every outcome moves by the same small
step: up where the event came, down where it did not, so that it rests only where the mean probability said is the
share of events. Since an offset is the sum of its steps, after any number of outcomes

    mean(outcome - said) = (last offset - first offset) / (step * outcomes)

holds exactly in each tercile, whatever the market does. The pace is one of time, not of rows, as that of adaptive
conformal quantiles: windows overlap, and the shares of one moment move together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
from numba import njit

from modeling.contracts.conformal import TERCILES
from modeling.contracts.levels import LevelState
from modeling.kernels.daily_states import daily_steps
from modeling.kernels.edges import volatility_terciles
from traderai.common.arrays import F64, I64, Bools

# Measured on 67 shares, hourly, 2018-2022, horizons of 3, 5 and 10 days, base rates and logistic regression, six
# folds: of 4, 6, 8, 12, 16, 24 and 36 windows 12 and 16 have the least log loss, alike to 1e-4, and of the two 12 has the
# smaller calibration errors: 0.02 to 0.04 in place of 0.04 to 0.07. With 4 and 6 an offset runs after chance.
MEMORY_WINDOWS: Final = 12.0
_LEAST_P: Final = 1e-4  # a certain probability has no log odds to move


class ProbabilityRows(NamedTuple):
    """Probabilities said of n rows and what became of them, in the order of their decisions."""

    p: F64  # (n,) within [0, 1]
    tercile: I64  # (n,) 0 to 2 of the volatility expected when the row was said; -1 where it is not known
    decision_s: I64  # (n,) never falling
    outcome: F64  # (n,) 1 where the event came, 0 where not, NaN where that is not known
    resolved_s: I64  # (n,) from when on we know the outcome, after the decision; read only where there is one


def level_step(rows: ProbabilityRows, *, memory_windows: float = MEMORY_WINDOWS) -> float:
    """Return how far one outcome moves an offset, for each unit of its miss, measured on rows of the past.

    All rows decided within one memory move an offset by what a lasting miss asks for: the slope of the log odds at
    the mean probability. About so long does an offset take to find its place where all rows are of its tercile.

    Units:  log odds.
    NaN:    rows without an outcome or a tercile are not measured.
    Raises: ValueError for rows as `levelled`, a memory not above 0, or outcomes that all belong to one moment.
    """
    if not 0.0 < memory_windows < np.inf:
        raise ValueError(f"memory_windows must be finite and above 0, was {memory_windows}")
    _check(rows)
    known = _teaches(rows)
    decided_s = rows.decision_s[known]
    span_s = int(decided_s[-1] - decided_s[0]) if decided_s.size else 0
    if span_s == 0:
        raise ValueError(
            f"outcomes must lie over some time, {decided_s.size} were known; start on a longer period"
        )
    window_s = float(np.mean(rows.resolved_s[known] - decided_s))
    rows_in_memory = decided_s.size * memory_windows * window_s / span_s
    mean = float(np.clip(rows.p[known].mean(), 0.05, 0.95))
    return 1.0 / (mean * (1.0 - mean) * rows_in_memory)


def levelled(rows: ProbabilityRows, *, step: float, offsets: F64) -> tuple[F64, F64]:
    """Return the probabilities as they are said, and the offsets after the outcomes known by the last decision.

    Before a row is said, all outcomes known by its decision are learned, each by what was said for it.

    Shapes: rows of n, offsets (3,); returns (n,), (3,).
    Units:  step and offsets in log odds.
    NaN:    a row without a tercile is said as it is and teaches nothing, one without an outcome teaches nothing.
    Causal: row t reads the outcomes resolved by decision_s[t], no later one.
    Raises: ValueError for shapes that differ, probabilities outside [0, 1], outcomes other than 0, 1 and NaN, terciles
            other than -1 to 2, decisions that fall, and outcomes known by their own decision.
    Source: Steyerberg (2019), Clinical Prediction Models, ch. 15, for calibration in the large; Gibbs, Candes (2021),
            Adaptive Conformal Inference, for the step and its identity.
    """
    _check(rows)
    if offsets.shape != (TERCILES,) or not (np.isfinite(offsets).all() and 0.0 < step < np.inf):
        raise ValueError(
            f"offsets must be {TERCILES} finite numbers and step above 0, were {offsets} and {step}"
        )
    waiting = np.flatnonzero(_teaches(rows))
    waiting = waiting[np.argsort(rows.resolved_s[waiting], kind="stable")]
    said, after = rows.p.astype(np.float64), offsets.astype(np.float64)
    _run(said, _log_odds(rows.p), rows, waiting, step, after)
    return said, after


def level_terciles(volatility: F64, edges: tuple[float, float]) -> I64:
    """Return the tercile of each expected volatility: 0 to 2, -1 where it is not known.

    Shapes: volatility (n,); returns (n,).
    """
    return np.where(np.isfinite(volatility), volatility_terciles(volatility, edges), -1)


def level_fit(
    rows: ProbabilityRows, *, tercile_edges: tuple[float, float], until_s: int, step: float | None = None
) -> LevelState:
    """Return what rows of the past have taught by a moment that is not before their last decision.

    They are run through twice, first to place the offsets: from nothing, few rows would bring them half of the way.

    Units:  step in log odds; None: measured on these rows, the outcomes known later among them.
    Causal: but for a step that is measured, reads the outcomes resolved by `until_s`, no later one.
    Raises: ValueError as `level_step`, `levelled` and `level_learn`, and without a row.
    """
    if rows.decision_s.size == 0:
        raise ValueError("levels must be placed by some rows, were none")
    own = level_step(rows) if step is None else step
    _, placed = levelled(rows, step=own, offsets=np.zeros(TERCILES))
    said, offsets = levelled(rows, step=own, offsets=placed)
    last_s = int(rows.decision_s[-1])
    learned = rows.tercile[_teaches(rows) & (rows.resolved_s <= last_s)]
    state = LevelState(
        tercile_edges=tercile_edges,
        step=own,
        offsets=tuple(offsets.tolist()),
        learned_rows=tuple(np.bincount(learned, minlength=TERCILES).tolist()),
        learned_until_s=last_s,
    )
    return level_learn(state, rows._replace(p=said), until_s=until_s)


def level_say(state: LevelState, p: F64, tercile: I64) -> F64:
    """Return probabilities as a state says them, whatever comes of them; as `levelled` between two outcomes.

    Shapes: p (n,) within [0, 1], tercile (n,) -1 to 2; returns (n,).
    NaN:    a row without a tercile is said as it is.
    Raises: ValueError for shapes that differ, and probabilities outside [0, 1].
    """
    if p.shape != tercile.shape or not np.all((p >= 0.0) & (p <= 1.0)):
        raise ValueError(
            f"probabilities must lie within [0, 1], one for each tercile, were {p.shape}, {tercile.shape}"
        )
    moved = 1.0 / (1.0 + np.exp(-_log_odds(p) - np.asarray(state.offsets)[tercile]))
    return np.where(tercile >= 0, moved, p)


def level_learn(state: LevelState, said: ProbabilityRows, *, until_s: int) -> LevelState:
    """Return what a state becomes by the outcomes known by `until_s` that it has not learned.

    Shapes: rows of n, with the probabilities that were said.
    NaN:    a row without an outcome or a tercile teaches nothing.
    Causal: reads outcomes resolved after `state.learned_until_s` and by `until_s`.
    Raises: ValueError for rows as `levelled`, or to learn until before what has been learned.
    """
    _check(said)
    if until_s < state.learned_until_s:
        raise ValueError(f"until_s must be at least {state.learned_until_s}, was {until_s}")
    new = _teaches(said) & (said.resolved_s > state.learned_until_s) & (said.resolved_s <= until_s)
    tercile, missed = said.tercile[new], (said.outcome - said.p)[new]
    moved = state.step * np.bincount(tercile, weights=missed, minlength=TERCILES)
    learned = np.bincount(tercile, minlength=TERCILES)
    return replace(
        state,
        offsets=tuple((np.asarray(state.offsets) + moved).tolist()),
        learned_rows=tuple((np.asarray(state.learned_rows) + learned).tolist()),
        learned_until_s=until_s,
    )


def level_steps(
    known: Sequence[LevelState], rows: ProbabilityRows, *, until_s: Sequence[int]
) -> tuple[F64, tuple[LevelState, ...]]:
    """Return rows as they are said by states that learn once a step, and the state of each new step, as `daily_steps`.

    Shapes: rows of n, the others as there; returns (n,).
    Causal: row t reads outcomes resolved by the last step's end before its decision.
    Raises: ValueError for rows as `levelled`, and as `daily_steps`.
    """

    def say(state: LevelState, own: slice) -> F64:
        return level_say(state, rows.p[own], rows.tercile[own])

    def learn(state: LevelState, said: F64, own: I64, end_s: int) -> LevelState:
        heard = ProbabilityRows._make([said, *(column[own] for column in rows[1:])])
        return level_learn(state, heard, until_s=end_s)

    _check(rows)
    return daily_steps(
        known,
        rows.p,
        decision_s=rows.decision_s,
        resolved_s=rows.resolved_s,
        until_s=until_s,
        say=say,
        learn=learn,
    )


def _log_odds(p: F64) -> F64:
    safe = np.clip(p, _LEAST_P, 1.0 - _LEAST_P)
    return np.asarray(np.log(safe / (1.0 - safe)))


@njit(nogil=True, cache=True)
def _run(said: F64, log_odds: F64, rows: ProbabilityRows, waiting: I64, step: float, offsets: F64) -> None:
    at = 0
    for row in range(said.size):
        while at < waiting.size and rows.resolved_s[waiting[at]] <= rows.decision_s[row]:
            known = waiting[at]
            offsets[rows.tercile[known]] += step * (rows.outcome[known] - said[known])
            at += 1
        if rows.tercile[row] >= 0:
            said[row] = 1.0 / (1.0 + np.exp(-log_odds[row] - offsets[rows.tercile[row]]))


def _teaches(rows: ProbabilityRows) -> Bools:
    return np.isfinite(rows.outcome) & (rows.tercile >= 0)


def _check(rows: ProbabilityRows) -> None:
    n = rows.decision_s.size
    shapes = [array.shape for array in rows]
    if shapes != [(n,)] * len(rows):
        raise ValueError(f"all columns must be of one shape (n,), were {shapes}")
    if not np.all((rows.p >= 0.0) & (rows.p <= 1.0)):
        raise ValueError("probabilities must lie within [0, 1]; leave rows without one out")
    if not np.all((rows.outcome == 0.0) | (rows.outcome == 1.0) | np.isnan(rows.outcome)):
        raise ValueError("outcomes must be 0, 1 or NaN")
    if np.any((rows.tercile < -1) | (rows.tercile >= TERCILES)):
        raise ValueError(f"terciles must be -1 to {TERCILES - 1}")
    if np.any(np.diff(rows.decision_s) < 0):
        raise ValueError("rows must stand in the order of their decisions; sort them by decision_s")
    early = np.isfinite(rows.outcome) & (rows.resolved_s <= rows.decision_s)
    if early.any():
        raise ValueError(f"outcomes must be known after their decision, {int(early.sum())} were known by it")
