"""The network: what it exports is what it computes, it looks at its whole window, its quantiles never cross."""

from __future__ import annotations

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="training needs Keras")

from modeling.errors import ExportMismatchError  # noqa: E402
from modeling.fitting.export import onnx_check, onnx_export  # noqa: E402
from modeling.networks.losses import losses  # noqa: E402
from modeling.networks.tcn import TcnConfig, build_tcn  # noqa: E402
from modeling.registry.scorer import BATCH_ROWS, HEADS, Network  # noqa: E402

LOOKBACK, K = 16, 3


def config(**changes: object) -> TcnConfig:
    values = {
        "lookback_bars": LOOKBACK, "n_features": K, "n_tickers": 4, "n_horizons": 2, "channels": 8,
        "ticker_width": 2, "horizon_width": 2, "dropout_frac": 0.1, "return_unit_frac": 0.03,
        "volatility_column": 1, "volatility_mean": 0.01, "volatility_std": 0.005,
    }  # fmt: skip
    return TcnConfig(**{**values, **changes})


@pytest.fixture(scope="module")
def serving():
    keras.utils.set_random_seed(3)
    return build_tcn(config()).serving


@pytest.fixture(scope="module")
def onnx(serving) -> bytes:
    return onnx_export(serving, lookback_bars=LOOKBACK, n_features=K)


def inputs(n: int, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        "bars": rng.standard_normal((n, LOOKBACK, K)).astype(np.float32),
        "ticker": rng.integers(0, 5, n).astype(np.int32),
        "horizon": rng.integers(0, 2, n).astype(np.int32),
    }


def test_onnx_equals_keras_at_batches_of_1_7_and_250(serving, onnx: bytes):
    assert onnx_check(serving, onnx, n_tickers=4, n_horizons=2, seed=1) < 1e-4


def test_the_comparison_catches_another_network(onnx: bytes):
    keras.utils.set_random_seed(4)
    with pytest.raises(ExportMismatchError, match="differs"):
        onnx_check(build_tcn(config()).serving, onnx, n_tickers=4, n_horizons=2, seed=1)


def test_a_row_gives_the_same_bits_in_every_batch(onnx: bytes):
    network, feed = Network(onnx), inputs(BATCH_ROWS * 2 + 5)
    whole = network.run(**feed)
    for row in (0, 31, 32, 68):
        alone = network.run(**{name: array[row : row + 1] for name, array in feed.items()})
        for head in HEADS:
            np.testing.assert_array_equal(getattr(alone, head)[0], getattr(whole, head)[row])
    assert network.run(**inputs(0)).return_quantiles.shape == (0, 7)


def test_every_bar_of_the_window_counts_and_no_other_row(onnx: bytes):
    network, feed = Network(onnx), inputs(2)
    before = network.run(**feed)
    for step in range(LOOKBACK):
        changed = {**feed, "bars": feed["bars"].copy()}
        changed["bars"][0, step] += 1.0
        after = network.run(**changed)
        assert after.p_long_logit[0] != before.p_long_logit[0], f"step {step} is not seen"
        np.testing.assert_array_equal(after.p_long_logit[1], before.p_long_logit[1])


def test_horizon_and_ticker_count(onnx: bytes):
    network, feed = Network(onnx), inputs(1)
    feed |= {"horizon": np.zeros(1, np.int32), "ticker": np.zeros(1, np.int32)}
    base = network.run(**feed).p_long_logit
    assert network.run(**{**feed, "horizon": np.ones(1, np.int32)}).p_long_logit != base
    assert network.run(**{**feed, "ticker": np.ones(1, np.int32)}).p_long_logit != base


def test_quantiles_never_cross_and_volatility_is_positive(onnx: bytes):
    feed = inputs(200, seed=5)
    feed["bars"] *= 10.0
    outputs = Network(onnx).run(**feed)
    assert (np.diff(outputs.return_quantiles, axis=1) >= 0).all()
    assert (outputs.volatility > 0).all()


def test_rows_without_a_label_carry_no_gradient():
    rng = np.random.default_rng(0)
    shapes = {
        "p_long_logit": 1,
        "p_short_logit": 1,
        "return_quantiles": 7,
        "volatility": 1,
        "direction_logits": 5,
    }
    for head, loss in losses(return_unit_frac=0.03).items():
        output = np.abs(rng.standard_normal((6, 2, shapes[head]))).astype(np.float32)
        target = rng.integers(0, 2, (6, 2, 1)).astype(np.float32)
        target[3:] = np.nan
        known = float(loss(target[:3], output[:3]))
        assert float(loss(target, output)) == pytest.approx(known, rel=1e-6)
        assert float(loss(np.full_like(target, np.nan), output)) == 0.0


@pytest.mark.parametrize("bars", [0, 7, 24])
def test_a_lookback_that_the_layers_cannot_halve_is_refused(bars: int):
    with pytest.raises(ValueError, match="power of two"):
        config(lookback_bars=bars)
