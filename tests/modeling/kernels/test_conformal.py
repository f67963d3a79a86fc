"""Adaptive conformal quantiles: the exact identity, a second method, parts of a run, cuts, and simulated markets."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri
from sklearn.isotonic import isotonic_regression

from market.kernels.sessions import EVENING, MAIN, OUTSIDE
from modeling.contracts import QUANTILE_LEVELS
from modeling.contracts.conformal import SESSIONS, ConformalState
from modeling.kernels.conformal import (
    FURTHEST,
    LENT_FRAC,
    SAID_FRAC,
    QuantileRows,
    conformal_learn,
    conformal_run,
    conformal_say,
    conformal_start,
    conformal_steps,
)
from modeling.kernels.metrics import pinball_loss, quantile_coverage
from modeling.kernels.regression_metrics import coverage_by_group
from traderai.common.arrays import F64

LEVELS = np.asarray(QUANTILE_LEVELS)
DAY_S = 86_400
EDGES = (0.01, 0.02)


def state_of(
    levels: F64 = LEVELS, *, step: float = 0.3, said_frac: float = 0.5, lent_frac: float = 0.3
) -> ConformalState:
    """A state whose steps are so large that a few outcomes make levels cross."""
    q = levels.size
    return ConformalState(
        levels=tuple(levels.tolist()), tercile_edges=EDGES, steps=tuple(np.linspace(step, 2 * step, q).tolist()),
        offsets=((0.0,) * q,) * 3, learned_rows=(0, 0, 0), learned_until_s=0,
        said_frac=said_frac, lent_frac=lent_frac, session_offsets=((0.0,) * q,) * SESSIONS,
    )  # fmt: skip


# As states learned before there was another way.
OLD = replace(state_of(said_frac=1.0, lent_frac=0.0), session_offsets=())


def few_rows(seed: int, n: int = 60) -> QuantileRows:
    """Rows of several shares a moment, windows of many lengths that resolve together, gaps, outcomes on a quantile."""
    rng = np.random.default_rng(seed)
    decision = np.sort(rng.integers(0, 15, n))
    volatility = rng.choice([0.005, 0.015, 0.03, 0.0, np.nan], n, p=[0.3, 0.3, 0.3, 0.05, 0.05])
    quantiles = np.sort(rng.normal(0, 0.02, (n, LEVELS.size)), axis=1).round(2)
    outcome = np.where(rng.random(n) < 0.9, rng.normal(0, 0.02, n).round(2), np.nan)
    resolved, session = decision + rng.integers(1, 5, n), rng.integers(OUTSIDE, SESSIONS, n)
    return QuantileRows(quantiles, volatility, decision, outcome, resolved, session)


def cut(rows: QuantileRows, first: int, last: int) -> QuantileRows:
    return QuantileRows(*(array[first:last] for array in rows))


def all_offsets(state: ConformalState) -> F64:
    """The offsets of the terciles, then those of the sessions."""
    return np.array(state.offsets + (state.session_offsets or ((0.0,) * len(state.levels),) * SESSIONS))


def own_offsets(state: ConformalState, rows: QuantileRows, row: int) -> np.ndarray:
    """Which of them a row adds up: its tercile's and its session's, the main one's outside of all."""
    group = sum(rows.volatility[row] >= edge for edge in state.tercile_edges)
    session = MAIN if rows.session[row] == OUTSIDE else rows.session[row]
    return np.array([group, 3 + session])


def taught_offsets(state: ConformalState, offsets: F64, rows: QuantileRows, row: int, said: F64) -> F64:
    """The offsets after one more outcome: the mean of two misses, and a part of it for the other terciles."""
    group, session = own = own_offsets(state, rows, row)
    now = rows.quantiles[row] + rows.volatility[row] * offsets[own].sum(axis=0)
    of_said, of_now = (np.array(state.levels) - (rows.outcome[row] <= own) for own in (said, now))
    step = np.array(state.steps) * (state.said_frac * of_said + (1.0 - state.said_frac) * of_now)
    part = np.where(np.arange(3) == group, 1.0, state.lent_frac)
    learns = (np.arange(3, 3 + SESSIONS) == session) & (session != 3 + MAIN) & bool(state.session_offsets)
    return offsets + np.concatenate([part, learns])[:, None] * step


