"""Figures of trades, computed again from the simulator's own trades."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime

import numpy as np
import pytest

from market.contracts import Timeframe
from market.kernels.sessions import moscow_hours
from modeling.fitting.dataset import TEST
from modeling.fitting.evaluation import DayBootstrap
from modeling.fitting.walk_report import CONFIGURED
from modeling.fitting.walk_trades import (
    LEAST_TRADES,
    closed,
    group_figures,
    mean_p_value,
    weekdays_of,
    years_of,
)
from tests.modeling.fitting.walk_maker import null, planted
from traderai.common.clock import MOSCOW

ARMS = ("lightgbm", "logistic", "always_long", "ema_cross", "breakout", "rsi_reversal")


@pytest.mark.parametrize("name", ARMS)
def test_an_arms_figures_are_those_of_its_trades(name: str):
    own = null()
    trades = own.accounts.traded[CONFIGURED][name].simulation.trades
    told = own.figures["trading"][CONFIGURED][name]
    assert told["trades"] == len(trades)
    assert told["net_bp"]["value"] == pytest.approx(np.mean(trades.net_rub / trades.entry_value_rub) * 1e4)
    assert told["win_rate"]["value"] == pytest.approx(sum(trades.net_rub > 0) / len(trades))
    won, lost = trades.net_rub[trades.net_rub > 0].sum(), -trades.net_rub[trades.net_rub < 0].sum()
    assert told["profit_factor"] == pytest.approx(won / lost)
    # The account ends with what the trades left.
    assert told["net_total_frac"] == pytest.approx(trades.net_rub.sum() / own.rules.account.capital_rub)


@pytest.mark.parametrize("name", ARMS)
def test_more_cost_leaves_less_of_the_same_rules_trades(name: str):
    trading = null().figures["trading"]
    cheap, dear = trading["10 bp"][name], trading[CONFIGURED][name]
    if name in null().walk.by_forecaster:
        assert cheap["trades"] >= dear["trades"]  # a policy takes less where it costs more
    else:
        assert cheap["net_bp"]["value"] > dear["net_bp"]["value"]


def test_the_base_rate_of_winning_is_that_of_rows_by_the_arms_own_mix():
    own = null()
    dataset, result = own.walk.dataset, own.accounts.traded[CONFIGURED]["lightgbm"]
    trades = closed(own.accounts.arms["lightgbm"], result)
    expected = []
    for horizon, side in zip(trades.horizon, trades.side, strict=True):
        gross = (dataset.targets.long_gross if side > 0 else dataset.targets.short_gross)[:, horizon]
        tested = dataset.part[:, horizon] == TEST
        expected.append(np.mean((gross - dataset.cost_frac)[tested] > 0))
    told = own.figures["trading"][CONFIGURED]["lightgbm"]["base_win_rate"]
    assert told == pytest.approx(np.mean(expected))


def test_groups_add_up_to_all_trades():
    own = null()
    for name in (*own.walk.by_forecaster, "always_long"):
        told = own.figures["trading"][CONFIGURED][name]
        for key, groups in own.figures["groups"][name].items():
            if key == "discoveries":
                continue
            assert sum(group["trades"] for group in groups) == told["trades"]
            mean = sum(group["net_bp"]["value"] * group["trades"] for group in groups) / told["trades"]
            assert mean == pytest.approx(told["net_bp"]["value"])


def test_a_tickers_trades_are_that_shares():
    own = null()
    trades = own.accounts.traded[CONFIGURED]["always_long"].simulation.trades
    arm = own.accounts.arms["always_long"]
    nets = defaultdict(list)
    for number, order in enumerate(trades.order):
        secid = own.walk.dataset.secids[trades.instrument[number]]
        horizon = own.walk.dataset.horizons[arm.wanted.horizon[order]]
        nets[f"{secid} {horizon}"].append(trades.net_frac[number] * 1e4)
    told = {
        group["group"]: group["net_bp"]["value"] for group in own.figures["groups"]["always_long"]["ticker"]
    }
    assert told == pytest.approx({name: np.mean(own_nets) for name, own_nets in nets.items()})


def test_few_trades_have_no_bounds_and_no_test():
    own = planted()
    trades = closed(own.accounts.arms["logistic"], own.accounts.traded[CONFIGURED]["logistic"])
    group = np.ones(trades.row.size, dtype=np.int64)
    group[: LEAST_TRADES - 1] = 0
    bootstrap = DayBootstrap.draw(own.accounts.days, resamples=100, mean_block_days=5.0, level=0.95, seed=0)
    few, many = group_figures(trades, group, {0: "few", 1: "many"}, bootstrap)
    assert few["p_value"] is None
    assert few["net_bp"]["low"] is None
    assert many["p_value"] == pytest.approx(1 / 101)


def test_the_chance_of_a_mean_is_uniform_without_profit_and_small_with_it():
    rng = np.random.default_rng(1)
    days = np.arange(250)
    bootstrap = DayBootstrap.draw(days, resamples=400, mean_block_days=2.0, level=0.95, seed=0)
    row_days = np.repeat(days, 4)
    noise = [mean_p_value(rng.standard_normal(1000), row_days, bootstrap) for _ in range(200)]
    assert np.mean(noise) == pytest.approx(0.5, abs=0.06)
    assert np.mean(np.array(noise) < 0.1) == pytest.approx(0.1, abs=0.06)
    assert mean_p_value(rng.standard_normal(1000) + 0.3, row_days, bootstrap) == pytest.approx(1 / 401)


def test_years_hours_and_weekdays_are_moscows():
    moments = [
        datetime(2023, 12, 31, 20, 59, tzinfo=UTC), datetime(2023, 12, 31, 21, 0, tzinfo=UTC),
        datetime(2012, 7, 2, 6, 30, tzinfo=UTC), datetime(2024, 2, 29, 15, 45, tzinfo=UTC),
    ]  # fmt: skip
    moments_s = np.array([int(moment.timestamp()) for moment in moments])
    local = [moment.astimezone(MOSCOW) for moment in moments]
    assert years_of(moments_s).tolist() == [moment.year for moment in local]
    assert moscow_hours(moments_s).tolist() == [moment.hour for moment in local]
    assert weekdays_of(moments_s).tolist() == [moment.weekday() for moment in local]
    assert Timeframe.H1 is null().around.timeframe
