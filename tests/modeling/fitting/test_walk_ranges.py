"""Ranges of a walk: what is shown is the coverage of the pooled test rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from modeling.contracts import QUANTILE_LEVELS
from modeling.fitting.conformal import CoverageRows, coverage_figures
from modeling.fitting.dataset import TEST
from modeling.fitting.walk_ranges import miss_by_chance, range_figures, range_lines, ranges_section
from tests.modeling.fitting.walk_maker import planted


def test_coverage_is_that_of_the_test_rows_of_all_folds():
    walk = planted().walk
    # The quantiles of tabular forecasters are the base's own: they are shown of networks alone.
    rules = planted().rules
    assert range_figures(walk, rules) == {}
    folds = walk.by_forecaster["logistic"]
    own = range_figures(replace(walk, by_forecaster={"network": folds}), rules)["network"]
    horizon = walk.dataset.horizons[0]
    below, rows = np.zeros(len(QUANTILE_LEVELS)), 0
    for fold in folds:
        said = fold.judged.forecasts.taken(np.flatnonzero(fold.dataset.part[:, 0] == TEST))
        outcome = fold.dataset.targets.forward_return[said.rows, 0]
        below += (outcome[:, None] <= said.return_quantiles[:, 0]).sum(axis=0)
        rows += outcome.size
    told = own[horizon]["coverage"]
    assert told["rows"] == rows
    found = np.array(list(told["unadjusted"]["whole"]["coverage"].values()))
    assert found == pytest.approx(below / rows, abs=1e-9)
    assert told["adjusted"]["whole"]["largest_miss"] < 0.05
    chance = told["miss_by_chance"]
    assert 0.0 < chance["whole"] < chance["terciles"] < 1.0  # three groups are looked at for the largest
    moved = own[horizon]["volatility"]
    assert moved["rows"] <= rows and -1 <= moved["ewma"]["rank_correlation"] <= 1
    ranked = moved["network"]["rank_correlation"] - moved["ewma"]["rank_correlation"]
    assert moved["network_less_ewma"]["value"] == pytest.approx(ranked)
    # Together: each horizon counts by its rows.
    each = [own[name]["coverage"] for name in walk.dataset.horizons]
    pooled = own["all horizons"]["coverage"]
    assert pooled["rows"] == sum(one["rows"] for one in each)
    shares = [list(one["adjusted"]["whole"]["coverage"].values()) for one in each]
    wanted = np.average(shares, axis=0, weights=[one["rows"] for one in each])
    assert list(pooled["adjusted"]["whole"]["coverage"].values()) == pytest.approx(wanted.tolist())
    section = ranges_section({"network": own})
    assert [len(table.rows) for table in section.parts[0].tables] == [2 * len(own), len(own) - 1]
    assert range_lines({"network": own})[-1].startswith("  network all horizons: quantiles miss by ")
    assert range_lines({"network": own})[0].startswith(f"  network {horizon}: quantiles miss by ")


def test_chance_explains_the_misses_of_right_ranges_and_not_those_of_narrow_ones():
    days, rules, ratios = 200, planted().rules, {1.0: [], 0.7: []}
    day = np.repeat(np.arange(days), 15)
    right = np.tile(norm.ppf(QUANTILE_LEVELS), (day.size, 1))
    for seed in range(12):
        rng = np.random.default_rng(seed)
        outcome, tercile = rng.normal(size=day.size), rng.integers(0, 3, day.size)
        for scale, found in ratios.items():
            rows = CoverageRows(
                outcome=outcome, unadjusted=right, adjusted=scale * right, tercile=tercile, day=day
            )
            by_chance = miss_by_chance(rows, np.zeros(day.size, dtype=np.int64), rules)
            # A share of 3,000 independent rows is off by 0.9 points, and of seven levels the largest counts.
            assert 0.012 < by_chance < 0.035
            found.append(coverage_figures(rows)["adjusted"]["whole"]["largest_miss"] / by_chance)
    assert np.mean(np.array(ratios[1.0]) > 1.0) <= 0.3
    assert min(ratios[0.7]) > 2.0
