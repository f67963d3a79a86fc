"""Which style an entry has, by hand and for drawn markets."""

from __future__ import annotations

import dataclasses
import math

import pytest
from hypothesis import given, settings

from modeling.contracts.policy import StyleRules
from modeling.kernels.entry_style import entry_style
from modeling.kernels.policy import decide
from modeling.selectors.configuration import policy_get
from tests.modeling.kernels import policy_maker as make


@pytest.mark.parametrize(
    ("edge", "market", "style"),
    [
        (0.10, {}, "enter_now"),
        (0.10, {"regime": "panic"}, "scale_in"),
        (0.10, {"regime": "news_storm", "spread_frac": 0.0079}, "scale_in"),
        (0.10, {"spread_frac": 0.004}, "limit"),  # half of the 0.8 % allowed
        (0.10, {"spread_frac": 0.0039}, "enter_now"),
        (0.10, {"half_spread_frac": 0.002}, "limit"),
        (0.029, {"atr_rub": 1.36}, "wait_pullback"),  # a quarter of the stop's 5.43 roubles
        (0.029, {"atr_rub": 1.35}, "enter_now"),
        (0.031, {"atr_rub": 1.36}, "enter_now"),
    ],
)
def test_styles_by_hand(edge, market, style):
    assert entry_style(edge, make.market(**market), make.policy()) == style
    plain = make.policy(styles=StyleRules())
    assert entry_style(edge, make.market(**market), plain) == "enter_now"


@settings(max_examples=150, deadline=None)
@given(make.predictions, make.evidences(), make.markets())
def test_only_orders_have_a_style_and_it_changes_nothing_else(prediction, evidence, market):
    found = decide(prediction, evidence, market, make.policy())
    assert (found.style is not None) == (found.action in ("BUY", "SELL"))
    plain = decide(prediction, evidence, market, make.policy(styles=StyleRules()))
    assert plain.style in (None, "enter_now")
    assert dataclasses.replace(found, style=plain.style) == plain


def test_an_unknown_spread_is_the_configured_one():
    known = make.market(spread_frac=math.nan, half_spread_frac=math.nan)
    assert entry_style(0.1, known, make.policy()) == "enter_now"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"in_use": ("limit",)}, "must hold enter_now"),
        ({"scale_in_regimes": ("storm",)}, "scale_in_regimes must be of"),
        ({"pullback_atr": 0.0}, "must be above 0"),
        ({"wait_bars": 0}, "must be at least 1"),
    ],
)
def test_rules_that_cannot_be_are_refused(changes, text):
    with pytest.raises(ValueError, match=text):
        StyleRules(**changes)


def test_the_packaged_policy_uses_what_has_proven_itself():
    assert policy_get().styles.in_use == ("enter_now",)
