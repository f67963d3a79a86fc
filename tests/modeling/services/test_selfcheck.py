"""The pipeline proves itself on simulated markets, at the size that fits into every test run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from market.contracts import Timeframe
from market.selectors.simulated import simulated_market
from market.simulated_config import simulated_markets_config
from modeling.fitting.dataset import TEST
from modeling.fitting.recipe import recipe_load
from modeling.fitting.selfcheck import RECIPE, Task, market_dataset, planted_sides, run
from modeling.fitting.selfcheck_report import null_summaries, planted_summaries, report_lines
from modeling.services.selfcheck import selfcheck, selfcheck_tasks
from traderai.common.errors import InputError

SEED = simulated_markets_config().seed


@pytest.fixture(scope="module")
def short():
    return selfcheck(size="short", processes=2)


def test_the_pipeline_proves_itself(short):
    told = "\n".join(report_lines(short))
    assert short.passed, told
    assert sum(each.runs for each in short.nulls) == 20
    assert [each.edge for each in short.planted] == ["news_drift"]
    assert "SIMULATED" in told
    assert "PASSED" in told


def test_without_an_edge_nothing_is_earned_and_nothing_promoted(short):
    for each in short.nulls:
        assert each.promotions == 0
        assert each.net_frac < 0.01


def test_patterns_are_rare_and_the_oracle_earns(short):
    for each in short.planted:
        assert 0.0 < each.rows_frac <= simulated_markets_config().rows_frac_max
        assert each.oracle_net_frac > 0.1


def test_equal_tasks_give_equal_results(short):
    first = short.runs[0]
    again = run(first.task)
    for name in ("auc_direction", "auc_long", "trades", "net_frac", "grade"):
        assert getattr(again, name) == getattr(first, name)


def test_a_leak_is_seen():
    """The check can fail: with the future in a feature every figure says so."""
    leaking = run(Task(size="short_null", seed=SEED, forecaster="logistic", leak=True))
    assert leaking.auc_direction > 0.6
    summary = null_summaries([leaking, replace(leaking, auc_direction=leaking.auc_direction + 1e-6)])[0]
    assert not summary.passed


def test_a_pipeline_that_misses_an_edge_is_seen(short):
    planted = [each for each in short.runs if each.task.edge is not None]
    blind = [replace(each, net_frac=0.1 * each.oracle_net_frac) for each in planted]
    assert not any(each.passed for each in planted_summaries(blind))


def test_the_oracle_knows_the_rows_of_the_dataset():
    config = simulated_markets_config()
    edge = next(iter(config.edges))
    market = simulated_market(config=config, size="short_null", seed=SEED, planted=(edge,))
    dataset = market_dataset(market, recipe_load(RECIPE))
    side = planted_sides(market, dataset, Timeframe.H1)
    assert np.count_nonzero(side) == sum(rows.row.size for rows in market.planted[edge].values())
    own = (dataset.part[:, 0] == TEST) & (side != 0)
    moved = dataset.targets.forward_return[own, 0] * side[own]
    assert moved.mean() > 3 * moved.std() / np.sqrt(moved.size / 11)


def test_tasks_and_bad_requests():
    full = selfcheck_tasks(size="full", parts=("null", "planted"), forecasters=("logistic", "lightgbm"))
    nulls = [task for task in full if task.edge is None]
    assert (len(nulls), len({task.seed for task in nulls})) == (100, 100)
    config = simulated_markets_config()
    assert {task.strength for task in full if task.edge} == set(config.strengths)
    with pytest.raises(InputError, match="did you mean 'logistic'"):
        run(Task(size="short_null", seed=1, forecaster="logistics"))
    with pytest.raises(InputError, match="there must be a run"):
        selfcheck(size="short", parts=())
