"""Confidence against what came of it: rising on a planted market, with the right counts and base rates."""

from __future__ import annotations

import numpy as np
import pytest

from modeling.fitting.dataset import TEST
from modeling.fitting.walk import walk_wanted
from modeling.fitting.walk_confidence import confidence_lines, confidence_section
from modeling.kernels.policy_confidence import confidence_scale
from tests.modeling.fitting.walk_maker import planted

MODELS = ("lightgbm", "logistic")


@pytest.mark.parametrize("name", MODELS)
def test_the_surer_the_policy_the_more_of_its_trades_make_money(name):
    """Monotone in the realised hit rate, where there is something to be sure of."""
    told = [one for one in planted().figures["confidence"][name] if one["rows"] >= 100]
    for line in confidence_lines({name: told}):
        print(line)
    won = [one["won"]["value"] for one in told]
    assert len(told) >= 3
    assert won == sorted(won)
    assert won[-1] > won[0] + 0.05
    # The surest are better than their base rate by more than chance.
    assert told[-1]["won"]["low"] > told[-1]["base_rate"]


def test_buckets_are_those_of_the_wanted_rows():
    """Reckoned once more, row by row."""
    own = planted()
    for name in MODELS:
        buckets = own.figures["confidence"][name]
        cuts = [one["from"] for one in buckets] + [np.inf]
        rows, won = np.zeros(len(buckets), int), np.zeros(len(buckets))
        for fold in own.walk.by_forecaster[name]:
            data = fold.dataset
            wanted = walk_wanted([fold], own.rules, cost_bp=None, horizons=data.horizons)
            for row, h, side, edge in zip(wanted.row, wanted.horizon, wanted.side, wanted.edge, strict=True):
                if side == 0:
                    continue
                assert data.part[row, h] == TEST
                sure = confidence_scale(float(edge), fold.judged.evidence[data.horizons[h]])
                bucket = next(i for i in range(len(buckets)) if cuts[i] <= sure + 1e-12 < cuts[i + 1])
                rows[bucket] += 1
                won[bucket] += data.r_multiple("long" if side > 0 else "short")[row, h] > 0
        assert [one["rows"] for one in buckets] == rows.tolist()
        for one, count, wins in zip(buckets, rows, won, strict=True):
            if count:
                assert one["won"]["value"] == pytest.approx(wins / count)
                assert 0.0 < one["base_rate"] < 1.0
            else:
                assert "won" not in one


def test_without_a_wanted_row_nothing_is_claimed():
    empty = {"logistic": [{"from": 0.5, "rows": 0, "days": 0}]}
    assert confidence_lines(empty) == []
    assert confidence_section(empty).parts[0].texts == ["No model wanted a trade."]