def slow_run(state: ConformalState, rows: QuantileRows) -> tuple[F64, list[list[float]]]:
    """The same by loops over everything and another library's isotonic regression."""
    offsets = all_offsets(state)
    said = np.empty_like(rows.quantiles)
    learned: set[int] = set()
    for row, now in enumerate(rows.decision_s):
        for other in sorted(range(row), key=lambda own: rows.resolved_s[own]):
            known = np.isfinite(rows.outcome[other]) and rows.volatility[other] > 0
            if known and other not in learned and rows.resolved_s[other] <= now:
                offsets = taught_offsets(state, offsets, rows, other, said[other])
                learned.add(other)
        moved = rows.quantiles[row]
        if rows.volatility[row] > 0:
            moved = moved + rows.volatility[row] * offsets[own_offsets(state, rows, row)].sum(axis=0)
        said[row] = isotonic_regression(moved)
    return said, offsets.tolist()


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6), st.sampled_from([state_of(), OLD, state_of(said_frac=0.25, lent_frac=0.9)]))
def test_a_run_equals_the_slow_one(seed, state):
    # No outcome lies on what would be said: there the last bit of either method would decide.
    rows = few_rows(seed, n=40)
    rows = rows._replace(outcome=rows.outcome + 1e-4)
    said, after = conformal_run(state, rows)
    wanted, offsets = slow_run(state, rows)
    np.testing.assert_allclose(said, wanted, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(all_offsets(after), offsets, rtol=1e-12, atol=1e-12)
    assert (np.diff(said, axis=1) >= 0).all()


def test_levels_that_cross_are_pooled_by_hand():
    offsets = (0.0, 0.0, 3.0, 1.0, 0.5, 2.0, 3.0)
    state = replace(state_of(), offsets=(offsets, offsets, (0.0,) * 7))
    one = np.zeros(1, np.int64)
    rows = QuantileRows(np.zeros((1, 7)), np.array([0.01]), one, np.array([np.nan]), one, one)
    said, after = conformal_run(state, rows)
    np.testing.assert_allclose(said[0], [0.0, 0.0, 0.015, 0.015, 0.015, 0.02, 0.03])
    assert after.offsets == state.offsets  # what is pooled is said, not learned


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6))
def test_coverage_is_exactly_the_way_of_the_offsets_of_an_old_state(seed):
    rows = few_rows(seed, n=200)
    state = OLD
    said, after = conformal_run(state, rows)
    learned = np.isfinite(rows.outcome) & (rows.volatility > 0) & (rows.resolved_s <= rows.decision_s[-1])
    tercile = np.digitize(rows.volatility, EDGES)
    for group in range(3):
        own = learned & (tercile == group)
        assert own.sum() == after.learned_rows[group]
        missed = quantile_coverage(rows.outcome[own], said[own], levels=LEVELS) - LEVELS
        way = np.array(state.offsets[group]) - np.array(after.offsets[group])
        np.testing.assert_allclose(missed, way / (np.array(state.steps) * own.sum()), atol=1e-12)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6), st.floats(0.05, 1.0), st.floats(0.0, 0.95))
