from __future__ import annotations

import numpy as np
import pytest

from modeling.kernels.order_prices import _on_step
from modeling.kernels.simulator_accounts import ends_before, on_step


@pytest.mark.parametrize("step", [0.01, 0.02, 0.05, 0.5, 1.0, 0.000005])
def test_prices_are_rounded_as_the_policy_rounds_them(step):
    rng = np.random.default_rng(4)
    whole = rng.integers(1, 10**6, 200)
    for price in np.concatenate([whole * step, (whole + rng.random(200)) * step]):
        for side in (1.0, -1.0):
            assert on_step(price, step, side) == pytest.approx(
                _on_step(price, step, side), rel=1e-9, abs=1e-10
            )


def test_without_a_step_any_price_is_one():
    assert on_step(1.23456789, 0.0, 1.0) == 1.23456789
    assert on_step(np.inf, 0.01, 1.0) == np.inf


def test_a_day_that_ends_now_is_over_for_what_begins_now():
    ends = np.array([100, 200, 300])
    assert [ends_before(ends, moment, False) for moment in (99, 100, 101, 300, 301)] == [0, 0, 1, 2, 3]
    assert [ends_before(ends, moment, True) for moment in (99, 100, 101, 300, 301)] == [0, 1, 1, 3, 3]
