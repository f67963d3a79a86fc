"""What every backbone keeps: shapes, no look ahead, the same after saving and export, learning, seeds, masks.

`make test-jax` runs this file on JAX, without the export.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="training needs Keras")

from modeling.contracts import QUANTILE_LEVELS  # noqa: E402
from modeling.contracts.heads import BASE_HEADS, HEAD_WIDTHS, HEADS  # noqa: E402
from modeling.fitting.recipe import Backbone  # noqa: E402
from modeling.networks.build import BACKBONES, Networks, build_networks, insight, prepare_fit  # noqa: E402
from modeling.networks.heads import Heads  # noqa: E402
from modeling.networks.losses import losses  # noqa: E402
from modeling.networks.recurrent import STATES  # noqa: E402
from tests.modeling.networks.shapes import (  # noqa: E402
    FEATURES,
    FUNDAMENTAL,
    HORIZONS,
    LOOKBACK,
    MARKET,
    TECHNICAL,
    TICKERS,
    small_shape,
    windows,
)  # fmt: skip

ROWS, BATCH, SEED = 2048, 128, 7
EPOCHS_AT_ONCE, EPOCHS_MOST = 4, 24
PLANTED_BARS = 4  # the newest is no part of it: its own way to the heads must not be enough
TAUGHT = (*BASE_HEADS, "p_long_strong_logit", "rank_score", "long_mae_quantiles")  # one of each kind
PLANTED = ("p_long_logit", "p_long_strong_logit", "rank_score")
ENOUGH = 0.89  # of 500 windows on their right side: more epochs bring some backbones no further
WITHOUT_TARGET = "p_short_logit"
# The layer that gives a state for each bar, and the newest bar that its place p reads.
READS = {"tcn": ("norm_0", lambda p: 2 * p + 3)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A network that has learned the planted pattern, and what it was on the way."""

    networks: Networks
    at_first: dict[str, np.ndarray]
    after_one_epoch: dict[str, np.ndarray]
    after_the_same_epoch: dict[str, np.ndarray]


def state_of(network: Any) -> dict[str, np.ndarray]:
    """Return weights and the states of the dropouts' generators."""
    return {own.path: np.array(keras.ops.convert_to_numpy(own)) for own in network.variables}


def rises(bars: np.ndarray) -> np.ndarray:
    """Return the planted pattern: 1 where the first feature was above 0 on the whole, some bars ago."""
    return (bars[:, -PLANTED_BARS:-1, 0].sum(axis=1) > 0).astype(np.float32)


