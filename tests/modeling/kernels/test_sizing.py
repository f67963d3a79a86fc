"""Positions: whole lots within risk, capital and turnover, smaller where the regime or the volatility asks for it."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modeling.kernels.policy import decide
from modeling.kernels.sizing import position_size_lots, volatility_factor
from modeling.selectors.configuration import policy_get
from tests.modeling.kernels import policy_maker as make

many = settings(max_examples=150, deadline=None)


@many
@given(make.predictions, make.evidences(), make.markets(), st.floats(0.0, 1e9))
def test_a_position_is_whole_lots_within_risk_capital_and_turnover(prediction, evidence, market, capital):
    policy = make.policy()
    decision = decide(prediction, evidence, market, policy)
    lots = position_size_lots(decision=decision, market=market, policy=policy, capital_rub=capital)
    assert isinstance(lots, int)
    assert lots >= 0
    if decision.action not in ("BUY", "SELL"):
        assert lots == 0
        return
    entry = decision.entry_high_rub if decision.action == "BUY" else decision.entry_low_rub
    shares = lots * market.lot_size
    lost = shares * (abs(entry - decision.stop_loss_rub) + decision.cost_frac * entry)
    assert lost <= capital * policy.risk_frac * policy.regimes[market.regime].size_factor * (1 + 1e-6)
    assert shares * entry <= capital * policy.max_position_frac * (1 + 1e-6)
    assert shares * entry <= market.median_turnover_rub * policy.max_turnover_frac * (1 + 1e-6)


def test_position_size_by_hand_and_halved_in_a_panic():
    wide = make.policy(max_position_frac=1.0, max_turnover_frac=1.0)
    prediction = make.prediction(p_long=0.6)
    calm, panic = make.market(), make.market(regime="panic")
    sizes = []
    for market in (calm, panic):
        decision = decide(prediction, make.evidence(), market, wide)
        sizes.append(position_size_lots(decision=decision, market=market, policy=wide, capital_rub=1e6))
        loss = decision.entry_high_rub - decision.stop_loss_rub + decision.cost_frac * decision.entry_high_rub
        risk = 10_000 * wide.regimes[market.regime].size_factor
        assert sizes[-1] == math.floor(risk / loss / 10)
    assert sizes[1] == pytest.approx(sizes[0] / 2, abs=1)
    with pytest.raises(ValueError, match="capital_rub"):
        position_size_lots(decision=decision, market=calm, policy=wide, capital_rub=-1.0)


@pytest.mark.parametrize(
    ("atr_rub", "target", "factor"),
    [
        (2.7133, None, 1.0),
        (2.7133, 0.01, 1.0),
        (5.4266, 0.01, 0.5),
        (1.0, 0.01, 1.0),
        (0.0, 0.01, 1.0),
        (math.nan, 0.01, 0.0),
    ],
)
def test_twice_the_volatility_is_half_the_position(atr_rub, target, factor):
    market, policy = make.market(atr_rub=atr_rub), make.policy(volatility_target_frac=target)
    assert volatility_factor(market, policy) == pytest.approx(factor)


def test_a_volatile_share_gets_half_the_lots_and_the_packaged_policy_gives_it_all():
    wide = {"max_position_frac": 1.0, "max_turnover_frac": 1.0, "entry_range_of_atr_frac": 0.0}
    sizes = []
    for target in (None, 0.01):
        policy, market = make.policy(volatility_target_frac=target, **wide), make.market(atr_rub=5.4266)
        decision = decide(make.prediction(), make.evidence(), market, policy)
        sizes.append(position_size_lots(decision=decision, market=market, policy=policy, capital_rub=1e6))
    assert sizes[1] == pytest.approx(sizes[0] / 2, abs=1)
    assert policy_get().volatility_target_frac is None
    with pytest.raises(ValueError, match="volatility_target_frac must lie within"):
        make.policy(volatility_target_frac=0.0)
