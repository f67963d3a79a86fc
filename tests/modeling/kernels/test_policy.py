from __future__ import annotations

import dataclasses
import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings

from modeling.contracts import SideLosses
from modeling.kernels import order_prices
from modeling.kernels import policy_confidence as kernel
from modeling.kernels.policy import decide, decide_without_model
from modeling.kernels.policy_reasons import REASONS
from tests.modeling.kernels import policy_maker as make

FIGURES = ("side", "p", "p_break_even", "edge", "expected_r", "expected_net_frac")
PRICES = ("entry_low_rub", "entry_high_rub", "take_profit_rub", "stop_loss_rub", "risk_reward")
drawn = given(make.predictions, make.evidences(), make.markets())
many = settings(max_examples=150, deadline=None)


def assert_sound(decision, prediction, evidence, market, policy):
    """Fail if a decision breaks any promise of the policy."""
    rule = policy.regimes[market.regime]
    assert decision.cost_frac > 0
    assert (decision.confidence is None) == (decision.action == "NO_TRADE")
    if decision.confidence is not None:
        assert 0 <= decision.confidence <= 100
    if decision.action == "NO_TRADE":
        assert decision.reasons
        assert set(decision.reasons) <= set(REASONS)
    else:
        assert decision.reasons == ()
    if decision.action in ("BUY", "SELL"):
        assert decision.p > decision.p_break_even
        assert decision.edge >= rule.min_edge
        assert decision.expected_net_frac > 0
        assert decision.expected_r >= rule.min_expected_r
        assert_prices_sound(decision, market, policy)
        assert_nothing_forbids(decision, prediction, market, policy)
    else:
        assert all(getattr(decision, name) is None for name in PRICES)
        assert decision.strength is None
    if decision.action == "SELL":
        assert market.shortable
        assert decision.p == prediction.p_short
    if decision.action == "BUY":
        assert decision.p == prediction.p_long


def assert_nothing_forbids(decision, prediction, market, policy):
    """Fail if a trade was made on data, events, votes or classes that forbid it; reckoned here once more."""
    limit = policy.max_spread_of_take_profit_frac * market.take_profit_frac
    assert not market.halted
    assert not market.spread_frac > limit
    assert market.days_to_ex_dividend is None or market.days_to_ex_dividend > policy.dividend_days
    effects = [getattr(vote, f"{decision.side}_effect") for vote in prediction.votes if vote.present]
    against, weight = -sum(min(one, 0.0) for one in effects), sum(abs(one) for one in effects)
    assert against <= (1.0 - policy.min_council_agreement) * weight + 1e-12
    asked = policy.regimes[market.regime].needs_voter
    for vote in [own for own in prediction.votes if own.voter == asked][:1]:
        assert vote.present
        assert (vote.p_long > vote.p_short) == (decision.side == "long")
    assert decision.p_classes == prediction.p_classes
    if prediction.p_classes is not None:
        sell, hold, buy = prediction.p_classes
        assert (buy if decision.side == "long" else sell) > max(
            hold, sell if decision.side == "long" else buy
        )


def assert_prices_sound(decision, market, policy):
    step, close = market.price_step_rub, market.close_rub
    prices = [getattr(decision, name) for name in PRICES[:4]]
    for price in prices:
        assert price / step == pytest.approx(round(price / step), abs=1e-4)
    low, high, take_profit, stop_loss = prices
    slack = step * 1e-3
    room = policy.entry_range_of_atr_frac * market.atr_rub + slack
    if decision.action == "BUY":
        assert stop_loss < low <= high < take_profit
        assert low == pytest.approx(close)
        assert high <= close + room
        assert take_profit <= close * (1 + market.take_profit_frac) + slack
        assert stop_loss <= close * (1 - market.stop_loss_frac) + slack
        worse = (high - close) / close
    else:
        assert take_profit < low <= high < stop_loss
        assert high == pytest.approx(close)
        assert low >= close - room
        assert take_profit >= close * (1 - market.take_profit_frac) - slack
        assert stop_loss >= close * (1 + market.stop_loss_frac) - slack
        worse = (close - low) / close
    # At the worst entry of the range the trade still passes: it costs that much more.
    rule = policy.regimes[market.regime]
    left = decision.expected_net_frac - worse
    assert left / market.stop_loss_frac >= rule.min_expected_r - 1e-4
    assert decision.risk_reward < market.take_profit_frac / market.stop_loss_frac


@many
@drawn
def test_every_decision_is_sound(prediction, evidence, market):
    policy = make.policy()
    decision = decide(prediction, evidence, market, policy)
    assert_sound(decision, prediction, evidence, market, policy)
    assert decide(prediction, evidence, market, policy) == decision