def test_the_way_of_the_offsets_is_exactly_the_sum_of_both_misses(seed, said_frac, lent_frac):
    """The misses of what was said are counted from what came out, so that those of the offsets' own days are the rest."""
    rows, state = few_rows(seed, n=120), state_of(said_frac=said_frac, lent_frac=lent_frac)
    said, after = conformal_run(state, rows)
    learned = np.isfinite(rows.outcome) & (rows.volatility > 0) & (rows.resolved_s <= rows.decision_s[-1])
    tercile = np.digitize(rows.volatility, EDGES)
    way = (np.array(after.offsets) - np.array(state.offsets)) / np.array(state.steps)
    shared = np.full((3, 3), lent_frac) + (1.0 - lent_frac) * np.eye(3)
    misses = np.linalg.solve(shared, way)  # by tercile, of both kinds together
    for group in range(3):
        own = learned & (tercile == group)
        missed = (LEVELS - (rows.outcome[own, None] <= said[own])).sum(axis=0)
        of_now = misses[group] - said_frac * missed
        hits = (
            1.0 - said_frac
        ) * LEVELS * own.sum() - of_now  # what would be said then: a number of outcomes
        counted = hits / max(1.0 - said_frac, 1e-12)
        if said_frac < 0.9:
            np.testing.assert_allclose(counted, counted.round(), atol=1e-6)
            assert (counted > -0.5).all() and (counted < own.sum() + 0.5).all()


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6), st.floats(0.0, 0.95))
def test_a_sessions_coverage_is_exactly_the_way_of_its_offsets(seed, lent_frac):
    rows, state = few_rows(seed, n=200), state_of(said_frac=1.0, lent_frac=lent_frac)
    said, after = conformal_run(state, rows)
    learned = np.isfinite(rows.outcome) & (rows.volatility > 0) & (rows.resolved_s <= rows.decision_s[-1])
    for session in range(SESSIONS):
        own = learned & (rows.session == session)
        missed = (LEVELS - (rows.outcome[own, None] <= said[own])).sum(axis=0)
        wanted = np.zeros(7) if session == MAIN else np.array(state.steps) * missed
        np.testing.assert_allclose(after.session_offsets[session], wanted, atol=1e-12)


def assert_causal(run: Callable[[QuantileRows], F64], rows: QuantileRows) -> None:
    """Fail if a quantile changes with outcomes that were not known yet when it was said."""
    wanted = run(rows)
    for now in np.unique(rows.decision_s):
        unknown = rows.resolved_s > now
        other = rows._replace(outcome=np.where(unknown, -rows.outcome, rows.outcome))
        past = rows.decision_s <= now
        np.testing.assert_array_equal(run(other)[past], wanted[past])


def test_no_quantile_reads_an_outcome_that_was_not_known_yet():
    for seed in range(5):
        assert_causal(lambda rows: conformal_run(state_of(), rows)[0], few_rows(seed))


def test_the_cut_catches_outcomes_read_too_early():
    def early(rows: QuantileRows) -> F64:
        return conformal_run(state_of(), rows._replace(resolved_s=rows.decision_s + 1))[0]

    with pytest.raises(AssertionError):
        assert_causal(early, few_rows(0))


