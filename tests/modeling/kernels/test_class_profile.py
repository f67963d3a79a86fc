"""Profiles of classes: sums and pairs a second time by plain loops."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from modeling.contracts import ClassLabelSet
from modeling.kernels.class_labels import class_labels
from modeling.kernels.class_profile import class_frame, class_tally, followed, followed_tally
from modeling.kernels.label_profile import row_conditions
from modeling.kernels.label_windows import row_inputs
from tests.modeling.kernels.bars_maker import random_bars


def profiled():
    bars = random_bars(4, n=400)
    spec = ClassLabelSet(
        name="c_v1", version=1, timeframe="1h", horizons=("3bars",), data_lag_min=0, within_day=False, max_gap_days=5.5,
        max_gap_min=None, split_guard_bars=1, min_median_turnover_rub=0.0, skip_auctions=True, kind="class",
        entry="close", rule="threshold", neutral="class", threshold_frac=0.01,
    )  # fmt: skip
    inputs = row_inputs(bars, cost_frac=0.001)
    labels = class_labels(bars, spec, "3bars", inputs)
    return labels, class_frame(
        labels, row_conditions(bars, inputs, np.full(400, -1, np.int8)), horizon_bars=3
    )


def test_sums_and_pairs_are_those_of_a_plain_loop():
    labels, rows = profiled()
    told = class_tally(rows, ["hour"], classes=labels.classes)
    label = labels.label
    assert {name: told[f"is_{name}"].sum() for name in labels.classes} == {
        name: int((label == code).sum()) for code, name in enumerate(labels.classes)
    }
    assert told["forward_frac"].sum() == pytest.approx(np.nansum(labels.forward_return[label >= 0]))
    for name, lag in (("same_next", 1), ("same_apart", 3)):
        pairs = [(label[t], label[t - lag]) for t in range(lag, 400) if label[t] >= 0 and label[t - lag] >= 0]
        assert told[f"{name}_pairs"].sum() == len(pairs) > 100
        assert told[name].sum() == sum(one == other for one, other in pairs)
        shuffled = [(one, other) for (one, _), (_, other) in zip(pairs, pairs[::-1], strict=True)]
        assert told[name].sum() != sum(one == other for one, other in shuffled)


def test_hits_of_a_rule_are_those_of_a_plain_loop():
    labels, rows = profiled()
    side = np.random.default_rng(1).integers(-1, 2, 400).astype(np.int8)
    told = followed_tally(followed(rows, side, classes=labels.classes))
    slow = Counter()
    for t in np.flatnonzero((labels.label >= 0) & (side != 0)):
        slow["rows"] += 1
        slow["hits"] += int(labels.label[t] == (2 if side[t] > 0 else 0))
        slow["move"] += side[t] * labels.forward_return[t]
    assert (told["rows"].sum(), told["hits"].sum()) == (slow["rows"], slow["hits"])
    assert told["forward_frac"].sum() == pytest.approx(slow["move"])


def test_a_horizon_of_nothing_is_refused():
    labels, rows = profiled()
    with pytest.raises(ValueError, match="horizon_bars must be at least 1"):
        class_frame(labels, rows, horizon_bars=0)
