"""What became of a shadow's answers: against sums by hand, and blind to what is not known yet."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from modeling.contracts import GateConfig
from modeling.fitting.dataset import Dataset
from modeling.fitting.shadow import Answers, shadow_figures
from modeling.selectors.configuration import gate_get
from tests.modeling.synthetic import dataset

BASE = 0.4


@pytest.fixture(scope="module")
def data() -> Dataset:
    return dataset(days=90)


@pytest.fixture(scope="module")
def gate() -> GateConfig:
    return replace(gate_get(), resamples=1000)


def rows_since(data: Dataset, day: int) -> np.ndarray:
    return np.flatnonzero(data.eligible & (data.trading_day >= day))


def answers(data: Dataset, rows: np.ndarray, *, lean: float, horizon: str = "1d") -> Answers:
    """Return answers that lean so far towards what comes; below 0 away from it."""
    h = data.horizons.index(horizon)
    said = {}
    for side in ("p_long", "p_short"):
        y = np.nan_to_num(getattr(data.targets, side)[rows, h], nan=0.5)
        said[side] = BASE + lean * (y - 0.5)
        said[f"base_{side}"] = np.full(rows.size, BASE)
    return Answers(
        horizon=horizon,
        secids=[data.secids[i] for i in data.instrument[rows]],
        decision_s=data.decision_s[rows],
        **said,
    )


def by_hand(data: Dataset, own: Answers, as_of_s: int) -> list[tuple[float, float, int]]:
    """Return own loss, base loss and day of each outcome, one at a time."""
    found, h = [], data.horizons.index(own.horizon)
    for k, (secid, moment) in enumerate(zip(own.secids, own.decision_s, strict=True)):
        (row,) = np.flatnonzero((data.instrument == data.secids.index(secid)) & (data.decision_s == moment))
        if data.targets.window_end_s[row, h] > as_of_s:
            continue
        for side in ("p_long", "p_short"):
            y = getattr(data.targets, side)[row, h]
            if math.isfinite(y):
                p, base = getattr(own, side)[k], getattr(own, f"base_{side}")[k]
                losses = [-math.log(q if y == 1 else 1 - q) for q in (p, base)]
                found.append((*losses, int(data.trading_day[row])))
    return found


def test_figures_are_the_sums_by_hand(data: Dataset, gate: GateConfig):
    own = answers(data, rows_since(data, 70), lean=0.1)
    as_of_s = int(data.decision_s[data.trading_day == 85].max())
    wanted = by_hand(data, own, as_of_s)
    found = shadow_figures(data, [own], as_of_s=as_of_s, config=gate)
    assert (found.outcomes, found.days) == (len(wanted), len({day for *_, day in wanted}))
    assert found.log_loss == pytest.approx(np.mean([one for one, *_ in wanted]), rel=1e-12)
    assert found.base_log_loss == pytest.approx(np.mean([base for _, base, _ in wanted]), rel=1e-12)
    gap = found.log_loss - found.base_log_loss
    assert found.excess_low < gap < found.excess_high < 0
    assert found.grade == "ok"


def test_answers_that_lean_the_wrong_way_are_worse_and_chance_is_not(data: Dataset, gate: GateConfig):
    rows = rows_since(data, 60)
    as_of_s = int(data.decision_s.max())
    both = [answers(data, rows, lean=-0.1, horizon=name) for name in data.horizons]
    found = shadow_figures(data, both, as_of_s=as_of_s, config=gate)
    assert found.grade == "worse"
    assert found.excess_low > 0
    none = shadow_figures(data, [answers(data, rows, lean=0.0)], as_of_s=as_of_s, config=gate)
    assert (none.grade, none.excess_low) == ("ok", 0.0)
    for seed in range(5):
        noise = np.random.default_rng(seed).normal(0.0, 0.02, rows.size)
        own = answers(data, rows, lean=0.0)
        shaky = replace(own, p_long=own.p_long + noise, p_short=own.p_short - noise)
        found = shadow_figures(data, [shaky], as_of_s=as_of_s, config=gate)
        assert abs(found.log_loss - found.base_log_loss) < 0.01  # too little to be told from chance
        assert found.grade == "ok"


def test_the_gates_tolerance_counts(data: Dataset, gate: GateConfig):
    own = [answers(data, rows_since(data, 60), lean=-0.03)]
    as_of_s = int(data.decision_s.max())
    wide = replace(gate, base_tolerance_frac=0.05)
    assert shadow_figures(data, own, as_of_s=as_of_s, config=gate).grade == "worse"
    assert shadow_figures(data, own, as_of_s=as_of_s, config=wide).grade == "ok"


def test_what_is_not_known_yet_has_no_say(data: Dataset, gate: GateConfig):
    own = answers(data, rows_since(data, 70), lean=0.1)
    as_of_s = int(data.decision_s[data.trading_day == 80].max())
    later = data.targets.window_end_s > as_of_s
    turned = {
        side: np.where(later, 1.0 - getattr(data.targets, side), getattr(data.targets, side))
        for side in ("p_long", "p_short")
    }
    other = replace(data, targets=replace(data.targets, **turned))
    assert shadow_figures(data, [own], as_of_s=as_of_s, config=gate) == shadow_figures(
        other, [own], as_of_s=as_of_s, config=gate
    )
    # Seen to fail: with all of it known the turned outcomes do count.
    end_s = int(data.targets.window_end_s.max())
    assert shadow_figures(data, [own], as_of_s=end_s, config=gate) != shadow_figures(
        other, [own], as_of_s=end_s, config=gate
    )


def test_too_few_days_and_missing_answers_are_unknown(data: Dataset, gate: GateConfig):
    as_of_s = int(data.decision_s.max())
    assert shadow_figures(data, [], as_of_s=as_of_s, config=gate).grade == "unknown"
    one_day = np.flatnonzero(data.eligible & (data.trading_day == 70))
    found = shadow_figures(data, [answers(data, one_day, lean=0.1)], as_of_s=as_of_s, config=gate)
    assert (found.grade, found.days, found.log_loss) == ("unknown", 1, None)
    own = answers(data, rows_since(data, 70), lean=0.1)
    silent = replace(own, p_long=np.full_like(own.p_long, np.nan), p_short=np.full_like(own.p_long, np.nan))
    assert shadow_figures(data, [silent], as_of_s=as_of_s, config=gate).outcomes == 0
    # A bar that is no more, and a share that is not in the universe, are left out.
    gone = replace(own, decision_s=own.decision_s + 1)
    strange = replace(own, secids=["NONE"] * len(own.secids))
    for withdrawn in (gone, strange):
        assert shadow_figures(data, [withdrawn], as_of_s=as_of_s, config=gate).outcomes == 0
