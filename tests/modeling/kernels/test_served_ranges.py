"""Predictions moved by what outcomes taught: the quantiles alone, in their row's tercile and scale."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from market.kernels.sessions import EVENING, MAIN
from modeling.contracts import QUANTILE_LEVELS, Prediction
from modeling.contracts.conformal import ConformalState, HorizonRanges
from modeling.kernels.served_ranges import ranged

OFFSETS = ((-0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3), (0.0,) * 7, (1.0,) * 7)


def ranges() -> HorizonRanges:
    state = ConformalState(
        levels=QUANTILE_LEVELS, tercile_edges=(0.02, 0.04), steps=(0.1,) * 7, offsets=OFFSETS,
        learned_rows=(5, 6, 7), learned_until_s=100,
    )  # fmt: skip
    return HorizonRanges(volatility_scale=2.0, longest_window_s=9, since_s=1, state=state)


def prediction() -> Prediction:
    quantiles = (-0.05, -0.03, -0.01, 0.0, 0.01, 0.03, 0.05)
    return Prediction(
        p_long=0.3, p_short=0.4, return_quantiles=quantiles, volatility=0.03, direction=(0.2,) * 5
    )


def test_each_row_is_moved_by_its_own_tercile_and_volatility():
    plain = prediction()
    said = ranged([plain] * 4, np.array([0.005, 0.015, 0.03, np.nan]), np.full(4, MAIN), ranges())
    assert ranges().outcomes == 18
    np.testing.assert_allclose(
        said[0].return_quantiles, np.array(plain.return_quantiles) + 0.01 * np.array(OFFSETS[0]), rtol=1e-12
    )
    np.testing.assert_allclose(said[2].return_quantiles, np.array(plain.return_quantiles) + 0.06, rtol=1e-12)
    assert said[1] == said[3] == plain
    assert all(replace(own, return_quantiles=plain.return_quantiles) == plain for own in said)
    assert ranged((), np.zeros(0), np.zeros(0, np.int64), ranges()) == ()


def test_a_session_adds_its_own_offsets():
    plain, own = prediction(), ranges()
    wider = tuple(3.0 * each for each in OFFSETS[0])
    zero = (0.0,) * 7
    own = replace(own, state=replace(own.state, session_offsets=(zero, zero, wider, zero)))
    main, evening = ranged([plain] * 2, np.array([0.015, 0.015]), np.array([MAIN, EVENING]), own)
    assert main == plain
    wanted = np.array(plain.return_quantiles) + 0.03 * np.array(wider)
    np.testing.assert_allclose(evening.return_quantiles, wanted, rtol=1e-12)


@pytest.mark.parametrize(
    "wrong", [{"volatility_scale": 0.0}, {"volatility_scale": np.inf}, {"longest_window_s": 0}]
)
def test_a_scale_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError, match="volatility_scale must be"):
        replace(ranges(), **wrong)
