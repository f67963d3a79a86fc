"""Ranges of a walk: what is shown is the coverage of the pooled test rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from modeling.contracts import QUANTILE_LEVELS
from modeling.fitting.dataset import TEST
from modeling.fitting.walk_ranges import range_figures, range_lines, ranges_section
from tests.modeling.fitting.walk_maker import planted


def test_coverage_is_that_of_the_test_rows_of_all_folds():
    walk = planted().walk
    # The quantiles of tabular forecasters are the base's own: they are shown of networks alone.
    assert range_figures(walk) == {}
    folds = walk.by_forecaster["logistic"]
    own = range_figures(replace(walk, by_forecaster={"network": folds}))["network"]
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
    moved = own[horizon]["volatility"]
    assert moved["rows"] <= rows and -1 <= moved["ewma"]["rank_correlation"] <= 1
    section = ranges_section({"network": own})
    assert [len(table.rows) for table in section.parts[0].tables] == [2 * len(own), len(own)]
    assert range_lines({"network": own})[0].startswith(f"  network {horizon}: quantiles miss by ")
