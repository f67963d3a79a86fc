"""Levels of orders drawn from excursions: found where they pay, kept only where that is proven, and judged as served."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import pytest

from modeling.contracts import Excursions, MarketState, Prediction
from modeling.contracts.decisions import EXCURSIONS
from modeling.contracts.order_levels import LevelPair, OrderLevelConfig
from modeling.contracts.thresholds import Thresholds
from modeling.fitting import judging
from modeling.fitting.dataset import TEST, Dataset
from modeling.fitting.evaluation import plain
from modeling.fitting.judging import Judged, Rules, known_figures, part_metrics, policy_traded
from modeling.fitting.learned_policy import LearnedPolicy
from modeling.fitting.report import order_level_lines
from modeling.fitting.trading import tradable, wanted_rows
from modeling.fitting.walk_learned import learned_section
from modeling.kernels.order_levels import order_choice
from modeling.kernels.policy import decide
from modeling.kernels.policy_sides import cost_of
from modeling.registry.artifact import json_bytes
from tests.modeling.fitting.learned_policy_maker import SILENT, learned, rules
from tests.modeling.fitting.order_level_maker import known_moves, level_dataset
from tests.modeling.fitting.walk_maker import silent
from traderai.common.config import parse
from traderai.common.errors import InvariantError

pytestmark = pytest.mark.django_db  # borrowing rates are read from the database
PAIR = LevelPair(take_profit=0.50, stop_loss=0.25)
CONFIG = OrderLevelConfig(candidates=(PAIR,), min_trades=30, min_map_trades=60)
Found = tuple[LearnedPolicy, Judged, Rules]


@pytest.fixture(scope="module")
def data() -> Dataset:
    return level_dataset()


@pytest.fixture(scope="module")
def drawn(data: Dataset, django_db_setup: None, django_db_blocker) -> Found:
    with django_db_blocker.unblock():
        own = rules(data, order_levels=CONFIG, folds=2)
        found, judged, _ = learned(data, own, small=SILENT, moves=known_moves(data))
        return found, judged, own


def test_levels_that_pay_are_found_and_kept(data: Dataset, drawn: Found):
    found, judged, own = drawn
    step = found.order_levels
    assert step is not None and step.kept and "are proven to make more" in step.reason
    levels = found.thresholds.order_levels
    assert levels is not None and levels.pair == PAIR and levels.short is None
    before, after = step.choices
    assert after.better_bound > 0.0 and after.trades == before.trades >= CONFIG.min_trades
    # What was chosen on out-of-fold rows holds on the test part, where it is only reported.
    served = replace(judged, thresholds=found.thresholds)
    with_it, without = (policy_traded(each, data, own, part=TEST) for each in (served, judged))
    assert with_it.simulation.trades.mean_net_frac > 1.3 * without.simulation.trades.mean_net_frac
    # It is expected of an order, in the label set's stops, what such orders then make.
    made_r = with_it.simulation.trades.net_frac.mean() / 0.015
    assert levels.long is not None and levels.long.net_r[-1] == pytest.approx(made_r, rel=0.1)
    assert levels.long.low_r[-1] < levels.long.net_r[-1] < levels.long.high_r[-1]


def test_excursions_of_other_rows_are_not_kept(data: Dataset):
    """Sabotage: the same quantiles, shuffled over the rows, draw levels that know nothing of their own rise."""
    own, moves = rules(data, order_levels=CONFIG, folds=2), known_moves(data)
    mixed = moves[np.random.default_rng(1).permutation(len(moves))]
    found, _, _ = learned(data, own, small=SILENT, moves=mixed)
    assert found.order_levels is not None and not found.order_levels.kept
    assert replace(found.thresholds, regimes=()) == Thresholds(mode="edge") and not found.thresholds.says_more


def test_too_few_trades_and_the_test_part_have_no_say(data: Dataset, drawn: Found):
    few = replace(CONFIG, min_trades=229, min_map_trades=229)
    found, _, _ = learned(data, rules(data, order_levels=few, folds=2), small=SILENT, moves=known_moves(data))
    assert found.order_levels is not None and not found.order_levels.kept
    assert "of 228 trades nothing can be told, 229 are needed" in found.order_levels.reason
    later = data.decision_s >= data.test_start_s
    moves = np.where(later[:, None, None], 0.0, known_moves(data))
    same, _, _ = learned(data, drawn[2], small=SILENT, moves=moves)
    assert same.told() == drawn[0].told()


def test_who_foretells_no_excursions_has_the_label_sets_levels(data: Dataset, drawn: Found):
    found, judged, _ = learned(data, drawn[2], small=SILENT)
    assert found.order_levels is None and found.told()["order_levels"] == {}
    assert replace(found.thresholds, regimes=()) == Thresholds(mode="edge")
    assert order_level_lines({}) == []
    served = replace(judged, thresholds=drawn[0].thresholds)
    with pytest.raises(InvariantError, match="need forecasts with excursions"):
        policy_traded(served, data, drawn[2], part=TEST)


def test_where_nothing_is_traded_nothing_is_drawn(data: Dataset, drawn: Found):
    heard = np.zeros(data.instrument.size)
    found, _, _ = learned(data, drawn[2], small=SILENT, heard=heard, moves=known_moves(data))
    step = found.order_levels
    assert step is not None and not step.kept and [own["trades"] for own in step.tried] == [0, 0]
    assert "of 0 trades nothing can be told, 30 are needed" in step.reason
    told = plain(step.told())
    assert any(line.endswith("0 trades at n/a bp") for line in order_level_lines(told))
    folds = [{"fold": "fold_1", "filters": [], "order_levels": told}]
    section = learned_section({"network": {"folds": folds, "test": None}})
    assert [row[3] for row in section.parts[0].tables[1].rows] == ["no trade", "no trade"]


def test_what_was_learned_is_told_and_stored_whole(drawn: Found):
    found = drawn[0]
    stored = plain(asdict(found.thresholds))
    assert parse(stored, Thresholds, where="thresholds.json") == found.thresholds
    assert b'"net_r"' in json_bytes(stored)
    # A version of before there were order levels has none.
    assert (
        parse({"mode": "edge", "least_edges": {}}, Thresholds, where="thresholds.json").order_levels is None
    )
    lines = order_level_lines(plain(found.told())["order_levels"])
    assert "proven to make more" in lines[1]
    assert sum("all rows, " in line and "[" in line for line in lines) == 2
    assert sum("by the others' choice take-profit q50 stop q25" in line for line in lines) == 2
    assert any("expected of a long at an edge" in line and "trades in all" in line for line in lines)


def test_the_report_tells_the_test_part_with_and_without(
    data: Dataset, drawn: Found, monkeypatch: pytest.MonkeyPatch
):
    found, judged, own = drawn
    monkeypatch.setattr(judging, "FORECASTERS", {})  # no other model is asked for here
    served = replace(judged, thresholds=found.thresholds)
    known = known_figures(data, served.scaler, own, rows=served.forecasts.rows, part=TEST)
    told = part_metrics(served, data, own, known=known, part=TEST, say=silent)
    policy = told["policy"]
    assert policy["configured_cost"]["net_total_frac"] > policy["label_set_levels"]["net_total_frac"]
    assert policy["label_set_levels"] == policy["configured_thresholds"]  # nothing else was learned
    # How far prices go is measured beside the training rows' own quantiles, each side and horizon.
    moved = told["excursions"]["1d"]["long_mfe"]
    assert moved["rows"] == int((data.part[:, 0] == TEST).sum())
    assert set(told["excursions"]) == {"1d", "2d"} and set(told["excursions"]["2d"]) == set(EXCURSIONS)
    assert (
        moved["network_minus_base_rate"]["low"] > 0
    )  # but for the hints the excursions that were planted are false


def _asked(data: Dataset, own: Judged, k: int, h: int) -> tuple[Prediction, MarketState]:
    """Return the prediction and the market of a forecast's row as they are when it is served."""
    said, row = own.forecasts, int(own.forecasts.rows[k])
    assert said.excursions is not None
    market = MarketState(
        close_rub=float(data.market.path.close[row]), price_step_rub=0.01, lot_size=1, atr_rub=1.0,
        half_spread_frac=float("nan"), median_turnover_rub=5e7, bars_known=5000, data_age_s=0.0, regime="flat",
        shortable=True, halted=False, novelty=0.0, take_profit_frac=float(data.take_profit_frac[row]),
        stop_loss_frac=float(data.stop_loss_frac[row]),
    )  # fmt: skip
    prediction = Prediction(
        p_long=float(said.p_long[k, h]), p_short=float(said.p_short[k, h]),
        return_quantiles=tuple(np.sort(said.return_quantiles[k, h]).tolist()), volatility=float(said.volatility[k, h]),
        direction=tuple(said.direction[k, h].tolist()),
        excursions=Excursions(
            **{name: tuple(said.excursions[k, h, place].tolist()) for place, name in enumerate(EXCURSIONS)}
        ),
    )  # fmt: skip
    return prediction, market


