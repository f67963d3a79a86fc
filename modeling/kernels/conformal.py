"""Adaptive conformal quantiles: each level moved until the share of outcomes below it is what it says.

Every level of every volatility tercile has an offset in units of the row's expected volatility. An outcome below
what was said for the row draws its tercile's offset down, one above it draws it up, in such shares that an offset
rests only where its level is kept. An outcome comes a window later than the word that it judges: a loop that hears
only such late news goes on for a window after it has arrived, and swings. So a part of what an outcome teaches is
what the offset of today would have missed it by:

    miss = level - said_frac (outcome <= said) - (1 - said_frac) (outcome <= what would be said now)

By halves no delay, however long, could make the loop swing (x' = -a x(t) - b x(t - delay) rests for each delay where
a >= b); with seven tenths of what was said it comes to rest for delays of up to 3.2 memories. The other terciles take `lent_frac` of a step too: a market that falls falls for all of them, and a rare one
would learn of it too late. Since each offset is the sum of its steps, after any number of outcomes

    last offset - first offset = step ((1 - lent_frac) (sum of the tercile's misses) + lent_frac (sum of all misses))

holds exactly for each tercile and level, whatever the market does, as long as no offset reaches `furthest`, where it
stays. With `said_frac` 1 and `lent_frac` 0, as of states
from before either was known, the way of an offset is its tercile's miss of coverage times its outcomes.

Volatility has hours: an EWMA that has just seen the quiet bars of an evening expects too little of the days that follow.
So each session but the main one has offsets of its own, too, added to the tercile's and moved by the same steps, by
its own outcomes alone. Then, with `said_frac` 1, in each such session the way of its offsets is the step times the
sum of its misses. The main session has none: the terciles', which all rows move, would say the same twice.

Outcomes are neither independent nor equally many: windows overlap, and the shares of one moment move together. So
the pace is one of time, not of rows. Every row moves the offsets by the same small step, which keeps the identity
one of rows as coverage counts them, and all rows decided within one `memory_s` move an offset by one unit of
probability, be they a few or thousands: about so long does an offset take to find its place where all rows are of
its tercile, and so long must a miss last to be more than noise to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
from numba import njit

from market.kernels.sessions import MAIN
from modeling.contracts.conformal import SESSIONS, TERCILES, ConformalState
from modeling.kernels.daily_states import daily_steps
from modeling.kernels.edges import volatility_terciles
from traderai.common.arrays import F64, I64, Bools

# Measured on hours of 2018 to 2021, horizons of 3, 5 and 10 days, of 53 shares (five folds) and of 15 (three): of 7 to 45
# days, said_frac 0.25 to 1, lent_frac 0 to 1. Largest miss in points, in a tercile behind it: 53 shares 0.8 (1.1), 1.3 (1.4)
# and 1.9 (3.2), 15 shares 0.5 (1.1), 1.1 (1.8) and 2.6 (3.7). As before, 30 days with said_frac 1 and lent_frac 0: 1.3 (1.4),
# 2.0 (2.2) and 2.3 (4.5), 0.8 (1.2), 2.0 (2.2) and 4.0 (5.0). Halves lose up to 3 % less of pinball loss and miss by a
# fifth more; with 15 days in place of 20 the ten days miss by more, since they swing in a crash.
MEMORY_S: Final = 20 * 86_400
SAID_FRAC: Final = 0.7
LENT_FRAC: Final = 0.3
# In a crash an offset runs away before the expected volatility has risen, and is multiplied by it when it has: without a
# bound of 5 volatilities ten days lose 2 and 5 % of pinball loss more (15 and 53 shares), and no miss is smaller. With 3
# a tercile of the 53 shares misses by 4.4 points in place of 3.4.
FURTHEST: Final = 5.0
# Sessions: measured on hours of 73 shares, 2020 to 2023-06 by quarters, evenings miss by 4.1, 4.1 and 4.5 points without
# offsets of their own, by 2.5, 2.8 and 4.3 with three tenths of a step, 1.4, 1.8 and 3.9 with a whole one, 1.5, 1.8 and 3.6 with
# two. Looked at there, too, and left: 45 days for 20, or the half of a step for what moves a range as a whole. Either loses 4 to
# 6 % less of pinball loss and its labels are truer by up to 2 points, but all rows of 2023-07 to 2024-12 missed by 0.4 to 0.8 more.
# As of the ten days above: windows that overlap say one thing, and longer ones were not measured.
_LEAST_WINDOWS: Final = 1.4


class QuantileRows(NamedTuple):
    """Quantiles said of n rows and what became of them, in the order of their decisions."""

    quantiles: F64  # (n, q) rising
    volatility: F64  # (n,) expected over the row's window; not above 0 or NaN where it is not known
    decision_s: I64  # (n,) never falling
    outcome: F64  # (n,) NaN where it is not known
    resolved_s: I64  # (n,) from when on we know the outcome, after the decision; read only where there is one
    session: (
        I64  # (n,) code of the bar's, as `market.kernels.sessions` has them; outside of all: as the main one
    )


def conformal_start(
    rows: QuantileRows, *, levels: F64, tercile_edges: tuple[float, float], memory_s: float = MEMORY_S
) -> ConformalState:
    """Return a state that moves no quantile yet, its steps measured on rows of the past; run it through them next.

    A level's step is the width of the residuals (outcome - quantile) / volatility around it for each unit of
    probability, over the rows decided within one memory. A memory lasts 1.4 mean windows at least.

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
        said_frac=SAID_FRAC,
        lent_frac=LENT_FRAC,
        furthest=FURTHEST,
        session_offsets=((0.0,) * levels.size,) * SESSIONS,
    )