@pytest.mark.parametrize(
    "sabotage",
    [
        {"edge": 0.001},
        {"expected_net_frac": -0.001},
        {"take_profit_rub": 282.19},
        {"take_profit_rub": 282.185},
        {"stop_loss_rub": 266.0},
        {"entry_high_rub": 290.0},
        {"entry_high_rub": 275.0},
        {"confidence": None},
        {"reasons": ("illiquid",)},
        {"action": "SELL"},
        {"action": "NO_TRADE"},
        {"action": "HOLD"},
    ],
)
def test_the_judgement_of_soundness_can_fail(sabotage):
    arguments = make.prediction(), make.evidence(), make.market(), make.policy()
    decision = decide(*arguments)
    assert decision.action == "BUY"
    assert_sound(decision, *arguments)
    with pytest.raises(AssertionError):
        assert_sound(dataclasses.replace(decision, **sabotage), *arguments)


@many
@given(make.predictions, make.evidences(), make.markets(), make.p, make.p)
def test_confidence_never_falls_with_the_edge(prediction, evidence, market, p_one, p_two):
    low, high = sorted((p_one, p_two))
    policy = make.policy()
    decisions = [
        decide(dataclasses.replace(prediction, p_long=p_long, p_short=0.0), evidence, market, policy)
        for p_long in (low, high)
    ]
    if all(decision.action == "BUY" for decision in decisions):
        assert decisions[0].edge <= decisions[1].edge
        assert decisions[0].confidence <= decisions[1].confidence
    if decisions[0].action == "BUY":
        assert decisions[1].action == "BUY"  # a better chance never unmakes a trade


def test_break_even_and_expected_value_by_hand():
    # L = 1.5 % (middle tercile), cost 2 * (3 + 4 + 1 + 0.5 step + 1 bp), TP 4 %, SL 2 %.
    decision = decide(make.prediction(), make.evidence(), make.market(), make.policy())
    cost = 2 * (0.0003 + 0.0004 + 0.0001 + 0.5 * 0.01 / 271.33 + 0.0001)
    assert decision.cost_frac == pytest.approx(cost)
    assert decision.p_break_even == pytest.approx((0.015 + cost) / 0.055)
    net = 0.42 * 0.04 - 0.58 * 0.015 - cost
    assert decision.expected_net_frac == pytest.approx(net)
    assert decision.expected_r == pytest.approx(net / 0.02)
    assert decision.edge == pytest.approx(0.42 - (0.015 + cost) / 0.055)
    gain, loss = (282.18 - 271.33) / 271.33, (271.33 - 265.90) / 271.33
    assert (decision.take_profit_rub, decision.stop_loss_rub) == (282.18, 265.90)
    assert decision.risk_reward == pytest.approx((gain - cost) / (loss + cost))


@pytest.mark.parametrize(
    ("volatility", "loss"), [(0.01, 0.010), (0.02, 0.015), (0.039, 0.015), (0.05, 0.018)]
)
def test_the_loss_is_that_of_the_volatility_tercile(volatility, loss):
    decision = decide(make.prediction(volatility=volatility), make.evidence(), make.market(), make.policy())
    assert decision.p_break_even == pytest.approx((loss + decision.cost_frac) / (0.04 + loss))


def test_a_wider_measured_spread_raises_the_cost_and_break_even():
    narrow, unmeasured, wide = (
        decide(make.prediction(), make.evidence(), make.market(half_spread_frac=half), make.policy())
        for half in (0.0, math.nan, 0.002)
    )
    assert narrow.cost_frac == unmeasured.cost_frac  # the configured floor
    assert wide.cost_frac == pytest.approx(narrow.cost_frac + 2 * (0.002 - 0.0001))
    assert wide.p_break_even > narrow.p_break_even


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"data_age_s": 86_401.0}, "stale_data"),
        ({"data_age_s": -1.0}, "stale_data"),
        ({"data_age_s": math.nan}, "stale_data"),
        ({"bars_known": 299}, "insufficient_history"),
        ({"atr_rub": math.nan}, "insufficient_history"),
        ({"median_turnover_rub": 999_999.0}, "illiquid"),
        ({"median_turnover_rub": math.nan}, "illiquid"),
        ({"half_spread_frac": 0.0041}, "illiquid"),
        ({"price_step_rub": 12.0}, "illiquid"),
        ({"halted": True}, "halted"),
        ({"novelty": 10.01}, "out_of_distribution"),
        ({"novelty": math.nan}, "out_of_distribution"),
    ],
)
def test_data_that_must_not_be_traded_on(change, reason):
    decision = decide(make.prediction(p_long=0.9), make.evidence(), make.market(**change), make.policy())
    assert (decision.action, decision.reasons) == ("NO_TRADE", (reason,))
    assert all(getattr(decision, name) is None for name in FIGURES)


