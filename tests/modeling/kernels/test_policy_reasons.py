"""Why the policy trades nothing: events, councils that disagree, news without its voter, and classes that say hold."""

from __future__ import annotations

import dataclasses
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modeling.kernels.policy import decide
from modeling.kernels.policy_reasons import REASONS, council_agreement, voter_agrees
from modeling.kernels.three_classes import called_sides, class_prediction
from modeling.selectors.configuration import policy_get
from tests.modeling.kernels import policy_maker as make

many = settings(max_examples=100, deadline=None)


def decided(prediction=None, *, market=None, policy=None):
    return decide(
        prediction or make.prediction(), make.evidence(), market or make.market(), policy or make.policy()
    )


@pytest.mark.parametrize(
    ("ahead", "days", "forbidden"),
    [(1, 1, True), (2, 1, False), (None, 1, False), (2, 3, True), (1, 0, False)],
)
def test_a_trade_is_not_opened_on_the_eve_of_a_dividends_cut_off(ahead, days, forbidden):
    market = make.market(days_to_ex_dividend=ahead)
    for prediction, action in (
        (make.prediction(), "BUY"),
        (make.prediction(p_long=0.1, p_short=0.5), "SELL"),
    ):
        found = decided(prediction, market=market, policy=make.policy(dividend_days=days))
        assert found.action == ("NO_TRADE" if forbidden else action)
        assert found.reasons == (("event_risk",) if forbidden else ())
        assert found.p is not None  # the figures stand: it is the moment that is wrong


def test_an_event_forbids_no_hold():
    quiet = make.prediction(p_long=0.1, p_short=0.1)
    assert decided(quiet, market=make.market(days_to_ex_dividend=1)).action == "HOLD"


def council(*effects: float, present: bool = True):
    votes = (
        make.vote(long_effect=effects[0]),
        *(make.vote(f"s{n}", long_effect=own, present=present) for n, own in enumerate(effects[1:])),
    )
    return make.prediction(votes=votes)


@pytest.mark.parametrize(
    ("effects", "share"), [((0.3, 0.1), 1.0), ((0.3, -0.1), 0.75), ((0.1, -0.3), 0.25), ((-0.1, -0.1), 0.0)]
)
def test_a_council_that_is_mostly_against_a_trade_forbids_it(effects, share):
    prediction = council(*effects)
    assert council_agreement(prediction, "long") == pytest.approx(share)
    found = decided(prediction)
    assert found.reasons == (("low_agreement",) if share < 0.5 else ())
    assert found.action == ("NO_TRADE" if share < 0.5 else "BUY")
    assert decided(prediction, policy=make.policy(min_council_agreement=0.0)).action == "BUY"


def test_who_is_absent_or_says_nothing_does_not_disagree():
    assert council_agreement(make.prediction(), "long") is None
    assert council_agreement(council(0.0, 0.0), "long") is None
    assert council_agreement(council(0.1, -0.9, present=False), "long") == 1.0
    assert decided(council(0.1, -0.9, present=False)).action == "BUY"


def test_a_news_storm_asks_the_news_strategy():
    storm = make.market(regime="news_storm")

    def said(**changes):
        return decided(make.prediction(votes=(make.vote(), make.vote("news", **changes))), market=storm)

    assert said(p_long=0.5, p_short=0.2).action == "BUY"
    for changes in ({"p_long": 0.2, "p_short": 0.5}, {"p_long": 0.5, "p_short": 0.2, "present": False}):
        assert (said(**changes).action, said(**changes).reasons) == ("NO_TRADE", ("regime_forbids",))
    # In other regimes nobody asks it, and where there is no such seat nobody can.
    votes = (make.vote(), make.vote("news", p_long=0.2, p_short=0.5))
    assert decided(make.prediction(votes=votes)).action == "BUY"
    assert decided(market=storm).action == "BUY"
    assert voter_agrees(make.prediction(votes=votes), "short", "news")


def test_several_refusals_are_all_told_in_their_order():
    prediction = dataclasses.replace(
        make.prediction(p_long=0.1, p_short=0.37), votes=(make.vote(short_effect=-0.2),)
    )
    market = make.market(regime="euphoria", shortable=False, days_to_ex_dividend=1)
    found = decided(prediction, market=market).reasons
    assert found == ("regime_forbids", "not_shortable", "event_risk", "low_agreement")
    assert list(found) == sorted(found, key=REASONS.index)


