"""Fitting by a recipe: any backbone, weights of losses that are learned, and the export that judges it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
import pytest

pytest.importorskip("keras", reason="training needs Keras")

from modeling.contracts.heads import EXCURSION_HEADS, HEADS
from modeling.errors import FitDivergedError
from modeling.fitting.batches import scaler_fit
from modeling.fitting.dataset import TRAIN, VALIDATION, Dataset
from modeling.fitting.explanation import keras_network, mean_weights
from modeling.fitting.export import keras_bytes, onnx_check, onnx_export
from modeling.fitting.training import SEEDS_APART, network_fit
from modeling.registry.scorer import Network
from tests.modeling.synthetic import dataset, tiny_recipe
from traderai.common.clock import to_epoch_s
from traderai.common.errors import InputError


@pytest.fixture(scope="module")
def data() -> Dataset:
    return dataset(days=120, planted=True)


def test_a_recipe_takes_another_backbone_and_learns_its_loss_weights(data: Dataset):
    plain = tiny_recipe(**{"fit.max_epochs": 2})
    recipe = replace(
        plain,
        network=replace(plain.network, name="gru_attention"),
        fit=replace(plain.fit, learned_loss_weights=True),
    )
    scaler = scaler_fit(data)
    fitted = network_fit(data, recipe, scaler=scaler, seed=1, say=lambda *_: None)
    assert fitted.networks.serving.name == "gru_attention"
    assert fitted.epochs == 2
    assert np.isfinite(fitted.learning_curve["val_loss"]).all()
    learned = np.asarray(fitted.networks.training.get_layer("task_weights").log_variance)
    assert learned.shape == (len(recipe.network.heads),)
    assert (learned != 0).all()
    onnx = onnx_export(fitted.networks.serving, lookback_bars=8, n_features=3)
    assert onnx_check(fitted.networks.serving, onnx, n_tickers=3, n_horizons=2, seed=0) < 1e-4
    rows = data.rows_of(VALIDATION)[:5]
    bars = np.stack([scaler.apply(data.values)[row - 7 : row + 1] for row in rows])
    said = Network(onnx).run(bars=bars, ticker=data.ticker[rows], horizon=np.zeros(5, np.int32))
    assert np.isfinite(said.return_quantiles).all()
    assert set(said.more) == set(EXCURSION_HEADS)
    assert said.taken(np.arange(5) < 2).p_long_logit.shape == (2,)


def test_an_ensemble_is_the_mean_of_its_members_and_exports(data: Dataset):
    plain = tiny_recipe(**{"fit.max_epochs": 1, "fit.max_windows_per_epoch": 500})
    attentive = replace(plain, network=replace(plain.network, name="gru_attention"))
    scaler, rows = scaler_fit(data), data.rows_of(VALIDATION)[:6]
    bars = np.stack([scaler.apply(data.values)[row - 7 : row + 1] for row in rows])
    inputs = {"bars": bars, "ticker": data.ticker[rows], "horizon": np.ones(6, np.int32)}

    def fitted(seed: int, ensemble: int) -> Any:
        recipe = replace(attentive, network=replace(attentive.network, ensemble=ensemble))
        return network_fit(data, recipe, scaler=scaler, seed=seed, say=lambda *_: None).networks.serving

    both = fitted(1, 2)
    members = [both.get_layer(f"gru_attention_{number}") for number in range(2)]
    said = [{head: np.asarray(own) for head, own in network(inputs).items()} for network in (both, *members)]
    # A member is what its seed gives alone.
    alone = fitted(1 + SEEDS_APART, 1)(inputs)
    assert all(np.array_equal(np.asarray(own), said[2][head]) for head, own in alone.items())
    for head, own in said[0].items():
        np.testing.assert_allclose(own, (said[1][head] + said[2][head]) / 2, atol=1e-6)
        assert np.abs(said[1][head] - said[2][head]).max() > 1e-6  # the members differ
    onnx = onnx_export(both, lookback_bars=8, n_features=3)
    assert onnx_check(both, onnx, n_tickers=3, n_horizons=2, seed=0) < 1e-4
    again = keras_network(keras_bytes(both))
    np.testing.assert_allclose(np.asarray(again(inputs)["p_long_logit"]), said[0]["p_long_logit"], atol=1e-6)
    told = [mean_weights(network, bars)["attention_weights"] for network in (again, *members)]
    np.testing.assert_allclose(told[0], (told[1] + told[2]) / 2, atol=1e-6)


def test_all_heads_learn_together_and_reach_the_export(data: Dataset):
    plain = tiny_recipe(**{"fit.max_epochs": 1})
    recipe = replace(
        plain,
        network=replace(plain.network, heads=HEADS),
        fit=replace(plain.fit, loss_weights=dict.fromkeys(HEADS, 1.0), rank_min_shares=3),
    )
    fitted = network_fit(data, recipe, scaler=scaler_fit(data), seed=1, say=lambda *_: None)
    told = {f"val_{head}_loss" for head in HEADS}
    assert told <= set(fitted.learning_curve)
    assert all(0 < fitted.learning_curve[name][-1] < 5 for name in told), fitted.learning_curve
    network = Network(onnx_export(fitted.networks.serving, lookback_bars=8, n_features=3))
    assert set(network.heads) == set(HEADS)


def test_a_volatility_feature_that_is_not_there_is_refused(data: Dataset):
    recipe = tiny_recipe(**{"network.volatility_feature": "volatilty"})
    with pytest.raises(InputError, match="did you mean 'volatility'"):
        network_fit(data, recipe, scaler=scaler_fit(data), seed=1, say=lambda *_: None)


def diverged(data: Dataset, *, broken_row: int | None = None, **overrides: object) -> str:
    """Return what a fit says that ends early; a bar that lost a feature after the dataset was made is in its windows."""
    values = data.values.copy()
    if broken_row is not None:
        values[broken_row, 2] = np.nan
    recipe, scaler = tiny_recipe(**{"fit.max_epochs": 2, **overrides}), scaler_fit(data)
    with pytest.raises(FitDivergedError) as caught:
        network_fit(replace(data, values=values), recipe, scaler=scaler, seed=1, say=lambda *_: None)
    return caught.value.detail


def test_weights_that_run_away_end_the_fit_with_the_batch_its_rows_and_the_remedy(data: Dataset):
    told = diverged(data, **{"fit.learning_rate": "1.0e+30"})
    found = re.fullmatch(
        r"the loss must stay finite, was (nan|inf) in epoch 1 at batch (\d+) of (\d+): its rows are finite, the first "
        r"are (.+) and \d+ more; the weights have run away: lower fit\.learning_rate, was 1e\+30",
        told,
    )
    assert found, told
    # The first step spoils the weights; the second is the first to see it.
    assert int(found[2]) == 2 <= int(found[3])
    for row in found[4].split(", "):
        secid, moment = row.split(" ")
        place = data.secids.index(secid)
        moments = data.decision_s[(data.instrument == place) & (data.part == TRAIN).any(axis=1)]
        assert to_epoch_s(datetime.fromisoformat(moment)) in moments


def test_rows_with_a_feature_that_is_missing_are_named(data: Dataset):
    row = int(data.rows_of(TRAIN)[data.lookback_bars + 100])
    told = diverged(data, broken_row=row)
    # Every window that holds the bar is spoiled; which of them the batch drew is the seed's.
    found = re.search(
        r"was nan in epoch 1 at batch \d+ of \d+: features or labels that are not finite stand at (.+); look at",
        told,
    )
    assert found, told
    moments = [to_epoch_s(datetime.fromisoformat(text)) for text in re.findall(r"\d{4}-\S+:00", found[1])]
    assert moments and set(moments) <= set(data.decision_s[row : row + data.lookback_bars].tolist())
    assert {text.split()[0] for text in found[1].split(", ")} == {data.secids[data.instrument[row]]}


def test_a_validation_loss_that_is_not_finite_ends_the_fit(data: Dataset):
    told = diverged(data, broken_row=int(data.rows_of(VALIDATION)[200]))
    assert told.startswith("the validation loss must stay finite, was nan after epoch 1; lower")