def test_all_reasons_are_given_in_their_order():
    bad = make.market(data_age_s=1e9, bars_known=1, median_turnover_rub=0.0, halted=True, novelty=99.0)
    assert decide(make.prediction(), make.evidence(), bad, make.policy()).reasons == REASONS[:5]


def test_a_short_that_wins_but_cannot_be_shorted_is_no_trade_and_no_buy():
    prediction = make.prediction(p_long=0.42, p_short=0.6)
    decision = decide(prediction, make.evidence(), make.market(shortable=False), make.policy())
    assert (decision.action, decision.reasons, decision.side) == ("NO_TRADE", ("not_shortable",), "short")
    assert decide(prediction, make.evidence(), make.market(), make.policy()).action == "SELL"


def test_a_panic_forbids_longs_below_a_high_edge_but_not_shorts():
    panic = make.market(regime="panic")
    weak, strong = make.prediction(p_long=0.37), make.prediction(p_long=0.55)
    assert decide(weak, make.evidence(), make.market(), make.policy()).action == "BUY"
    forbidden = decide(weak, make.evidence(), panic, make.policy())
    assert (forbidden.action, forbidden.reasons) == ("NO_TRADE", ("regime_forbids",))
    assert decide(strong, make.evidence(), panic, make.policy()).action == "BUY"
    short = make.prediction(p_long=0.1, p_short=0.40)
    assert decide(short, make.evidence(), panic, make.policy()).action == "SELL"
    euphoria = make.market(regime="euphoria")
    assert decide(short, make.evidence(), euphoria, make.policy()).reasons == ("regime_forbids",)


def test_a_base_rate_claims_no_edge_however_high_it_stands():
    prediction = make.prediction(p_long=0.9, p_short=0.05)
    assert decide(prediction, make.evidence(), make.market(), make.policy()).action == "BUY"
    blind = dataclasses.replace(make.evidence(), long_informed=False)
    both_blind = dataclasses.replace(blind, short_informed=False)
    hold = decide(prediction, both_blind, make.market(), make.policy())
    assert hold.action == "HOLD"
    assert 34 <= hold.confidence <= 50  # half, times the three factors: nothing is known for either answer
    # Where one side is informed, its own edge decides.
    assert decide(prediction, blind, make.market(), make.policy()).side == "short"
    falling = make.prediction(p_long=0.9, p_short=0.6)
    assert decide(falling, blind, make.market(), make.policy()).action == "SELL"


def test_no_edge_is_hold_with_its_figures_and_more_confident_the_worse_the_edge():
    near, far = (
        decide(make.prediction(p_long=x, p_short=x), make.evidence(), make.market(), make.policy())
        for x in (0.3, 0.1)
    )
    assert near.action == far.action == "HOLD"
    assert near.edge < 0
    assert near.confidence < far.confidence


def test_the_scale_of_confidence_has_its_two_fixed_points():
    evidence = make.evidence()
    assert kernel.confidence_scale(0.0, evidence) == pytest.approx(0.50)
    assert kernel.confidence_scale(evidence.edge_p99, evidence) == pytest.approx(0.95)
    assert kernel.confidence_scale(9.0, evidence) <= 1.0


@pytest.mark.parametrize(
    "change",
    [
        {"edge_p99": -0.01},
        {"edge_p_positive": (0.4, 0.4, 0.4, 0.4)},
        {"edge_knots": (0.0,), "edge_p_positive": (0.4,)},
    ],
)
def test_confidence_that_validation_did_not_earn_stays_at_one_half(change):
    evidence = make.evidence(**change)
    assert kernel.confidence_scale(0.5, evidence) == 0.50
    decision = decide(make.prediction(p_long=0.99), evidence, make.market(), make.policy())
    assert decision.action == "BUY"
    assert decision.confidence <= 50
    assert decision.strength is None


@many
@drawn
def test_the_three_factors_lie_in_their_range(prediction, evidence, market):
    policy = make.policy()
    factors = [kernel.agreement(prediction, side) for side in ("long", "short", None)]
    factors += [kernel.quality(market, policy), kernel.novelty(market, evidence)]
    assert all(0.7 <= factor <= 1.0 for factor in factors)


