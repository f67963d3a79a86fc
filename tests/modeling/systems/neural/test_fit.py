"""Fitted classifiers: what each option changes in training, and what is watched on the way."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from modeling.errors import FitDivergedError
from modeling.fitting.dataset import TEST, VALIDATION
from modeling.kernels.metrics import log_loss_classes
from modeling.systems.neural.classifier import META, ONNX, SCALER, FittedClassifier, NeuralClassifier
from modeling.systems.neural.fit import Fit
from modeling.systems.neural.network import Said, _with_priors
from modeling.systems.neural.toolkit import TEN
from modeling.systems.neural.weights import ClassWeights
from tests.modeling.systems.neural.maker import fitted, rare, small, task, toolkit


def said(*options) -> np.ndarray:
    return fitted(*options).scores(rare(), rare().rows_of(TEST))


def shares(scores: np.ndarray) -> np.ndarray:
    return np.bincount(scores.argmax(axis=1), minlength=3) / len(scores)


def true_shares() -> np.ndarray:
    label = rare().label[rare().rows_of(TEST)]
    return np.bincount(label, minlength=3) / label.size


@pytest.mark.parametrize("options", [("quota_batches",), ("class_weights",), ("reweighting",), TEN])
def test_a_plain_network_collapses_and_the_toolkit_brings_the_rare_classes_back(options):
    plain, better = shares(said()), shares(said(*options))
    assert plain[1] > 0.95  # hold, and hardly anything else
    assert plain[[0, 2]].sum() < 0.3 * true_shares()[[0, 2]].sum()
    assert better[1] < plain[1] - 0.03
    assert np.all(better[[0, 2]] >= plain[[0, 2]])
    found = fitted(*options).told["epochs"][-1]
    assert set(found["predicted"]) == set(found["true"]) == {"sell", "hold", "buy"}


def test_reweighting_steps_up_what_is_predicted_too_seldom():
    epochs = fitted("reweighting").told["epochs"]
    assert epochs[0]["class_weights"] == [1.0, 1.0, 1.0]
    assert epochs[-1]["class_weights"][1] < 1.0 < max(epochs[-1]["class_weights"])
    weights = ClassWeights(toolkit("reweighting"), shares=np.array([0.1, 0.8, 0.1]))
    weights.move(predicted=np.array([0, 0, 0, 1, 2]), true=np.array([0, 1, 1, 1, 2]))
    assert weights.now[1] > weights.now[2] > weights.now[0]
    own = ClassWeights(toolkit("class_weights"), shares=np.array([0.1, 0.8, 0.1]))
    np.testing.assert_allclose(own.now, [10 / 3, 10 / 24, 10 / 3])
    with pytest.raises(ValueError, match="each of 3 classes"):
        ClassWeights(toolkit("class_weights", class_weights=(1.0,)), shares=np.ones(3) / 3)


def test_a_focus_on_the_commonest_class_makes_it_less_likely():
    assert said("focal")[:, 1].mean() < said()[:, 1].mean() - 0.02


@pytest.mark.parametrize("option", ["entropy_penalty", "label_smoothing"])
def test_penalties_make_the_network_less_sure(option):
    assert said(option).max(axis=1).mean() < said().max(axis=1).mean()


def test_smoothed_targets_and_moves_reach_the_batches():
    fit = Fit(small("label_smoothing", tools={"smoothing": (0.05, 0.1, 0.2)}), task(rare()))
    places = np.arange(200, dtype=np.int64)
    _, target, weight = fit.batch(places)
    own = target["logits"]
    label = fit.taught.label[places]
    np.testing.assert_allclose(own[np.arange(200), label], np.array([0.95, 0.9, 0.8])[label], rtol=1e-6)
    np.testing.assert_allclose(own[:, 3], rare().move[fit.taught.rows[:200]], rtol=1e-5)
    assert np.all(weight == 1.0)


def test_hard_rows_are_those_of_the_highest_losses_and_come_into_the_next_batches():
    fit = Fit(small("hard_negatives", epochs=2), task(rare()))
    seen = []
    drawn = fit.draws.epoch

    class Spy:
        def epoch(self, number, hard):
            seen.append((hard, drawn(number, hard)))
            return seen[-1][1]

    fit.draws = Spy()
    fit.run()
    assert seen[0][0].size == 0
    hard, batches = seen[1]
    assert np.all(np.isin(batches, hard).mean(axis=1) >= 0.2)
    commonest = fit.taught.label[hard] == fit.taught.commonest
    assert commonest.mean() < 0.5  # what it never says is what it gets wrong


def test_a_ranking_loss_orders_rows_by_their_moves():
    move = rare().move[rare().rows_of(TEST)]
    order = np.sign(move[:, None] - move[None, :])

    def misordered(scores: np.ndarray) -> float:
        score = np.log(scores[:, 2]) - np.log(scores[:, 0])
        return float(np.logaddexp(0.0, -order * (score[:, None] - score[None, :]))[order != 0].mean())

    assert misordered(said("ranking_loss")) < misordered(said()) < misordered(said()[:, ::-1])


def test_views_are_averaged_before_the_temperature():
    rows, at, own = rare(), rare().rows_of(TEST)[:50], fitted()
    each = [replace(own, said=Said(views=(view,))).scores(rows, at) for view in ("identity", "gaussian")]
    both = replace(own, said=Said(views=("identity", "gaussian"), temperature=2.0)).scores(rows, at)
    mean = np.sqrt(np.mean(each, axis=0))
    np.testing.assert_allclose(both, mean / mean.sum(axis=1, keepdims=True), atol=1e-9)
    assert np.abs(each[0] - each[1]).max() > 1e-3


def test_the_temperature_is_the_best_on_validation_rows():
    rows, found = rare(), fitted(*TEN)
    at, own = rows.rows_of(VALIDATION), found.said.temperature
    label = rows.label[at].astype(np.float64)
    scores = [
        replace(found, said=replace(found.said, temperature=each)).scores(rows, at)
        for each in (own, 0.8 * own, 1.25 * own, 1.0)
    ]
    losses = [log_loss_classes(label, each) for each in scores]
    assert losses[0] == pytest.approx(min(losses), abs=1e-6)
    assert own != 1.0
    np.testing.assert_array_equal(scores[0].argmax(axis=1), scores[-1].argmax(axis=1))


def test_thinned_out_rows_come_back_into_the_probabilities():
    p = np.array([[0.3, 0.4, 0.3], [0.1, 0.2, 0.7]])
    right = _with_priors(p, thinned=1, keep_frac=0.25)
    np.testing.assert_allclose(right.sum(axis=1), 1.0)
    np.testing.assert_allclose(right[:, 1] / right[:, 0], 4.0 * p[:, 1] / p[:, 0])
    np.testing.assert_allclose(right[:, 2] / right[:, 0], p[:, 2] / p[:, 0])
    thin = fitted("downsampling")
    raw = replace(thin, said=replace(thin.said, keep_frac=1.0))
    at = rare().rows_of(TEST)
    off, put_right = (abs(own.scores(rare(), at)[:, 1].mean() - true_shares()[1]) for own in (raw, thin))
    assert put_right < off


def test_the_weights_of_the_best_epoch_stand_and_the_rate_falls_on_a_plateau():
    plan = small("class_weights", epochs=9, learning_rate=0.05, patience_epochs=3, plateau_epochs=1)
    found = plan.fit(task(rare()))
    assert isinstance(found, FittedClassifier)
    epochs = found.told["epochs"]
    assert found.told["stopped_by"] == "patience"
    assert len(epochs) == found.told["best_epoch"] + 3
    assert epochs[-1]["learning_rate"] < epochs[0]["learning_rate"]
    rows = rare()
    at = rows.rows_of(VALIDATION)
    own = found.scores(rows, at)[np.arange(at.size), rows.label[at]]
    by_class = [-np.log(own[rows.label[at] == number]).mean() for number in range(3)]
    assert np.mean(by_class) == pytest.approx(epochs[found.told["best_epoch"] - 1]["val_loss"], abs=1e-4)


def test_a_loss_that_is_no_number_names_its_batch():
    rows = rare()
    move = rows.move.copy()
    fit = Fit(small("ranking_loss", tools={"ranking_weight": float("inf")}), task(replace(rows, move=move)))
    with pytest.raises(FitDivergedError, match=r"in epoch 1 at batch 1 of \d+, which begins with \w+ 20"):
        fit.run()


def test_a_stored_classifier_says_what_it_is():
    files = fitted().files()
    assert {ONNX, META, SCALER, "network.keras"} == set(files)
    told = fitted().told
    assert told["classes"] == ["sell", "hold", "buy"]
    assert told["threshold_frac"] == 0.04
    assert told["lookback_bars"] == rare().lookback_bars
    assert told["export_gap"] < 1e-4


def test_scoring_needs_no_keras():
    code = (
        "import sys, django; django.setup(); import modeling.services.systems, modeling.services.ablate; "
        "sys.exit('keras' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # our own code


@pytest.mark.parametrize("changes", [{"epochs": 0}, {"plateau_factor": 1.0}, {"learning_rate": 0.0}])
def test_a_fit_that_cannot_be_is_refused(changes):
    with pytest.raises(ValueError, match="must"):
        NeuralClassifier(**({"backbone": "tcn"} | changes))
