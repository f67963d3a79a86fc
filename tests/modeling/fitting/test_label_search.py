"""The search over thresholds: its space, its figures, its proposals."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from market.contracts import InstrumentFacts
from modeling.contracts import ClassLabelSet
from modeling.contracts.label_search import LabelSearchConfig
from modeling.fitting.label_data import ShareRows
from modeling.fitting.label_search import (
    Axis,
    Evaluator,
    Point,
    SearchSpace,
    moscow_months,
    rows_sha256,
    search,
)
from modeling.kernels.class_labels import class_labels
from modeling.kernels.label_windows import row_inputs
from modeling.kernels.labels import barrier_labels
from modeling.selectors.label_sets import label_set_get
from tests.modeling.synthetic import bars, label_set
from traderai.common.config import load_config
from traderai.common.errors import InputError
from traderai.common.progress import silent

CONFIG = dataclasses.replace(
    load_config("label_search.yaml", LabelSearchConfig), grid_points=3, bayesian_points=6
)


def share(number: int, *, days: int = 230) -> ShareRows:
    own = bars(f"SHR{number}", days=days, seed=number)
    return ShareRows(
        facts=InstrumentFacts(
            id=number, secid=f"SHR{number}", name_ru="", name_en="", sector="", lot_size=1, price_step_rub=0.01,
            decimals=2, active=True, shortable=True, is_simulated=False, issue_size_shares=None,
        ),
        bars=own,
        inputs=row_inputs(own, cost_frac=0.002),
        regime=np.full(len(own), -1, dtype=np.int8),
        first=0,
    )  # fmt: skip


SHARES = (share(1), share(2))


def class_set(**changes: object) -> ClassLabelSet:
    found = label_set_get(name="threshold3_v1", timeframe="1h")
    assert isinstance(found, ClassLabelSet)
    return dataclasses.replace(found, **changes)


def evaluator(spec=None, **changes: object) -> Evaluator:
    config = dataclasses.replace(CONFIG, **changes)
    return Evaluator(SearchSpace.of(spec or label_set(), config), SHARES, config)


def test_the_grid_holds_the_set_itself_and_keeps_to_its_bounds():
    space = SearchSpace.of(label_set(), CONFIG)
    grid = space.grid(5)
    assert len(grid) == len(set(grid)) == 2 * 5 * 5
    assert set(space.own()) <= set(grid)
    for point in grid:
        for axis, value in zip(space.axes, point.thresholds, strict=True):
            assert axis.low <= value <= axis.high
            assert value / 0.0005 == pytest.approx(round(value / 0.0005))
        spec = space.applied(point)
        assert (spec.horizons, spec.take_profit) == ((point.horizon,), point.thresholds[0])


@pytest.mark.parametrize(
    ("value", "low", "high", "wanted"),
    [(0.0203, 0.01, 0.04, 0.0205), (0.01, 0.0103, 0.04, 0.0105), (0.04, 0.01, 0.0398, 0.0395), (1e-9, 1e-9, 1e-8, 0.0005)],
)  # fmt: skip
def test_thresholds_are_whole_steps_within_the_range(value: float, low: float, high: float, wanted: float):
    assert Axis(name="x", own=value, low=low, high=high, step=0.0005).rounded(value) == wanted


def test_a_take_profit_never_reaches_the_whole_price():
    wide = dataclasses.replace(label_set(), take_profit=0.9)
    axis = SearchSpace.of(wide, CONFIG).axes[0]
    assert axis.high == 0.99
    in_atr = dataclasses.replace(wide, barrier_unit="atr_14")
    axis = SearchSpace.of(in_atr, CONFIG).axes[0]
    assert (axis.high, axis.step) == (1.8, 0.05)


@pytest.mark.parametrize(("name", "timeframe"), [("rank_v1", "1d"), ("direction_v1", "1h")])
def test_a_set_without_thresholds_cannot_be_searched(name: str, timeframe: str):
    with pytest.raises(InputError, match="no thresholds to search"):
        SearchSpace.of(label_set_get(name=name, timeframe=timeframe), CONFIG)


def test_a_points_figures_are_those_of_its_labels():
    point = Point(horizon="2d", thresholds=(0.03, 0.01))
    got = evaluator().evaluate(point)
    spec = dataclasses.replace(label_set(), take_profit=0.03, stop_loss=0.01, horizons=("2d",))
    found = [barrier_labels(one.bars, spec, "2d", one.inputs) for one in SHARES]
    net = np.concatenate([side.net_frac[o.labelled] for o in found for side in (o.long, o.short)])
    r = np.concatenate([side.r_multiple[o.labelled] for o in found for side in (o.long, o.short)])
    assert (got.rows, got.labelled) == (2 * 230 * 9, sum(int(o.labelled.sum()) for o in found))
    assert got.trades == net.size == 2 * got.labelled
    assert got.net_expectancy_frac == pytest.approx(net.mean())
    assert got.score is not None
    assert got.score.expectancy_r == pytest.approx(r.mean())
    shares = []
    for side in ("long", "short"):
        label = np.concatenate([getattr(o, side).label[o.labelled] for o in found])
        p = label.mean()
        shares.append(-(p * np.log2(p) + (1 - p) * np.log2(1 - p)))
    assert got.score.balance == pytest.approx(np.mean(shares))


def test_of_a_class_set_the_move_cancels_out_and_the_cost_stays():
    got = evaluator(class_set()).evaluate(Point(horizon="5bars", thresholds=(0.004,)))
    assert got.net_expectancy_frac == pytest.approx(-0.002)
    assert got.score is not None
    assert got.score.expectancy_r == pytest.approx(-0.5)
    labels = [class_labels(s.bars, class_set(threshold_frac=0.004), "5bars", s.inputs) for s in SHARES]
    counts = np.bincount(np.concatenate([one.label[one.labelled] for one in labels]))
    p = counts / counts.sum()
    assert got.score.balance == pytest.approx(-(p * np.log(p)).sum() / np.log(3))


def test_the_same_seed_proposes_the_same_and_another_seed_something_else():
    first, again = (search(evaluator(), CONFIG, seed=4, progress=silent) for _ in range(2))
    assert first == again
    other = search(evaluator(), CONFIG, seed=5, progress=silent)
    assert first != other
    space = SearchSpace.of(label_set(), CONFIG)
    assert len(first) > len({*space.own(), *space.grid(CONFIG.grid_points)})


def test_what_was_seen_is_not_looked_at_again(monkeypatch: pytest.MonkeyPatch):
    looked: list[Point] = []
    own = Evaluator._sums
    monkeypatch.setattr(Evaluator, "_sums", lambda self, point: looked.append(point) or own(self, point))
    found = search(evaluator(), CONFIG, seed=0, progress=silent)
    assert len(looked) == len(set(looked)) == len(found)


@pytest.mark.parametrize(
    ("spec", "changes", "thresholds", "said"),
    [
        (None, {"min_months": 90}, (0.02, 0.015), "labels 9 months, wanted are 90"),
        (None, {"min_class_frac": 0.49}, (0.04, 0.0075), "its rarest class has"),
        (None, {}, (0.015, 0.03), "takes 0.50 stops of profit, wanted are 1"),
        ("drop", {}, (0.01,), "rows, wanted are"),
    ],
)
def test_points_that_break_a_constraint_have_no_score(
    spec: str | None, changes: dict[str, object], thresholds: tuple[float, ...], said: str
):
    chosen = class_set(neutral="drop") if spec else label_set()
    got = evaluator(chosen, **changes).evaluate(Point(horizon=chosen.horizons[0], thresholds=thresholds))
    assert got.score is None
    assert said in got.refusal
    assert got.trades > 0  # it was looked at all the same


def test_months_are_moscows():
    last_second_s = int(np.datetime64("2023-12-31T20:59:59", "s").astype(np.int64))
    assert moscow_months(np.array([last_second_s, last_second_s + 1])).tolist() == [53 * 12 + 11, 54 * 12]


def test_every_number_that_labels_are_made_of_is_in_the_fingerprint():
    before = rows_sha256(SHARES)
    assert rows_sha256((share(1), share(2))) == before
    for name in ("open", "high", "low", "close", "volume_shares", "turnover_rub", "dividend_rub"):
        changed = share(1)
        getattr(changed.bars, name)[3] += 1.0
        assert rows_sha256((changed, SHARES[1])) != before
