"""Leakage: nothing fitted may change when everything after the rows it may read is replaced by noise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple, dataclass, replace
from functools import lru_cache

import numpy as np
import pytest

from modeling.contracts.heads import HEADS
from modeling.fitting import baselines
from modeling.fitting.batches import Scaler, scaler_fit
from modeling.fitting.calibration import Chooser, base_of
from modeling.fitting.dataset import PARTS, TEST, TRAIN, VALIDATION, Dataset, InstrumentRows, dataset_assemble
from modeling.fitting.evidence import novelty_fit
from modeling.fitting.folds import Fold, trust_of
from modeling.fitting.forecasters import FitTask, Forecaster, LogisticForecaster, TreeForecaster
from modeling.fitting.head_targets import Asked, head_targets
from modeling.fitting.judging import Rules
from modeling.fitting.parts import split_by_borders
from modeling.fitting.trading import Terms, account_rules, tradable, wanted_rows
from modeling.fitting.walk import judged_of
from modeling.kernels.splits import DAY_S, Borders
from modeling.kernels.strong_labels import strong_cut
from modeling.selectors.configuration import account_get, cost_model_get, policy_get
from tests.modeling.synthetic import FEATURES, dataset, instruments, label_set, tiny_recipe

ASKED = Asked(labels=label_set(), rank_min_shares=3)

COLUMN = FEATURES.index("volatility")
HORIZON = 1
TREES = TreeForecaster(max_rows=1000, rounds=40, stop_rounds=5)
Figures = list[np.ndarray]


@dataclass(frozen=True)
class Pair:
    """One dataset twice: as it is, and with noise for everything known from the end of `part` on."""

    part: int
    cut_s: int
    whole: Dataset
    noised: Dataset


@lru_cache
def pair(part: int) -> Pair:
    whole = dataset(planted=True)
    cut_s = {TRAIN: whole.validation_start_s, VALIDATION: whole.test_start_s}[part]
    rng = np.random.default_rng(part)
    built = dataset_assemble(
        [noised_rows(item, cut_s, rng) for item in instruments(planted=True)],
        features=FEATURES, label_set=label_set(), lookback_bars=8,
    )  # fmt: skip
    borders = Borders(validation_start_s=whole.validation_start_s, test_start_s=whole.test_start_s)
    return Pair(part, cut_s, whole, split_by_borders(built, borders, embargo_s=DAY_S))


def noised_rows(item: InstrumentRows, cut_s: int, rng: np.random.Generator) -> InstrumentRows:
    """Return the rows with other prices, features and costs from the cut on."""
    later = item.bars.known_s >= cut_s
    path = np.exp(np.cumsum(np.where(later, 0.02 * rng.standard_normal(later.size), 0.0)))
    prices = {name: getattr(item.bars, name) * path for name in ("open", "high", "low", "close")}
    values = np.where(later[:, None], 5.0 * rng.standard_normal(item.values.shape), item.values)
    return replace(
        item,
        bars=replace(item.bars, turnover_rub=item.bars.turnover_rub * path, **prices),
        values=values.astype(np.float32),
        cost_frac=np.where(later, 0.005 * rng.random(later.size), item.cost_frac),
    )


def rules() -> Rules:
    return Rules(
        policy=policy_get(),
        account=account_rules(account_get(), cost_model_get()),
        recipe=tiny_recipe(label_set="quick_v1"),
        seed=0,
    )


def task_of(data: Dataset) -> FitTask:
    return FitTask(dataset=data, scaler=scaler_fit(data), column=COLUMN, seed=0)


def strong_cuts(data: Dataset, training: np.ndarray | None = None) -> Figures:
    own = data.part == TRAIN if training is None else training
    net = data.targets.long_gross - data.cost_frac[:, None]
    r_multiple = np.where(np.isnan(data.targets.p_long), np.nan, net / data.stop_loss_frac[:, None])
    return [np.array([strong_cut(r, o, strong_frac=0.1) for r, o in zip(r_multiple.T, own.T, strict=True)])]


def trust(data: Dataset, part: int = VALIDATION) -> list:
    """Return the folds with the trust chosen on a part; any other than the validation part would be a leak."""
    chosen = (
        data
        if part == VALIDATION
        else replace(data, part=np.where(data.part == part, VALIDATION, data.part).astype(np.int8))
    )
    raw = LogisticForecaster(max_rows=2000).fit(task_of(data)).raw(chosen.rows_of(VALIDATION))
    folds = [Fold(dataset=chosen, raw=raw)]
    return [folds, trust_of(folds, column=COLUMN, chooser=Chooser(rules=rules().recipe.evaluation, seed=0))]


def trusts(data: Dataset, part: int = VALIDATION) -> Figures:
    return [np.concatenate([np.ravel(f) for f in astuple(own)]) for own in trust(data, part)[1].values()]


def said_by(forecaster: Forecaster, part: int) -> Callable[[Dataset], Figures]:
    def said(data: Dataset) -> Figures:
        raw = forecaster.fit(task_of(data)).raw(data.rows_of(part))
        return [raw.rows, raw.p_long_logit, raw.p_short_logit, raw.return_quantiles, raw.direction_logits]

    return said


def policy(data: Dataset) -> Figures:
    """Return the evidence's figures, and the orders of the validation rows."""
    folds, own = trust(data)
    judged = judged_of(folds, folds[0].raw, own, scaler=scaler_fit(data), rules=rules())
    terms = Terms(policy=policy_get(), account=rules().account)
    allowed = tradable(data, judged.forecasts.rows, judged.scaler, judged.novelty, terms.policy)
    wanted = wanted_rows(
        judged.forecasts, data, judged.evidence, terms, part=VALIDATION, allowed=allowed, horizons=data.horizons
    )  # fmt: skip
    assert (wanted.side != 0).any()
    orders = wanted.orders(data, terms.policy)
    evidence = [
        f for each in judged.evidence.values() for f in (each.edge_knots, each.edge_p_positive, each.edge_p99)
    ]
    losses = [
        np.array(each.long.mean_gross_loss_r + each.short.mean_gross_loss_r)
        for each in judged.evidence.values()
    ]
    return [
        *map(np.asarray, evidence), *losses, judged.forecasts.p_long, judged.forecasts.volatility,
        orders.entry_bar, orders.last_bar, orders.side, orders.priority, orders.max_value_rub,
    ]  # fmt: skip


