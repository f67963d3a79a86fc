"""Filters learned from out-of-fold rows: cells whose trades lose are left out, and nothing else is changed."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest

from features.contracts import REGIMES
from market.kernels.sessions import moscow_hours
from modeling.contracts.filters import FilterConfig
from modeling.contracts.thresholds import ThresholdConfig, Thresholds
from modeling.fitting.cuts import scored
from modeling.fitting.dataset import TEST, VALIDATION, Dataset, dataset_assemble
from modeling.fitting.evaluation import plain
from modeling.fitting.filters import regimes_traded
from modeling.fitting.judging import Judged, Rules, part_metrics, policy_traded
from modeling.fitting.learned_policy import LearnedPolicy, policy_learn
from modeling.fitting.policy_pool import policy_pool
from modeling.fitting.report import filter_lines
from modeling.fitting.trading import cell_rows, decided_regime
from modeling.kernels.filters import in_left_out
from modeling.registry.artifact import json_bytes
from tests.modeling.fitting.learned_policy_maker import CLAIMS, SILENT, TRUST, learned, rules
from tests.modeling.fitting.walk_maker import silent
from tests.modeling.synthetic import FEATURES, dataset, instruments, label_set
from traderai.common.config import parse

pytestmark = pytest.mark.django_db  # borrowing rates are read from the database
CONFIG = FilterConfig(min_trades=30, min_days=20, resamples=1000)
Found = tuple[LearnedPolicy, Judged, Rules]


@pytest.fixture(scope="module")
def data() -> Dataset:
    return dataset(days=360, planted=True)


def misheard(data: Dataset, where: Any) -> Any:
    """Return the hint as a network hears it that takes it for its opposite on some rows (m,)."""
    return np.where(where, -data.values[:, 0], data.values[:, 0])


def noon(data: Dataset) -> Any:
    """Return the rows that are decided from noon to one (m,)."""
    return moscow_hours(data.decision_s) == 12


def rising(data: Dataset, own: Rules) -> Any:
    """Return the rows that are decided in an uptrend (m,)."""
    terms = replace(own.terms(None), regimes=own.regimes)
    every = np.arange(data.instrument.size)
    return decided_regime(data, every, terms) == REGIMES.index("uptrend")


@pytest.fixture(scope="module")
def in_regime(data: Dataset, django_db_setup: None, django_db_blocker) -> Found:
    with django_db_blocker.unblock():
        own = rules(data, filters=CONFIG)
        found, judged, _ = learned(data, own, small=SILENT, heard=misheard(data, rising(data, own)))
        return found, judged, own


@pytest.fixture(scope="module")
def at_noon(data: Dataset, django_db_setup: None, django_db_blocker) -> Found:
    with django_db_blocker.unblock():
        own = rules(data, filters=CONFIG)
        found, judged, _ = learned(data, own, small=SILENT, heard=misheard(data, noon(data)))
        return found, judged, own


def names(found: LearnedPolicy) -> list[tuple[str, str]]:
    filters = found.thresholds.filters
    return [] if filters is None else [(own.kind, own.cell) for own in filters.left_out]


def test_in_a_regime_where_trades_lose_none_is_made(data: Dataset, in_regime: Found):
    found, judged, own = in_regime
    regimes, others = found.filters
    assert (regimes.kinds, regimes.kept, others.kept) == (("regime",), True, False)
    assert names(found) == [("regime", "uptrend")]
    before, after = regimes.choices
    assert after.better_bound > 0.0 and after.trades < before.trades
    own_cell = regimes.left_out[0]
    assert own_cell.high_bp < 0.0 and own_cell.trades >= CONFIG.min_trades
    # What was chosen on validation holds on the test part, where it is only reported.
    served = replace(judged, thresholds=found.thresholds)
    with_it, without = (policy_traded(each, data, own, part=TEST) for each in (served, judged))
    assert 0 < len(with_it.simulation.trades) < len(without.simulation.trades)
    assert with_it.net_frac > without.net_frac


def test_what_each_regime_made_is_told_by_the_rows_that_are_still_traded(data: Dataset):
    own = rules(data, filters=CONFIG)
    found, judged, folds = learned(data, own, small=SILENT, heard=misheard(data, rising(data, own)))
    assert names(found) == [("regime", "uptrend")]
    (flat,) = found.thresholds.regimes  # in the uptrend nothing is traded, the others did not come up
    assert flat.regime == "flat" and found.thresholds.traded_in("flat") == flat
    assert found.thresholds.traded_in("uptrend") is None

    # Once more by hand: those of one share and day are one trade.
    pool = policy_pool(folds, TRUST, judged, own)
    inside = pool.rows.taken & (pool.cells.regime == REGIMES.index("flat"))
    net = pool.rows.net_r * data.stop_loss_frac[pool.wanted.row]
    by_trade: dict[tuple[int, int], list[float]] = {}
    for row in np.flatnonzero(inside):
        by_trade.setdefault((int(pool.rows.share[row]), int(pool.rows.day[row])), []).append(float(net[row]))
    wanted = 1e4 * np.mean([np.mean(each) for each in by_trade.values()])
    assert (flat.trades, flat.net_bp) == (len(by_trade), pytest.approx(wanted, rel=1e-9))
    assert 0.0 < flat.low_bp < flat.net_bp < flat.high_bp

    # Without a filter the uptrend is told of as well, and what it lost.
    lost = next(each for each in regimes_traded(pool, pool.rows.taken, own) if each.regime == "uptrend")
    assert lost.net_bp < 0.0 < lost.trades
    assert regimes_traded(pool, np.zeros_like(pool.rows.taken), own) == ()
    for broken in ({"regime": "calm"}, {"net_bp": 9e9}, {"trades": 0}, {"low_bp": float("nan")}):
        with pytest.raises(ValueError, match="must"):
            replace(flat, **broken)


def test_what_is_judged_is_as_configured_but_for_the_cells(data: Dataset, at_noon: Found):
    found, judged, own = at_noon
    assert names(found) == [("hour", "12:00")]
    assert [step.kept for step in found.filters] == [False, True]
    told = replace(judged, thresholds=found.thresholds)
    wanted = scored(told, data, data, own, part=TEST, cost_bp=None).policy
    # Beside the rule of each row's own regime, which is what is served; here all rules ask for the same.
    plain_wanted = scored(judged, data, data, own, part=TEST, cost_bp=None).policy
    there = noon(data)[wanted.row]
    assert (wanted.side[there] == 0).all() and (plain_wanted.side[there] != 0).any()
    np.testing.assert_array_equal(wanted.side[~there], plain_wanted.side[~there])


def test_the_report_tells_what_was_left_out(data: Dataset, at_noon: Found):
    found, judged, own = at_noon
    served = replace(judged, thresholds=found.thresholds)
    told = part_metrics(served, data, own, known=defaultdict(dict), part=TEST, say=silent)["policy"]
    assert told["configured_cost"]["trades"] < told["configured_thresholds"]["trades"]
    lines = filter_lines(plain(found.told())["filters"])
    assert any("hour 12:00: -" in line and "bp a trade [" in line for line in lines)
    # How the choice of the others stood, block by block.
    assert sum(" rows at " in line for line in lines) == 3
    assert filter_lines([]) == []
    # What is stored is read back as it was.
    stored = json_bytes(asdict(found.thresholds)).decode()
    assert parse(plain(asdict(found.thresholds)), Thresholds, where="thresholds.json") == found.thresholds
    assert '"cell": "12:00"' in stored


def test_the_test_part_has_no_say(data: Dataset, at_noon: Found):
    def with_gross(part: int, gross: float) -> Dataset:
        there = (data.part == part) & noon(data)[:, None]
        targets = data.targets
        long, short = (np.where(there, gross, own) for own in (targets.long_gross, targets.short_gross))
        return replace(data, targets=replace(targets, long_gross=long, short_gross=short))

    heard = misheard(data, noon(data))
    found, _, _ = learned(with_gross(TEST, 0.05), at_noon[2], small=SILENT, heard=heard)
    assert found.told() == at_noon[0].told()
    # Sabotage: noon that wins on the validation rows is not left out.
    other, _, _ = learned(with_gross(VALIDATION, 0.05), at_noon[2], small=SILENT, heard=heard)
    assert names(other) == []


def test_where_nothing_loses_all_is_traded_as_before(data: Dataset):
    own = rules(data, filters=CONFIG)
    found, judged, folds = learned(data, own, small=SILENT)
    assert replace(found.thresholds, regimes=()) == Thresholds(mode="edge") and not found.thresholds.says_more
    assert "none of 2 cells is found to lose" in found.filters[0].reason
    strict, _, _ = learned(data, rules(data, filters=replace(CONFIG, min_trades=10**6)), small=SILENT)
    assert "nothing can be told" in strict.filters[0].reason and strict.filters[0].tested == 0
    assert own.terms(None, found.thresholds) == own.terms(None)
    # One fold alone is held half against half; a recipe that asks for nothing learns nothing.
    assert policy_learn(folds[:1], TRUST, judged, own) is not None
    assert policy_learn(folds, TRUST, judged, rules(data)) is None


def test_a_loss_of_one_fold_alone_is_not_proven(data: Dataset):
    own = rules(data, filters=replace(CONFIG, kinds=("hour",)))
    # At noon something is heard in the newest fold alone, and it loses: no other fold finds it.
    newest = data.decision_s >= data.validation_start_s
    heard = np.where(noon(data) & ~newest, 0.0, misheard(data, noon(data)))
    found, _, _ = learned(data, own, small=SILENT, heard=heard)
    step = found.filters[0]
    assert [cell.cell for cell in step.left_out] == ["12:00"] and not step.kept
    assert "not proven" in step.reason and names(found) == []
    assert any("yet not left out" in line for line in filter_lines(plain(found.told())["filters"]))


def test_filters_come_upon_the_least_edges_that_were_proven(data: Dataset):
    edges = ThresholdConfig(edges=(0.06, 0.12), min_trades=30, min_regime_days=20)
    own = rules(data, thresholds=edges, filters=CONFIG)
    found, _, _ = learned(data, own, small=CLAIMS)
    # Claims that lose everywhere are gone with the larger edges: there is nothing left to leave out.
    assert found.thresholds.least_edges["flat"] == 0.12 and names(found) == []
    terms = own.terms(None, found.thresholds)
    assert terms.policy.filters is None and terms.regimes is not None


def test_cells_are_known_at_the_decision():
    """The cells of a row do not change with what comes after it."""
    whole = instruments(days=60)
    cut = [
        replace(
            item, bars=item.bars.part(0, 400), values=item.values[:400], cost_frac=item.cost_frac[:400],
            terms=replace(
                item.terms, price_step_rub=item.terms.price_step_rub[:400], lot_size=item.terms.lot_size[:400],
                shortable=item.terms.shortable[:400],
            ),
        )
        for item in whole
    ]  # fmt: skip
    later, earlier = (
        dataset_assemble(items, features=FEATURES, label_set=label_set(), lookback_bars=8)
        for items in (whole, cut)
    )
    first = [np.flatnonzero(later.instrument == number)[:400] for number in range(len(whole))]
    rows, same = np.concatenate(first), np.arange(earlier.instrument.size)
    zeros = np.zeros(rows.size, dtype=np.int8)
    for one, other in zip(
        cell_rows(later, rows, zeros.astype(np.int64), zeros),
        cell_rows(earlier, same, zeros.astype(np.int64), zeros),
        strict=True,
    ):
        np.testing.assert_array_equal(one, other)
    # Sabotage: the rows of other moments lie in other cells.
    moved = cell_rows(later, rows + 1, zeros.astype(np.int64), zeros)
    assert not np.array_equal(moved.hour, cell_rows(earlier, same, zeros.astype(np.int64), zeros).hour)


def test_filters_reach_the_policy_of_the_terms(data: Dataset, at_noon: Found):
    found, _, own = at_noon
    terms = own.terms(10.0, found.thresholds)
    assert terms.policy.filters == found.thresholds.filters and terms.regimes is own.regimes
    filters = found.thresholds.filters
    assert filters is not None
    every = np.arange(data.instrument.size)
    zeros = np.zeros(every.size, dtype=np.int8)
    inside = in_left_out(cell_rows(data, every, zeros.astype(np.int64), zeros), filters)
    np.testing.assert_array_equal(inside[:, 0], noon(data))
