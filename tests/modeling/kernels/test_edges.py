from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modeling.kernels import edges
from modeling.kernels.policy import decide
from modeling.kernels.policy_sides import cost_of, side_view
from tests.modeling.kernels import policy_maker as make


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6), st.sampled_from(("flat", "panic", "euphoria")))
def test_arrays_choose_what_the_policy_decides(seed, regime):
    rng = np.random.default_rng(seed)
    policy, evidence, market = make.policy(), make.evidence(), make.market(regime=regime)
    n = 40
    p = {"long": rng.random(n), "short": rng.random(n)}
    volatility = rng.uniform(0.0, 0.06, n)
    tercile = edges.volatility_terciles(volatility, evidence.volatility_tercile_edges)
    cost = np.full(n, cost_of(market, policy))
    edge, net = {}, {}
    for side in ("long", "short"):
        loss = np.asarray(getattr(evidence, side).mean_gross_loss_r)[tercile] * 0.02
        edge[side] = p[side] - edges.break_even(loss, np.asarray(0.04), cost)
        net[side] = edge[side] * (0.04 + loss)
    sides = edges.choose_sides(
        net["long"], net["short"], (edge["long"], edge["short"]), np.full(n, 0.02), policy.regimes[regime]
    )
    for row in range(n):
        prediction = make.prediction(
            p_long=p["long"][row], p_short=p["short"][row], volatility=volatility[row]
        )
        action = decide(prediction, evidence, market, policy).action
        assert sides[row] == {"BUY": 1, "SELL": -1}.get(action, 0)
        for side in ("long", "short"):
            view = side_view(side, prediction, evidence, market, cost[row])
            assert view.edge == pytest.approx(edge[side][row], abs=1e-12)
            assert view.expected_net_frac == pytest.approx(net[side][row], abs=1e-12)


def test_at_break_even_a_trade_is_worth_nothing():
    loss, cost = np.array([0.01, 0.02]), np.array([0.001, 0.002])
    p = edges.break_even(loss, np.asarray(0.04), cost)
    np.testing.assert_allclose(p * 0.04 - (1 - p) * loss - cost, 0.0, atol=1e-15)


def test_the_mean_loss_counts_stops_and_time_outs_together_by_tercile():
    label = np.array([0, 0, 1, 0, 0, 1], dtype=np.int8)
    gross = np.array([-0.02, 0.01, 0.04, -0.02, -0.01, 0.04])
    tercile = np.array([0, 0, 0, 1, 1, 2])
    got = edges.mean_gross_losses(label, gross, tercile, floor_r=0.001)
    # The last tercile has no such trade: the mean of all four, 1 %.
    assert got == (pytest.approx(0.005), pytest.approx(0.015), pytest.approx(0.01))


def test_a_mean_profit_of_missed_trades_is_floored():
    got = edges.mean_gross_losses(np.zeros(3, dtype=np.int8), np.full(3, 0.01), np.arange(3), floor_r=0.002)
    assert got == (0.002, 0.002, 0.002)


def test_wrong_rows_are_refused():
    ones, zeros = np.ones(2, dtype=np.int8), np.zeros(2, dtype=np.int64)
    with pytest.raises(ValueError, match="mean loss is unknown"):
        edges.mean_gross_losses(ones, np.zeros(2), zeros, floor_r=0.001)
    with pytest.raises(ValueError, match="labels must be 0 or 1"):
        edges.mean_gross_losses(-ones, np.zeros(2), zeros, floor_r=0.001)
    with pytest.raises(ValueError, match="must be above 0"):
        edges.break_even(np.array([0.0]), np.asarray(0.04), np.array([0.001]))
    with pytest.raises(ValueError, match="must be above 0"):
        edges.break_even(np.array([0.01]), np.asarray(0.04), np.array([0.0]))
