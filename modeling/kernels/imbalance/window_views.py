"""Test-time augmentation: the views of a window that a network is asked about, and their mean."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np

from traderai.common.arrays import F32

View = Literal["identity", "z_score", "gaussian"]
VIEWS: Final[tuple[View, ...]] = ("identity", "z_score", "gaussian")
_FLAT: Final = 1e-6  # a feature that does not move within the window keeps its value
_REACH: Final = 3  # standard deviations of the Gaussian that are summed


def window_view(windows: F32, view: View, *, smoothing_bars: float = 1.0) -> F32:
    """Return the windows as one view shows them: as they are, standardised in themselves, or smoothed over bars.

    The smoothing looks back alone: bar t is a weighted mean of bars up to t of the same window.

    Shapes: windows (b, L, k) -> (b, L, k)
    Units:  smoothing_bars is the standard deviation of the Gaussian.
    Causal: a bar of a view reads its window alone, the smoothed one no later bar.
    Raises: ValueError for an unknown view and smoothing_bars that are not above 0.
    """
    if view == "identity":
        return windows
    if view == "z_score":
        mean, std = windows.mean(axis=1, keepdims=True), windows.std(axis=1, keepdims=True)
        moved = np.divide(windows - mean, std, out=windows.copy(), where=std > _FLAT)
        return np.asarray(moved, dtype=np.float32)
    if view != "gaussian":
        raise ValueError(f"view must be one of {', '.join(VIEWS)}, was {view!r}")
    if not smoothing_bars > 0:
        raise ValueError(f"smoothing_bars must be above 0, was {smoothing_bars}")
    return _smoothed(windows, smoothing_bars)


def _smoothed(windows: F32, smoothing_bars: float) -> F32:
    bars = windows.shape[1]
    lags = min(bars, 1 + int(np.ceil(_REACH * smoothing_bars)))
    weights = np.exp(-0.5 * (np.arange(lags) / smoothing_bars) ** 2)
    out = np.zeros(windows.shape, dtype=np.float64)
    total = np.zeros(bars)
    for lag, weight in enumerate(weights.tolist()):
        out[:, lag:] += weight * windows[:, : bars - lag]
        total[lag:] += weight
    return np.asarray(out / total[None, :, None], dtype=np.float32)