def conformal_run(state: ConformalState, rows: QuantileRows) -> tuple[F64, ConformalState]:
    """Return the adjusted quantiles of rows and what has been learned by the last one's decision.

    Before a row is said, all outcomes known by its decision are learned. Levels that cross are pooled, the offsets
    behind them are not: they go on by what the pooled levels missed. To go on later is the matter of `conformal_steps`.

    Shapes: rows of n in the order of their decisions; returns (n, q), rising.
    Units:  quantiles, volatility and outcomes in one unit.
    NaN:    a row without a volatility keeps its quantiles, and one without an outcome teaches nothing.
    Causal: row t reads the outcomes resolved by decision_s[t], no later one; the state those by the last decision.
    Raises: ValueError for shapes that differ, missing quantiles, decisions that fall or come before what has been
            learned, and outcomes known by their own decision.
    Source: Gibbs, Candes (2021), Adaptive Conformal Inference; Romano et al. (2019) for residuals of quantiles;
            Ding, Gibbs, Tibshirani (2025), arXiv 2512.23671, for pooled levels over unpooled offsets.
    """
    _check_rows(rows, len(state.levels))
    if rows.decision_s.size == 0:
        return rows.quantiles.copy(), state
    if rows.decision_s[0] < state.learned_until_s:
        raise ValueError(
            f"rows are decided from {rows.decision_s[0]} on, learned was until {state.learned_until_s}; go on from "
            "an earlier state"
        )
    asked = _asked(state, rows, rows.quantiles.copy())
    learning = _learning(state)
    _run(asked, rows.decision_s, _queue_of(rows, state), learning)
    return asked.said, _after(state, learning, until_s=int(rows.decision_s[-1]))


