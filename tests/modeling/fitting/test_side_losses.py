"""Recipes of the earlier networks: weighted sides, chosen horizons, and what calibration makes of logits that are no odds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("keras", reason="training needs Keras")

from modeling.fitting.batches import scaler_fit
from modeling.fitting.candidates import candidate_calibrate, candidate_train
from modeling.fitting.dataset import TEST, TRAIN, Dataset
from modeling.fitting.forecasts import calibrated
from modeling.fitting.judging import Rules
from modeling.fitting.recipe import Recipe, recipe_load
from modeling.fitting.recipe_sides import SideLossConfig
from modeling.fitting.trading import account_rules
from modeling.fitting.training import _side_losses, network_fit
from modeling.kernels.calibration import sigmoid
from modeling.kernels.metrics import log_loss
from modeling.networks.losses import binary_cross_entropy
from modeling.selectors.configuration import account_get, cost_model_get, policy_get
from tests.modeling.synthetic import dataset, label_set, tiny_recipe
from traderai.common.errors import InputError

ZERO = {"return_quantiles": 0.0, "volatility": 0.0, "direction_logits": 0.0}
BASE = tuple(recipe_load("tcn_swing").network.heads)


@pytest.fixture(scope="module")
def data() -> Dataset:
    return dataset(days=160, planted=True)


@pytest.fixture
def quick_labels(monkeypatch):
    """Let every recipe be of the synthetic bars' label set."""
    monkeypatch.setattr(Recipe, "labels", lambda _self: label_set())


def recipe(side_loss: SideLossConfig, **overrides: object) -> Recipe:
    plain = tiny_recipe(
        **{
            "split.calibration_folds": 1,
            "thresholds": "null",
            "filters": "null",
            "order_levels": "null",
            **overrides,
        }
    )
    weights = {"p_long_logit": 1.0, "p_short_logit": 1.0, **ZERO}
    return replace(
        plain,
        network=replace(plain.network, heads=BASE, horizon_input="one_hot"),
        fit=replace(plain.fit, side_loss=side_loss, loss_weights=weights),
    )


def test_the_earlier_networks_are_recipes_of_the_label_sets_that_they_were_for():
    swing, intraday, attentive = (recipe_load(name) for name in ("tcn_swing", "tcn_intraday", "tft_intraday"))
    assert swing.labels().horizons == ("3d", "5d", "10d")
    assert intraday.labels().horizons == ("30min", "60min", "120min")
    assert (attentive.network.name, attentive.labels().horizons) == ("tft", ("60min",))
    assert {own.network.lookback_bars for own in (swing, intraday, attentive)} <= {32, 64}
    for name in ("tcn_swing", "tcn_intraday", "tft_intraday"):
        own = recipe_load(name, overrides=("network.lookback_bars=32", "fit.side_loss.loss=bce"))
        assert (own.kind, own.serves) == ("global", False)
        assert {head for head, weight in own.fit.loss_weights.items() if weight > 0} == {
            "p_long_logit",
            "p_short_logit",
        }


def test_a_filter_leaves_the_horizons_that_it_names_in_their_order():
    own = recipe_load("tcn_swing", overrides=("horizon_filter=[10d, 3d]",))
    assert own.labels().horizons == ("3d", "10d")
    wrong = recipe_load("tcn_swing", overrides=("horizon_filter=[50d]",))
    with pytest.raises(InputError, match=r"horizons of swing_v1 at 1h, 3d, 5d, 10d, named '50d'"):
        wrong.labels()


@pytest.mark.parametrize(
    ("override", "complaint"),
    [
        ("loss=bcee", "must be one of bce, focal"),
        ("gamma=-1", "gamma must be at least 0"),
        ("alpha=1.0", "alpha lie within"),
        ("pos_weight=some", "must be one of none, auto"),
        ("pos_weight_override=0", "pos_weight_override must be above 0"),
        ("pos_weight_scale=0", "pos_weight_scale must be above 0"),
    ],
)
def test_a_loss_that_cannot_be_is_refused_with_the_recipe(override: str, complaint: str):
    with pytest.raises(InputError, match=complaint):
        recipe_load("tcn_swing", overrides=(f"fit.side_loss.{override}",))


def test_the_plain_loss_stays_the_one_that_it_was(data: Dataset):
    assert _side_losses(data, recipe(SideLossConfig())) == {}
    assert _side_losses(data, recipe(SideLossConfig(gamma=5.0, alpha=0.1))) == {}  # of focal alone


