"""The verdict holds every rule: break one, and there is no edge any more."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from modeling.contracts import GateConfig
from modeling.fitting.walk_luck import market_alpha
from modeling.fitting.walk_verdict import Evidence, model_tests, verdict_of
from modeling.selectors.configuration import gate_get as configured

DAYS = 750


def gate_get() -> GateConfig:
    """The configured gate, with fewer draws."""
    return replace(configured(), resamples=1000)


def evidence(**changes: object) -> Evidence:
    """A model that earns 8 bp a day with a volatility of 60 bp, beside a market that goes nowhere."""
    rng = np.random.default_rng(3)
    daily = 0.0008 + 0.006 * rng.standard_normal(DAYS)
    own = Evidence(
        name="model",
        daily_net=daily,
        trades=900,
        figures={"sharpe": {"value": 2.1}, "net_bp": {"value": 20.0, "low": 8.0, "high": 32.0}},
        deflated_p=0.01,
        shift_p=0.01,
        always_long=rng.standard_normal(DAYS) * 0.01 - 0.0005,
        market=rng.standard_normal(DAYS) * 0.01,
        direction_auc=0.54,
    )
    return replace(own, **changes)  # type: ignore[arg-type]


def test_an_edge_is_told_when_every_rule_holds():
    found = verdict_of([evidence()], gate_get())
    assert found.edge
    assert found.sentence.startswith(
        "Edge: model made +20.0 [+8.0, +32.0] bp a trade net in 900 trades over 750"
    )


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("enough to judge", {"trades": 99}),
        ("profit after costs", {"daily_net": evidence().daily_net - 0.001}),
        ("deflated Sharpe ratio", {"deflated_p": 0.051}),
        ("deflated Sharpe ratio", {"deflated_p": None}),
        ("shifted signals", {"shift_p": 0.06}),
        ("better than always long", {"always_long": evidence().daily_net + 1e-6}),
        ("more than the market", {"market": evidence().daily_net}),
        ("more than the market", {"market": None}),
        ("not too good to be true", {"direction_auc": 0.66}),
        ("not too good to be true", {"figures": evidence().figures | {"sharpe": {"value": 3.1}}}),
    ],
)
def test_one_broken_rule_is_enough(rule: str, change: dict[str, object]):
    broken = evidence(**change)
    assert rule in {test.name for test in model_tests(broken, gate_get()) if not test.passed}
    found = verdict_of([broken], gate_get())
    assert not found.edge
    assert found.sentence.startswith("No edge")


def test_who_is_too_good_is_looked_at_for_a_leak():
    assert "look for a leak first" in verdict_of([evidence(direction_auc=0.7)], gate_get()).sentence


def test_a_model_without_a_trade_has_no_edge():
    idle = evidence(trades=0, daily_net=np.zeros(DAYS), figures={"sharpe": {"value": float("nan")}})
    assert (
        verdict_of([idle], gate_get()).sentence
        == "No edge: model finds no trade worth its costs in 750 test days."
    )


def test_the_model_that_passes_most_rules_is_the_one_told_of():
    worse = replace(evidence(daily_net=evidence().daily_net - 0.002), name="worse")
    assert verdict_of([worse, evidence()], gate_get()).model == "model"


def test_alpha_is_what_a_regression_on_the_market_leaves():
    rng = np.random.default_rng(0)
    market = 0.01 * rng.standard_normal(400)
    daily = 0.0003 + 0.4 * market + 0.004 * rng.standard_normal(400)
    slope, intercept = np.polyfit(market, daily, 1)
    beta, alpha = market_alpha(daily, market)
    assert beta == pytest.approx(slope)
    assert alpha.mean() == pytest.approx(intercept)
