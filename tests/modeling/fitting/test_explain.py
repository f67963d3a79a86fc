"""What is read: on networks whose weights are known, importance finds what counts and nothing else."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from modeling.fitting.batches import scaler_fit
from modeling.fitting.dataset import TEST, Dataset
from modeling.fitting.evaluation import log_losses, pinball_losses
from modeling.fitting.explain import (
    FIGURES,
    Served,
    family_columns,
    importance,
    partial_dependence,
    questions,
    version_explained,
)
from modeling.fitting.explain_lines import answer, explain_lines
from modeling.fitting.forecasts import NetworkInputs
from modeling.fitting.judging import Rules, bootstrap_of
from modeling.fitting.trading import account_rules, part_days
from modeling.kernels.calibration import sigmoid
from modeling.registry.scorer import Network, Scorer
from modeling.selectors.configuration import account_get, cost_model_get, policy_get
from tests.modeling.linear_network import linear_artifact, linear_onnx, side_heads, whole_trust
from tests.modeling.synthetic import FEATURES, dataset, tiny_recipe

HINT, VOLATILITY, NOISE = range(3)
FAMILIES = {"hint": "news", "noise": "news", "volatility": "volatility"}
BLENDED = {"quantile_weights": (0.0, 0.5, 0.5)}  # half of the ranges come from the recent volatility itself


@lru_cache
def data() -> Dataset:
    return dataset(planted=True)


def rules() -> Rules:
    account = account_rules(account_get(), cost_model_get())
    return Rules(policy=policy_get(), account=account, recipe=tiny_recipe(), seed=0)


def served(weights: tuple[float, ...], **trust: object) -> Served:
    onnx = linear_onnx(side_heads(weights), lookback=data().lookback_bars)
    horizons = {horizon: h for h, horizon in enumerate(data().horizons)}
    inputs = NetworkInputs(scaler=scaler_fit(data()), ticker=data().ticker, horizon_rows=horizons)
    return Served(
        network=Network(onnx), inputs=inputs, trust=dict.fromkeys(data().horizons, whole_trust(**trust)), column=VOLATILITY
    )  # fmt: skip


def silent(_done: int, _total: int, _what: str) -> None: ...


def explained(weights: tuple[float, ...], **trust: object) -> dict:
    return version_explained(served(weights, **trust), data(), rules(), FAMILIES, say=silent)


def test_what_the_market_follows_comes_first_and_its_family_too():
    told = explained((0.6, 0.0, 0.05))
    by_name = {own["feature"]: own for own in told["features"]}
    assert told["features"][0]["feature"] == "hint"
    for figure in FIGURES:
        assert by_name["hint"][figure]["low"] > 0
    assert by_name["hint"]["log_loss"]["value"] == pytest.approx(
        (by_name["hint"]["p_long"]["value"] + by_name["hint"]["p_short"]["value"]) / 2
    )
    # What is read a little, and tells nothing, is worth nothing; what is not read at all changes no bit.
    assert by_name["noise"]["log_loss"]["low"] <= 0 <= by_name["noise"]["log_loss"]["high"]
    assert {
        by_name["volatility"][figure][bound] for figure in FIGURES for bound in ("value", "low", "high")
    } == {0.0}
    assert [own["family"] for own in told["families"]] == ["news", "volatility"]
    assert told["families"][0]["features"] == 2
    assert explained((0.6, 0.0, 0.05)) == told  # equal arguments, equal figures
    lines = explain_lines({**told, "weights": {}}, is_simulated=True)
    assert "SIMULATED" in lines[0]
    assert any(line.startswith("Does news help? The probabilities: yes (log loss +") for line in lines)
    assert "Do fundamentals help? The model reads none." in lines


def test_a_network_that_reads_it_the_wrong_way_is_told_to_be_worse_with_it():
    told = explained((-0.6, 0.0, 0.0))
    assert told["families"][-1]["log_loss"]["high"] < 0
    assert "no, they are worse with it" in answer(told, "news")


def test_what_does_not_serve_has_no_importance():
    told = explained((0.6, 0.0, 0.0), p_long_trust=0.0, p_short_trust=0.0)
    assert told["features"][0]["log_loss"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert "The probabilities: no, they do not depend on it" in answer(told, "news")


def test_rows_that_lend_to_themselves_change_nothing():
    own = served((0.6, 0.3, 0.2), **BLENDED)
    asked = questions(data(), limit=300, mean_block_days=5.0, rng=np.random.default_rng(0))
    still = tuple(replace(question, lenders=question.rows) for question in asked)
    bootstrap = bootstrap_of(part_days(data(), TEST), rules())
    groups = [np.array([column]) for column in range(3)]
    for moved, expected in ((still, True), (asked, False)):
        found = importance(own, data(), moved, groups, bootstrap, say=silent)
        assert all((each["log_loss"]["value"] == 0.0) == expected for each in found)


def test_questions_are_held_out_rows_of_every_horizon_and_share():
    asked = questions(data(), limit=200, mean_block_days=5.0, rng=np.random.default_rng(0))
    assert [question.h for question in asked] == [0, 1]
    for question in asked:
        assert question.rows.size == 100
        assert (data().part[question.rows, question.h] == TEST).all()
        assert (data().part[question.lenders] == TEST).any(axis=1).all()
        np.testing.assert_array_equal(data().instrument[question.lenders], data().instrument[question.rows])
        assert set(data().instrument[question.rows]) == {0, 1, 2}
        assert np.mean(data().day[question.lenders] == data().day[question.rows]) < 0.3


@pytest.mark.parametrize("column", [HINT, VOLATILITY])
def test_the_losses_are_those_of_the_scorer_with_the_lent_column(column: int):
    own = served((0.6, 0.3, 0.2), **BLENDED)
    asked = questions(data(), limit=120, mean_block_days=5.0, rng=np.random.default_rng(1))
    bootstrap = bootstrap_of(part_days(data(), TEST), rules())
    found = importance(own, data(), asked, [np.array([column])], bootstrap, say=silent)[0]
    scaler = own.inputs.scaler
    artifact = linear_artifact(
        linear_onnx(side_heads((0.6, 0.3, 0.2)), lookback=8), features=FEATURES, scale=(scaler.mean, scaler.std),
        lookback=8, trust=whole_trust(**BLENDED),
    )  # fmt: skip
    scorer, rises = Scorer(artifact), []
    for question in asked:
        raw, lent = (
            np.stack([data().values[row - 7 : row + 1] for row in rows])
            for rows in (question.rows, question.lenders)
        )
        mixed = raw.copy()
        mixed[:, :, column] = lent[:, :, column]
        losses = []
        for windows in (raw, mixed):
            said = scorer.predict(
                windows=windows, secids=["X"] * len(raw), horizon=data().horizons[question.h]
            )
            rows, h = question.rows, question.h
            p_long, p_short = np.array([(each.p_long, each.p_short) for each in said]).T
            quantiles = np.array([each.return_quantiles for each in said])
            targets = data().targets
            losses.append(
                [
                    log_losses(targets.p_long[rows, h], p_long),
                    log_losses(targets.p_short[rows, h], p_short),
                    pinball_losses(targets.forward_return[rows, h], quantiles),
                ]
            )
        rises.append(np.array(losses[1]) - np.array(losses[0]))
    means = np.concatenate(rises, axis=1).mean(axis=1)
    assert [found[name]["value"] for name in ("p_long", "p_short", "quantile_loss")] == pytest.approx(
        means, abs=1e-9
    )


def test_partial_dependence_is_the_mean_answer_with_the_feature_set():
    own = served((0.6, 0.0, 0.2))
    asked = questions(data(), limit=200, mean_block_days=5.0, rng=np.random.default_rng(0))
    hint, noise = partial_dependence(own, data(), asked, [HINT, NOISE])
    assert hint["values"] == [-1.0, 0.0, 1.0]
    for way in ("last_bar", "whole_window"):  # this network reads the last bar alone
        assert np.all(np.diff(hint[way]["p_long"]) > 0)
        assert np.all(np.diff(hint[way]["p_short"]) < 0)
        assert np.all(np.diff(hint[way]["median_return_frac"]) > 0)
    assert hint["last_bar"] == hint["whole_window"]
    scaler = own.inputs.scaler
    rows = np.concatenate([question.rows for question in asked])
    scaled = scaler.apply(data().values[rows])
    at = (np.float32(1.0) - scaler.mean[HINT]) / scaler.std[HINT]
    wanted = sigmoid(0.6 * at + 0.2 * scaled[:, NOISE].astype(np.float64) - 0.75).mean()
    assert hint["last_bar"]["p_long"][-1] == pytest.approx(wanted, abs=1e-6)
    assert len(noise["values"]) == 5


def test_families_of_unknown_features_stand_alone():
    columns = family_columns(("a", "b", "c"), {"a": "news", "c": "news"})
    assert {name: own.tolist() for name, own in columns.items()} == {"news": [0, 2], "unlisted": [1]}


@pytest.mark.parametrize(
    ("figure", "words"),
    [
        ({"value": 0.002, "low": 0.001, "high": 0.003}, "yes (log loss +2.00 [1.00, 3.00]"),
        ({"value": 0.002, "low": -0.001, "high": 0.003}, "not shown (log loss +2.00 [-1.00, 3.00]"),
        ({"value": -0.002, "low": -0.003, "high": -0.001}, "no, they are worse with it (log loss -2.00"),
        ({"value": 0.0, "low": 0.0, "high": 0.0}, "no, they do not depend on it"),
        ({"value": 0.002, "low": None, "high": None}, "too few days to tell (log loss +2.00 [n/a]"),
    ],
)
def test_the_answer_claims_what_its_bounds_bear(figure: dict, words: str):
    told = {"families": [{"family": "fundamental", "log_loss": figure, "quantile_loss": figure}]}
    assert answer(told, "fundamental").startswith(f"Do fundamentals help? The probabilities: {words}")
