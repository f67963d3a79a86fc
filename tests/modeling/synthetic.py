"""Hourly bars with volatility clusters, and a pattern that can be planted: a feature that foretells the drift."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import numpy as np
import yaml

from market.contracts import Bars, Timeframe
from market.kernels.sessions import MAIN
from modeling.contracts import BarrierLabelSet
from modeling.fitting.dataset import TRAIN, VALIDATION, Dataset, InstrumentRows, dataset_assemble
from modeling.fitting.parts import dataset_check, split_by_shares
from modeling.fitting.recipe import LeakScanConfig, Recipe, SplitConfig, recipe_load
from modeling.selectors.terms import TradingTerms

FEATURES = ("hint", "volatility", "noise")
BARS_PER_DAY = 9
START_S = 1_640_930_400
SHARES = 3
OUTCOMES = (
    "p_long", "p_short", "forward_return", "direction", "long_gross", "short_gross", "long_mfe", "long_mae",
    "short_mfe", "short_mae",
)  # fmt: skip


def label_set() -> BarrierLabelSet:
    return BarrierLabelSet(
        name="quick_v1", kind="barrier", version=1, timeframe="1h", horizons=("1d", "2d"), take_profit=0.02,
        stop_loss=0.015, barrier_unit="frac", data_lag_min=15, within_day=False, max_gap_days=10.0, max_gap_min=None,
        direction_cuts=(-1.5, -0.5, 0.5, 1.5), trailing_bars=30, split_guard_bars=1, min_median_turnover_rub=0.0,
        skip_auctions=True, max_spread_of_take_profit_frac=1.0, strong_frac=0.1,
    )  # fmt: skip


def quick_label_sets(**changes: Any) -> str:
    """Return a label_sets.yaml that holds the label set of the synthetic bars alone, as `quick_v1`."""
    own = {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(label_set()).items()} | changes
    own["horizons"] = {own.pop("timeframe"): own["horizons"]}
    del own["name"]
    return yaml.safe_dump({"common": {}, "kinds": {}, "sets": {"quick_v1": own}})


def tiny_recipe(**overrides: object) -> Recipe:
    plain = (
        "network.lookback_bars=8", "network.channels=8", "network.ticker_width=2", "network.horizon_width=2",
        "network.dropout_frac=0.0", "network.volatility_feature=volatility", "fit.batch_rows=128", "fit.max_epochs=4", "fit.learning_rate=0.01",
        "fit.max_windows_per_epoch=2500", "fit.max_validation_windows=500", "evaluation.resamples=100",
        "evaluation.extra_costs_bp=[10.0]", "adapters=null",
    )  # fmt: skip
    return recipe_load("global_swing_v1", overrides=(*plain, *(f"{k}={v}" for k, v in overrides.items())))


def bars(secid: str, *, days: int, seed: int, drift: np.ndarray | None = None) -> Bars:
    rng = np.random.default_rng(seed)
    n = days * BARS_PER_DAY
    sigma = 0.006 * np.exp(0.4 * np.sin(np.arange(n) / 120.0 + seed))
    returns = sigma * rng.standard_normal(n) + (0.0 if drift is None else drift)
    close = 100.0 * np.exp(np.cumsum(returns))
    opens = np.concatenate(([100.0], close[:-1]))
    wick = sigma * np.abs(rng.standard_normal(n)) * 0.3
    begin = (
        START_S
        + np.repeat(np.arange(days), BARS_PER_DAY) * 86_400
        + np.tile(np.arange(BARS_PER_DAY), days) * 3600
    )
    return Bars(
        secid=secid,
        timeframe=Timeframe.H1,
        begin_s=begin.astype(np.int64),
        open=opens,
        high=np.maximum(opens, close) * (1 + wick),
        low=np.minimum(opens, close) * (1 - wick),
        close=close,
        volume_shares=np.full(n, 1e4),
        turnover_rub=np.full(n, 5e7),
        split_factor=np.ones(n),
        dividend_rub=np.zeros(n),
        trading_day=np.repeat(np.arange(days), BARS_PER_DAY).astype(np.int64),
        session=np.full(n, MAIN, dtype=np.int8),
    )


def instruments(*, days: int = 240, seed: int = 0, planted: bool = False) -> list[InstrumentRows]:
    """Return shares whose first feature foretells the next two days' drift if planted, and is noise if not."""
    found = []
    for number in range(SHARES):
        rng = np.random.default_rng([seed, number])
        n = days * BARS_PER_DAY
        hint = np.repeat(rng.choice([-1.0, 0.0, 1.0], n // BARS_PER_DAY + 1), BARS_PER_DAY)[:n]
        drift = np.zeros(n)
        if planted:
            drift[2:] = 0.004 * hint[:-2]
        own = bars(f"SHR{number}", days=days, seed=seed * 100 + number, drift=drift)
        move = np.abs(np.diff(np.log(own.close), prepend=np.log(100.0)))
        volatility = np.convolve(move, np.ones(20) / 20)[:n]
        values = np.stack([hint, volatility, rng.standard_normal(n)], axis=1).astype(np.float32)
        values[:20] = np.nan
        found.append(
            InstrumentRows(
                bars=own,
                values=values,
                cost_frac=np.full(n, 0.002),
                terms=TradingTerms(
                    price_step_rub=np.full(n, 0.01),
                    lot_size=np.ones(n, dtype=np.int64),
                    shortable=np.ones(n, dtype=np.bool_),
                ),
            )
        )
    return found


def dataset(*, days: int = 240, seed: int = 0, planted: bool = False) -> Dataset:
    whole = dataset_assemble(
        instruments(days=days, seed=seed, planted=planted),
        features=FEATURES,
        label_set=label_set(),
        lookback_bars=8,
    )
    split = SplitConfig(train_frac=0.6, validation_frac=0.2, test_frac=0.2, embargo_days=1.0)
    found = split_by_shares(whole, split)
    # A planted hint tells more than any honest feature may.
    scan = LeakScanConfig(direction_auc=0.9, side_auc=0.95) if planted else None
    dataset_check(found, max_missing_frac=0.2, leak_scan=scan)
    return found


def shuffled(data: Dataset, *, seed: int) -> Dataset:
    """Return the dataset with the outcomes that it would teach and calibrate by in another order; the test part stays.

    Volatility stays in its order too: a model that foretells it is not stopped before its trades are looked at.
    """
    rng = np.random.default_rng(seed)
    found = {name: getattr(data.targets, name).copy() for name in OUTCOMES}
    for h in range(len(data.horizons)):
        for part in (TRAIN, VALIDATION):
            rows = np.flatnonzero(data.part[:, h] == part)
            others = rng.permutation(rows)
            for values in found.values():
                values[rows, h] = values[others, h]
    return replace(data, targets=replace(data.targets, **found))