def rows_of_part(part: int) -> Callable[[Dataset], Figures]:
    def rows(data: Dataset) -> Figures:
        own = data.part == part
        targets = [values[own] for values in head_targets(data, ASKED, HEADS).values()]
        return [
            own,
            data.values[own.any(axis=1)],
            *targets,
            data.targets.long_gross[own],
            data.targets.last_bar[own],
        ]

    return rows


def novelty(data: Dataset) -> Figures:
    found = novelty_fit(data, scaler_fit(data), quantile=0.99)
    return [found.mean, found.precision, np.array(found.limit)]


def scaler(data: Dataset) -> Figures:
    found = scaler_fit(data)
    return [found.mean, found.std]


# Everything that is fitted, and the last part that it may read.
FITTED: dict[str, tuple[int, Callable[[Dataset], Figures]]] = {
    "rows of the training part": (TRAIN, rows_of_part(TRAIN)),
    "rows of the validation part": (VALIDATION, rows_of_part(VALIDATION)),
    "scaler": (TRAIN, scaler),
    "base rates": (TRAIN, lambda data: [baselines.base_rates(data, side) for side in ("p_long", "p_short")]),
    "unconditional quantiles": (TRAIN, lambda data: [baselines.unconditional_quantiles(data)]),
    "scale of EWMA volatility": (TRAIN, lambda data: [baselines.ewma_forecast(data, data.rows_of(TRAIN))]),
    "base of trust": (TRAIN, lambda data: [np.concatenate([np.ravel(f) for f in astuple(base_of(data, h=HORIZON, column=COLUMN))])]),
    "novelty": (TRAIN, novelty),
    "strong cuts": (TRAIN, strong_cuts),
    "logistic regression": (TRAIN, said_by(LogisticForecaster(max_rows=2000), TRAIN)),
    "trees": (TRAIN, said_by(TREES, TRAIN)),  # of no later part: the validation part is left to calibration
    "trust": (VALIDATION, trusts),
    "evidence and orders": (VALIDATION, policy),
}  # fmt: skip


def assert_blind_to_what_comes(fit: Callable[[Dataset], Figures], both: Pair) -> None:
    """Fail if a fit changes when everything after the part that it may read is replaced by noise."""
    for before, after in zip(fit(both.whole), fit(both.noised), strict=True):
        np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize("part", [TRAIN, VALIDATION])
def test_the_noise_replaces_all_that_comes_and_nothing_else(part):
    both = pair(part)
    later = both.whole.decision_s >= both.cut_s
    np.testing.assert_array_equal(both.whole.values[~later], both.noised.values[~later])
    assert (both.whole.values[later] != both.noised.values[later]).all()
    known = np.isfinite(both.whole.ewma_volatility)
    same = both.whole.ewma_volatility == both.noised.ewma_volatility
    np.testing.assert_array_equal(same[known], ~later[known])
    for name in PARTS[: part + 1]:
        code = PARTS.index(name)
        np.testing.assert_array_equal(both.whole.part == code, both.noised.part == code)


@pytest.mark.parametrize("name", FITTED)
def test_nothing_fitted_knows_what_comes(name):
    part, fit = FITTED[name]
    assert_blind_to_what_comes(fit, pair(part))


def scaled_by_all_rows(data: Dataset) -> Figures:
    rows = data.values[data.eligible].astype(np.float64)
    made = Scaler(mean=rows.mean(axis=0), std=rows.std(axis=0), sparse=data.sparse)
    return [made.mean, made.std]


def without_purge(data: Dataset) -> Dataset:
    usable = data.usable & (data.decision_s < data.validation_start_s)[:, None]
    return replace(data, part=np.where(usable, TRAIN, data.part).astype(np.int8))


# Leaks as they are made in practice: each must be seen.
SABOTAGE: dict[str, tuple[int, Callable[[Dataset], Figures]]] = {
    "a scaler over all rows": (TRAIN, scaled_by_all_rows),
    "labels without purge": (TRAIN, lambda data: rows_of_part(TRAIN)(without_purge(data))),
    "base rates without purge": (TRAIN, lambda data: [baselines.base_rates(without_purge(data), "p_long")]),
    "strong cuts over all rows": (TRAIN, lambda data: strong_cuts(data, data.usable)),
    "trust chosen on the test part": (VALIDATION, lambda data: trusts(data, TEST)),
}


@pytest.mark.parametrize("name", SABOTAGE)
def test_the_guard_catches(name):
    part, fit = SABOTAGE[name]
    with pytest.raises(AssertionError):
        assert_blind_to_what_comes(fit, pair(part))