def market(
    seed: int, *, days: int, shares: int = 10, window_days: int = 3
) -> tuple[F64, F64, np.ndarray, np.ndarray]:
    """Returns of shares that move together, in a volatility with clusters that doubles from the middle on."""
    rng = np.random.default_rng(seed)
    n = days + window_days
    log_volatility = np.zeros((n, shares))
    for t in range(1, n):
        log_volatility[t] = 0.95 * log_volatility[t - 1] + 0.15 * rng.standard_normal(shares)
    volatility = 0.01 * np.exp(log_volatility)
    volatility[n // 2 :] *= 2.0
    common = rng.standard_normal((n, 1))
    moves = volatility * (0.6 * common + 0.8 * rng.standard_normal((n, shares)))
    squares = np.zeros((n, shares))
    squares[0] = 1e-4
    for t in range(1, n):
        squares[t] = 0.94 * squares[t - 1] + 0.06 * moves[t - 1] ** 2
    ahead = sum(moves[k : days + k] for k in range(window_days))
    true = np.sqrt(sum(volatility[k : days + k] ** 2 for k in range(window_days)))
    expected = np.sqrt(squares[:days] * window_days)
    return ahead, expected, true, np.arange(days) * DAY_S


def market_rows(seed: int, *, days: int, stale: bool) -> QuantileRows:
    outcome, expected, true, decision_s = market(seed, days=days)
    # A stale forecaster goes on with the mean volatility of the first half's start.
    scale = np.full_like(true, true[: days // 4].mean()) if stale else true
    at = np.repeat(decision_s, outcome.shape[1])
    return QuantileRows(
        scale.reshape(-1, 1) * ndtri(LEVELS), expected.ravel(), at, outcome.ravel(), at + 3 * DAY_S,
        np.full(at.size, MAIN),
    )  # fmt: skip


def started(rows: QuantileRows, *, until_s: int) -> ConformalState:
    past = rows.decision_s < until_s
    edges = np.quantile(rows.volatility[past], (1 / 3, 2 / 3)).tolist()
    return conformal_start(
        QuantileRows(*(array[past] for array in rows)), levels=LEVELS, tercile_edges=tuple(edges)
    )


def misses(rows: QuantileRows, quantiles: F64, state: ConformalState) -> tuple[float, float]:
    """The largest distance of coverage from its level on the whole, and in a tercile."""
    group = np.digitize(rows.volatility, state.tercile_edges)
    found = coverage_by_group(rows.outcome, quantiles, levels=LEVELS, group=group)
    assert found.rows.min() > 500
    return float(np.abs(found.whole - LEVELS).max()), float(np.abs(found.coverage - LEVELS).max())


@pytest.mark.parametrize("seed", range(4))
def test_coverage_holds_through_a_change_of_regime(seed):
    days = 1800
    rows = market_rows(seed, days=days, stale=True)
    state = started(rows, until_s=days // 4 * DAY_S)
    said, _ = conformal_run(state, rows)
    judged = rows.decision_s >= days // 4 * DAY_S
    test = QuantileRows(*(array[judged] for array in rows))
    whole, tercile = misses(test, said[judged], state)
    raw_whole, raw_tercile = misses(test, test.quantiles, state)
    assert raw_whole > 0.05
    assert raw_tercile > 0.05
    assert whole <= 0.02
    assert tercile <= 0.04
    losses = [pinball_loss(test.outcome, own, levels=LEVELS).mean() for own in (said[judged], test.quantiles)]
    assert losses[0] < losses[1]


@pytest.mark.parametrize("seed", range(4))
def test_calibrated_quantiles_are_hardly_changed(seed):
    days = 800
    rows = market_rows(seed, days=days, stale=False)
    said, _ = conformal_run(started(rows, until_s=200 * DAY_S), rows)
    judged = rows.decision_s >= 200 * DAY_S
    for low in range(3):
        width, wanted = ((own[judged, -1 - low] - own[judged, low]).mean() for own in (said, rows.quantiles))
        assert width == pytest.approx(wanted, rel=0.05)
    loss, least = (
        pinball_loss(rows.outcome[judged], own[judged], levels=LEVELS).mean()
        for own in (said, rows.quantiles)
    )
    assert least < loss < 1.03 * least  # the truth cannot be beaten; noise costs a little


def test_steps_are_by_hand():
    """Two shares on 100 days, residuals of a known spread: width by probability over rows in a memory."""
    n = 200
    at = np.repeat(np.arange(100), 2) * DAY_S
    outcome = np.random.default_rng(0).permutation(np.linspace(-0.01, 0.01, n))
    rows = QuantileRows(np.zeros((n, 1)), np.full(n, 0.01), at, outcome, at + DAY_S, at * 0)
    state = conformal_start(rows, levels=np.array([0.5]), tercile_edges=EDGES, memory_s=10 * DAY_S)
    # Residuals are uniform on (-1, 1): a width of 2 for the whole probability; 200 rows in 99 days.
    assert state.steps[0] == pytest.approx(2.0 / (200 * 10 / 99), rel=1e-9)
    assert state.learned_until_s == 0
    assert state.learned_rows == (0, 0, 0)
    assert (state.said_frac, state.lent_frac, state.furthest) == (SAID_FRAC, LENT_FRAC, FURTHEST)
    short = conformal_start(rows, levels=np.array([0.5]), tercile_edges=EDGES, memory_s=1.0)
    assert short.steps[0] == pytest.approx(2.0 / (200 * 1.4 / 99), rel=1e-9)  # never below 1.4 windows


def session_rows(n: int = 6000) -> QuantileRows:
    """Three rows in ten are of an evening, whose days move twice as far as its volatility says."""
    rng = np.random.default_rng(0)
    session = np.where(rng.random(n) < 0.3, EVENING, MAIN)
    outcome = 0.015 * rng.standard_normal(n) * np.where(session == EVENING, 2.0, 1.0)
    at = np.arange(n)
    return QuantileRows(
        np.tile(0.015 * ndtri(LEVELS), (n, 1)), np.full(n, 0.015), at, outcome, at + 20, session
    )


def test_an_evening_that_says_too_little_learns_it_and_the_main_session_does_not_pay():
    rows = session_rows()
    past = cut(rows, 0, 1000)
    told = conformal_start(past, levels=LEVELS, tercile_edges=EDGES, memory_s=200.0)
    untold = replace(told, session_offsets=())
    judged = rows.decision_s > 1000
    missed = {}
    for name, state in (("told", told), ("untold", untold)):
        said, _ = conformal_run(state, rows)
        found = coverage_by_group(
            rows.outcome[judged],
            said[judged],
            levels=LEVELS,
            group=(rows.session == EVENING)[judged].astype(int),
        )
        missed[name] = np.abs(found.coverage - LEVELS).max(axis=1)
    assert (missed["told"] < 0.02).all() and (missed["untold"] > 0.04).any()


def test_no_offset_goes_further_than_its_bound_and_one_comes_back_at_once():
    n = 400
    at, crash = np.arange(n), np.arange(n) < 300
    outcome = np.where(crash, -1.0, 1.0)
    quantiles, main = np.tile(np.linspace(-0.03, 0.03, 7), (n, 1)), np.full(n, MAIN)
    rows = QuantileRows(quantiles, np.full(n, 0.015), at, outcome, at + 1, main)
    bounded, free = replace(state_of(), furthest=3.0), state_of()
    fallen = [conformal_run(own, cut(rows, 0, 300))[1] for own in (bounded, free)]
    assert np.abs(fallen[0].offsets).max() == 3.0 < np.abs(fallen[1].offsets).max()
    risen = [conformal_run(own, rows)[1] for own in (bounded, free)]
    middle = LEVELS.size // 2
    assert risen[0].offsets[1][middle] > 0.0 > risen[1].offsets[1][middle]


def swing(said_frac: float, *, delay_s: int) -> float:
    """How far an offset that must move by 1 still strays from it long after: outcomes jump once, then stay as they are."""
    n, steps = 4000, (0.02,)
    spread = np.random.default_rng(0).uniform(-1.0, 1.0, n)
    at = np.arange(n)
    outcome, main = 0.015 * (spread + (at > 200)), np.full(n, MAIN)
    rows = QuantileRows(np.zeros((n, 1)), np.full(n, 0.015), at, outcome, at + delay_s, main)
    state = ConformalState(
        levels=(0.5,), tercile_edges=EDGES, steps=steps, offsets=((0.0,),) * 3, learned_rows=(0, 0, 0),
        learned_until_s=0, said_frac=said_frac,
    )  # fmt: skip
    said, _ = conformal_run(state, rows)
    return float(np.abs(said[n // 2 :, 0] / 0.015 - 1.0).max())


@pytest.mark.parametrize("said_frac", [0.5, SAID_FRAC])
@pytest.mark.parametrize("delay_s", [50, 100, 200])
def test_an_offset_that_hears_of_today_too_comes_to_rest(delay_s, said_frac):
    """A memory is 100 rows long here: the delays are of half a memory to two."""
    assert swing(said_frac, delay_s=delay_s) < 0.4


def test_an_offset_that_hears_of_what_was_said_alone_swings():
    assert swing(1.0, delay_s=200) > 0.8


def test_rows_without_a_volatility_or_an_outcome_change_nothing():
    rows = few_rows(3)
    _, after = conformal_run(state_of(), rows)
    without = rows._replace(outcome=np.full(60, np.nan))
    said, untaught = conformal_run(state_of(), without)
    np.testing.assert_array_equal(said, rows.quantiles)
    assert untaught.offsets == state_of().offsets
    later = rows._replace(decision_s=rows.decision_s + 100, resolved_s=rows.resolved_s + 100)
    unknown = np.where(np.arange(60) % 2, np.nan, 0.0)
    said, untaught = conformal_run(after, later._replace(volatility=unknown))
    np.testing.assert_array_equal(said, rows.quantiles)
    assert untaught.offsets == after.offsets


def test_nothing_to_say_learns_nothing_and_arguments_stay_as_they_are():
    rows, state = few_rows(1), state_of()
    said, same = conformal_run(state, cut(rows, 0, 0))
    assert said.shape == (0, LEVELS.size)
    assert same is state
    copies = [array.copy() for array in rows]
    conformal_run(state, rows)
    for array, copy in zip(rows, copies, strict=True):
        np.testing.assert_array_equal(array, copy)


ROWS = few_rows(5)
_, LATER = conformal_run(state_of(), ROWS)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: conformal_run(state_of(), ROWS._replace(quantiles=ROWS.quantiles[:, :6])), "must be"),
        (lambda: conformal_run(state_of(), ROWS._replace(outcome=ROWS.outcome[:6])), "must be"),
        (lambda: conformal_run(state_of(), ROWS._replace(quantiles=ROWS.quantiles * np.nan)), "is missing"),
        (lambda: conformal_run(state_of(), ROWS._replace(decision_s=ROWS.decision_s[::-1])), "in the order"),
        (lambda: conformal_run(state_of(), ROWS._replace(resolved_s=ROWS.decision_s)), "after their decision"),
        (lambda: conformal_run(LATER, ROWS), "from an earlier state"),
        (lambda: conformal_start(ROWS, levels=LEVELS, tercile_edges=EDGES, memory_s=0.0), "memory_s"),
        (lambda: conformal_start(ROWS, levels=LEVELS, tercile_edges=EDGES, memory_s=np.inf), "memory_s"),
        (
            lambda: conformal_start(cut(ROWS, 0, 30), levels=LEVELS, tercile_edges=EDGES),
            "at least 40 rows .* level 0.05",
        ),
        (
            lambda: conformal_start(
                ROWS._replace(outcome=ROWS.quantiles[:, 3] * 1.0, quantiles=np.tile(ROWS.quantiles[:, 3:4], 7)),
                levels=LEVELS, tercile_edges=EDGES,
            ),
            "must vary",
        ),
        (
            lambda: conformal_start(
                ROWS._replace(decision_s=ROWS.decision_s * 0, resolved_s=ROWS.decision_s * 0 + 1),
                levels=LEVELS, tercile_edges=EDGES,
            ),
            "over time",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_run_is_refused(call, text):
    with pytest.raises(ValueError, match=text):
        call()


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"levels": (0.5, 0.1)}, "levels must rise"),
        ({"levels": ()}, "levels must rise"),
        ({"tercile_edges": (0.2, 0.1)}, "tercile_edges"),
        ({"tercile_edges": (0.0, 0.1)}, "tercile_edges"),
        ({"steps": (0.1,)}, "steps must be"),
        ({"steps": (0.0,) * 7}, "steps must be"),
        ({"offsets": ((0.0,) * 7,) * 2}, "offsets must be"),
        ({"offsets": ((np.nan,) * 7,) * 3}, "offsets must be"),
        ({"learned_rows": (0, 0)}, "learned_rows"),
        ({"learned_rows": (0, 0, -1)}, "learned_rows"),
        ({"said_frac": 0.0}, "said_frac must"),
        ({"said_frac": 1.1}, "said_frac must"),
        ({"lent_frac": -0.1}, "lent_frac within"),
        ({"lent_frac": 1.0}, "lent_frac within"),
        ({"furthest": 0.0}, "furthest must"),
        ({"furthest": np.inf}, "furthest must"),
        ({"session_offsets": ((0.0,) * 7,) * 3}, "session_offsets must"),
        ({"session_offsets": ((np.inf,) * 7,) * SESSIONS}, "session_offsets must"),
    ],
)
def test_a_state_that_cannot_be_is_refused(change, text):
    with pytest.raises(ValueError, match=text):
        replace(state_of(), **change)


def test_a_stored_state_of_another_make_is_refused():
    plain = state_of().plain()
    assert ConformalState.of_plain(plain) == state_of()
    with pytest.raises(ValueError, match="a conformal state must have"):
        ConformalState.of_plain({name: value for name, value in plain.items() if name != "steps"})
    with pytest.raises(ValueError, match="a conformal state must have"):
        ConformalState.of_plain(plain | {"pace": 1.0})


def test_a_state_stored_before_there_were_two_misses_goes_on_as_it_was():
    later = ("said_frac", "lent_frac", "furthest", "session_offsets")
    plain = {name: value for name, value in OLD.plain().items() if name not in later}
    assert ConformalState.of_plain(json.loads(json.dumps(plain))) == OLD


def slow_steps(
    state: ConformalState, rows: QuantileRows, ends: list[int]
) -> tuple[F64, list[list[list[float]]]]:
    """The same by loops over everything: what is said of a row waits for the offsets of the step before it."""
    offsets, found = [all_offsets(state)], []
    said, since = np.empty_like(rows.quantiles), state.learned_until_s
    for end in [*ends, 10**9]:
        for row in range(rows.decision_s.size):
            before = sum(rows.decision_s[row] >= own for own in ends if own < end)
            if rows.decision_s[row] < end and before == len(offsets) - 1:
                moved, volatility = rows.quantiles[row], rows.volatility[row]
                if volatility > 0:
                    moved = moved + volatility * offsets[-1][own_offsets(state, rows, row)].sum(axis=0)
                said[row] = isotonic_regression(moved)
        own, due = offsets[-1].copy(), list[int]()
        for row in range(rows.decision_s.size):
            if not (np.isfinite(rows.outcome[row]) and rows.volatility[row] > 0):
                continue
            if since < rows.resolved_s[row] <= end:
                due.append(row)
        for row in sorted(due, key=lambda each: rows.resolved_s[each]):
            own = taught_offsets(state, own, rows, row, said[row])
        offsets.append(own)
        found.append(own.tolist())
        since = end
    return said, found[: len(ends)]


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6))
def test_steps_equal_the_slow_ones(seed):
    rows, ends = few_rows(seed), [4, 5, 9, 14]
    # No outcome lies on what was said: there the last bit of either method would decide.
    rows = rows._replace(outcome=rows.outcome + 1e-4)
    said, states = conformal_steps([state_of()], rows, until_s=ends)
    wanted, offsets = slow_steps(state_of(), rows, ends)
    np.testing.assert_allclose(said, wanted, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose([all_offsets(own) for own in states], offsets, rtol=1e-12, atol=1e-12)
    assert [own.learned_until_s for own in states] == ends
    assert (np.diff(said, axis=1) >= 0).all()


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6), st.integers(0, 4))
def test_going_on_from_stored_states_gives_the_bits_of_going_on_at_once(seed, stored):
    rows, ends = few_rows(seed), [4, 5, 9, 14]
    whole, states = conformal_steps([state_of()], rows, until_s=ends)
    early = cut(rows, 0, int(np.searchsorted(rows.decision_s, ends[stored - 1] if stored else 0)))
    _, first = conformal_steps([state_of()], early, until_s=ends[:stored])
    assert first == states[:stored]  # rows that come later have no say
    kept = [ConformalState.of_plain(json.loads(json.dumps(own.plain()))) for own in first]
    said, second = conformal_steps([state_of(), *kept], rows, until_s=ends[stored:])
    assert (*first, *second) == states
    np.testing.assert_array_equal(said, whole)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6))
