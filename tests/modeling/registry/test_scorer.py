"""How far inputs lie from those of the training: the definition, and the same bits however many rows are asked at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.spatial.distance import mahalanobis as of_scipy

from modeling.registry.scorer import mahalanobis

K, ROWS = 67, 1001


@pytest.fixture(scope="module")
def inputs() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return rows, their mean and a precision; the scale of the features differs."""
    rng = np.random.default_rng(3)
    rows = rng.standard_normal((ROWS, K)) * rng.uniform(0.1, 10.0, K)
    return rows, rows.mean(axis=0), np.linalg.inv(np.cov(rows, rowvar=False))


def in_parts(distance: Callable[[np.ndarray], np.ndarray], rows: np.ndarray, size: int) -> np.ndarray:
    return np.concatenate([distance(rows[start : start + size]) for start in range(0, len(rows), size)])


def test_distances_are_those_of_scipy(inputs):
    rows, mean, precision = inputs
    wanted = [of_scipy(row, mean, precision) for row in rows]
    np.testing.assert_allclose(mahalanobis(rows, mean=mean, precision=precision), wanted, rtol=1e-12)


@pytest.mark.parametrize("size", [1, 2, 3, 8, 250])
def test_any_number_of_rows_gives_the_same_bits(inputs, size: int):
    """A share scored alone is as familiar as it was among all the rows of its training."""
    rows, mean, precision = inputs

    def distance(some: np.ndarray) -> np.ndarray:
        return mahalanobis(some, mean=mean, precision=precision)

    np.testing.assert_array_equal(in_parts(distance, rows, size), distance(rows))


def test_a_distance_by_blas_would_be_seen(inputs):
    rows, mean, precision = inputs

    def distance(some: np.ndarray) -> np.ndarray:
        centred = some - mean
        return np.sqrt(((centred @ precision) * centred).sum(axis=1))

    assert (in_parts(distance, rows, 1) != distance(rows)).any()
