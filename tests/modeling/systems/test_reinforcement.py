"""The second stage: kept where it learns to hold what costs more than it brings, dropped where rewards are luck."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from modeling.errors import DatasetRefusedError
from modeling.fitting.dataset import TEST, TRAIN, VALIDATION
from modeling.fitting.recipe import recipe_read
from modeling.fitting.trading import account_rules
from modeling.kernels.simulator_orders import AccountRules, FlatCost
from modeling.selectors.configuration import account_get, cost_model_get
from modeling.systems.baselines import Logistic
from modeling.systems.estimators import SystemTask
from modeling.systems.lines import system_lines
from modeling.systems.recipe import FigureConfig, ReinforcementConfig, SystemRecipe
from modeling.systems.reinforcement import Lesson, Stage, stage_kept, stage_learned, stage_load
from modeling.systems.rewards import BUY, HOLD, SELL, Rewarder, row_risk
from modeling.systems.rows import SystemRows
from modeling.systems.second_stage import StagedSystem, staged, training_lesson
from modeling.systems.system import system_found
from modeling.systems.trading import Trader
from tests.modeling.systems.maker import parted, plan
from traderai.common.errors import InputError

CONFIG = ReinforcementConfig(max_epochs=30, batch_rows=1024)
FIGURES = FigureConfig(resamples=200, mean_block_days=3.0, interval_level=0.95, extra_costs_bp=())
THREE = {"rule": "threshold", "neutral": "class", "threshold_frac": 0.002}


def account(bp: float) -> AccountRules:
    return replace(account_rules(account_get(), cost_model_get()), costs=FlatCost(round_trip_bp=bp))


def market(seed: int, *, edge: float = 0.6, cost: float = 0.5, days: int = 120, a_day: int = 40) -> Lesson:
    """Return rows of a classifier that always wants to trade, but only moves of sure rows are larger than the cost."""
    rng = np.random.default_rng(seed)
    n = days * a_day
    strength = rng.uniform(0.0, 1.0, n) * rng.choice([-1.0, 1.0], n)
    logits = np.column_stack((-2.0 * strength, np.full(n, -1.0), 2.0 * strength))
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    move = edge * strength + rng.standard_normal(n)
    reward = np.column_stack((-move - cost, np.zeros(n), move - cost))
    day = np.repeat(np.arange(days), a_day).astype(np.int64)
    decided = np.arange(n, dtype=np.int64) * 60
    return Lesson(
        log_p=log_p,
        context=rng.standard_normal((n, 2)),
        reward=reward,
        decision_s=decided,
        window_end_s=decided + 300,
        day=day,
    )


def kept(stage: Stage, held: Lesson, seed: int = 0, level: float = 0.95) -> Any:
    tuned = stage.scores(held.log_p, held.context)
    return stage_kept(held.log_p, tuned, held.reward, held.day, FIGURES, level=level, seed=seed)


def test_where_costs_are_above_the_edge_it_learns_to_hold_and_is_kept():
    stage = stage_learned(market(1, edge=1.0), CONFIG, seed=0)
    verdict = kept(stage, market(2, edge=1.0))
    assert verdict.kept
    assert verdict.supervised["hold"] < 0.3 < verdict.tuned["hold"] < 0.9
    assert verdict.supervised["net_r"] < 0.05 < verdict.tuned["net_r"]
    told = stage.told["net_r_by_epoch"]
    assert told[stage.told["best_epoch"]] == max(told) > told[0]
    sure = np.log([[0.02, 0.1, 0.88], [0.40, 0.15, 0.45]])
    assert stage.scores(sure, np.zeros((2, 2))).argmax(axis=1).tolist() == [BUY, HOLD]


def test_rewards_that_are_luck_keep_it_out():
    """A trade's reward is as good as any other's, so that also a policy that holds is no better than one that trades."""
    times = 0
    for seed in range(20):
        lessons = [market(100 * seed + part, days=60, a_day=20) for part in range(2)]
        for lesson in lessons:
            rng = np.random.default_rng(seed)
            order = rng.permutation(lesson.day.size)
            lesson.reward[:] = (lesson.reward - lesson.reward.mean(axis=0))[order]
        stage = stage_learned(lessons[0], replace(CONFIG, max_epochs=8, hidden_units=4), seed=seed)
        times += kept(stage, lessons[1], seed).kept
    assert times <= 3  # one in twenty by design


@pytest.mark.parametrize("hidden_units", [0, 4])
def test_it_repeats_itself_and_survives_its_file(hidden_units: int):
    config, lesson = replace(CONFIG, max_epochs=3, hidden_units=hidden_units), market(3, days=40)
    first, again = (stage_learned(lesson, config, seed=5) for _ in range(2))
    np.testing.assert_array_equal(first.parameters, again.parameters)
    assert first.files() == again.files()
    other = stage_learned(lesson, config, seed=6)
    assert not np.array_equal(first.parameters, other.parameters)
    loaded = stage_load(first.files())
    held = market(4, days=5)
    np.testing.assert_array_equal(
        loaded.scores(held.log_p, held.context), first.scores(held.log_p, held.context)
    )


def test_without_a_better_epoch_it_stays_the_classifier():
    lesson = market(5, edge=4.0, cost=0.0, days=40)  # every trade pays: there is nothing to hold back
    stage = stage_learned(lesson, replace(CONFIG, learning_rate=1e-9, max_epochs=2), seed=0)
    held = market(6, edge=4.0, cost=0.0, days=40)
    verdict = kept(stage, held)
    assert not verdict.kept
    assert (verdict.gain.mean, verdict.gain.low) == (0.0, 0.0)
    np.testing.assert_allclose(stage.scores(held.log_p, held.context), np.exp(held.log_p), atol=1e-6)


def test_the_stopping_days_come_after_all_that_teaches_and_no_window_reaches_into_them():
    lesson = market(7, days=40)
    long = replace(lesson, window_end_s=lesson.decision_s + 10 * 86_400)
    with pytest.raises(DatasetRefusedError, match="no row is left to teach"):
        stage_learned(long, CONFIG, seed=0)
    with pytest.raises(DatasetRefusedError, match="at least 10 days"):
        stage_learned(market(7, days=9), CONFIG, seed=0)
    # What is in no part changes nothing: rows of the stopping days do not teach.
    stopping = lesson.day >= 29
    wild = lesson.reward.copy()
    wild[stopping] *= -3.0
    plain = stage_learned(lesson, replace(CONFIG, max_epochs=1, patience_epochs=1), seed=0)
    turned = stage_learned(
        replace(lesson, reward=wild), replace(CONFIG, max_epochs=1, patience_epochs=1), seed=0
    )
    assert plain.told["rows"] == turned.told["rows"] == int((lesson.day < 29).sum()) - 5
    np.testing.assert_array_equal(plain.mean, turned.mean)


def test_a_reward_is_the_simulators_own_trade_over_the_rows_risk():
    rows = parted(**THREE, days=60, lookback_bars=1)
    at = rows.rows_of(TRAIN)
    reward = Rewarder(account=account(20.0), sides="both").net_r(rows, at)
    risk, path = row_risk(rows), rows.market.path
    for place in (3, 100, at.size - 1):
        row = at[place]
        begin = int(np.searchsorted(rows.market.offset, row, side="right")) - 1
        assert begin == rows.instrument[row]
        gross = path.close[row + 9] / path.open[row + 1] - 1.0
        out = path.close[row + 9] / path.open[row + 1]
        cost = 0.001 * (1.0 + out)
        assert reward[place, BUY] * risk[row] == pytest.approx(gross - cost, rel=1e-6)
        assert reward[place, HOLD] == 0.0
        # A short also pays for each night that it is held.
        assert 0.0 <= -gross - cost - reward[place, SELL] * risk[row] < 0.01
    long_only = Rewarder(account=account(20.0), sides="long").net_r(rows, at)
    known = np.isfinite(risk[at])
    assert 0 < (~known).sum() <= 3  # the first rows of each share
    assert np.isnan(reward[~known]).all() and (long_only[known, SELL] == 0.0).all()
    np.testing.assert_array_equal(long_only[:, BUY], reward[:, BUY])


def test_what_cannot_be_sold_short_earns_nothing_by_selling():
    rows = parted(**THREE, days=60, lookback_bars=1)
    market_bar = rows.market.bar.copy()
    market_bar["shortable"] = False
    own = replace(rows, market=rows.market._replace(bar=market_bar))
    reward = Rewarder(account=account(20.0), sides="both").net_r(own, own.rows_of(TRAIN))
    reward = reward[np.isfinite(reward).all(axis=1)]
    assert (reward[:, SELL] == 0.0).all() and (reward[:, BUY] != 0.0).all()


def poisoned(rows: SystemRows, *parts: int) -> SystemRows:
    """Return the rows with features, labels and prices of some parts broken."""
    bad = np.isin(rows.part, parts)
    first = rows.decision_s[bad].min()
    later = rows.decision_s > first  # prices of the bars inside, between and behind the parts
    values, label, close, move = rows.values.copy(), rows.label.copy(), rows.close.copy(), rows.move.copy()
    values[later], label[bad], move[bad] = 99.0, 2 - label[bad], -move[bad]
    path = rows.market.path
    broken = path._replace(
        **{
            name: np.where(later, getattr(path, name) * 3.0, getattr(path, name))
            for name in ("open", "high", "low", "close")
        }
    )
    close[later] *= 3.0
    market_ = rows.market._replace(path=broken)
    return replace(rows, values=values, label=label, close=close, move=move, market=market_)


def stage_of(rows: SystemRows, folds: int) -> Stage:
    recipe = three_class_plan(folds=folds)
    task = SystemTask(rows=rows, seed=1, threads=1, say=lambda *_: None)
    fitted = Logistic().fit(task)
    return staged(recipe, Logistic(), task, fitted, Rewarder(account=account(20.0), sides="both")).stage


@pytest.mark.parametrize("folds", [0, 2])
def test_poisoned_held_out_rows_change_nothing_of_what_it_learned(folds: int):
    rows = parted(planted=True, **THREE)
    plain, other = stage_of(rows, folds), stage_of(poisoned(rows, VALIDATION, TEST), folds)
    for name in ("parameters", "mean", "std"):
        np.testing.assert_array_equal(getattr(plain, name), getattr(other, name))
    assert plain.told["net_r_by_epoch"] == other.told["net_r_by_epoch"]
    # Sabotage: what teaches does change it, or the poison would prove nothing.
    assert plain.told["net_r_by_epoch"] != stage_of(poisoned(rows, TRAIN), folds).told["net_r_by_epoch"]


def test_rows_that_are_held_out_are_refused():
    rows = parted(**THREE, days=60, lookback_bars=1)
    rewarder = Rewarder(account=account(20.0), sides="both")
    for part in (VALIDATION, TEST):
        at = np.append(rows.rows_of(TRAIN), rows.rows_of(part)[:1])
        with pytest.raises(InputError, match="training rows alone"):
            training_lesson(rows, at, np.full((at.size, 3), 1 / 3), rewarder)


def three_class_plan(**changes: Any) -> SystemRecipe:
    own = plan("xgboost")
    return replace(
        own,
        estimator="logistic",
        parameters={},
        cut=replace(own.cut, sides="both", tuned_for="none", hold_wins=True),
        reinforcement=replace(CONFIG, max_epochs=5, **changes),
    )


def test_a_recipe_with_a_second_stage_tells_of_both_and_scores_the_same_after_loading():
    recipe, rows = three_class_plan(), parted(planted=True, **THREE)
    trader = Trader(account=account(20.0), cut=recipe.cut, max_turnover_frac=1.0)
    found = system_found(recipe, rows, trader, seed=1, threads=1, say=lambda *_: None)
    told = found.figures["fit"]["reinforcement"]
    assert {"kept", "gain", "supervised", "tuned", "net_r_by_epoch"} <= set(told)
    table = "\n".join(system_lines(found.figures, is_simulated=True))
    assert "second stage (policy gradient on" in table
    assert ("kept by validation rows" if told["kept"] else "dropped by validation rows") in table
    assert ("without second stage" in found.figures["test"]) == told["kept"]
    assert isinstance(found.fitted, StagedSystem)
    at = rows.rows_of(TEST)
    for kept_ in (True, False):
        stage = replace(found.fitted.stage, told={**found.fitted.stage.told, "kept": kept_})
        own = StagedSystem(fitted=found.fitted.fitted, stage=stage)
        again = StagedSystem(fitted=found.fitted.fitted, stage=stage_load(own.files()))
        np.testing.assert_array_equal(again.scores(rows, at), own.scores(rows, at))
        inner = found.fitted.fitted.scores(rows, at)
        assert np.array_equal(own.scores(rows, at), inner) == (not kept_)
    assert json.loads(own.files()["reinforcement.json"])["told"]["kept"] is False


def test_a_trader_holds_where_holding_is_the_likeliest_if_it_is_told_so():
    rows, recipe = parted(**THREE, days=60, lookback_bars=1), three_class_plan()
    at = rows.rows_of(TEST)[:3]
    scores = np.array([[0.2, 0.45, 0.35], [0.1, 0.3, 0.6], [0.4, 0.41, 0.19]])
    wins = Trader(account=account(20.0), cut=recipe.cut, max_turnover_frac=1.0)
    assert wins.sides(rows, at, scores, 1 / 3)[0].tolist() == [0, 1, 0]
    loses = Trader(account=account(20.0), cut=replace(recipe.cut, hold_wins=False), max_turnover_frac=1.0)
    assert loses.sides(rows, at, scores, 1 / 3)[0].tolist() == [1, 1, -1]


def test_what_cannot_be_is_refused():
    recipe = three_class_plan()
    trader = Trader(account=account(20.0), cut=recipe.cut, max_turnover_frac=1.0)
    with pytest.raises(InputError, match="between three classes, direction_v1 has"):
        system_found(recipe, parted(days=60), trader, seed=1, threads=1, say=lambda *_: None)
    with pytest.raises(ValueError, match=r"cut\.hold_wins must be true"):
        replace(recipe, cut=replace(recipe.cut, hold_wins=False))
    for wrong in ({"folds": 1}, {"max_epochs": 0}, {"learning_rate": 0.0}, {"stop_frac": 1.0}):
        with pytest.raises(ValueError, match="must"):
            ReinforcementConfig(**wrong)
    assert recipe_read("xgboost", SystemRecipe).reinforcement is None
