"""Matrices of a few instruments, and windows cut out of them one by one."""

from __future__ import annotations

import numpy as np


def stacked(seed):
    """Return values with holes and instrument numbers of a few instruments of different length."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(0, 15, rng.integers(1, 6))
    instrument = np.repeat(rng.permutation(lengths.size), lengths).astype(np.int64)
    values = rng.normal(size=(instrument.size, 3)).astype(np.float32)
    values[rng.random(values.shape) < 0.02] = np.nan
    return values, instrument


def plain_windows(values, rows, lookback):
    """Return the windows that end with some rows, each cut out by itself."""
    return np.stack([values[row - lookback + 1 : row + 1] for row in rows])
