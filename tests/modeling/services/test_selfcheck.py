"""The pipeline proves itself on simulated markets, at the size that fits into every test run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from features.selectors.catalogue import sparse_blocks
from market.contracts import Timeframe
from market.selectors.simulated import simulated_market
from market.simulated_config import simulated_markets_config
from modeling.errors import DatasetRefusedError
from modeling.fitting.dataset import TEST
from modeling.fitting.loading import parted
from modeling.fitting.recipe import LeakScanConfig, recipe_load
from modeling.fitting.selfcheck import (
    NETWORK,
    RECIPE,
    Task,
    market_dataset,
    of_other_days,
    planted_sides,
    run,
)
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
    twice = [leaking, replace(leaking, auc_direction=leaking.auc_direction + 1e-6)]
    assert not null_summaries(twice, strict=False)[0].passed


@pytest.mark.parametrize(("strict", "passed"), [(False, True), (True, False)])
def test_the_full_form_forgives_nothing_for_few_runs(short, strict, passed):
    """With many forecasters each has few runs: that must not loosen the full form."""
    one = next(each for each in short.runs if each.task.edge is None)
    off = [
        replace(one, auc_direction=auc, auc_long=0.5, auc_long_of_spread=0.5) for auc in (0.47, 0.50, 0.56)
    ]
    assert null_summaries(off, strict=strict)[0].passed is passed
    steady = [replace(each, auc_direction=0.51001) for each in off]
    assert not null_summaries(steady, strict=strict)[0].passed


@pytest.mark.parametrize(
    ("verdict", "passed"),
    [
        ({"grade": "trade", "reasons": ()}, False),
        (
            {"grade": "inform", "reasons": ("leak_audit_needed",)},
            False,
        ),  # proven, were it not too good to be true
        ({"grade": "inform", "reasons": ("net_lower_bound", "leak_audit_needed")}, True),
    ],
)
def test_a_profit_proven_where_nothing_is_fails_the_check(short, verdict, passed):
    one = next(each for each in short.runs if each.task.edge is None)
    calm = replace(one, auc_direction=0.5, auc_long=0.5, auc_long_of_spread=0.5, reasons=("enough_trades",))
    runs = [calm] * 18 + [replace(calm, **verdict)] * 2
    assert null_summaries(runs, strict=True)[0].passed is passed


def test_a_pipeline_that_misses_an_edge_is_seen(short):
    planted = [each for each in short.runs if each.task.edge is not None]
    blind = [replace(each, net_frac=0.1 * each.oracle_net_frac) for each in planted]
    assert not any(each.passed for each in planted_summaries(blind))


def test_a_simulated_dataset_is_made_as_one_from_the_database():
    """The same blocks of sparse features, the same limits of the leak scan."""
    recipe = recipe_load(RECIPE)
    market = simulated_market(config=simulated_markets_config(), size="short_null", seed=SEED)
    dataset = market_dataset(market, recipe)
    assert dataset.sparse_blocks == sparse_blocks(name=recipe.feature_set)
    assert set(dataset.sparse_blocks) == {"", "news"}
    assert dataset.flags.sum() == 1
    values = dataset.values.copy()
    values[:, 0] = dataset.targets.forward_return[:, 0]
    knowing = replace(dataset, values=np.where(dataset.usable, values, dataset.values))
    with pytest.raises(DatasetRefusedError, match="alone tells"):
        parted(knowing, recipe)
    loose = LeakScanConfig(direction_auc=0.9999, side_auc=0.9999)
    with pytest.raises(DatasetRefusedError, match=r"allowed is 1\.000"):
        parted(knowing, replace(recipe, evaluation=replace(recipe.evaluation, leak_scan=loose)))


def test_features_of_other_days_keep_their_course_and_lose_the_rest():
    market = simulated_market(config=simulated_markets_config(), size="short_null", seed=SEED)
    dataset = market_dataset(market, recipe_load(RECIPE))
    columns = np.arange(3, len(dataset.features))
    moved = of_other_days(dataset, columns, seed=1)
    np.testing.assert_array_equal(moved[:, :3], dataset.values[:, :3])
    whole = np.isfinite(dataset.values[:, ~dataset.sparse]).all(axis=1)
    np.testing.assert_array_equal(moved[~whole], dataset.values[~whole])
    for number in range(len(dataset.secids)):
        rows = np.flatnonzero((dataset.instrument == number) & whole)
        before, after = dataset.values[rows][:, columns], moved[rows][:, columns]
        shift = next(
            own for own in range(1, rows.size) if np.array_equal(after[own], before[0], equal_nan=True)
        )
        assert 0.2 < shift / rows.size < 0.8
        np.testing.assert_array_equal(after, np.roll(before, shift, axis=0))
    assert not np.array_equal(moved, of_other_days(dataset, columns, seed=2), equal_nan=True)


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
    names = ("logistic", "lightgbm")
    full = selfcheck_tasks(size="full", parts=("null", "planted"), forecasters=names, seed=SEED)
    other = selfcheck_tasks(size="full", parts=("null", "planted"), forecasters=names, seed=SEED + 100_000)
    assert len(other) == len(full) and not {task.seed for task in other} & {task.seed for task in full}
    nulls = [task for task in full if task.edge is None]
    assert (len(nulls), len({task.seed for task in nulls})) == (100, 100)
    config = simulated_markets_config()
    assert {task.strength for task in full if task.edge} == set(config.strengths)
    with pytest.raises(InputError, match="did you mean 'logistic'"):
        run(Task(size="short_null", seed=1, forecaster="logistics"))
    with pytest.raises(InputError, match="there must be a run"):
        selfcheck(size="short", parts=())


@pytest.mark.soak
def test_a_hundred_markets_without_an_edge_are_judged_within_twenty_minutes():
    report = selfcheck(size="full", parts=("null",), processes=2)
    assert report.passed, "\n".join(report_lines(report))
    assert sum(each.runs for each in report.nulls) == 100
    assert report.seconds < 20 * 60


@pytest.mark.soak
def test_every_planted_edge_is_found_and_a_weaker_one_gives_less():
    report = selfcheck(size="full", parts=("planted",), processes=2)
    told = "\n".join(report_lines(report))
    assert report.passed, told
    config = simulated_markets_config()
    for edge in config.edges:
        curve = sorted((each for each in report.planted if each.edge == edge), key=lambda each: each.strength)
        assert [each.strength for each in curve] == sorted(config.strengths)
        assert curve[0].net_frac < curve[-1].net_frac, told
    assert report.seconds < 45 * 60


@pytest.mark.soak
def test_the_network_finds_nothing_where_nothing_is():
    """Three markets: their mean is also forgiven what chance does."""
    found = [run(Task(size="full_null", seed=SEED + number, forecaster=NETWORK)) for number in range(3)]
    assert null_summaries(found, strict=False)[0].passed
    assert not any(each.proven for each in found)