def test_focal_without_focus_and_preference_is_the_plain_loss(data: Dataset):
    rng = np.random.default_rng(0)
    target = rng.integers(0, 2, (40, 2, 1)).astype(np.float32)
    logit = rng.standard_normal((40, 2, 1)).astype(np.float32)
    wanted = float(binary_cross_entropy(target, logit))
    for alpha in (None, 0.5):
        own = _side_losses(data, recipe(SideLossConfig(loss="focal", gamma=0.0, alpha=alpha)))
        assert float(own["p_long_logit"](target, logit)) == pytest.approx(wanted, rel=1e-6)
        assert float(own["p_short_logit"](target, logit)) == pytest.approx(wanted, rel=1e-6)


def test_auto_weighs_by_the_training_rows_of_each_horizon_and_an_override_replaces_it(data: Dataset):
    hit = np.ones((1, 2, 1), dtype=np.float32)
    logit = np.zeros((1, 2, 1), dtype=np.float32)

    def weights(own: SideLossConfig, rows: Dataset) -> list[float]:
        loss = _side_losses(rows, recipe(own))["p_long_logit"]
        found = []
        for h in range(2):
            target = np.full_like(hit, np.nan)
            target[:, h] = 1.0
            found.append(float(loss(target, logit)) / np.log(2.0))
        return found

    rate = [float(data.targets.p_long[data.part[:, h] == TRAIN, h].mean()) for h in range(2)]
    wanted = [(1.0 - each) / each for each in rate]
    auto = SideLossConfig(pos_weight="auto")
    assert weights(auto, data) == pytest.approx(wanted, rel=1e-5)
    assert weights(replace(auto, pos_weight_scale=0.5), data) == pytest.approx(
        [0.5 * own for own in wanted], rel=1e-5
    )
    assert weights(replace(auto, pos_weight_override=7.0), data) == pytest.approx([7.0, 7.0], rel=1e-5)
    # Held-out outcomes weigh nothing.
    poisoned = np.where(data.part == TRAIN, data.targets.p_long, 1.0)
    other = replace(data, targets=replace(data.targets, p_long=poisoned))
    assert weights(auto, other) == weights(auto, data)


@pytest.mark.usefixtures("quick_labels")
def test_a_weighted_side_is_no_probability_and_calibration_does_not_take_it_for_one(data: Dataset):
    own = recipe(SideLossConfig(pos_weight_override=6.0))
    account = account_rules(account_get(), cost_model_get())
    rules = Rules(policy=policy_get(), account=account, recipe=own, seed=1)
    trained = candidate_train(data, rules, say=lambda *_: None)
    trust = candidate_calibrate(trained, rules)
    raw = trained.raw
    said = calibrated(raw, data, trust, column=trained.column)
    for h, horizon in enumerate(data.horizons):
        inside = data.part[raw.rows, h] == TEST
        y = data.targets.p_long[raw.rows[inside], h]
        loud, honest = sigmoid(raw.p_long_logit[inside, h]), said.p_long[inside, h]
        assert loud.mean() > y.mean() + 0.15  # six times the weight: far too sure of hits
        assert abs(honest.mean() - y.mean()) < 0.08
        assert log_loss(y, honest) < log_loss(y, loud) - 0.05
        # A straight line through the prior cannot take such a shift back: a map does, or nothing is believed.
        assert trust[horizon].p_long_map is not None or trust[horizon].p_long_trust == 0.0
        # What was not taught is not believed.
        assert trust[horizon].quantile_weights[2] == 0.0
        assert (trust[horizon].volatility_weights[2], trust[horizon].direction_trust) == (0.0, 0.0)
    assert any(trust[horizon].p_long_map is not None for horizon in data.horizons)


@pytest.mark.usefixtures("quick_labels")
def test_the_horizon_as_one_of_so_many_reaches_the_export_and_does_not_learn(data: Dataset):
    own = recipe(SideLossConfig(loss="focal"), **{"fit.max_epochs": 1})
    fitted = network_fit(data, own, scaler=scaler_fit(data), seed=1, say=lambda *_: None)
    when = fitted.networks.serving.get_layer("horizon_one_hot")
    np.testing.assert_array_equal(np.asarray(when.embeddings), np.eye(2))
