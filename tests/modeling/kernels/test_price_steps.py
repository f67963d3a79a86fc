"""Price steps as the prices show them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modeling.kernels.price_steps import LEAST_BARS, STEPS_RUB, price_step_rub
from tests.modeling.kernels.bars_maker import make_bars


def on_steps(step: float, *, n: int = 200, level: int = 5_000, seed: int = 0):
    rng = np.random.default_rng(seed)
    # Adjacent numbers of steps, so that no coarser step holds them all.
    return step * (level + np.cumsum(rng.integers(-1, 2, n)))


@settings(max_examples=30, deadline=None)
@given(step=st.sampled_from(STEPS_RUB[3:]), seed=st.integers(0, 100), level=st.integers(300, 50_000))
def test_a_coarser_stored_step_is_refuted(step, seed, level):
    price = on_steps(step, seed=seed, level=level)
    bars = make_bars(price, price, price, price)
    assert price_step_rub(bars, stored_rub=500.0) == pytest.approx(np.full(200, step))
    assert price_step_rub(bars, stored_rub=step / 10) == pytest.approx(np.full(200, step / 10))


def test_steps_are_those_of_prices_as_traded():
    price = np.concatenate(
        [on_steps(0.000005, n=100, level=5_000), on_steps(0.01, n=100, level=8_000) / 5_000]
    )
    bars = make_bars(price, price, price, price, factor=np.repeat([1.0, 1 / 5_000], 100))
    found = price_step_rub(bars, stored_rub=0.01)
    assert found[:100] == pytest.approx(np.full(100, 0.000005))
    assert found[100:] == pytest.approx(np.full(100, 0.01))


def test_few_prices_and_single_wrong_ones_prove_nothing():
    price = on_steps(0.001, n=LEAST_BARS - 1)
    bars = make_bars(price, price, price, price)
    assert price_step_rub(bars, stored_rub=0.01) == pytest.approx(np.full(price.size, 0.01))
    price = on_steps(0.01, n=400)
    price[7] += 0.003
    bars = make_bars(price, price, price, price)
    assert price_step_rub(bars, stored_rub=0.01) == pytest.approx(np.full(400, 0.01))
    assert price_step_rub(bars.cut(0), stored_rub=0.01).size == 0
    with pytest.raises(ValueError, match="stored_rub must be above 0"):
        price_step_rub(bars, stored_rub=0.0)
