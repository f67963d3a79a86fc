"""The TCN computes what the last bar needs, and no more: beside plain causal convolutions with dilations."""

from __future__ import annotations

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="training needs Keras")

from modeling.networks.build import build_networks  # noqa: E402
from tests.modeling.networks.shapes import LOOKBACK, small_shape, windows  # noqa: E402


@pytest.fixture(scope="module")
def serving():
    keras.utils.set_random_seed(3)
    return build_networks(small_shape("tcn")).serving


def dilated(serving, bars: np.ndarray) -> np.ndarray:
    """Return the last bar's output of dilated convolutions over every bar with the same weights."""
    x = bars.astype(float)
    for index in range(LOOKBACK.bit_length() - 2):
        kernel, bias = (
            np.asarray(w, dtype=float) for w in serving.get_layer(f"causal_{index}").get_weights()
        )
        taps, step = kernel.shape[0], 2**index
        y = np.zeros((*x.shape[:2], kernel.shape[2]))
        for tap in range(taps):
            shift = (taps - 1 - tap) * step
            y[:, shift:] += x[:, : x.shape[1] - shift] @ kernel[tap]
        y += bias
        y = y / (1.0 + np.exp(-y))
        y = x + y if index > 0 else y
        gamma, beta = (np.asarray(w, dtype=float) for w in serving.get_layer(f"norm_{index}").get_weights())
        spread = np.sqrt(y.var(axis=-1, keepdims=True) + serving.get_layer(f"norm_{index}").epsilon)
        x = (y - y.mean(axis=-1, keepdims=True)) / spread * gamma + beta
    return x[:, -1]


def test_the_strided_stack_equals_dilated_convolutions(serving):
    last = LOOKBACK.bit_length() - 3
    trunk = keras.Model(serving.inputs[0], serving.get_layer(f"norm_{last}").output)
    assert serving.inputs[0].name == "bars"
    bars = windows(5, seed=4)["bars"]
    found = keras.ops.convert_to_numpy(trunk(bars))[:, -1]
    np.testing.assert_allclose(found, dilated(serving, bars), atol=1e-5)


@pytest.mark.parametrize("bars", [9, 24])
def test_a_lookback_that_the_layers_cannot_halve_is_refused(bars: int):
    with pytest.raises(ValueError, match=f"power of two.*was {bars}"):
        build_networks(small_shape("tcn", lookback_bars=bars))
