"""Trials and experiments to test the ledger with."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import numpy as np

from modeling.contracts.labels import RowRules
from modeling.contracts.ledger import ExperimentFacts, HeadlineFigure
from modeling.services.experiments import experiment_open
from modeling.services.ledger import NewTrial

NOW = datetime(2025, 1, 10, 12, tzinfo=UTC)
FIGURE = HeadlineFigure(name="net_per_trade_bp", value=4.0, low=1.0, high=7.0, level=0.95, trades=812)
WORDS = {"hypothesis": "The network beats the base rate.", "seen_if_true": "Log loss is lower in every fold."}


def sha(text: object) -> str:
    return hashlib.sha256(str(text).encode()).hexdigest()


def labels(name: str = "swing_v1", *, timeframe: str = "1h") -> RowRules:
    return RowRules(
        name=name, version=1, timeframe=timeframe, horizons=("3d",), data_lag_min=15, within_day=False,
        max_gap_days=10.0, max_gap_min=None, split_guard_bars=1, min_median_turnover_rub=0.0, skip_auctions=False,
    )  # fmt: skip


def new_trial(config: object = "a", **changes: object) -> NewTrial:
    values = {
        "kind": "training", "recipe": "global_swing_v1", "labels": labels(), "is_simulated": False,
        "config_sha256": sha(config), "data_sha256": sha("data"), "days": np.arange(20_000, 20_004),
        "daily_net": np.array([0.01, -0.01, 0.02, 0.0]), "trades": 3, "net_expectancy_frac": 0.0066,
    }  # fmt: skip
    return NewTrial(**(values | changes))


def opened(name: str = "network-beats-base", *, now: datetime = NOW) -> ExperimentFacts:
    return experiment_open(name=name, **WORDS, by="vera", now=now)
