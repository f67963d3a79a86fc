"""Who trades what: cuts come from validation rows, rules from their own sides, and nobody from an illiquid row."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from modeling.fitting.dataset import TEST, TRAIN, VALIDATION
from modeling.fitting.walk_arms import cut_arm, liquid_rows, model_arm, rule_arms, side_scores
from tests.modeling.fitting.walk_maker import null, planted


@pytest.mark.parametrize("side", ["both", "long", "short"])
@pytest.mark.parametrize("share", [0.01, 0.05])
def test_a_cut_is_set_by_the_validation_rows_of_its_own_fold(side: str, share: float):
    own = null()
    folds = own.walk.by_forecaster["logistic"]
    arm = cut_arm(folds, own.rules, share=share, side=side)  # type: ignore[arg-type]
    expected = set()
    for fold in folds:
        for h in range(2):
            rates = {
                name: getattr(fold.dataset.targets, name)[fold.dataset.part[:, h] == TRAIN, h].mean()
                for name in ("p_long", "p_short")
            }
            scores = {}
            for place, row in enumerate(fold.raw.rows):
                long = 1 / (1 + np.exp(-fold.raw.p_long_logit[place, h])) - rates["p_long"]
                short = 1 / (1 + np.exp(-fold.raw.p_short_logit[place, h])) - rates["p_short"]
                one = {"both": max(long, short), "long": long, "short": short}[side]
                if fold.dataset.part[row, h] in (VALIDATION, TEST):
                    scores[row] = (one, 1 if one == long else -1)
            judged = [s for row, (s, _) in scores.items() if fold.dataset.part[row, h] == VALIDATION]
            cut = np.quantile(judged, 1 - share)
            expected |= {
                (row, h, way)
                for row, (s, way) in scores.items()
                if fold.dataset.part[row, h] == TEST and s >= cut
            }
    wanted = arm.wanted
    assert (
        set(zip(wanted.row.tolist(), wanted.horizon.tolist(), wanted.side.tolist(), strict=True)) == expected
    )


def test_scores_are_above_the_training_rate():
    fold = planted().walk.by_forecaster["lightgbm"][0]
    long, _ = side_scores(fold, 0)
    rate = fold.dataset.targets.p_long[fold.dataset.part[:, 0] == TRAIN, 0].mean()
    assert long.min() >= -rate
    assert long.max() <= 1 - rate


def test_rules_take_the_test_rows_of_their_own_sides():
    own = null()
    dataset = own.walk.dataset
    for arm in rule_arms(own.walk, own.around.sides, own.rules, horizon=1):
        rows = np.flatnonzero((own.around.sides[arm.name] != 0) & (dataset.part[:, 1] == TEST))
        assert arm.wanted.row.tolist() == rows.tolist()
        assert arm.wanted.side.tolist() == own.around.sides[arm.name][rows].tolist()
        assert set(arm.wanted.horizon.tolist()) <= {1}


def test_nobody_trades_a_thin_row():
    own = null()
    thin = replace(
        own.walk,
        dataset=replace(own.walk.dataset, median_turnover_rub=own.walk.dataset.median_turnover_rub * 1e-6),
    )
    assert all(arm.wanted.row.size == 0 for arm in rule_arms(thin, own.around.sides, own.rules, horizon=0))


def test_a_policy_knows_the_cost_it_decides_at():
    own = planted()
    cheap = model_arm(own.walk, "logistic", own.rules, cost_bp=5.0).wanted.row.size
    dear = model_arm(own.walk, "logistic", own.rules, cost_bp=200.0).wanted.row.size
    assert cheap > dear


def test_rows_below_the_limit_are_counted_and_not_usable():
    dataset = null().walk.dataset
    limit = float(np.nanmedian(dataset.median_turnover_rub))
    found = liquid_rows(dataset, limit * 2)
    assert not found.usable.any()
    assert found.exclusions["below_turnover_limit"] == int(dataset.usable.sum())
    assert liquid_rows(dataset, 0.0).exclusions["below_turnover_limit"] == int(
        (dataset.usable & np.isnan(dataset.median_turnover_rub)[:, None]).sum()
    )