def test_a_run_is_a_step_at_every_moment(seed):
    rows = few_rows(seed)
    said, after = conformal_run(state_of(), rows)
    ends = np.unique(rows.decision_s[rows.decision_s > 0]).tolist()
    stepped, states = conformal_steps([state_of()], rows, until_s=ends)
    np.testing.assert_array_equal(stepped, said)
    assert states[-1] == after


def test_no_step_reads_an_outcome_that_was_not_known_yet():
    ends = [3, 6, 9, 12]

    def run(rows: QuantileRows) -> F64:
        return conformal_steps([state_of()], rows, until_s=ends)[0]

    for seed in range(5):
        assert_causal(run, few_rows(seed))
        rows = few_rows(seed)
        for place, end in enumerate(ends):
            other = rows._replace(outcome=np.where(rows.resolved_s > end, -rows.outcome, rows.outcome))
            states = [conformal_steps([state_of()], own, until_s=ends)[1][place] for own in (rows, other)]
            assert states[0] == states[1]
    with pytest.raises(
        AssertionError
    ):  # the cut catches a step that learns what is known at its end only later
        assert_causal(lambda rows: run(rows._replace(resolved_s=rows.decision_s + 1)), few_rows(0))


def test_an_outcome_below_what_was_said_draws_the_range_down():
    one = np.zeros(1, np.int64)
    quantiles = np.linspace(-0.03, 0.03, 7)[None]
    rows = QuantileRows(quantiles, np.array([0.015]), one, np.array([-0.5]), one + 5, one + MAIN)
    fallen = conformal_learn(state_of(), rows, rows.quantiles, until_s=5)
    assert fallen.learned_rows == (0, 1, 0)
    assert (np.array(fallen.offsets[1]) < 0).all()
    np.testing.assert_allclose(
        fallen.offsets[0], 0.3 * np.array(fallen.offsets[1])
    )  # others are lent their part
    assert conformal_learn(OLD, rows, rows.quantiles, until_s=5).offsets[0] == OLD.offsets[0]
    assert (conformal_say(fallen, rows.quantiles, rows.volatility, rows.session) < rows.quantiles).all()
    risen = conformal_learn(state_of(), rows._replace(outcome=np.array([0.5])), rows.quantiles, until_s=5)
    assert (np.array(risen.offsets[1]) > 0).all()
    assert conformal_learn(state_of(), rows, rows.quantiles, until_s=4).learned_rows == (0, 0, 0)