def test_the_packaged_policy_minds_dividends_councils_and_news():
    policy = policy_get()
    assert (policy.dividend_days, policy.min_council_agreement) == (1, 0.5)
    assert policy.regimes["news_storm"].needs_voter == "news"
    with pytest.raises(ValueError, match="dividend_days must not be negative"):
        make.policy(dividend_days=-1)
    with pytest.raises(ValueError, match="min_council_agreement must lie within"):
        make.policy(min_council_agreement=1.0)


def test_an_estimated_spread_makes_illiquid_and_nothing_dearer():
    wide, narrow, unknown = (
        decided(market=make.market(spread_frac=spread)) for spread in (0.0081, 0.0079, math.nan)
    )
    assert wide.reasons == ("illiquid",)
    assert narrow == dataclasses.replace(unknown, style=narrow.style)


def classes(*p: float):
    return class_prediction(p, return_quantiles=make.QUANTILES, volatility=0.03)


@pytest.mark.parametrize(
    ("p", "sides"),
    [
        ((0.2, 0.3, 0.5), ("long",)),
        ((0.5, 0.3, 0.2), ("short",)),
        ((0.3, 0.4, 0.3), ()),
        ((0.2, 0.4, 0.4), ()),  # a hold wins among equals
        ((0.4, 0.6), ("long",)),
        ((0.6, 0.4), ("short",)),
        ((0.5, 0.5), ()),
    ],
)
def test_only_the_likeliest_class_can_be_traded(p, sides):
    prediction = classes(*p)
    assert called_sides(prediction) == sides
    found = decided(prediction)
    assert found.p_classes == pytest.approx((p[0], p[1] if len(p) == 3 else 0.0, p[-1]))
    assert found.action == {("long",): "BUY", ("short",): "SELL", (): "HOLD"}[sides]


def test_a_class_that_wins_below_break_even_is_no_trade():
    found = decided(classes(0.33, 0.33, 0.34), policy=make.policy(regimes={
        name: make.rule(min_edge=0.2) for name in make.policy().regimes
    }))  # fmt: skip
    assert (found.action, found.side) == ("HOLD", "long")


@many
@given(make.shares, make.evidences(), make.markets())
def test_classes_never_buy_below_break_even_and_never_against_their_argmax(p, evidence, market):
    found = decide(classes(*p), evidence, market, make.policy())
    sell, hold, buy = p
    if found.action == "BUY":
        assert buy > max(sell, hold)
        assert found.p == buy > found.p_break_even
    if found.action == "SELL":
        assert sell > max(buy, hold)
        assert found.p == sell > found.p_break_even
    if hold >= max(sell, buy):
        assert found.action in ("HOLD", "NO_TRADE")
    assert (found.p_classes is None) == (found.p is None)


@pytest.mark.parametrize("p", [(0.5,), (0.2, 0.2), (-0.1, 0.5, 0.6), (math.nan, 0.5, 0.5), (0.25,) * 4])
def test_classes_that_are_none_are_refused(p):
    with pytest.raises(ValueError, match="p must"):
        classes(*p)
    with pytest.raises(ValueError, match="p_classes must be three"):
        decided(make.prediction(p_classes=(0.5, 0.5, 0.5)))


@many
@given(make.predictions, make.evidences(), make.markets(), st.sampled_from((1, None)))
def test_what_forbids_a_trade_never_makes_one(prediction, evidence, market, ahead):
    """Taking the votes, the dividend and the estimate away can only add trades, and changes no figure of one."""
    policy = make.policy()
    free = decide(
        dataclasses.replace(prediction, votes=()),
        evidence,
        dataclasses.replace(market, days_to_ex_dividend=None, spread_frac=math.nan, halted=False),
        policy,
    )
    bound = decide(prediction, evidence, dataclasses.replace(market, days_to_ex_dividend=ahead), policy)
    if bound.action in ("BUY", "SELL"):
        assert dataclasses.replace(bound, style=None) == dataclasses.replace(free, style=None)