def test_the_factors_by_hand():
    up = make.prediction(return_quantiles=(0.01,) * 7, direction=(0.0, 0.0, 0.2, 0.4, 0.4))
    assert kernel.agreement(up, "long") == pytest.approx(1.0)
    assert kernel.agreement(up, "short") == pytest.approx(0.7)
    assert kernel.agreement(up, None) == pytest.approx(0.7)
    # direction 0.4 of 0.6 up; quantiles 4 of 7 above zero
    upward = (0.4 / 0.6 + 4 / 7) / 2
    assert kernel.agreement(make.prediction(), "long") == pytest.approx(0.7 + 0.3 * upward)
    assert kernel.agreement(make.prediction(), "short") == pytest.approx(0.7 + 0.3 * (1 - upward))
    half_way = make.market(bars_known=1150, half_spread_frac=1e-4)
    assert kernel.quality(half_way, make.policy()) == pytest.approx(0.7 + 0.3 * 0.5)
    assert kernel.quality(make.market(data_age_s=86_400.0), make.policy()) == pytest.approx(0.7)
    assert kernel.novelty(make.market(novelty=5.0), make.evidence()) == pytest.approx(0.85)


@pytest.mark.parametrize(
    ("confidence", "strength"), [(64, None), (65, "weak"), (70, "medium"), (80, "strong")]
)
def test_strength_by_confidence(confidence, strength):
    assert kernel.strength_of(confidence, make.policy().strength_cuts) == strength


def test_without_a_model_there_is_no_trade_and_no_figure():
    decision = decide_without_model(make.market(), make.policy())
    assert (decision.action, decision.reasons) == ("NO_TRADE", ("model_missing",))
    assert all(getattr(decision, name) is None for name in (*FIGURES, *PRICES, "confidence", "strength"))


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"prediction": {"p_long": 1.1}}, r"p_long must be in \[0, 1\]"),
        ({"prediction": {"p_short": math.nan}}, r"p_short must be in \[0, 1\]"),
        ({"prediction": {"return_quantiles": make.QUANTILES[::-1]}}, "rising"),
        ({"prediction": {"return_quantiles": (math.nan,) * 7}}, "rising"),
        ({"prediction": {"direction": (0.5, 0.5, 0.5, 0.0, 0.0)}}, "add up to 1"),
        ({"prediction": {"volatility": math.nan}}, "volatility must be"),
        ({"market": {"close_rub": 0.0}}, "close_rub must be above 0"),
        ({"market": {"price_step_rub": math.nan}}, "price_step_rub must be above 0"),
        ({"market": {"lot_size": 0}}, "lot_size must be at least 1"),
        ({"market": {"regime": "sideways"}}, "regime must be one of"),
        ({"evidence": {"edge_knots": (0.0, 0.0, 0.1, 0.2)}}, "edge_knots must rise"),
        ({"evidence": {"edge_knots": ()}}, "must match"),
        (
            {"evidence": {"long": SideLosses(mean_gross_loss_r=(0.5, 0.0, 0.5))}},
            "above 0 for every side",
        ),
        ({"evidence": {"novelty_limit": 0.0}}, "novelty_limit must be above 0"),
    ],
)
def test_broken_input_is_an_error_never_a_signal(changes, text):
    arguments = [
        getattr(make, name)(**changes.get(name, {})) for name in ("prediction", "evidence", "market")
    ]
    with pytest.raises(ValueError, match=text):
        decide(*arguments, make.policy())


def test_the_policy_loads_nothing_heavy():
    code = (
        "import sys, modeling.kernels.policy, modeling.selectors.configuration;"
        "heavy = {'numba', 'scipy', 'pandas', 'polars', 'sklearn', 'talib', 'keras', 'tensorflow', 'onnxruntime'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
    # Seen to fail: the labels' kernel does load Numba.
    code = code.replace("kernels.policy", "kernels.labels")
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "numba" in run.stdout


def test_prices_are_rounded_away_from_profit_on_any_step():
    rng = np.random.default_rng(0)
    for _ in range(200):
        step = float(rng.choice([0.01, 0.05, 0.5]))
        price = float(rng.uniform(10, 1000))
        down, up = order_prices._on_step(price, step, 1.0), order_prices._on_step(price, step, -1.0)
        assert price - step < down <= price + 1e-6
        assert price - 1e-6 <= up < price + step
    assert order_prices._on_step(0.29, 0.01, 1.0) == 0.29  # 0.29 / 0.01 is a little below 29
    assert order_prices._on_step(0.07, 0.01, -1.0) == 0.07  # and 0.07 / 0.01 a little above 7
