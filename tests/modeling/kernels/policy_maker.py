"""Predictions, evidence and markets for tests of the policy, and hypothesis strategies of them."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from features.contracts import REGIMES
from modeling.contracts import (
    CostModel,
    Evidence,
    MarketState,
    PolicyConfig,
    Prediction,
    RegimeRule,
    SideLosses,
)
from modeling.contracts.decisions import EntryStyle, Vote
from modeling.contracts.policy import StyleRules

STYLES: tuple[EntryStyle, ...] = ("enter_now", "limit", "wait_pullback", "scale_in")
QUANTILES = (-0.06, -0.04, -0.015, 0.002, 0.02, 0.045, 0.06)
COSTS = CostModel(
    exchange_fee_frac=0.0003, broker_fee_frac=0.0004, slippage_bp=1.0, slippage_steps=0.5, half_spread_bp=1.0
)


def rule(**changes) -> RegimeRule:
    return RegimeRule(**({"min_edge": 0.02, "min_expected_r": 0.05, "size_factor": 1.0} | changes))


def policy(**changes) -> PolicyConfig:
    values = {
        "version": 1,
        "max_data_age_s": 86_400,
        "min_history_bars": 300,
        "full_history_bars": 2000,
        "min_median_turnover_rub": 1e6,
        "max_spread_of_take_profit_frac": 0.2,
        "entry_range_of_atr_frac": 0.5,
        "strength_cuts": (0.65, 0.70, 0.80),
        "risk_frac": 0.01,
        "max_position_frac": 0.25,
        "max_turnover_frac": 0.05,
        "regimes": {name: rule() for name in REGIMES}
        | {"panic": rule(min_edge=0.04, size_factor=0.5, longs_need_edge=0.10)}
        | {"euphoria": rule(shorts_need_edge=0.10), "news_storm": rule(needs_voter="news")},
        "costs": COSTS,
        "dividend_days": 1,
        "min_council_agreement": 0.5,
        "styles": StyleRules(in_use=STYLES),
    }
    return PolicyConfig(**(values | changes))


def prediction(**changes) -> Prediction:
    values = {
        "p_long": 0.42,
        "p_short": 0.25,
        "return_quantiles": QUANTILES,
        "volatility": 0.03,
        "direction": (0.05, 0.15, 0.4, 0.3, 0.1),
    }
    return Prediction(**(values | changes))


def vote(voter: str = "global", **changes) -> Vote:
    values = {"present": True, "p_long": 0.4, "p_short": 0.3, "long_effect": 0.1, "short_effect": -0.1}
    return Vote(voter=voter, **(values | changes))


def evidence(**changes) -> Evidence:
    values = {
        "horizon": "3d",
        "long": SideLosses(mean_gross_loss_r=(0.5, 0.75, 0.9)),
        "short": SideLosses(mean_gross_loss_r=(0.55, 0.8, 0.95)),
        "volatility_tercile_edges": (0.02, 0.04),
        "edge_knots": (-0.1, -0.02, 0.03, 0.1),
        "edge_p_positive": (0.30, 0.40, 0.48, 0.62),
        "edge_p99": 0.09,
        "novelty_limit": 10.0,
    }
    return Evidence(**(values | changes))


def market(**changes) -> MarketState:
    values = {
        "close_rub": 271.33,
        "price_step_rub": 0.01,
        "lot_size": 10,
        "atr_rub": 2.5,
        "half_spread_frac": 1e-4,
        "median_turnover_rub": 5e7,
        "bars_known": 5000,
        "data_age_s": 0.0,
        "regime": "flat",
        "shortable": True,
        "halted": False,
        "novelty": 3.0,
        "take_profit_frac": 0.04,
        "stop_loss_frac": 0.02,
    }
    return MarketState(**(values | changes))


p = st.floats(0.0, 1.0)
positive_losses = st.tuples(*[st.floats(0.1, 2.5)] * 3).map(lambda x: SideLosses(mean_gross_loss_r=x))
effects = st.floats(-1.0, 1.0)
votes = st.builds(
    vote, st.sampled_from(("trend", "news")), present=st.booleans(), p_long=p, p_short=p, long_effect=effects,
    short_effect=effects,
)  # fmt: skip
shares = st.tuples(*[st.floats(0.01, 1.0)] * 3).map(
    lambda x: tuple(float(one) for one in np.array(x) / sum(x))
)
predictions = st.builds(
    Prediction,
    votes=st.just(()) | st.lists(votes, min_size=1, max_size=3).map(tuple),
    p_classes=st.none() | st.none() | shares,
    p_long=p,
    p_short=p,
    return_quantiles=st.lists(st.floats(-0.2, 0.2), min_size=7, max_size=7).map(lambda x: tuple(sorted(x))),
    volatility=st.floats(0.0, 0.2),
    direction=st.lists(st.floats(0.01, 1.0), min_size=5, max_size=5).map(
        lambda x: tuple(float(share) for share in np.array(x) / sum(x))
    ),
)


@st.composite
def evidences(draw):
    size = draw(st.integers(1, 6))
    knots = sorted(draw(st.lists(st.integers(-300, 300), min_size=size, max_size=size, unique=True)))
    values = sorted(draw(st.lists(st.floats(0.0, 1.0), min_size=size, max_size=size)))
    return evidence(
        long=draw(positive_losses),
        short=draw(positive_losses),
        edge_knots=tuple(knot / 1000 for knot in knots),
        edge_p_positive=tuple(values),
        edge_p99=draw(st.floats(-0.05, 0.3)),
    )


@st.composite
def markets(draw):
    """Return markets that are mostly fine to trade, with prices on their step."""
    step = draw(st.sampled_from((0.000005, 0.0005, 0.01, 0.1, 0.5, 5.0)))
    close = round(step * draw(st.integers(500, 500_000)), 10)
    if draw(st.booleans()):  # else so many things would be wrong that hardly anything were traded
        return market(
            close_rub=close,
            price_step_rub=step,
            atr_rub=close * draw(st.floats(0.0, 0.05)),
            regime=draw(st.sampled_from(REGIMES)),
            spread_frac=draw(st.sampled_from((np.nan, 0.001, 0.0079))),
            days_to_ex_dividend=draw(st.sampled_from((None, None, None, 1, 2))),
        )
    return market(
        close_rub=close,
        price_step_rub=step,
        atr_rub=close * draw(st.floats(0.0, 0.05)),
        half_spread_frac=draw(st.floats(0.0, 0.005)),
        median_turnover_rub=draw(st.sampled_from((1e5, 1e7, 1e9))),
        bars_known=draw(st.sampled_from((10, 400, 5000))),
        data_age_s=draw(st.sampled_from((0.0, 3600.0, 1e6))),
        regime=draw(st.sampled_from(REGIMES)),
        shortable=draw(st.booleans()),
        halted=draw(st.sampled_from((False, False, False, True))),
        novelty=draw(st.sampled_from((0.0, 5.0, 9.9, 11.0))),
        spread_frac=draw(st.sampled_from((np.nan, np.nan, 0.001, 0.0079, 0.0081))),
        days_to_ex_dividend=draw(st.sampled_from((None, None, 1, 2))),
    )
