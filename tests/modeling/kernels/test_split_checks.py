from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modeling.kernels import split_checks
from modeling.kernels.split_checks import assert_no_leak
from modeling.kernels.splits import DAY_S
from tests.modeling.kernels.split_rules import (
    embargoes_s,
    labelled_rows,
    make_rows,
    mutant,
    overlapping_pairs,
)


def two_parts(rows, seed):
    """Return two disjoint parts of the rows, one before the other or lying in each other."""
    rng = np.random.default_rng(seed)
    side = rng.random(rows.decision_s.size)
    if rng.random() < 0.5:
        side = np.argsort(np.argsort(rows.decision_s, kind="stable")) / side.size
    shares = rng.choice([0.03, 0.1, 0.3, 0.5], 2)
    return np.flatnonzero(side < shares[0]), np.flatnonzero(side > 1 - shares[1])


def told(rows, train, later, embargo_s, around, module=split_checks):
    return module.split_violations(
        train,
        later,
        decision_s=rows.decision_s,
        window_end_s=rows.window_end_s,
        embargo_s=embargo_s,
        around=around,
    )


def assert_guard_is_right(rows, seed, embargo_s, module=split_checks):
    train, later = two_parts(rows, seed)
    if not train.size or not later.size:
        return
    reaching = (rows.window_end_s[train][:, None] + embargo_s >= rows.decision_s[later]).any(axis=1)
    overlapping = overlapping_pairs(train, later, rows, embargo_s).any(axis=1)
    for around, wanted in ((False, reaching), (True, overlapping)):
        found = told(rows, train, later, embargo_s, around, module)
        assert len(found) == int(wanted.any())
        if wanted.any():
            assert found[0].startswith(f"{wanted.sum()} training labels reach")
            assert f"is of row {train[wanted][0]}, " in found[0]


@settings(deadline=None, max_examples=60)
@given(labelled_rows, st.integers(0, 10**6), embargoes_s)
def test_the_guard_sees_exactly_the_labels_that_reach_or_overlap(rows, seed, embargo_s):
    assert_guard_is_right(rows, seed, embargo_s)


def test_all_pairs_of_parts_are_looked_at():
    decision_s = np.arange(6) * DAY_S
    window_end_s = decision_s + np.array([0, 5, 0, 0, 0, 0]) * DAY_S
    clean = ([0], [2, 3], [4, 5])
    leaky = ([0, 1], [2, 3], [4, 5])
    options = {"decision_s": decision_s, "window_end_s": window_end_s}
    assert_no_leak([np.array(part) for part in clean], **options)
    with pytest.raises(
        ValueError, match=r"parts 0 and 1: 1 training labels reach.*; parts 0 and 2: .*row 1, "
    ):
        assert_no_leak([np.array(part) for part in leaky], **options)
    with pytest.raises(ValueError, match="parts 1 and 2: 2 training labels"):
        assert_no_leak([np.array(part) for part in clean], **options, embargo_s=2 * DAY_S)


@pytest.mark.parametrize(
    ("train", "later", "text"),
    [
        ([], [3], "the training part is empty; give it more data"),
        ([0], [], "the later part is empty"),
        ([0, 9], [3], "the training part names rows outside 0 to 4"),
        ([-1], [3], "outside 0 to 4"),
        ([0, 0], [3], "holds a row twice"),
        ([0, 3], [3, 4], "1 rows are in both parts, the first is row 3"),
    ],
)
def test_what_is_no_split_is_told(train, later, text):
    decision_s = np.arange(5) * DAY_S
    parts = [np.array(part, dtype=np.int64) for part in (train, later)]
    for around in (False, True):
        with pytest.raises(ValueError, match=text):
            assert_no_leak(parts, decision_s=decision_s, window_end_s=decision_s, around=around)
    with pytest.raises(ValueError, match="it has 1 part"):
        assert_no_leak(parts[:1], decision_s=decision_s, window_end_s=decision_s)


MUTANTS = {
    "no embargo": ("window_end_s[train] + embargo_s >=", "window_end_s[train] >="),
    "off by one": ("embargo_s >= decision_s[later].min()", "embargo_s > decision_s[later].min()"),
    "the last of the later": ("decision_s[later].min()", "decision_s[later].max()"),
    "by decision": ("window_end_s[train] + embargo_s >=", "decision_s[train] + embargo_s >="),
    "border not seen": ('side="right"', 'side="left"'),
    "the last begun ends last": ("np.maximum.accumulate(window_end_s[oldest_first])", "window_end_s[oldest_first]"),
    "one side": ("(begun > 0) & (last_end >= decision_s[train] - embargo_s)", "begun > 0"),
    "no embargo around": ("decision_s[train] - embargo_s)", "decision_s[train])"),
}  # fmt: skip


@pytest.mark.parametrize("name", MUTANTS)
def test_a_sabotaged_guard_is_seen(name):
    module = mutant(split_checks, *MUTANTS[name])
    with pytest.raises(AssertionError):
        for seed in range(60):
            assert_guard_is_right(make_rows(seed, n=90), seed, DAY_S, module)
