"""A market in which some rises go far and others turn behind the label set's take-profit, and a feature tells which."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from modeling.fitting.dataset import Dataset, InstrumentRows, dataset_assemble
from modeling.fitting.parts import dataset_check, split_by_shares
from modeling.fitting.recipe import LeakScanConfig, SplitConfig
from tests.modeling.synthetic import BARS_PER_DAY, FEATURES, instruments, label_set

STEP = 0.0042  # a bar
NOISE = 0.0012
RISE_BARS = {1.0: 12, -1.0: 7}  # far, near: the label set's take-profit of 2 % is five bars away
FALL_BARS = {1.0: 0, -1.0: 9}


def _prices(item: InstrumentRows, rng: np.random.Generator, *, planted: bool) -> InstrumentRows:
    """Return a share whose every second day begins with a hint, and whether the rise that follows goes far."""
    n = len(item.bars)
    returns, hint, kind = NOISE * rng.standard_normal(n), np.zeros(n), np.zeros(n)
    for first in range(0, n - 2 * BARS_PER_DAY, 2 * BARS_PER_DAY):
        which = float(rng.choice([1.0, -1.0]))
        hint[first], kind[first] = 1.0, which
        rise, fall = RISE_BARS[which], FALL_BARS[which]
        if planted:
            returns[first + 2 : first + 2 + rise] += STEP
            returns[first + 2 + rise : first + 2 + rise + fall] -= 1.5 * STEP
        else:
            returns[first + 2 : first + 2 * BARS_PER_DAY] += 4 * NOISE * rng.standard_normal(16)
    close = 100.0 * np.exp(np.cumsum(returns - returns.mean()))
    opens = np.concatenate(([100.0], close[:-1]))
    values = np.stack([hint, np.full(n, 0.004), kind], axis=1).astype(np.float32)
    values[:, 1] += 1e-4 * rng.standard_normal(n)
    bars = replace(
        item.bars,
        open=opens,
        close=close,
        high=np.maximum(opens, close) * (1 + 0.2 * NOISE),
        low=np.minimum(opens, close) * (1 - 0.2 * NOISE),
    )
    return replace(item, bars=bars, values=values)


def market(*, days: int = 400, seed: int = 0, planted: bool = True) -> list[InstrumentRows]:
    """Return the shares; without a plant what follows a hint is noise, and its kind means nothing."""
    rng = np.random.default_rng(seed)
    return [_prices(item, rng, planted=planted) for item in instruments(days=days)]


def level_dataset(*, days: int = 400, seed: int = 0, planted: bool = True) -> Dataset:
    whole = dataset_assemble(
        market(days=days, seed=seed, planted=planted),
        features=FEATURES,
        label_set=label_set(),
        lookback_bars=8,
    )
    found = split_by_shares(
        whole, SplitConfig(train_frac=0.4, validation_frac=0.2, test_frac=0.4, embargo_days=1.0)
    )
    scan = LeakScanConfig(direction_auc=0.95, side_auc=0.98)
    dataset_check(found, max_missing_frac=0.2, leak_scan=scan)
    return found


def known_moves(data: Dataset) -> np.ndarray:
    """Return the excursions of one that knows which rises go far (m, 4, 7)."""
    far = data.values[:, 2] > 0
    best = np.where(far, 0.040, 0.019)[:, None] * np.linspace(0.94, 1.06, 7)
    worst = -0.014 * np.linspace(1.06, 0.94, 7) * np.ones((far.size, 1))
    return np.stack([best, worst, -worst[:, ::-1], -best[:, ::-1]], axis=1)
