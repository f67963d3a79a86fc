"""Small networks for tests, and windows for them."""

from __future__ import annotations

import numpy as np

from modeling.contracts.heads import HEADS
from modeling.networks.shape import FeatureBlock, NetworkShape

LOOKBACK, FEATURES, TICKERS, HORIZONS = 8, 6, 4, 2
TECHNICAL = FeatureBlock(name="technical", columns=(0, 1, 2), width=4)
MARKET = FeatureBlock(name="market", columns=(3,), width=2)
FUNDAMENTAL = FeatureBlock(name="fundamental", columns=(4, 5), width=2, slow=True)


def small_shape(backbone: str, **changes: object) -> NetworkShape:
    values = {
        "backbone": backbone, "lookback_bars": LOOKBACK, "n_features": FEATURES, "n_tickers": TICKERS,
        "n_horizons": HORIZONS, "channels": 8, "ticker_width": 2, "horizon_width": 2, "dropout_frac": 0.1,
        "heads": HEADS, "return_unit_frac": 0.03, "volatility_column": 1, "volatility_mean": 0.01,
        "volatility_std": 0.005,
    }  # fmt: skip
    return NetworkShape(**{**values, **changes})


def windows(n: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Return inputs of the serving view."""
    rng = np.random.default_rng(seed)
    return {
        "bars": rng.standard_normal((n, LOOKBACK, FEATURES)).astype(np.float32),
        "ticker": rng.integers(0, TICKERS + 1, n).astype(np.int32),
        "horizon": rng.integers(0, HORIZONS, n).astype(np.int32),
    }
