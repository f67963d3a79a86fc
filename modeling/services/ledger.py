"""Counting trials: whoever evaluates a configuration on rows that judge it says so here."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from modeling.contracts.labels import RowRules
from modeling.contracts.ledger import TrialKind, data_family
from modeling.kernels.performance import TRADING_DAYS_A_YEAR, daily_sharpe
from modeling.models import Trial
from traderai.common.arrays import F64, I64
from traderai.common.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NewTrial:
    """One evaluated configuration, after costs."""

    kind: TrialKind
    recipe: str  # or the name of the rule
    labels: RowRules  # the label set; its family and timeframe are what trials are counted by
    is_simulated: bool
    config_sha256: str  # of everything that decides the result besides the data: configuration, code, seed
    data_sha256: str
    days: I64  # (d,) Moscow days since 1970, rising, those without a trade included
    daily_net: F64  # (d,) fractions of the starting capital
    trades: int
    net_expectancy_frac: float  # of a trade; NaN without one
    run_id: int | None = None

    def __post_init__(self) -> None:
        if self.days.ndim != 1 or self.days.shape != self.daily_net.shape:
            raise InputError(
                f"days and daily_net must be of one shape (d,), were {self.days.shape} and {self.daily_net.shape}"
            )
        if np.any(np.diff(self.days) <= 0):
            raise InputError("days must rise, each once; pass the calendar of the backtest")
        if not np.isfinite(self.daily_net).all():
            raise InputError("daily_net must be finite; a day without a trade is 0, not missing")
        if self.trades < 0 or (self.trades > 0) != math.isfinite(self.net_expectancy_frac):
            raise InputError(
                "net_expectancy_frac must be finite with trades and NaN without, was "
                f"{self.net_expectancy_frac} with {self.trades} trades"
            )


def trial_record(*, trial: NewTrial, now: datetime) -> bool:
    """Count an evaluated configuration and keep its daily results; return whether it is a new trial.

    Repeating the very same evaluation (kind, configuration and data) adds nothing and keeps the first results.
    Selfchecks and tests are not recorded; simulated data are counted in a family of their own.
    """
    sharpe = daily_sharpe(trial.daily_net) / math.sqrt(TRADING_DAYS_A_YEAR)
    _, is_new = Trial.objects.get_or_create(
        kind=trial.kind,
        config_sha256=trial.config_sha256,
        data_sha256=trial.data_sha256,
        defaults={
            "recipe": trial.recipe,
            "label_set": trial.labels.name,
            "label_family": trial.labels.family,
            "data_family": data_family(timeframe=trial.labels.timeframe, is_simulated=trial.is_simulated),
            "run_id": trial.run_id,
            "days": trial.days.tolist(),
            "daily_net": trial.daily_net.tolist(),
            "sharpe_per_day": sharpe if math.isfinite(sharpe) else None,
            "trades": trial.trades,
            "net_expectancy_frac": trial.net_expectancy_frac if trial.trades else None,
            "created_at": now,
        },
    )
    return is_new