def conformal_say(state: ConformalState, quantiles: F64, volatility: F64, session: I64) -> F64:
    """Return quantiles as a state says them, whatever comes of them; as `conformal_run` between two outcomes.

    Shapes: quantiles (n, q) rising, volatility (n,) expected over each row's window, session (n,) of its bar; returns
            (n, q), rising.
    NaN:    a row without a volatility keeps its quantiles.
    Raises: ValueError for shapes that differ and missing quantiles.
    """
    wanted = (volatility.size, len(state.levels))
    if quantiles.shape != wanted or session.shape != volatility.shape or not np.isfinite(quantiles).all():
        raise ValueError(
            f"quantiles must be finite and {wanted} and session ({wanted[0]},), were {quantiles.shape} and {session.shape}"
        )
    said = quantiles.copy()
    asked = _Asked(quantiles, said, *_places(volatility, session, state))
    _say(asked, 0, said.shape[0], _learning(state))
    return said


def conformal_learn(state: ConformalState, rows: QuantileRows, said: F64, *, until_s: int) -> ConformalState:
    """Return what a state becomes by the outcomes known by `until_s` that it has not learned, in their order.

    Shapes: rows of n, with their quantiles as they were before they were said; said (n, q).
    NaN:    a row without an outcome or a volatility teaches nothing.
    Causal: reads outcomes resolved after `state.learned_until_s` and by `until_s`.
    Raises: ValueError for rows as `conformal_run`, or to learn until before what has been learned.
    """
    _check_rows(rows._replace(quantiles=said), len(state.levels))
    if until_s < state.learned_until_s:
        raise ValueError(f"until_s must be at least {state.learned_until_s}, was {until_s}")
    learning = _learning(state)
    _learn(_queue_of(rows, state), 0, until_s, _asked(state, rows, said), learning)
    return _after(state, learning, until_s=until_s)


def conformal_steps(
    known: Sequence[ConformalState], rows: QuantileRows, *, until_s: Sequence[int]
) -> tuple[F64, tuple[ConformalState, ...]]:
    """Return rows as they are said by states that learn once a step, and the state of each new step, as `daily_steps`.

    Shapes: rows of n, the others as there; returns (n, q).
    Causal: row t reads outcomes resolved by the last step's end before its decision.
    Raises: ValueError as `conformal_learn` and `daily_steps`.
    """

    def say(state: ConformalState, own: slice) -> F64:
        return conformal_say(state, rows.quantiles[own], rows.volatility[own], rows.session[own])

    def learn(state: ConformalState, said: F64, own: I64, end_s: int) -> ConformalState:
        heard = QuantileRows._make(column[own] for column in rows)
        return conformal_learn(state, heard, said, until_s=end_s)

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
    """Rows of quantiles; the loops move what is said in its place."""

    plain: F64  # (n, q) before they are moved
    said: F64  # (n, q)
    unit: F64  # (n,) 0 where the volatility is not known
    tercile: I64
    session: I64  # 0..3


class _Queue(NamedTuple):
    """Outcomes in the order in which they become known."""

    row: I64
    tercile: I64
    outcome: F64
    resolved_s: I64


class _Learning(NamedTuple):
    """What an outcome moves, and by how much."""

    offsets: F64  # (3, q)
    by_session: F64  # (4, q)
    tells_sessions: bool  # whether those learn
    learned: I64  # (3,)
    levels: F64
    steps: F64
    said_frac: float
    lent_frac: float
    furthest: float


def _queue_of(rows: QuantileRows, state: ConformalState) -> _Queue:
    tercile = volatility_terciles(rows.volatility, state.tercile_edges)
    waiting = np.flatnonzero(_teaches(rows) & (rows.resolved_s > state.learned_until_s))
    waiting = waiting[np.argsort(rows.resolved_s[waiting], kind="stable")]
    return _Queue(waiting, tercile[waiting], rows.outcome[waiting], rows.resolved_s[waiting])


def _places(volatility: F64, session: I64, state: ConformalState) -> tuple[F64, I64, I64]:
    unit = np.where(_has_volatility(volatility), volatility, 0.0)
    known = (session >= 0) & (session < SESSIONS)
    return unit, volatility_terciles(volatility, state.tercile_edges), np.where(known, session, MAIN)


def _asked(state: ConformalState, rows: QuantileRows, said: F64) -> _Asked:
    return _Asked(rows.quantiles, said, *_places(rows.volatility, rows.session, state))


