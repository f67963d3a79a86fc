"""The gate over many markets: what learned from shuffled labels never trades, what sees the pattern does.

A fitted logistic regression and the stored predictions of a network stand for trainings, which take a hundred times as
long. A hundred markets are in `make soak`, and so are three whole trainings (services/test_fit.py), of which one is also
in the month of retraining.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from modeling.fitting.batches import scaler_fit
from modeling.fitting.calibration import Chooser
from modeling.fitting.dataset import TEST, VALIDATION, Dataset
from modeling.fitting.folds import Fold, trust_of
from modeling.fitting.forecasters import LogisticForecaster
from modeling.fitting.forecasts import NetworkInputs, Provenance, raw_forecasts
from modeling.fitting.judging import Judged, gate_input
from modeling.fitting.walk import forecaster_judge, judged_of
from modeling.kernels.gate import GateVerdict, grade_candidate
from modeling.registry.scorer import Network
from modeling.selectors.configuration import gate_get
from tests.modeling.fitting.walk_maker import rules_of
from tests.modeling.linear_network import HORIZONS, linear_onnx, side_heads
from tests.modeling.synthetic import FEATURES, shuffled, tiny_recipe
from tests.modeling.synthetic import dataset as synthetic_dataset

DAYS = 302  # the last fifth are 61 days; the gate wants 60
RULES = rules_of(
    tiny_recipe(
        **{"split.calibration_folds": 1, "thresholds": "null", "filters": "null", "order_levels": "null"}
    )
)
COLUMN = FEATURES.index("volatility")


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    with threadpool_limits(limits=1):
        yield


def market(seed: int, *, planted: bool) -> Dataset:
    """Return a market in which the first feature foretells the drift, or no feature does."""
    return synthetic_dataset(days=DAYS, seed=seed, planted=planted)


def verdict_on(own: Judged, data: Dataset, seed: int) -> GateVerdict:
    """Return the gate's word; the audit of leaks is taken as passed, so that no profit is too good to be believed."""
    measured = gate_input(own, None, data, RULES, champion_trades=False)
    return grade_candidate(
        replace(measured, leak_audited=True), gate_get(), np.random.default_rng([gate_get().seed, seed])
    )


def of_shuffled_labels(seed: int) -> GateVerdict:
    """Judge a regression that was fitted and calibrated on shuffled labels, on the true ones of a market without a pattern.

    In one with a pattern chance gives some regressions a weight of the right sign, and those do know something.
    """
    data = shuffled(market(seed, planted=False), seed=seed)
    return verdict_on(forecaster_judge(data, LogisticForecaster(), RULES).judged, data, seed)


def of_stored_network(seed: int, weights: tuple[float, float, float]) -> GateVerdict:
    """Judge a stored network that reads the last bar with these weights, calibrated on the market's validation part."""
    data, network = market(seed, planted=True), Network(linear_onnx(side_heads(weights), lookback=8))
    scaler, rows = scaler_fit(data), np.union1d(data.rows_of(VALIDATION), data.rows_of(TEST))
    places = {name: row for row, name in enumerate(HORIZONS)}
    inputs = NetworkInputs(scaler=scaler, ticker=data.ticker, horizon_rows=places)
    raw = raw_forecasts(network, data, inputs=inputs, rows=rows, provenance=Provenance.of_fit("linear", data))
    folds = (Fold(dataset=data, raw=raw.taken(data.rows_of(VALIDATION))),)
    trust = trust_of(folds, column=COLUMN, chooser=Chooser(rules=RULES.recipe.evaluation, seed=seed))
    return verdict_on(judged_of(folds, raw, trust, scaler=scaler, rules=RULES), data, seed)


@pytest.mark.parametrize("markets", [40, pytest.param(100, marks=pytest.mark.soak)])
def test_shuffled_labels_never_trade_and_the_clearly_better_nearly_always_do(markets: int):
    by_labels = Counter(of_shuffled_labels(seed).grade for seed in range(markets))
    by_pattern = Counter(of_stored_network(seed, (1.0, 0.0, 0.0)).grade for seed in range(markets))
    told = f"of {markets} shuffled labels {dict(by_labels)}; pattern {dict(by_pattern)}"
    assert by_labels["trade"] == 0, told
    assert by_pattern["trade"] >= 0.95 * markets, told
    print(told)


def test_the_proof_can_fail():
    """A network that reads noise earns nothing by the same way, and labels in their order are found worth a trade."""
    assert all(of_stored_network(seed, (0.0, 0.0, 1.0)).grade != "trade" for seed in range(3))
    data = market(0, planted=True)
    learned = forecaster_judge(data, LogisticForecaster(), RULES).judged
    assert verdict_on(learned, data, 0).grade == "trade"
    assert not np.array_equal(
        shuffled(data, seed=0).targets.p_long[data.rows_of(VALIDATION)],
        data.targets.p_long[data.rows_of(VALIDATION)],
        equal_nan=True,
    )
    np.testing.assert_array_equal(
        shuffled(data, seed=0).targets.p_long[data.rows_of(TEST)], data.targets.p_long[data.rows_of(TEST)]
    )
