"""Shares of which one may follow a hint of its own that the shared forecaster does not read, and folds over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from modeling.contracts import HeadTrust
from modeling.fitting.adapters import (
    Heard,
    JudgedAdapters,
    Taught,
    adapters_judge,
    adapters_teach,
    fold_heard,
)
from modeling.fitting.calibration import Chooser, base_of
from modeling.fitting.dataset import VALIDATION, Dataset, InstrumentRows, dataset_assemble
from modeling.fitting.folds import Fold, earlier_datasets, trust_of
from modeling.fitting.forecasts import Provenance, Raw
from modeling.fitting.parts import split_by_shares
from modeling.fitting.recipe import Recipe, SplitConfig
from modeling.fitting.recipe_adapters import AdapterConfig
from tests.modeling.synthetic import BARS_PER_DAY, FEATURES, bars, instruments, label_set, tiny_recipe

COLUMN = FEATURES.index("volatility")
CONFIG = AdapterConfig(features=("hint", "noise"), window_months=6.0, min_days=40, shrink_days=60.0, l2=5.0)
FOLLOWER = "SHR1"


def shares_rows(*, shares: int, days: int, seed: int, followers: Sequence[str]) -> list[InstrumentRows]:
    """Return shares with a hint each; only followers move by theirs, two bars later."""
    like = instruments(days=days, seed=seed)[0]
    found = []
    for number in range(shares):
        rng = np.random.default_rng([seed, number])
        n, secid = days * BARS_PER_DAY, f"SHR{number}"
        hint = np.repeat(rng.choice([-1.0, 0.0, 1.0], n // BARS_PER_DAY + 1), BARS_PER_DAY)[:n]
        drift = np.zeros(n)
        if secid in followers:
            drift[2:] = 0.004 * hint[:-2]
        own = bars(secid, days=days, seed=seed * 100 + number, drift=drift)
        move = np.abs(np.diff(np.log(own.close), prepend=np.log(100.0)))
        values = np.stack([hint, np.convolve(move, np.ones(20) / 20)[:n], rng.standard_normal(n)], axis=1)
        values[:20] = np.nan
        found.append(replace(like, bars=own, values=values.astype(np.float32)))
    return found


@cache
def adapter_data(
    *, shares: int = 4, days: int = 360, seed: int = 0, followers: tuple[str, ...] = (FOLLOWER,)
) -> Dataset:
    rows = shares_rows(shares=shares, days=days, seed=seed, followers=followers)
    whole = dataset_assemble(rows, features=FEATURES, label_set=label_set(), lookback_bars=8)
    return split_by_shares(
        whole, SplitConfig(train_frac=0.6, validation_frac=0.2, test_frac=0.2, embargo_days=1.0)
    )


def recipe(**overrides: object) -> Recipe:
    own = tiny_recipe(**{"split.calibration_folds": 3, **overrides})
    return replace(own, adapters=CONFIG)


def chooser() -> Chooser:
    return Chooser(rules=recipe().evaluation, seed=0)


def shared_raw(data: Dataset, rows: np.ndarray, *, seed: int = 1) -> Raw:
    """Return the outputs of a forecaster that knows the base rate and adds noise."""
    rng = np.random.default_rng([seed, int(rows[0])])
    n, h = rows.size, len(data.horizons)
    bases = [base_of(data, h=number, column=COLUMN) for number in range(h)]
    recent = data.values[rows, COLUMN].astype(np.float64)
    noise = 0.1 * rng.standard_normal((2, n, h))
    return Raw(
        provenance=Provenance.of_fit("hand-made", data),
        rows=rows,
        p_long_logit=noise[0] + [base.p_long_prior for base in bases],
        p_short_logit=noise[1] + [base.p_short_prior for base in bases],
        return_quantiles=np.stack([np.outer(recent, base.unit_quantiles) for base in bases], axis=1),
        volatility=np.stack([base.volatility_per_unit * recent for base in bases], axis=1),
        direction_logits=np.zeros((n, h, 5)),
    )


def folds_of(data: Dataset) -> list[Fold]:
    """Return the folds, newest first."""
    return [
        Fold(dataset=own, raw=shared_raw(own, own.rows_of(VALIDATION)))
        for own in (data, *earlier_datasets(data, recipe()))
    ]


def proven_trust(folds: Sequence[Fold]) -> dict[str, HeadTrust]:
    """Return how far the older of the folds, newest first, let the shared heads be trusted."""
    return trust_of(folds[1:], column=COLUMN, chooser=chooser())


def heard_of(folds: Sequence[Fold]) -> list[Heard]:
    """Return what is said of the folds, newest first, trusted as far as the older ones prove."""
    trust = proven_trust(folds)
    return [fold_heard(fold, trust, column=COLUMN) for fold in folds]


def taught_and_judged(folds: Sequence[Fold], config: AdapterConfig = CONFIG) -> tuple[Taught, JudgedAdapters]:
    newest, *older = heard_of(folds)
    taught = adapters_teach(older, config=config, seed=0)
    return taught, adapters_judge(taught, newest, config=config)
