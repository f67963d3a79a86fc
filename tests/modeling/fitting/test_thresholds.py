"""Least edges learned from out-of-fold rows: kept where small edges lose, and nowhere else."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest

from features.contracts import REGIMES
from modeling.contracts.thresholds import ThresholdConfig, Thresholds
from modeling.fitting.cuts import scored
from modeling.fitting.dataset import TEST, VALIDATION, Dataset
from modeling.fitting.evaluation import plain
from modeling.fitting.judging import Judged, Rules, part_metrics, policy_traded
from modeling.fitting.report import threshold_lines
from modeling.fitting.thresholds import LearnedThresholds
from modeling.fitting.trading import decided_regime
from tests.modeling.fitting import learned_policy_maker as maker
from tests.modeling.fitting.learned_policy_maker import CLAIMS, SILENT
from tests.modeling.fitting.walk_maker import silent
from tests.modeling.synthetic import dataset
from traderai.common.errors import InvariantError

pytestmark = pytest.mark.django_db  # borrowing rates are read from the database
CONFIG = ThresholdConfig(edges=(0.06, 0.12), top_pct=(5.0, 30.0), min_trades=30, min_regime_days=20)


@pytest.fixture(scope="module")
def data() -> Dataset:
    return dataset(days=360, planted=True)


def rules(config: ThresholdConfig, data: Dataset, *, folds: int = 3) -> Rules:
    return maker.rules(data, folds=folds, thresholds=config)


def learned(data: Dataset, own: Rules, *, small: float) -> tuple[LearnedThresholds, Judged]:
    found, judged, _ = maker.learned(data, own, small=small)
    assert found.edges is not None and replace(found.thresholds, regimes=()) == found.edges.thresholds
    return found.edges, judged


@pytest.fixture(scope="module")
def claimed(
    data: Dataset, django_db_setup: None, django_db_blocker
) -> tuple[LearnedThresholds, Judged, Rules]:
    with django_db_blocker.unblock():
        own = rules(CONFIG, data)
        return (*learned(data, own, small=CLAIMS), own)


def test_where_small_edges_lose_larger_ones_are_asked_for(data: Dataset, claimed):
    found, judged, own = claimed
    assert found.kept
    assert found.thresholds.least_edges["flat"] == found.thresholds.least_edges["euphoria"] == 0.12
    by_name = {cut.regime: cut for cut in found.cuts}
    assert not by_name["flat"].pooled and not by_name["uptrend"].pooled and by_name["euphoria"].pooled
    before, after = found.choices
    assert (before.way, after.way) == ("configured", "learned")
    assert after.better_bound > 0.0 and after.mean_daily_net > before.mean_daily_net
    # What was chosen on validation holds on the test part, where it is only reported.
    learned_test = policy_traded(replace(judged, thresholds=found.thresholds), data, own, part=TEST)
    configured_test = policy_traded(judged, data, own, part=TEST)
    assert 0 < len(learned_test.simulation.trades) < len(configured_test.simulation.trades)
    assert learned_test.net_frac > configured_test.net_frac
    # The figures of the test part stand beside those of the configured thresholds; no other model is asked for here.
    served = replace(judged, thresholds=found.thresholds)
    told = part_metrics(served, data, own, known=defaultdict(dict), part=TEST, say=silent)["policy"]
    assert told["configured_cost"]["trades"] == len(learned_test.simulation.trades)
    assert told["configured_thresholds"]["trades"] == len(configured_test.simulation.trades)
    lines = threshold_lines(plain(found.told()))
    assert "proven to make more" in lines[1]
    assert sum(" alone it takes " in line for line in lines) == 3  # the stability by fold
    assert threshold_lines({}) == []


def test_what_is_judged_is_each_row_by_the_rule_of_its_regime(data: Dataset, claimed):
    _, judged, own = claimed
    alone = Thresholds(mode="edge", least_edges={"uptrend": 0.12})
    wanted = scored(replace(judged, thresholds=alone), data, data, own, part=TEST, cost_bp=None).policy
    plain_wanted = scored(judged, data, data, own, part=TEST, cost_bp=None).policy
    terms = own.terms(None, alone)
    rising = decided_regime(data, wanted.row, terms) == REGIMES.index("uptrend")
    assert rising.any() and not rising.all()
    np.testing.assert_array_equal(wanted.side[~rising], plain_wanted.side[~rising])
    taken = wanted.side[rising] != 0
    assert wanted.edge[rising][taken].min() >= 0.12 > plain_wanted.edge[plain_wanted.side != 0].min()
    # Without the regimes nobody can judge it.
    with pytest.raises(InvariantError, match="need the market's regimes"):
        replace(own, regimes=None).terms(None, alone)
    assert replace(own, regimes=None).terms(None, Thresholds(mode="edge")).regimes is None


def test_the_test_part_has_no_say(data: Dataset, claimed):
    later = data.part == TEST
    targets = replace(
        data.targets,
        **{
            name: np.where(later, -getattr(data.targets, name), getattr(data.targets, name))
            for name in ("long_gross", "short_gross")
        },
    )
    found, _ = learned(replace(data, targets=targets), claimed[2], small=CLAIMS)
    assert found.told() == claimed[0].told()
    # Sabotage: the same done to the validation rows changes the choice.
    later = data.part == VALIDATION
    targets = replace(data.targets, long_gross=np.where(later, 0.02, data.targets.long_gross))
    other, _ = learned(replace(data, targets=targets), claimed[2], small=CLAIMS)
    assert other.told() != claimed[0].told()


def test_where_no_small_edge_is_claimed_the_configured_rule_stands(data: Dataset):
    found, _ = learned(data, rules(CONFIG, data, folds=1), small=SILENT)
    assert not found.kept and found.thresholds == Thresholds(mode="edge")
    assert "it stands" in found.reason
    strict = replace(CONFIG, mode="top_share", min_trades=10**6)
    nothing, _ = learned(data, rules(strict, data, folds=1), small=CLAIMS)
    assert not nothing.kept and nothing.thresholds == Thresholds(mode="top_share")
    assert "no least edge qualifies" in nothing.reason


def test_the_share_of_the_best_is_frozen_as_an_edge(data: Dataset):
    config = replace(CONFIG, mode="top_share", top_pct=(30.0, 70.0))
    found, _ = learned(data, rules(config, data, folds=1), small=CLAIMS)
    assert found.thresholds.mode == "top_share"
    assert found.kept and all(edge > 0.06 for edge in found.thresholds.least_edges.values())
