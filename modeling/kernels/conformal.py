"""Adaptive conformal quantiles: each level moved until the share of outcomes below it is what it says.

Every level of every volatility tercile has an offset in units of the row's expected volatility. An outcome below
what was said for the row draws its tercile's offset down, one above it draws it up, in such shares that an offset
rests only where its level is kept. Since each offset is the sum of its steps, after any number of outcomes

    mean(outcome <= said) - level = (first offset - last offset) / (step * outcomes)

holds exactly in each tercile and for each level, whatever the market does.

Outcomes are neither independent nor equally many: windows overlap, and the shares of one moment move together. So
the pace is one of time, not of rows. Every row moves the offsets by the same small step, which keeps the identity
one of rows as coverage counts them, and all rows decided within one `memory_s` move an offset by one unit of
probability, be they a few or thousands: about so long does an offset take to find its place where all rows are of
its tercile, and so long must a miss last to be more than noise to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numba import njit

from modeling.contracts.conformal import TERCILES, ConformalState
from modeling.kernels.daily_states import daily_steps
from modeling.kernels.edges import volatility_terciles
from traderai.common.arrays import F64, I64, Bools

# Measured on 15 shares, hourly, 2023-2024, horizons of 4 to 150 bars, quantiles in units of EWMA volatility, started
# on 2 or 6 months: of 15, 30 and 60 days the first two kept every level within 2 points, and within 4 in each
# tercile (60 missed by 2.2 and 6.2). 30 has the lower pinball loss of the two, everywhere below the unadjusted one.
MEMORY_S = 30 * 86_400
# An outcome teaches a window after its quantile was said. With a memory of 2 windows the delay lets an offset
# overshoot by 4 % of what it had to move, with one of 1 window by half, with less than 2 / pi it never rests.
_LEAST_WINDOWS = 2


class QuantileRows(NamedTuple):
    """Quantiles said of n rows and what became of them, in the order of their decisions."""

    quantiles: F64  # (n, q) rising
    volatility: F64  # (n,) expected over the row's window; not above 0 or NaN where it is not known
    decision_s: I64  # (n,) never falling
    outcome: F64  # (n,) NaN where it is not known
    resolved_s: I64  # (n,) from when on we know the outcome, after the decision; read only where there is one


def conformal_start(
    rows: QuantileRows, *, levels: F64, tercile_edges: tuple[float, float], memory_s: float = MEMORY_S
) -> ConformalState:
    """Return a state that moves no quantile yet, its steps measured on rows of the past; run it through them next.

    A level's step is the width of the residuals (outcome - quantile) / volatility around it for each unit of
    probability, over the rows decided within one memory. A memory lasts two mean windows at least.

    Shapes: rows of n; levels (q,).
    Units:  memory_s seconds; steps and offsets in units of the row's volatility.
    NaN:    rows without an outcome or a volatility are not measured.
    Raises: ValueError for rows as `conformal_run`, a memory not above 0, too few outcomes for the outermost level,
            or outcomes that do not vary or all belong to one moment.
    Source: Angelopoulos, Candes, Tibshirani (2023), Conformal PID Control, for steps in the scale of the score.
    """
    if not 0.0 < memory_s < np.inf:
        raise ValueError(f"memory_s must be finite and above 0, was {memory_s}")
    _check_rows(rows, levels.size)
    known = _teaches(rows)
    half = np.minimum(levels, 1.0 - levels) / 2.0
    needed = int(np.ceil(1.0 / half.min()))
    if known.sum() < needed:
        raise ValueError(
            f"at least {needed} rows with an outcome and a volatility must place level {levels[half.argmin()]}, "
            f"were {known.sum()}; start on a longer period"
        )
    residuals = (rows.outcome[known, None] - rows.quantiles[known]) / rows.volatility[known, None]
    around = [
        np.quantile(own, (levels[k] - half[k], levels[k] + half[k])) for k, own in enumerate(residuals.T)
    ]
    widths = np.diff(around, axis=1)[:, 0] / (2.0 * half)
    decided_s = rows.decision_s[known]
    span_s = int(decided_s[-1] - decided_s[0])
    if span_s == 0 or not (widths > 0).all():
        raise ValueError("outcomes must vary around their quantiles, and over time; start on rows that do")
    window_s = float(np.mean(rows.resolved_s[known] - decided_s))
    rows_in_memory = decided_s.size * max(memory_s, _LEAST_WINDOWS * window_s) / span_s
    return ConformalState(
        levels=tuple(levels.tolist()),
        tercile_edges=tercile_edges,
        steps=tuple((widths / rows_in_memory).tolist()),
        offsets=((0.0,) * levels.size,) * TERCILES,
        learned_rows=(0,) * TERCILES,
        learned_until_s=int(rows.decision_s[0]),
    )


def conformal_run(
    state: ConformalState, rows: QuantileRows, issued: QuantileRows | None = None
) -> tuple[F64, ConformalState]:
    """Return the adjusted quantiles of rows and what has been learned by the last one's decision.

    Before a row is said, all outcomes known by its decision are learned, each by what was said for it. Levels that
    cross are pooled, the offsets behind them are not: they go on by what the pooled levels missed. To go on from a
    stored state, `issued` are the rows said before, with the quantiles that were said: those whose outcome was known
    by `state.learned_until_s` have been learned and are passed over. Running in parts gives the bits of one run.

    Shapes: rows of n, issued of p, both in the order of their decisions; returns (n, q), rising.
    Units:  quantiles, volatility and outcomes in one unit.
    NaN:    a row without a volatility keeps its quantiles, and one without an outcome teaches nothing.
    Causal: row t reads the outcomes resolved by decision_s[t], no later one; the state those by the last decision.
    Raises: ValueError for shapes that differ, missing quantiles, decisions that fall, that come before what has been
            learned or, in `issued`, after the first row's, and outcomes known by their own decision.
    Source: Gibbs, Candes (2021), Adaptive Conformal Inference; Romano et al. (2019) for residuals of quantiles;
            Ding, Gibbs, Tibshirani (2025), arXiv 2512.23671, for pooled levels over unpooled offsets.
    """
    q = len(state.levels)
    said_before = _no_rows(q) if issued is None else issued
    _check_rows(rows, q)
    _check_rows(said_before, q)
    _check_order(state, rows, said_before)
    n = rows.decision_s.size
    if n == 0:
        return rows.quantiles.copy(), state
    both = QuantileRows(*(np.concatenate(pair) for pair in zip(said_before, rows, strict=True)))
    queue = _queue_of(both, state)
    said, offsets, learned = both.quantiles.copy(), np.array(state.offsets), np.array(state.learned_rows)
    first = said.shape[0] - n
    asked = _Asked(said, *_places(both.volatility, state))
    _run(asked, both.decision_s, first, queue, _Learning(offsets, learned, *_moves(state)))
    return said[first:], _after(state, offsets, learned, until_s=int(rows.decision_s[-1]))


def conformal_say(state: ConformalState, quantiles: F64, volatility: F64) -> F64:
    """Return quantiles as a state says them, whatever comes of them; as `conformal_run` between two outcomes.

    Shapes: quantiles (n, q) rising, volatility (n,) expected over each row's window; returns (n, q), rising.
    NaN:    a row without a volatility keeps its quantiles.
    Raises: ValueError for shapes that differ and missing quantiles.
    """
    wanted = (volatility.size, len(state.levels))
    if quantiles.shape != wanted or not np.isfinite(quantiles).all():
        raise ValueError(f"quantiles must be finite and {wanted}, were {quantiles.shape}")
    said = quantiles.copy()
    _say(_Asked(said, *_places(volatility, state)), 0, said.shape[0], np.array(state.offsets))
    return said


def conformal_learn(state: ConformalState, said: QuantileRows, *, until_s: int) -> ConformalState:
    """Return what a state becomes by the outcomes known by `until_s` that it has not learned, in their order.

    Shapes: rows of n, with the quantiles that were said.
    NaN:    a row without an outcome or a volatility teaches nothing.
    Causal: reads outcomes resolved after `state.learned_until_s` and by `until_s`.
    Raises: ValueError for rows as `conformal_run`, or to learn until before what has been learned.
    """
    _check_rows(said, len(state.levels))
    if until_s < state.learned_until_s:
        raise ValueError(f"until_s must be at least {state.learned_until_s}, was {until_s}")
    offsets, learned = np.array(state.offsets), np.array(state.learned_rows)
    queue = _queue_of(said, state)
    _learn(queue, 0, until_s, said.quantiles, _Learning(offsets, learned, *_moves(state)))
    return _after(state, offsets, learned, until_s=until_s)


def conformal_steps(
    known: Sequence[ConformalState], rows: QuantileRows, *, until_s: Sequence[int]
) -> tuple[F64, tuple[ConformalState, ...]]:
    """Return rows as they are said by states that learn once a step, and the state of each new step, as `daily_steps`.

    Shapes: rows of n, the others as there; returns (n, q).
    Causal: row t reads outcomes resolved by the last step's end before its decision.
    Raises: ValueError as `conformal_learn` and `daily_steps`.
    """

    def say(state: ConformalState, own: slice) -> F64:
        return conformal_say(state, rows.quantiles[own], rows.volatility[own])

    def learn(state: ConformalState, said: F64, own: I64, end_s: int) -> ConformalState:
        heard = QuantileRows._make([said, *(column[own] for column in rows[1:])])
        return conformal_learn(state, heard, until_s=end_s)

    for state in known[:1]:
        _check_rows(rows, len(state.levels))
    return daily_steps(
        known,
        rows.quantiles,
        decision_s=rows.decision_s,
        resolved_s=rows.resolved_s,
        until_s=until_s,
        say=say,
        learn=learn,
    )


class _Asked(NamedTuple):
    """Rows of quantiles; the loops move them in their place."""

    said: F64  # (n, q)
    unit: F64  # (n,) 0 where the volatility is not known
    tercile: I64


class _Queue(NamedTuple):
    """Outcomes in the order in which they become known."""

    row: I64
    tercile: I64
    outcome: F64
    resolved_s: I64


class _Learning(NamedTuple):
    """What an outcome moves, and by how much."""

    offsets: F64  # (3, q)
    learned: I64  # (3,)
    levels: F64
    steps: F64


def _queue_of(rows: QuantileRows, state: ConformalState) -> _Queue:
    tercile = volatility_terciles(rows.volatility, state.tercile_edges)
    waiting = np.flatnonzero(_teaches(rows) & (rows.resolved_s > state.learned_until_s))
    waiting = waiting[np.argsort(rows.resolved_s[waiting], kind="stable")]
    return _Queue(waiting, tercile[waiting], rows.outcome[waiting], rows.resolved_s[waiting])


def _places(volatility: F64, state: ConformalState) -> tuple[F64, I64]:
    unit = np.where(_has_volatility(volatility), volatility, 0.0)
    return unit, volatility_terciles(volatility, state.tercile_edges)


def _moves(state: ConformalState) -> tuple[F64, F64]:
    return np.array(state.levels), np.array(state.steps)


def _after(state: ConformalState, offsets: F64, learned: I64, *, until_s: int) -> ConformalState:
    return replace(
        state,
        offsets=tuple(tuple(own) for own in offsets.tolist()),
        learned_rows=tuple(learned.tolist()),
        learned_until_s=until_s,
    )


@njit(nogil=True, cache=True)
def _run(asked: _Asked, decision_s: I64, first: int, queue: _Queue, learning: _Learning) -> None:
    at = 0
    for row in range(first, decision_s.size):
        at = _learn(queue, at, decision_s[row], asked.said, learning)
        _say(asked, row, row + 1, learning.offsets)


@njit(nogil=True, cache=True)
def _learn(queue: _Queue, at: int, until_s: int, said: F64, learning: _Learning) -> int:
    """Learn the outcomes from place `at` on that are known by then; return the place of the next one."""
    levels, steps = learning.levels, learning.steps
    while at < queue.row.size and queue.resolved_s[at] <= until_s:
        own, heard = queue.tercile[at], said[queue.row[at]]
        for k in range(levels.size):
            learning.offsets[own, k] += steps[k] * (levels[k] - (queue.outcome[at] <= heard[k]))
        learning.learned[own] += 1
        at += 1
    return at


@njit(nogil=True, cache=True)
def _say(asked: _Asked, start: int, stop: int, offsets: F64) -> None:
    levels = asked.said.shape[1]
    mean, size = np.empty(levels), np.empty(levels, np.int64)
    for row in range(start, stop):
        said = asked.said[row]
        for k in range(levels):
            said[k] += asked.unit[row] * offsets[asked.tercile[row], k]
        _pool_crossing(said, mean, size)


@njit(nogil=True, cache=True)
def _pool_crossing(said: F64, mean: F64, size: I64) -> None:
    """Replace neighbours that cross by their mean; rising numbers stay as they are to the bit."""
    blocks = 0
    for value in said:
        mean[blocks], size[blocks] = value, 1
        blocks += 1
        while blocks > 1 and mean[blocks - 2] > mean[blocks - 1]:
            left, right = size[blocks - 2], size[blocks - 1]
            mean[blocks - 2] = (mean[blocks - 2] * left + mean[blocks - 1] * right) / (left + right)
            size[blocks - 2] = left + right
            blocks -= 1
    place = 0
    for block in range(blocks):
        for _ in range(size[block]):
            said[place] = mean[block]
            place += 1


def _has_volatility(volatility: F64) -> Bools:
    return np.isfinite(volatility) & (volatility > 0)


def _teaches(rows: QuantileRows) -> Bools:
    return np.isfinite(rows.outcome) & _has_volatility(rows.volatility)


def _no_rows(q: int) -> QuantileRows:
    none, never = np.empty(0), np.empty(0, np.int64)
    return QuantileRows(np.empty((0, q)), none, never, none, never)


def _check_rows(rows: QuantileRows, q: int) -> None:
    n = rows.decision_s.size
    shapes = [array.shape for array in rows]
    if shapes != [(n, q), (n,), (n,), (n,), (n,)]:
        raise ValueError(f"quantiles must be (n, {q}) and the other columns (n,), were {shapes}")
    if not np.isfinite(rows.quantiles).all():
        raise ValueError("a quantile is missing or infinite; leave rows without a forecast out")
    if np.any(np.diff(rows.decision_s) < 0):
        raise ValueError("rows must stand in the order of their decisions; sort them by decision_s")
    early = np.isfinite(rows.outcome) & (rows.resolved_s <= rows.decision_s)
    if early.any():
        raise ValueError(f"outcomes must be known after their decision, {int(early.sum())} were known by it")


def _check_order(state: ConformalState, rows: QuantileRows, issued: QuantileRows) -> None:
    if rows.decision_s.size == 0:
        return
    first = int(rows.decision_s[0])
    before = max([state.learned_until_s, *issued.decision_s[-1:].tolist()])
    if first < before:
        raise ValueError(
            f"rows must be decided from {before} on, by when outcomes were learned or rows said; the first was "
            f"decided at {first}: go on from an earlier state"
        )