def test_a_state_without_offsets_or_a_row_without_volatility_says_what_was_there():
    rows = few_rows(3)
    said = conformal_say(state_of(), rows.quantiles, rows.volatility, rows.session)
    np.testing.assert_array_equal(said, rows.quantiles)
    taught = conformal_learn(state_of(), rows, rows.quantiles, until_s=20)
    quiet = ~(rows.volatility > 0)
    said = conformal_say(taught, rows.quantiles, rows.volatility, rows.session)
    np.testing.assert_array_equal(said[quiet], rows.quantiles[quiet])
    assert (said[~quiet] != rows.quantiles[~quiet]).any()


def test_steps_out_of_order_and_missing_quantiles_are_refused():
    rows = few_rows(0)
    with pytest.raises(ValueError, match="until_s must be at least 0, was -1"):
        conformal_learn(state_of(), rows, rows.quantiles, until_s=-1)
    for known, ends in (([state_of()], [3, 3]), ([state_of()], [0]), ([], [3])):
        with pytest.raises(ValueError, match="steps must follow"):
            conformal_steps(known, rows, until_s=ends)
    with pytest.raises(ValueError, match="must be finite"):
        conformal_say(state_of(), rows.quantiles * np.nan, rows.volatility, rows.session)
    with pytest.raises(ValueError, match=r"\(60, 7\)"):
        conformal_say(state_of(), rows.quantiles[:3], rows.volatility, rows.session)
    with pytest.raises(ValueError, match=r"session \(60,\)"):
        conformal_say(state_of(), rows.quantiles, rows.volatility, rows.session[:3])
