"""The figures of the picture by a second method, and nothing invented where history is short."""

from __future__ import annotations

import numpy as np
import pytest

from signals.kernels.picture import PATTERN_BARS, candle_pattern, chart_picture
from signals.kernels.situation import CandlePattern


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


def candles(*last: tuple[float, float, float, float]) -> dict[str, np.ndarray]:
    """Return 40 dull bars and the ones given, as open, high, low and close."""
    rows = [(100.0, 100.6, 99.4, 100.4) if n % 2 else (100.4, 101.0, 99.8, 100.0) for n in range(40)]
    columns = np.asarray([*rows, *last]).T
    return dict(zip(("open_", "high", "low", "close"), columns, strict=True))


def test_the_last_bars_pattern_is_named_with_its_direction():
    up = candles((100.0, 100.2, 98.8, 99.0), (98.9, 101.3, 98.8, 101.2))
    assert candle_pattern(**up) == CandlePattern(name="engulfing", direction=1)
    down = candles((100.0, 101.2, 99.8, 101.0), (101.1, 101.2, 98.8, 98.9))
    assert candle_pattern(**down) == CandlePattern(name="engulfing", direction=-1)
    still = candles((100.0, 100.9, 99.1, 100.0))
    assert candle_pattern(**still) == CandlePattern(name="doji", direction=0)


def test_a_pattern_reads_the_last_bars_alone_and_none_of_a_short_history():
    whole = candles((100.0, 100.2, 98.8, 99.0), (98.9, 101.3, 98.8, 101.2))
    tail = {name: column[-PATTERN_BARS:] for name, column in whole.items()}
    assert candle_pattern(**tail) == candle_pattern(**whole)
    assert candle_pattern(**{name: column[1:] for name, column in tail.items()}) is None
