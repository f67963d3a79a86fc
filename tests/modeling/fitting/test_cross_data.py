"""The panel of shares: who is in it by what was known, what it learns from, and what the fingerprint covers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from modeling.fitting.cross_data import ShareFeatures, panel_assemble, price_grid
from modeling.kernels.label_windows import row_inputs
from modeling.kernels.rank_labels import rank_labels
from modeling.kernels.ranked_features import ranks_within_dates
from modeling.kernels.simple_rules import SCORES
from modeling.kernels.simulator_market import moscow_days
from tests.modeling.fitting.cross_maker import DAYS, FEATURES, SHARES, panel, shares, spec
from traderai.common.errors import NotReadyError

WARM = 99  # bars before the median turnover of 100 is known


def with_turnover(item: ShareFeatures, turnover: np.ndarray) -> ShareFeatures:
    bars = replace(item.bars, turnover_rub=turnover)
    return replace(
        item, bars=bars, rows=replace(item.rows, bars=bars, inputs=row_inputs(bars, cost_frac=0.002))
    )


def test_rows_are_the_liquid_shares_of_each_date_with_their_labels():
    own, world = panel(planted=False), shares(drift_frac=0.0)
    assert own.day.size == SHARES * (DAYS - WARM)
    assert np.all(np.diff(own.day * 1000 + own.share) > 0)
    labels = rank_labels([(item.bars, item.rows.inputs) for item in world], spec(), "5d")
    for row in (0, 700, 3000):
        place = labels.offset[own.share[row]] + own.day[row] - moscow_days(world[0].bars.known_s)[0]
        assert own.decision_s[row] == labels.decision_s[place]
        assert own.rank[row, 1] == labels.rank[place]
        assert own.forward_frac[row, 1] == labels.forward_return[place]
        assert own.window_end_s[row, 1] == labels.window_end_s[place]
    assert own.features == (*FEATURES, *SCORES)
    date = own.day == own.day[2000]
    raw = np.stack([world[share].values[:, 0] for share in own.share[date]])
    at = int(own.day[2000] - moscow_days(world[0].bars.known_s)[0])
    expected = ranks_within_dates(np.zeros(date.sum(), dtype=np.int64), raw[:, at : at + 1])
    np.testing.assert_array_equal(own.values[date, 0], expected[:, 0])
    assert own.differs.tolist() == [True, True, False, True, True]
    assert own.missing[FEATURES.index("hint")] == 0
    assert own.missing[len(FEATURES)] == SHARES * (252 - WARM)  # 12-1 momentum of the first year


def test_a_share_that_turns_illiquid_later_is_in_until_then():
    world = shares(drift_frac=0.0)
    turnover = world[3].bars.turnover_rub.copy()
    turnover[300:] = 1e5
    found = panel_assemble(
        [*world[:3], with_turnover(world[3], turnover), *world[4:]], spec(), columns=FEATURES
    )
    own = found.day[found.share == 3] - moscow_days(world[0].bars.known_s)[0]
    assert (own[0], own[-1]) == (WARM, 300 + 49)  # a median of 100 falls with the 51st thin bar
    assert not np.array_equal(found.values, panel(planted=False).values)


def test_what_comes_later_changes_no_row_before_it():
    world, cut = shares(drift_frac=0.0), 400
    early = panel_assemble(
        [
            replace(
                item,
                bars=item.bars.cut(cut),
                values=item.values[:cut],
                rows=replace(
                    item.rows, bars=item.bars.cut(cut), inputs=row_inputs(item.bars.cut(cut), cost_frac=0.002)
                ),
            )
            for item in world
        ],
        spec(),
        columns=FEATURES,
    )
    whole = panel(planted=False)
    size = early.day.size
    for name in ("day", "share", "decision_s", "values", "cost_frac"):
        np.testing.assert_array_equal(getattr(early, name), getattr(whole, name)[:size])
    known = early.labelled
    np.testing.assert_array_equal(early.rank[known], whole.rank[:size][known])
    assert not known[-SHARES:].any()  # the newest rows have no label yet, and are there


def test_a_share_without_features_stands_at_the_centre():
    world = shares(drift_frac=0.0)
    found = panel_assemble([replace(world[0], values=None), *world[1:]], spec(), columns=FEATURES)
    assert found.without_features == (world[0].bars.secid,)
    assert not found.values[found.share == 0, :2].any()
    assert found.missing[0] == (found.share == 0).sum()


def test_prices_lie_on_the_days_of_all_shares_and_costs_are_those_of_the_day_before():
    world = shares(drift_frac=0.0, days=6)
    late = world[1].bars.part(2, 5)
    costs = [np.arange(1.0, 7.0) / 100.0, np.array([0.2, 0.4, 0.6])]
    grid = price_grid([world[0].bars, late], costs)
    assert grid.day.size == 6
    assert np.isnan(grid.open[:, 1]).tolist() == [True, True, False, False, False, True]
    np.testing.assert_allclose(grid.side_cost_frac[:, 0], [0.0, 0.005, 0.01, 0.015, 0.02, 0.025])
    np.testing.assert_allclose(grid.side_cost_frac[:, 1], [0.0, 0.0, 0.0, 0.1, 0.2, 0.3])


@pytest.mark.parametrize(
    "name",
    [
        "day",
        "share",
        "decision_s",
        "values",
        "forward_frac",
        "rank",
        "window_end_s",
        "cost_frac",
        "grid",
        "scores",
    ],
)
def test_the_fingerprint_covers_every_number_that_decides_a_figure(name: str):
    own = panel(planted=False)
    if name == "grid":
        changed = replace(own, grid=replace(own.grid, close=own.grid.close * 1.001))
    elif name == "scores":
        changed = replace(own, scores={key: values * 2.0 for key, values in own.scores.items()})
    else:
        array = getattr(own, name).copy()
        array.flat[-1 if name != "rank" else 0] = 77
        changed = replace(own, **{name: array})
    assert changed.sha256 != own.sha256


def test_too_few_liquid_shares_are_refused():
    world = shares(drift_frac=0.0)
    with pytest.raises(NotReadyError, match="liquid shares to rank"):
        panel_assemble(world[:5], spec(), columns=FEATURES)
    with pytest.raises(NotReadyError, match="median turnover"):
        panel_assemble([], spec(), columns=FEATURES)
