"""Held-out figures: their bounds come from days, drawn once for all of them."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from modeling.fitting.evaluation import LEAST_TRADES, DayBootstrap, mean_figure, probability_figures
from modeling.kernels.significance import block_bootstrap_mean, figure_interval

DAYS = np.array([10, 11, 14, 15, 16, 17, 18, 21, 22, 23, 24, 25])


@pytest.fixture
def bootstrap():
    return DayBootstrap.draw(DAYS, resamples=200, mean_block_days=2.0, level=0.95, seed=3)


@pytest.fixture
def rows():
    """Rows of the days, some days with many, one with none."""
    rng = np.random.default_rng(0)
    day = np.sort(rng.choice(np.delete(DAYS, 4), 80))
    y = rng.integers(0, 2, 80).astype(float)
    p = np.clip(0.5 + 0.2 * (y - 0.5) + rng.normal(0, 0.2, 80), 0.02, 0.98).round(2)
    return y, p, day


def in_draws(figure, bootstrap, day):
    """Return the figure with its bounds, the rows of every draw written out."""
    rows_of = [np.flatnonzero(day == one) for one in DAYS]
    resampled = [figure(np.concatenate([rows_of[place] for place in draw])) for draw in bootstrap.draws.rows]
    found = figure_interval(figure(np.arange(day.size)), np.array(resampled), bootstrap.draws)
    return {"value": found.value, "low": found.low, "high": found.high}


def test_bounds_are_those_of_rows_drawn_by_the_day(bootstrap, rows):
    y, p, day = rows
    loss = (y - p) ** 2
    assert bootstrap.mean(loss, day) == pytest.approx(in_draws(lambda r: loss[r].mean(), bootstrap, day))
    auc = in_draws(lambda r: roc_auc_score(y[r], p[r]), bootstrap, day)
    assert bootstrap.auc(y, p, day) == pytest.approx(auc)
    figures = probability_figures(y, p, day, bootstrap)
    assert figures["brier"] == bootstrap.mean(loss, day)
    assert figures["roc_auc"] == bootstrap.auc(y, p, day)


def test_one_row_a_day_gives_the_gates_own_bounds(bootstrap):
    values = np.random.default_rng(1).normal(size=DAYS.size)
    gate = block_bootstrap_mean(
        values, level=0.95, mean_block_days=2.0, resamples=200, rng=np.random.default_rng(3)
    )
    found = bootstrap.mean(values, DAYS)
    assert (found["value"], found["low"], found["high"]) == pytest.approx((gate.mean, gate.low, gate.high))


def test_rows_of_one_day_are_not_taken_for_independent(bootstrap):
    # The sabotage: the same days told apart would promise bounds a third as wide.
    day_value = np.random.default_rng(2).normal(size=DAYS.size)
    apart = DayBootstrap.draw(np.arange(120), resamples=200, mean_block_days=1.0, level=0.95, seed=3)
    together = bootstrap.mean(np.repeat(day_value, 10), np.repeat(DAYS, 10))
    told_apart = apart.mean(np.repeat(day_value, 10), np.arange(120))
    assert together["high"] - together["low"] > 2 * (told_apart["high"] - told_apart["low"])


def test_few_trades_have_no_bounds(bootstrap):
    """A single trade's draws are all alike: bounds of no width would make it look certain."""
    gains = np.linspace(-0.02, 0.03, LEAST_TRADES)
    assert bootstrap.mean(gains[:1], DAYS[:1]) == {"value": -0.02, "low": -0.02, "high": -0.02}
    few = mean_figure(gains[1:], DAYS[1:LEAST_TRADES], bootstrap)
    assert few == {"value": pytest.approx(gains[1:].mean()), "low": None, "high": None}
    assert mean_figure(gains, DAYS[:LEAST_TRADES], bootstrap) == bootstrap.mean(gains, DAYS[:LEAST_TRADES])