def lesson(seed: int) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return inputs of the training view and targets: the pattern for all heads but one, which has none."""
    inputs = windows(ROWS, seed)
    del inputs["horizon"]
    rng = np.random.default_rng(seed)
    up = np.repeat(rises(inputs["bars"])[:, None, None], HORIZONS, axis=1)
    forward = (up - 0.5) * 0.03
    targets = {
        "p_long_logit": up,
        "p_long_strong_logit": up,
        "return_quantiles": forward,
        "volatility": np.full_like(up, 0.03),
        "direction_logits": 2.0 + up,
        "rank_score": np.concatenate([2.0 * up - 1.0, np.zeros_like(up)], axis=-1),
        "long_mae_quantiles": np.minimum(forward, 0.0),
        WITHOUT_TARGET: np.full_like(up, np.nan),
    }
    for target in targets.values():  # rows without a label are everywhere
        target[rng.random(ROWS) < 0.2, :, 0] = np.nan
    inputs["ticker"][rng.random(ROWS) < 0.1] = 0
    inputs["horizons"] = np.tile(np.arange(HORIZONS, dtype=np.int32), (ROWS, 1))
    return inputs, {head: target.astype(np.float32) for head, target in targets.items()}


def compiled(backbone: str) -> Networks:
    keras.utils.set_random_seed(SEED)
    networks = build_networks(small_shape(backbone, heads=TAUGHT))
    networks.training.compile(keras.optimizers.Adam(0.02), loss=losses(return_unit_frac=0.03, heads=TAUGHT))
    inputs, targets = lesson(SEED)
    prepare_fit(
        networks.training, *({name: x[:BATCH] for name, x in part.items()} for part in (inputs, targets))
    )
    return networks


def taught(networks: Networks, epochs: int) -> None:
    inputs, targets = lesson(SEED)
    networks.training.fit(inputs, targets, batch_size=BATCH, epochs=epochs, shuffle=False, verbose=0)


@pytest.fixture(scope="module", params=sorted(BACKBONES))
def backbone(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def trained(backbone: str) -> Trained:
    networks = compiled(backbone)
    variables = networks.training.variables + networks.training.optimizer.variables
    beginning = [np.array(keras.ops.convert_to_numpy(own)) for own in variables]
    at_first = state_of(networks.training)
    taught(networks, 1)
    after_one_epoch = state_of(networks.training)
    for own, value in zip(variables, beginning, strict=True):
        own.assign(value)
    taught(networks, 1)
    after_the_same_epoch = state_of(networks.training)
    for _ in range(0, EPOCHS_MOST, EPOCHS_AT_ONCE):
        taught(networks, EPOCHS_AT_ONCE)
        others = windows(500, seed=13)
        if min(hits(networks.serving, head, others) for head in PLANTED) > ENOUGH:
            break
    return Trained(
        networks=networks,
        at_first=at_first,
        after_one_epoch=after_one_epoch,
        after_the_same_epoch=after_the_same_epoch,
    )


def said(network: Any, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {
        head: np.array(keras.ops.convert_to_numpy(output))
        for head, output in network(inputs, training=False).items()
    }


def hits(serving: Any, head: str, inputs: dict[str, np.ndarray]) -> float:
    """Return the share of windows that a head puts on the right side of its median."""
    own = said(serving, inputs)[head][:, 0]
    return float(np.mean((own > np.median(own)) == rises(inputs["bars"])))


def test_every_head_has_its_shape_and_its_range(backbone: str):
    keras.utils.set_random_seed(SEED)
    inputs = windows(9, seed=1)
    inputs["bars"] *= 5.0
    outputs = said(build_networks(small_shape(backbone)).serving, inputs)
    assert {head: output.shape for head, output in outputs.items()} == {
        head: (9, width) for head, width in HEAD_WIDTHS.items()
    }
    assert all(np.isfinite(output).all() for output in outputs.values())
    for head in HEADS:
        if head.endswith("quantiles"):
            assert (np.diff(outputs[head], axis=1) >= 0).all(), f"{head} cross"
    assert (outputs["long_mfe_quantiles"] >= 0).all() and (outputs["short_mfe_quantiles"] >= 0).all()
    assert (outputs["long_mae_quantiles"] <= 0).all() and (outputs["short_mae_quantiles"] <= 0).all()
    assert (outputs["volatility"] > 0).all()


def test_both_views_say_the_same(trained: Trained):
    inputs = windows(5, seed=2)
    serving = said(trained.networks.serving, inputs)
    horizons = np.tile(np.arange(HORIZONS, dtype=np.int32), (5, 1))
    training = said(
        trained.networks.training, {"bars": inputs["bars"], "ticker": inputs["ticker"], "horizons": horizons}
    )
    for head in TAUGHT:
        assert training[head].shape == (5, HORIZONS, HEAD_WIDTHS[head])
        own = training[head][np.arange(5), inputs["horizon"]]
        np.testing.assert_allclose(own, serving[head], atol=1e-5)


def test_the_future_changes_nothing_at_a_bar(backbone: str, trained: Trained):
    name, newest_bar = READS.get(backbone, (STATES, lambda place: place))
    serving = trained.networks.serving
    states = keras.Model(serving.inputs[0], serving.get_layer(name).output)
    assert serving.inputs[0].name == "bars"
    bars, other = windows(3, seed=3)["bars"], windows(3, seed=4)["bars"]
    before = keras.ops.convert_to_numpy(states(bars))
    for bar in range(3, LOOKBACK - 1):
        changed = np.concatenate([bars[:, : bar + 1], other[:, bar + 1 :]], axis=1)
        after = keras.ops.convert_to_numpy(states(changed))
        known = np.array([newest_bar(place) <= bar for place in range(before.shape[1])])
        assert known.any() and not known.all()
        np.testing.assert_allclose(after[:, known], before[:, known], atol=1e-5)
        assert (np.abs(after[:, ~known] - before[:, ~known]).max(axis=(0, 2)) > 1e-3).all()


def test_every_bar_of_the_window_counts_and_no_other_row(trained: Trained):
    inputs = windows(LOOKBACK + 1, seed=5)
    inputs["bars"][:] = inputs["bars"][0]
    inputs["ticker"][:], inputs["horizon"][:] = 1, 0
    same = said(trained.networks.serving, inputs)["return_quantiles"]
    np.testing.assert_allclose(same, same[:1].repeat(len(same), axis=0), atol=1e-6)
    for bar in range(LOOKBACK):
        inputs["bars"][bar, bar, 0] += 3.0
    changed = said(trained.networks.serving, inputs)["return_quantiles"]
    moved = np.abs(changed - same).max(axis=1)
    assert (moved[:-1] > 0).all(), f"bars {np.flatnonzero(moved[:-1] == 0)} are not seen"
    np.testing.assert_allclose(changed[-1], same[-1], atol=1e-6)


def test_a_saved_network_says_the_same(trained: Trained, tmp_path: Path):
    path = tmp_path / "network.keras"
    trained.networks.serving.save(path)
    loaded = keras.saving.load_model(path, compile=False, safe_mode=True)
    inputs = windows(7, seed=6)
    wanted, found = said(trained.networks.serving, inputs), said(loaded, inputs)
    for head in TAUGHT:
        np.testing.assert_allclose(found[head], wanted[head], atol=1e-6)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="artifacts are exported under TensorFlow")
def test_onnx_equals_keras_at_batches_of_1_7_and_250(trained: Trained):
    from modeling.fitting.export import onnx_check, onnx_export

    serving = trained.networks.serving
    onnx = onnx_export(serving, lookback_bars=LOOKBACK, n_features=FEATURES)
    assert onnx_check(serving, onnx, n_tickers=TICKERS, n_horizons=HORIZONS, seed=1) < 1e-4


def test_it_learns_the_planted_pattern_also_of_a_share_it_has_not_seen(trained: Trained):
    inputs = windows(500, seed=8)
    for ticker in (inputs["ticker"], np.zeros(500, dtype=np.int32)):
        own = {**inputs, "ticker": ticker}
        for head in PLANTED:
            found = hits(trained.networks.serving, head, own)
            assert found > 0.85, f"{head} is right in {found:.2f}, a coin in 0.50"
        medians = said(trained.networks.serving, own)["return_quantiles"][:, 3]
        assert np.corrcoef(medians, rises(own["bars"]))[0, 1] > 0.6


def test_the_ticker_and_the_horizon_are_read(trained: Trained):
    inputs = windows(1, seed=9) | {"ticker": np.zeros(1, np.int32), "horizon": np.zeros(1, np.int32)}
    unknown = said(trained.networks.serving, inputs)["p_long_logit"]
    known = said(trained.networks.serving, inputs | {"ticker": np.ones(1, np.int32)})["p_long_logit"]
    later = said(trained.networks.serving, inputs | {"horizon": np.ones(1, np.int32)})["p_long_logit"]
    assert known != unknown and later != unknown


def test_the_same_seed_gives_the_same_network(backbone: str, trained: Trained):
    keras.utils.set_random_seed(SEED)
    again = build_networks(small_shape(backbone, heads=TAUGHT)).training
    pairs = zip(trained.at_first.items(), state_of(again).values(), strict=True)
    assert_same(pairs)
    pairs = zip(trained.after_one_epoch.items(), trained.after_the_same_epoch.values(), strict=True)
    assert_same(pairs)
    keras.utils.set_random_seed(SEED + 1)
    other = build_networks(small_shape(backbone, heads=TAUGHT)).training
    assert any(
        (a != b).any() for a, b in zip(state_of(other).values(), trained.at_first.values(), strict=True)
    )


def assert_same(pairs: Iterable[tuple[tuple[str, np.ndarray], np.ndarray]]) -> None:
    for (name, wanted), found in pairs:
        np.testing.assert_array_equal(found, wanted, err_msg=name)


def test_heads_without_a_target_learn_nothing(trained: Trained):
    now = state_of(trained.networks.training)
    assert all(np.isfinite(weight).all() for weight in now.values())
    for head in TAUGHT:
        own = [name for name in now if f"{head}_raw" in name]
        assert len(own) == 2
        for name in own:
            assert np.array_equal(now[name], trained.at_first[name]) == (head == WITHOUT_TARGET), name


def test_a_block_that_is_switched_off_is_not_read(backbone: str):
    keras.utils.set_random_seed(SEED)
    serving = build_networks(small_shape(backbone, blocks=(TECHNICAL, FUNDAMENTAL), heads=BASE_HEADS)).serving
    inputs = windows(4, seed=10)
    before = said(serving, inputs)
    assert set(before) == set(BASE_HEADS)

    def moved(column: int, bar: int) -> bool:
        changed = inputs["bars"].copy()
        changed[:, bar, column] += 2.0
        return bool(
            (said(serving, {**inputs, "bars": changed})["p_long_logit"] != before["p_long_logit"]).all()
        )

    assert moved(TECHNICAL.columns[0], -1) and moved(TECHNICAL.columns[0], -4)
    assert not moved(MARKET.columns[0], -1) and not moved(MARKET.columns[0], -4)
    assert moved(FUNDAMENTAL.columns[0], -1) and not moved(FUNDAMENTAL.columns[0], -4)  # its last bar alone


def test_windows_at_the_edge_of_the_scaler_stay_finite(trained: Trained):
    inputs = windows(4, seed=11)
    inputs["bars"][:2], inputs["bars"][2:] = 10.0, -10.0
    inputs["bars"][::2, ::2] *= -1.0
    outputs = said(trained.networks.serving, inputs)
    assert all(np.isfinite(output).all() for output in outputs.values())


def test_what_was_read_can_be_told(backbone: str, trained: Trained, tmp_path: Path):
    view = insight(trained.networks.serving)
    expected = {"gru_attention": {"attention_weights"}, "tft": {"attention_weights", "variable_weights"}}
    if backbone not in expected:
        assert view is None
        return
    trained.networks.serving.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras", compile=False)
    told = said(insight(loaded), {"bars": windows(6, seed=12)["bars"]})
    assert set(told) == expected[backbone]
    assert told["attention_weights"].shape == (6, LOOKBACK)
    for weights in told.values():
        assert (weights >= 0).all()
        np.testing.assert_allclose(weights.sum(axis=-1), 1.0, atol=1e-5)
    if "variable_weights" in told:
        assert told["variable_weights"].shape == (6, LOOKBACK, FEATURES)
        # The pattern is in the first feature alone.
        assert told["variable_weights"].mean(axis=(0, 1)).argmax() == 0


def test_recipes_name_exactly_the_backbones_there_are():
    assert set(get_args(Backbone)) == set(BACKBONES)


def test_an_unknown_backbone_is_refused():
    with pytest.raises(ValueError, match=r"backbone must be one of tcn.*was 'rnn'"):
        build_networks(small_shape("rnn"))


def test_excursions_begin_where_a_random_walk_goes():
    """At the quantiles of |N(0, 1)|, in units of the return's own spread, whatever the sign of the head."""
    keras.utils.set_random_seed(SEED)
    layer = Heads(small_shape("tcn"))
    begun = np.quantile(np.abs(np.random.default_rng(1).standard_normal(200_000)), QUANTILE_LEVELS)
    nothing, unit = np.zeros((1, 8), dtype=np.float32), np.ones((1, 1), dtype=np.float32)
    said_first = layer(keras.ops.convert_to_tensor(nothing), keras.ops.convert_to_tensor(unit), {})
    for side in ("long", "short"):
        best, worst = (np.asarray(said_first[f"{side}_{kind}_quantiles"])[0] for kind in ("mfe", "mae"))
        np.testing.assert_allclose(best, begun, atol=0.02)
        np.testing.assert_allclose(worst, -begun[::-1], atol=0.02)