def test_served_orders_have_the_levels_that_were_judged(data: Dataset, drawn: Found):
    found, judged, own = drawn
    terms = own.terms(None, found.thresholds)
    allowed = tradable(data, judged.forecasts.rows, judged.scaler, judged.novelty, own.policy)
    wanted = wanted_rows(
        judged.forecasts, data, judged.evidence, terms, part=TEST, allowed=allowed, horizons=data.horizons
    )
    taken = np.flatnonzero(wanted.side != 0)
    assert taken.size > 50 and (wanted.scales[taken] != 1.0).any()
    assert (wanted.scales[wanted.side == 0] == 1.0).all()
    for place in taken[:: max(taken.size // 25, 1)]:
        row, h = int(wanted.row[place]), int(wanted.horizon[place])
        k = int(np.flatnonzero(judged.forecasts.rows == row)[0])
        prediction, market = _asked(data, judged, k, h)
        # Costs of the synthetic bars are flat; the policy's are its own.
        cost = cost_of(market, terms.policy)
        decision = decide(prediction, judged.evidence[data.horizons[h]], market, terms.policy)
        assert (decision.action, decision.side) == ("BUY", "long")
        order = order_choice("long", float(wanted.edge[place]), prediction, market, terms.policy, cost)
        levels = wanted.scales[place] * (market.take_profit_frac, market.stop_loss_frac)
        assert (order.take_profit_frac, order.stop_loss_frac) == pytest.approx(tuple(levels), rel=1e-9)
        assert decision.take_profit_rub == pytest.approx(market.close_rub * (1 + levels[0]), abs=0.011)
        assert decision.label_take_profit_rub == pytest.approx(
            market.close_rub * (1 + market.take_profit_frac), abs=0.011
        )
        assert decision.expected_net_frac == pytest.approx(
            order.expected_net_frac, rel=0.2
        )  # at its own edge


@pytest.mark.soak
def test_without_an_edge_levels_are_rarely_kept():
    kept = 0
    for seed in range(40):
        data = level_dataset(days=240, seed=seed, planted=False)
        moves = known_moves(data)
        found, _, _ = learned(data, rules(data, order_levels=CONFIG, folds=2), small=SILENT, moves=moves)
        assert found.order_levels is not None
        kept += found.order_levels.kept
    assert kept <= 8  # of 40 at a level of 10 %: more come once in fifty
