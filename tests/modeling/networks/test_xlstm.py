"""The memories of the xLSTM beside the recurrences of the paper, step by step in NumPy."""

from __future__ import annotations

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="training needs Keras")

from modeling.networks.xlstm import MatrixMemory, OpenMemory, ScalarMemoryCell  # noqa: E402


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-x))


def matrix_memory_slowly(query, key, value, entry, forget) -> np.ndarray:
    """Return equations 19 to 27 without a stabiliser, in doubles: one head, one window."""
    bars, width = query.shape
    memory, normaliser = np.zeros((width, width)), np.zeros(width)
    out = np.empty((bars, width))
    for t in range(bars):
        kept, taken = sigmoid(forget[t]), np.exp(entry[t])
        memory = kept * memory + taken * np.outer(value[t], key[t])
        normaliser = kept * normaliser + taken * key[t]
        asked = query[t] / np.sqrt(width)
        out[t] = memory @ asked / max(abs(normaliser @ asked), 1.0)
    return out


def test_the_matrix_memory_is_its_recurrence():
    rng = np.random.default_rng(0)
    query, key, value = (rng.standard_normal((2, 12, 6)) for _ in range(3))
    entry, forget = rng.standard_normal((2, 12, 2)) * 2, rng.standard_normal((2, 12, 2)) * 2
    inputs = [x.astype(np.float32) for x in (query, key, value, entry, forget)]
    found = keras.ops.convert_to_numpy(MatrixMemory(2)(*inputs))
    for row in range(2):
        for head in range(2):
            own = slice(3 * head, 3 * head + 3)
            wanted = matrix_memory_slowly(
                query[row, :, own],
                key[row, :, own],
                value[row, :, own],
                entry[row, :, head],
                forget[row, :, head],
            )
            np.testing.assert_allclose(found[row, :, head], wanted, rtol=2e-4, atol=2e-5)


def scalar_memory_slowly(gates: np.ndarray, kernel: np.ndarray, units: int) -> np.ndarray:
    """Return equations 8 to 14 without a stabiliser, in doubles: one window."""
    out, memory, normaliser = np.zeros(units), np.zeros(units), np.zeros(units)
    outputs = []
    for step in gates:
        value, entry, closing, gate = np.split(step + out @ kernel, 4)
        taken, kept = np.exp(entry), sigmoid(-closing)
        memory, normaliser = kept * memory + taken * np.tanh(value), kept * normaliser + taken
        out = sigmoid(gate) * memory / normaliser
        outputs.append(out)
    return np.array(outputs)


def test_the_scalar_memory_is_its_recurrence_and_heads_stay_apart():
    rng = np.random.default_rng(1)
    gates = rng.standard_normal((3, 12, 16)) * 2
    keras.utils.set_random_seed(1)
    layer = keras.layers.RNN(ScalarMemoryCell(4, heads=2), return_sequences=True)
    found = keras.ops.convert_to_numpy(layer(gates.astype(np.float32)))
    kernel = keras.ops.convert_to_numpy(layer.cell.recurrent_kernel).astype(float)
    own = np.array([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]])
    for row in range(3):
        wanted = scalar_memory_slowly(gates[row], kernel * np.tile(own, 4), 4)
        np.testing.assert_allclose(found[row], wanted, rtol=2e-4, atol=2e-5)


def test_a_scalar_memory_is_open_at_the_start():
    bias = keras.ops.convert_to_numpy(OpenMemory()((16,)))
    np.testing.assert_array_equal(bias, [0.0] * 8 + [-3.0] * 4 + [0.0] * 4)


@pytest.mark.parametrize("size", [50.0, 500.0, -500.0])
def test_gates_beyond_any_exponential_stay_finite(size: float):
    rng = np.random.default_rng(2)
    gates = np.full((2, 64, 16), size, dtype=np.float32) * rng.standard_normal((2, 64, 16)).astype(np.float32)
    keras.utils.set_random_seed(1)
    cell = keras.layers.RNN(ScalarMemoryCell(4, heads=2), return_sequences=True)
    found = keras.ops.convert_to_numpy(cell(gates))
    assert np.isfinite(found).all()
    assert np.abs(found).max() <= 1.0
    small = rng.standard_normal((3, 2, 64, 8)).astype(np.float32)
    read = MatrixMemory(2)(*small, gates[..., :2], gates[..., 2:4])
    assert np.isfinite(keras.ops.convert_to_numpy(read)).all()
