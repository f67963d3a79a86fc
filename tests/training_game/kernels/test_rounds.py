"""What a moment looked like, who won it, and how many in a row."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training_game.kernels.moments import SETUPS, efficiency_ratio, setup_name
from training_game.kernels.scores import DRAW, LOSS, WIN, round_score, streaks


def test_straightness_by_hand():
    assert efficiency_ratio(np.array([1.0, 2.0, 3.0, 4.0]), bars=3) == 1.0
    assert efficiency_ratio(np.array([9.0, 1.0, 2.0, 1.0, 2.0]), bars=3) == pytest.approx(1 / 3)
    assert efficiency_ratio(np.ones(5), bars=4) == 0.0
    with pytest.raises(ValueError, match="from 1 to 4"):
        efficiency_ratio(np.ones(5), bars=5)


@pytest.mark.parametrize(
    ("close", "setup"),
    [
        (np.r_[np.tile([100.0, 101.0], 11), 103.0], "breakout_up"),
        (np.r_[np.tile([100.0, 101.0], 11), 98.0], "breakout_down"),
        (np.r_[100.0, np.arange(100.0, 122.0), 120.9], "trend_up"),
        (np.r_[140.0, np.arange(140.0, 118.0, -1.0), 119.9], "trend_down"),
        (np.tile([100.0, 101.0], 12), "range"),
    ],
)
def test_setups_by_hand(close, setup):
    assert setup_name(close + 0.5, close - 0.5, close) == setup


@given(st.integers(0, 10_000))
def test_a_setup_reads_the_last_bars_alone(seed):
    close = 100 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 0.01, 60)))
    found = setup_name(close * 1.001, close * 0.999, close)
    assert found in SETUPS
    late = close[-21:]
    assert setup_name(late * 1.001, late * 0.999, late) == found


@pytest.mark.parametrize(
    ("own", "other", "score"),
    [
        (2.0, -1.1, WIN),
        (-1.1, 0.0, LOSS),  # a trade that failed against who stayed out
        (0.0, -0.3, WIN),  # staying out against a trade that did not pay its costs
        (0.0, 0.0, DRAW),
        (0.04, 0.0, DRAW),
        (0.0, 1.9, LOSS),
    ],
)
def test_who_won(own, other, score):
    assert round_score(own, other, draw_r=0.05) == score
    assert round_score(other, own, draw_r=0.05) == 1.0 - score


def test_a_negative_margin_is_refused():
    with pytest.raises(ValueError, match="draw_r"):
        round_score(0, 0, draw_r=-0.1)


def test_streaks():
    assert streaks([]) == (0, 0)
    assert streaks([WIN, WIN, LOSS, WIN, DRAW, None, WIN]) == (2, 2)
    assert streaks([WIN, WIN, WIN, LOSS]) == (0, 3)
