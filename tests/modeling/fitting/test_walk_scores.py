"""Figures of predictions, computed again by scikit-learn and by plain loops."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import pearsonr, rankdata, spearmanr
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from modeling.fitting.dataset import TEST, TRAIN
from modeling.fitting.evaluation import DayBootstrap
from modeling.fitting.walk_scores import ece_interval, horizon_said, pr_lift_interval
from tests.modeling.fitting.walk_maker import null, planted


def draws(days: int, seed: int = 0) -> DayBootstrap:
    return DayBootstrap.draw(np.arange(days), resamples=200, mean_block_days=5.0, level=0.95, seed=seed)


def rows(seed: int = 0, n: int = 3000, days: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    p = rng.uniform(0.05, 0.6, n).round(3)
    return (rng.random(n) < p).astype(np.float64), p, np.sort(rng.integers(0, days, n))


@pytest.mark.parametrize("side", ["p_long", "p_short"])
@pytest.mark.parametrize("h", [0, 1])
def test_pooled_figures_are_those_of_scikit_learn(side: str, h: int):
    own = planted()
    dataset = own.walk.dataset
    told = own.figures["scores"][dataset.horizons[h]][side]
    tested = [np.flatnonzero(fold.dataset.part[:, h] == TEST) for fold in own.walk.by_forecaster["lightgbm"]]
    y = getattr(dataset.targets, side)[np.concatenate(tested), h]
    assert told["rows"] == y.size
    for name, folds in own.walk.by_forecaster.items():
        p, logit = [], []
        for fold, test_rows in zip(folds, tested, strict=True):
            place = np.searchsorted(fold.raw.rows, test_rows)
            p.append(getattr(fold.judged.forecasts, side)[place, h])
            logit.append(getattr(fold.raw, f"{side}_logit")[place, h])
        joined, raw = np.concatenate(p), np.concatenate(logit)
        one = told["models"][name]
        assert one["log_loss"]["value"] == pytest.approx(log_loss(y, joined))
        assert one["brier"]["value"] == pytest.approx(brier_score_loss(y, joined))
        assert one["roc_auc"]["value"] == pytest.approx(roc_auc_score(y, joined))
        ranked = one["before_calibration"]
        assert ranked["roc_auc"]["value"] == pytest.approx(roc_auc_score(y, raw))
        assert ranked["pr_auc_lift"]["value"] == pytest.approx(average_precision_score(y, raw) / y.mean())
        for top in ranked["top"]:
            highest = np.sort(1 / (1 + np.exp(-raw)))[::-1][: int(np.ceil(top["share"] * y.size))]
            assert top["score_min"] == pytest.approx(highest[-1])


def test_the_base_rate_of_a_fold_is_that_of_its_training_part():
    own = planted()
    said = horizon_said(own.walk, 0)
    for number, fold in enumerate(own.walk.by_forecaster["logistic"]):
        train = fold.dataset.part[:, 0] == TRAIN
        assert said.base["p_long"][said.fold == number] == pytest.approx(
            fold.dataset.targets.p_long[train, 0].mean()
        )


def test_what_is_planted_is_told_and_what_is_not_is_not():
    for horizon in planted().walk.dataset.horizons:
        assert planted().figures["scores"][horizon]["direction"]["roc_auc"]["logistic"]["low"] > 0.55
        assert null().figures["scores"][horizon]["direction"]["roc_auc"]["logistic"]["low"] < 0.5


def test_a_resampled_lift_is_that_of_rows_repeated():
    y, p, days = rows()
    bootstrap = draws(60)
    weights = bootstrap.draws.weights[:30]
    told = pr_lift_interval(y, p, days, bootstrap)
    again = []
    for day_weight in weights:
        times = day_weight[days].astype(int)
        many, score = np.repeat(y, times), np.repeat(p, times)
        again.append(average_precision_score(many, score) / many.mean())
    assert told["value"] == pytest.approx(average_precision_score(y, p) / y.mean())
    assert told["low"] < told["value"] < told["high"]
    # The bounds mirror the spread of the resampled figures.
    assert told["high"] - told["low"] == pytest.approx(3.29 * np.std(again), rel=0.6)


def test_calibration_error_by_a_plain_loop():
    y, p, days = rows(4)
    told = ece_interval(y, p, days, draws(60))
    missed = [0.0] * 10
    for value in set(p.tolist()):  # all rows of one value fall into the bin of their middle one
        middle = sum(p < value) + sum(p == value) / 2
        missed[int(10 * middle / p.size)] += sum(p == value) * value - sum(y[p == value])
    assert told["value"] == pytest.approx(sum(map(abs, missed)) / y.size)


def test_a_wrong_probability_shows_as_calibration_error():
    y, p, days = rows(5)
    right, wrong = ece_interval(y, p, days, draws(60)), ece_interval(y, p + 0.2, days, draws(60))
    assert right["value"] < 0.05 < 0.15 < wrong["low"]
    # Chance explains the one and not the other, and no bound of an error lies below 0.
    assert 0.0 <= right["low"] <= right["value"] < right["by_chance"] < wrong["value"]
    assert wrong["by_chance"] < 0.05


def test_a_better_forecast_of_volatility_is_proven_and_an_equal_one_is_not():
    rng = np.random.default_rng(6)
    days = np.repeat(np.arange(60), 20)
    came = np.exp(rng.normal(size=days.size))
    near, far, as_far = (came * np.exp(rng.normal(0.0, width, days.size)) for width in (0.5, 1.0, 1.0))
    better, equal = (draws(60).rank_gain(came, own, far, days) for own in (near, as_far))
    assert better["value"] == pytest.approx(
        spearmanr(near, came).statistic - spearmanr(far, came).statistic, abs=1e-9
    )
    assert 0 < better["low"] < better["value"] < better["high"]
    assert equal["low"] < 0 < equal["high"]
    # The spread is that of ranks drawn by days, each as often as its day.
    times = draws(60).draws.weights[:50][:, days].astype(int)
    ranks = [rankdata(each) for each in (near, far, came)]
    again = []
    for time in times:
        own, other, wanted = (np.repeat(each, time) for each in ranks)
        again.append(pearsonr(own, wanted).statistic - pearsonr(other, wanted).statistic)
    assert better["high"] - better["low"] == pytest.approx(3.29 * np.std(again), rel=0.4)
