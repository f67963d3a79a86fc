"""Rolling sums in blocks, ranks and peers: against what NumPy makes of each window afresh."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from features.kernels import panel_rolling as rolling
from features.kernels.panel_rank import rank_among
from features.kernels.panel_sector import _closest, _standardised
from traderai.common.arrays import F64

VALUES = st.one_of(st.just(np.nan), st.floats(-5.0, 5.0, width=32), st.sampled_from([0.0, 0.5]))
MATRIX = arrays(np.float64, st.tuples(st.integers(1, 4), st.integers(1, 40)), elements=VALUES)
WINDOW = st.integers(2, 9)


def each_window(values: F64, window: int, how: Any, *, least: int) -> F64:
    out = np.full(values.shape, np.nan)
    for s in range(values.shape[0]):
        for t in range(window - 1, values.shape[1]):
            part = values[s, t - window + 1 : t + 1]
            part = part[~np.isnan(part)]
            if part.size >= least:
                out[s, t] = how(part)
    return out


@settings(max_examples=60, deadline=None)
@given(values=MATRIX, window=WINDOW)
def test_rolling_figures_equal_each_window_afresh(values: F64, window: int) -> None:
    def same(got: F64, how: Any, least: int) -> None:
        np.testing.assert_allclose(got, each_window(values, window, how, least=least), rtol=1e-9, atol=1e-6)

    same(rolling.rolling_total(values, window=window), np.sum, window)
    same(rolling.rolling_average(values, window=window, least=2), np.mean, 2)
    same(rolling.rolling_deviation(values, window=window, least=2), lambda part: np.std(part, ddof=1), 2)
    same(rolling.rolling_top(values, window=window), np.max, 1)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), window=WINDOW)
def test_a_fit_equals_each_window_afresh(data: st.DataObject, window: int) -> None:
    x = data.draw(MATRIX)
    y = data.draw(arrays(np.float64, x.shape, elements=VALUES))
    correlation, slope = rolling.rolling_fit(x, y, window=window, least=2)
    assert np.all((np.abs(correlation) <= 1.0) | np.isnan(correlation))
    for s in range(x.shape[0]):
        for t in range(x.shape[1]):
            p, q = (m[s, max(0, t - window + 1) : t + 1] for m in (x, y))
            both = ~np.isnan(p) & ~np.isnan(q)
            p, q = p[both], q[both]
            if t < window - 1 or p.size < 2 or np.ptp(p) == 0.0:
                assert np.isnan(slope[s, t])
            elif np.var(p) > 1e-6 * np.mean(p * p):
                apart = p - p.mean()
                want = np.sum(apart * (q - q.mean())) / np.sum(apart * apart)
                assert slope[s, t] == pytest.approx(want, rel=1e-5, abs=1e-5)


@settings(max_examples=60, deadline=None)
@given(values=MATRIX, window=WINDOW, cut=st.integers(1, 39))
def test_a_cut_leaves_the_bits_of_what_was_before(values: F64, window: int, cut: int) -> None:
    before = np.ascontiguousarray(values[:, :cut])
    for whole, part in (
        (rolling.rolling_total(values, window=window), rolling.rolling_total(before, window=window)),
        (rolling.rolling_fit(values, 2.0 * values, window=window, least=2)[1],
         rolling.rolling_fit(before, 2.0 * before, window=window, least=2)[1]),
        (rolling.rolling_position(values, window=window), rolling.rolling_position(before, window=window)),
    ):  # fmt: skip
        assert np.ascontiguousarray(whole[:, :cut]).tobytes() == np.ascontiguousarray(part).tobytes()


def test_what_left_the_window_leaves_nothing_behind() -> None:
    """Running sums would keep the rounding of the huge value for ever."""
    values = np.full((1, 60), 1e-9)
    values[0, 10] = 1e12
    values[0, 40:] = 0.0
    total = rolling.rolling_total(values, window=7)
    assert total[0, 17:39] == pytest.approx(7e-9, rel=1e-12)
    assert np.all(total[0, 46:] == 0.0)
    assert np.all(rolling.rolling_deviation(values, window=7, least=7)[0, 46:] == 0.0)
    running = np.cumsum(values[0])
    assert running[30] - running[23] != pytest.approx(7e-9, rel=1e-3)


def test_constant_values_have_no_fit() -> None:
    x, y = np.full((1, 20), 0.013), np.linspace(0.0, 0.1, 20)[None, :]
    correlation, slope = rolling.rolling_fit(x, y, window=6, least=6)
    assert np.isnan(correlation).all() and np.isnan(slope).all()
    assert np.isnan(rolling.rolling_fit(y, x, window=6, least=6)[0]).all()


def test_a_level_that_does_not_move_has_no_place_in_its_range() -> None:
    moves = np.zeros((1, 30))
    moves[0, 12] = 0.1
    place = rolling.rolling_position(moves, window=5)[0]
    assert np.isnan(place[:12]).all() and np.isnan(place[16:]).all()
    assert np.all(place[12:16] == 1.0)


GROUPS = st.lists(st.integers(-1, 2), min_size=1, max_size=8)


@settings(max_examples=80, deadline=None)
@given(data=st.data(), groups=GROUPS, least=st.integers(1, 3))
def test_ranks_equal_counting(data: st.DataObject, groups: list[int], least: int) -> None:
    size = len(groups)
    values = data.draw(arrays(np.float64, (size, 6), elements=VALUES))
    members = np.array(data.draw(st.lists(st.booleans(), min_size=size, max_size=size)))
    got = rank_among(values, np.array(groups), members, first_row=2, least=least)
    assert np.isnan(got[:, :2]).all()
    for s in range(size):
        for t in range(2, 6):
            inside = [
                o for o in range(size) if members[o] and groups[o] == groups[s] and not np.isnan(values[o, t])
            ]
            others = [values[o, t] for o in inside if o != s]
            if groups[s] < 0 or np.isnan(values[s, t]) or len(inside) < least or not others:
                assert np.isnan(got[s, t])
                continue
            won = (
                sum(other < values[s, t] for other in others)
                + sum(other == values[s, t] for other in others) / 2
            )
            assert got[s, t] == pytest.approx(won / len(others), abs=1e-15)


def test_ranks_mean_one_half() -> None:
    values = np.random.default_rng(1).normal(size=(9, 50))
    got = rank_among(values, np.zeros(9, dtype=np.int64), np.ones(9, dtype=np.bool_), first_row=0, least=5)
    assert np.allclose(got.mean(axis=0), 0.5)
    assert np.all(got.min(axis=0) == 0.0) and np.all(got.max(axis=0) == 1.0)


def test_peers_are_the_most_alike_members() -> None:
    rng = np.random.default_rng(2)
    common = rng.normal(size=200)
    noise = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 3.0, 0.05])
    moves = common + noise[:, None] * rng.normal(size=(8, 200))
    members = np.array([True] * 7 + [False])
    peers = _closest(_standardised(moves), np.ones(8, dtype=np.bool_), members)
    assert list(peers[7]) == [0, 1, 2, 3, 4], "the fund has peers and is none"
    assert list(peers[0]) == [1, 2, 3, 4, 5]
    few = _closest(_standardised(moves), np.arange(8) < 5, members)
    assert np.all(few == -1), "four others are too few"


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda m: rolling.rolling_total(m, window=0), "window must be at least 1"),
        (lambda m: rolling.rolling_deviation(m, window=1, least=2), "window must be at least 2"),
        (lambda m: rolling.rolling_position(m, window=1), "window must be at least 2"),
        (lambda m: rolling.rolling_fit(m, m[:, 1:], window=3, least=2), "one shape"),
    ],
)
def test_bad_windows_are_refused(call: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        call(np.zeros((2, 8)))
