"""A small walk forward over a synthetic market, and everything that a report says of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from market.contracts import Timeframe
from modeling.fitting.dataset import Dataset, dataset_assemble
from modeling.fitting.forecasters import LogisticForecaster, TreeForecaster
from modeling.fitting.judging import Rules
from modeling.fitting.recipe import LeakScanConfig, Recipe
from modeling.fitting.trading import account_rules
from modeling.fitting.walk import Walk, walk
from modeling.fitting.walk_luck import Tried
from modeling.fitting.walk_report import Accounts, Surroundings, accounts_of, report_figures
from modeling.fitting.walk_verdict import Verdict
from modeling.kernels.simple_rules import RULES
from modeling.kernels.splits import DAY_S
from modeling.kernels.walk_forward import WalkConfig, equal_folds
from modeling.selectors.configuration import account_get, cost_model_get, gate_get, policy_get
from tests.modeling.synthetic import FEATURES, instruments, label_set, tiny_recipe


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reported:
    rules: Rules
    walk: Walk
    around: Surroundings
    accounts: Accounts
    figures: dict[str, Any]
    verdict: Verdict


def silent(_done: int, _total: int, _what: str) -> None:
    pass


def rules_of(recipe: Recipe) -> Rules:
    account = account_rules(account_get(), cost_model_get())
    return Rules(policy=policy_get(), account=account, recipe=recipe, seed=1)


def walked(dataset: Dataset, rules: Rules, *, folds: int = 3) -> Walk:
    dates = equal_folds(
        dataset.decision_s[dataset.usable.any(axis=1)],
        n_folds=folds,
        first_train_days=100.0,
        validation_days=60.0,
    )
    forecasters = (LogisticForecaster(), TreeForecaster(rounds=40, threads=1))
    return walk(dataset, forecasters, rules, dates=dates, config=WalkConfig(embargo_s=DAY_S), say=silent)


def reported(*, planted: bool, days: int = 400, seed: int = 0, tried: int = 2) -> Reported:
    rows = instruments(days=days, seed=seed, planted=planted)
    dataset = dataset_assemble(rows, features=FEATURES, label_set=label_set(), lookback_bars=8)
    recipe = tiny_recipe()
    # A planted hint tells more than any honest feature may.
    scan = LeakScanConfig(direction_auc=0.95, side_auc=0.95)
    evaluation = replace(recipe.evaluation, leak_scan=scan)
    recipe = replace(recipe, thresholds=None, filters=None, order_levels=None, evaluation=evaluation)
    rules = rules_of(recipe)
    found = walked(dataset, rules)
    around = Surroundings(
        sides={name: np.concatenate([rule(item.bars) for item in rows]) for name, rule in RULES.items()},
        regime=np.full(dataset.instrument.size, 2, dtype=np.int8),
        indices={"imoex": rows[0].bars},
        timeframe=Timeframe.H1,
    )
    accounts = accounts_of(found, around, rules, say=silent)
    sharpes = np.linspace(-0.05, 0.05, tried)
    figures, verdict = report_figures(
        found,
        accounts,
        around,
        rules,
        tried=Tried(count=tried, sharpes_per_day=sharpes),
        gate=replace(gate_get(), resamples=1000),
        say=silent,
    )
    return Reported(
        rules=rules, walk=found, around=around, accounts=accounts, figures=figures, verdict=verdict
    )


@cache
def planted() -> Reported:
    """Three shares whose first feature foretells two days."""
    return reported(planted=True)


@cache
def null() -> Reported:
    """The same without an edge."""
    return reported(planted=False)
