from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import yaml

from features.contracts import REGIMES
from modeling.contracts import CostModel, PolicyConfig, RegimeRule
from modeling.fitting.recipe import recipe_load
from modeling.selectors import configuration
from traderai.common.config import config_path, fingerprint
from traderai.common.errors import InputError


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Return a function that writes an operator's own file: the packaged one with some keys changed."""
    monkeypatch.setenv("TRADERAI_CONFIG_DIR", str(tmp_path))

    def write(name, change):
        content = yaml.safe_load(config_path(name).read_text(encoding="utf-8"))
        change(content)
        (tmp_path / name).write_text(yaml.safe_dump(content), encoding="utf-8")

    return write


def test_the_packaged_files_are_whole():
    policy = configuration.policy_get()
    assert set(policy.regimes) == set(REGIMES)
    assert policy.costs == configuration.cost_model_get()
    assert policy.strength_cuts == (0.65, 0.70, 0.80)
    assert configuration.gate_get().level == 0.99


def test_the_fingerprint_of_the_policy_holds_the_costs_too(own):
    before = fingerprint(configuration.policy_get())
    assert fingerprint(configuration.policy_get()) == before
    own("costs.yaml", lambda content: content.update(broker_fee_frac=0.0005))
    assert fingerprint(configuration.policy_get()) != before


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda c: c.update(exchange_fee_frac=0.0, broker_fee_frac=0.0), "no trade is free"),
        (lambda c: c.update(slippage_bp=-1.0), "no cost may be negative"),
        (lambda c: c.update(broker_fee_frac=0.05), "percent written as a fraction"),
        (lambda c: c.update(fee=0.1), "unknown key 'fee'"),
        (lambda c: c.pop("half_spread_bp"), "'half_spread_bp' is missing"),
    ],
)
def test_wrong_costs_are_refused_by_name(own, change, text):
    own("costs.yaml", change)
    for load in (configuration.cost_model_get, configuration.policy_get):
        with pytest.raises(InputError, match=text) as caught:
            load()
        assert "costs.yaml" in caught.value.detail


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda c: c.update(costs={}), "costs stand in costs.yaml"),
        (lambda c: c.update(filters={}), "filters are learned by each version"),
        (lambda c: c.update(order_levels={}), "order_levels are learned by each version"),
        (lambda c: c["regimes"].pop("panic"), "regimes must be exactly"),
        (lambda c: c["regimes"]["panic"].update(min_edge=0.0), "min_edge and min_expected_r"),
        (lambda c: c["regimes"]["panic"].update(size_factor=2.0), "size_factor"),
        (lambda c: c.update(strength_cuts=[0.8, 0.7, 0.65]), "strength_cuts must rise"),
        (lambda c: c.update(full_history_bars=10), "full_history_bars"),
        (lambda c: c.update(risk_frac=1.5), "risk_frac must be above 0"),
        (lambda c: c.update(max_data_age_s=0), "max_data_age_s"),
        (lambda c: c.pop("regimes"), "'regimes' is missing"),
    ],
)
def test_wrong_policies_are_refused_by_name(own, change, text):
    own("policy.yaml", change)
    with pytest.raises(InputError, match=text) as caught:
        configuration.policy_get()
    assert "policy.yaml" in caught.value.detail


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda c: c.update(level=0.5), "level must be"),
        (lambda c: c.update(resamples=10), "resamples 1000"),
        (lambda c: c.update(base_tolerance_frac=0.5), "tolerances must lie"),
    ],
)
def test_wrong_gates_are_refused_by_name(own, change, text):
    own("gate.yaml", change)
    with pytest.raises(InputError, match=text) as caught:
        configuration.gate_get()
    assert "gate.yaml" in caught.value.detail


def test_the_round_trip_by_hand_for_numbers_and_arrays():
    costs = configuration.cost_model_get()
    sides = costs.exchange_fee_frac + costs.broker_fee_frac + costs.slippage_bp / 1e4
    at_100 = 2 * (sides + costs.slippage_steps * 0.05 / 100 + costs.half_spread_bp / 1e4)
    assert costs.round_trip_frac(price_rub=100.0, price_step_rub=0.05) == pytest.approx(at_100)
    wide = 2 * (sides + costs.slippage_steps * 0.05 / 50 + 0.003)
    got = costs.round_trip_frac(
        price_rub=np.array([100.0, 50.0]), price_step_rub=0.05, half_spread_frac=np.array([np.nan, 0.003])
    )
    np.testing.assert_allclose(got, [at_100, wide])
    assert isinstance(costs.round_trip_frac(price_rub=100.0, price_step_rub=0.05), float)


def test_contracts_are_frozen():
    for kind in (CostModel, PolicyConfig, RegimeRule):
        assert kind.__dataclass_params__.frozen


def test_a_recipe_says_only_what_is_other_than_in_the_one_it_is_like():
    base, council = recipe_load("global_swing_v1"), recipe_load("council_swing_v1")
    assert (council.kind, council.name) == ("council", "council_swing_v1")
    assert (council.network, council.fit, council.feature_set) == (base.network, base.fit, base.feature_set)
    shorter = {"train_frac": 0.7, "validation_frac": 0.15, "test_frac": 0.15}
    assert council.split == replace(base.split, calibration_folds=4, **shorter)
    assert recipe_load("global_swing_v1").split == base.split  # what others read is not touched
    changed = recipe_load("council_swing_v1", overrides=("fit.max_epochs=3",))
    assert changed.fit.max_epochs == 3
