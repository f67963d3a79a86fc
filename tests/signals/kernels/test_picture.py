"""The figures of the picture by a second method, and nothing invented where history is short."""

from __future__ import annotations

import numpy as np
import pytest

from signals.kernels.picture import chart_picture


def test_figures_by_hand():
    rng = np.random.default_rng(4)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, 150)))
    volume = rng.uniform(1, 2, 150)
    picture = chart_picture(close=close, volume=volume)
    assert picture.change_20_bars_frac == pytest.approx(close[149] / close[129] - 1)
    assert picture.distance_from_mean_50_bars_frac == pytest.approx(close[149] / np.mean(close[100:150]) - 1)
    assert picture.volume_ratio == pytest.approx(np.mean(volume[141:150]) / np.median(volume[41:141]))
    assert 0 <= picture.rsi_14 <= 100


def test_short_or_still_histories_say_nothing():
    picture = chart_picture(close=np.full(20, 5.0), volume=np.zeros(20))
    assert picture.change_20_bars_frac is None
    assert picture.distance_from_mean_50_bars_frac is None
    assert picture.volume_ratio is None
    assert picture.rsi_14 is None
    assert chart_picture(close=np.full(200, 5.0), volume=np.zeros(200)).volume_ratio is None