def _learning(state: ConformalState) -> _Learning:
    return _Learning(
        offsets=np.array(state.offsets),
        by_session=np.array(state.session_offsets or np.zeros((SESSIONS, len(state.levels)))),
        tells_sessions=bool(state.session_offsets),
        learned=np.array(state.learned_rows),
        levels=np.array(state.levels),
        steps=np.array(state.steps),
        said_frac=state.said_frac,
        lent_frac=state.lent_frac,
        furthest=np.inf if state.furthest is None else state.furthest,
    )


def _after(state: ConformalState, learning: _Learning, *, until_s: int) -> ConformalState:
    return replace(
        state,
        offsets=tuple(tuple(own) for own in learning.offsets.tolist()),
        learned_rows=tuple(learning.learned.tolist()),
        learned_until_s=until_s,
        session_offsets=tuple(tuple(own) for own in learning.by_session.tolist())
        if learning.tells_sessions
        else (),
    )


@njit(nogil=True, cache=True)
def _run(asked: _Asked, decision_s: I64, queue: _Queue, learning: _Learning) -> None:
    at = 0
    for row in range(decision_s.size):
        at = _learn(queue, at, decision_s[row], asked, learning)
        _say(asked, row, row + 1, learning)


@njit(nogil=True, cache=True)
def _learn(queue: _Queue, at: int, until_s: int, asked: _Asked, learning: _Learning) -> int:
    """Learn the outcomes from place `at` on that are known by then; return the place of the next one."""
    offsets, by_session, levels = learning.offsets, learning.by_session, learning.levels
    of_now = 1.0 - learning.said_frac
    while at < queue.row.size and queue.resolved_s[at] <= until_s:
        own, row, outcome = queue.tercile[at], queue.row[at], queue.outcome[at]
        session = asked.session[row]
        for k in range(levels.size):
            now = asked.plain[row, k] + asked.unit[row] * (offsets[own, k] + by_session[session, k])
            below = learning.said_frac * (outcome <= asked.said[row, k]) + of_now * (outcome <= now)
            step = learning.steps[k] * (levels[k] - below)
            for tercile in range(offsets.shape[0]):
                moved = offsets[tercile, k] + (step if tercile == own else learning.lent_frac * step)
                offsets[tercile, k] = min(max(moved, -learning.furthest), learning.furthest)
            if learning.tells_sessions and session != MAIN:
                moved = by_session[session, k] + step
                by_session[session, k] = min(max(moved, -learning.furthest), learning.furthest)
        learning.learned[own] += 1
        at += 1
    return at


@njit(nogil=True, cache=True)
def _say(asked: _Asked, start: int, stop: int, learning: _Learning) -> None:
    offsets, by_session = learning.offsets, learning.by_session
    levels = asked.said.shape[1]
    mean, size = np.empty(levels), np.empty(levels, np.int64)
    for row in range(start, stop):
        said = asked.said[row]
        for k in range(levels):
            moved = offsets[asked.tercile[row], k] + by_session[asked.session[row], k]
            said[k] += asked.unit[row] * moved
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


def _check_rows(rows: QuantileRows, q: int) -> None:
    n = rows.decision_s.size
    shapes = [array.shape for array in rows]
    if shapes != [(n, q), (n,), (n,), (n,), (n,), (n,)]:
        raise ValueError(f"quantiles must be (n, {q}) and the other columns (n,), were {shapes}")
    if not np.isfinite(rows.quantiles).all():
        raise ValueError("a quantile is missing or infinite; leave rows without a forecast out")
    if np.any(np.diff(rows.decision_s) < 0):
        raise ValueError("rows must stand in the order of their decisions; sort them by decision_s")
    early = np.isfinite(rows.outcome) & (rows.resolved_s <= rows.decision_s)
    if early.any():
        raise ValueError(f"outcomes must be known after their decision, {int(early.sum())} were known by it")
