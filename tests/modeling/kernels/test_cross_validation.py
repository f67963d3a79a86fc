from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.model_selection import KFold

from modeling.kernels import cross_validation
from modeling.kernels.cross_validation import cpcv, purged_kfold
from modeling.kernels.split_checks import assert_no_leak
from modeling.kernels.splits import DAY_S, LabelledRows
from tests.modeling.kernels.split_rules import (
    START_S,
    assert_cross_fold_is_right,
    embargoes_s,
    labelled_rows,
    make_rows,
    mutant,
)


def daily(lengths_days):
    """Return one row a day whose labels are so many days long."""
    decision_s = START_S + np.arange(len(lengths_days)) * DAY_S + 57_000
    length_s = np.round(np.asarray(lengths_days) * DAY_S).astype(np.int64)
    return LabelledRows(decision_s=decision_s, window_end_s=decision_s + length_s)


def assert_cross_validation_is_right(found, rows, embargo_s, n_groups, n_test_groups):
    times_tested = np.zeros(rows.decision_s.size, dtype=int)
    assert len(found) == comb(n_groups, n_test_groups)
    for fold in found:
        assert_cross_fold_is_right(fold, found.starts_s, rows, embargo_s)
        assert_no_leak(
            fold.parts,
            decision_s=rows.decision_s,
            window_end_s=rows.window_end_s,
            embargo_s=embargo_s,
            around=True,
        )
        assert sum(part.size for part in fold.parts) + fold.purged + fold.embargoed == times_tested.size
        times_tested[fold.test] += 1
    assert set(times_tested) == {comb(n_groups - 1, n_test_groups - 1)}
    # Every path forecasts each group once, from a split that tests it, and no forecast serves two paths.
    assert found.path_splits.shape == (comb(n_groups, n_test_groups) * n_test_groups // n_groups, n_groups)
    for group in range(n_groups):
        serving = found.path_splits[:, group]
        assert sorted(serving) == [i for i, groups in enumerate(found.splits) if group in groups]


@settings(deadline=None, max_examples=60)
@given(labelled_rows, embargoes_s, st.integers(2, 6), st.data())
def test_no_training_label_overlaps_a_test_group(rows, embargo_s, n_groups, data):
    n_test_groups = data.draw(st.integers(1, min(n_groups - 1, 3)))
    try:
        found = cpcv(
            rows, n_groups=n_groups, n_test_groups=n_test_groups, embargo_s=embargo_s, lookback_s=embargo_s
        )
    except ValueError as error:
        assume("no row is left to train on" not in str(error))
        assume("has no row" not in str(error))
        raise
    assert_cross_validation_is_right(found, rows, embargo_s, n_groups, n_test_groups)


def test_rows_may_come_in_any_order():
    rows = make_rows(5)
    order = np.random.default_rng(1).permutation(rows.decision_s.size)
    mixed = LabelledRows(decision_s=rows.decision_s[order], window_end_s=rows.window_end_s[order])
    options = {"n_groups": 5, "embargo_s": DAY_S, "lookback_s": 0}
    for plain, other in zip(purged_kfold(rows, **options), purged_kfold(mixed, **options), strict=True):
        np.testing.assert_array_equal(plain.train, np.sort(order[other.train]))
        np.testing.assert_array_equal(plain.test, np.sort(order[other.test]))


def test_without_overlap_it_is_the_kfold_of_scikit_learn():
    found = purged_kfold(daily([0.0] * 60), n_groups=6, embargo_s=0, lookback_s=0)
    for fold, (train, test) in zip(found, KFold(6).split(np.zeros(60)), strict=True):
        np.testing.assert_array_equal(fold.train, train)
        np.testing.assert_array_equal(fold.test, test)
    assert found.path_splits.tolist() == [[0, 1, 2, 3, 4, 5]]


# Which split gives each path its forecasts of each group. The first is figure 12.2 of Lopez de Prado (2018), and both
# were read from `split` and `get_path_ids` of skfolio 1.12.2's CombinatorialPurgedCV.
PATHS = {
    (6, 2): [
        [0, 0, 1, 2, 3, 4],
        [1, 5, 5, 6, 7, 8],
        [2, 6, 9, 9, 10, 11],
        [3, 7, 10, 12, 12, 13],
        [4, 8, 11, 13, 14, 14],
    ],
    (5, 3): [
        [0, 0, 0, 1, 2],
        [1, 1, 3, 3, 4],
        [2, 2, 4, 5, 5],
        [3, 6, 6, 6, 7],
        [4, 7, 7, 8, 8],
        [5, 8, 9, 9, 9],
    ],
}


@pytest.mark.parametrize(("n_groups", "n_test_groups"), PATHS)
def test_paths_are_those_of_the_book(n_groups, n_test_groups):
    found = cpcv(
        daily([0.0] * 5 * n_groups),
        n_groups=n_groups,
        n_test_groups=n_test_groups,
        embargo_s=0,
        lookback_s=0,
    )
    assert found.splits == tuple(combinations(range(n_groups), n_test_groups))
    assert found.path_splits.tolist() == PATHS[n_groups, n_test_groups]


def test_training_rows_are_those_of_another_implementation():
    # What PurgedKFold of purgedcv 0.1.11 trains on, its half-open windows made a second longer to be closed.
    lengths = [0, 1.5, 3, 0.5, 2, 2.5, 1, 0, 3, 1, 0.5, 2, 1.5, 4, 0, 1, 2.5, 0.5, 3, 1, 0, 2, 1.5, 0.5]
    trained = [
        range(10, 24),
        [0, 1, 2, 3, *range(16, 24)],
        [*range(11), 21, 22, 23],
        [*range(16), 17],
    ]
    found = purged_kfold(daily(lengths), n_groups=4, embargo_s=2 * DAY_S, lookback_s=0)
    assert [fold.train.tolist() for fold in found] == [list(rows) for rows in trained]


def test_purged_and_embargoed_rows_by_hand():
    # 20 days, groups of 5; labels of 2 days; group 1 (days 5 to 9) spans to day 11.
    fold = purged_kfold(daily([2.0] * 20), n_groups=4, embargo_s=2 * DAY_S, lookback_s=2 * DAY_S).fold(1)
    assert fold.test.tolist() == [5, 6, 7, 8, 9]
    assert fold.train.tolist() == [
        0,
        1,
        2,
        14,
        15,
        16,
        17,
        18,
        19,
    ]  # 3, 4 reach it; 10, 11 lie in it; 12, 13 wait
    assert (fold.purged, fold.embargoed) == (4, 2)


def test_a_row_that_one_group_purges_and_another_embargoes_is_counted_once():
    # Groups of 10 days, 0 and 2 tested: day 18 is embargoed by the one and purged by the other.
    found = cpcv(daily([2.0] * 40), n_groups=4, n_test_groups=2, embargo_s=7 * DAY_S, lookback_s=0)
    fold = found.fold(found.splits.index((0, 2)))
    assert fold.train.tolist() == [39]
    assert (fold.purged, fold.embargoed) == (6, 13)


def test_groups_are_equally_long_to_within_a_day():
    found = purged_kfold(daily([0.0] * 23), n_groups=5, embargo_s=0, lookback_s=0)
    assert ((found.starts_s - START_S) / DAY_S).tolist() == [0, 4, 9, 13, 18]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"n_groups": 1}, "n_groups must be at most 62 and above n_test_groups"),
        ({"n_groups": 63}, "n_groups must be at most 62"),
        ({"n_test_groups": 0}, "at least 1"),
        ({"n_test_groups": 5}, "above n_test_groups"),
        ({"n_groups": 40, "n_test_groups": 20}, "make 137846528820 splits, at most 100000 are allowed"),
        (
            {"embargo_s": 5, "lookback_s": 6},
            "embargo_s must be at least the longest look-back of a feature, 6 s",
        ),
        ({"embargo_s": -1, "lookback_s": -1}, "embargo_s must be at least"),
        ({"embargo_s": 100 * DAY_S}, "no row is left to train on"),
        ({"n_groups": 21}, "21 groups need as many days, there are 20"),
    ],
)
def test_wrong_cross_validations_are_refused(options, text):
    chosen = {"n_groups": 5, "n_test_groups": 1, "embargo_s": 0, "lookback_s": 0} | options
    if options.get("embargo_s") == 100 * DAY_S:
        chosen["n_groups"], chosen["n_test_groups"] = 2, 1
    with pytest.raises(ValueError, match=text):
        cpcv(daily([1.0] * 20), **chosen)


def test_wrong_rows_are_refused():
    options = {"n_groups": 4, "embargo_s": 0, "lookback_s": 0}
    with pytest.raises(ValueError, match="labels reach up to 100 days; take fewer groups, a shorter horizon"):
        purged_kfold(daily([100.0] * 20), **options)
    with pytest.raises(ValueError, match="no row to split"):
        purged_kfold(daily([]), **options)
    halted = daily([1.0] * 20)
    early = (halted.decision_s < START_S + 5 * DAY_S) | (halted.decision_s >= START_S + 10 * DAY_S)
    holed = LabelledRows(decision_s=halted.decision_s[early], window_end_s=halted.window_end_s[early])
    with pytest.raises(ValueError, match="group 1 of 4 has no row; take fewer groups or fill the gap"):
        purged_kfold(holed, **options)


WHOLE = "purged = (window_end_s >= first_s) & (decision_s <= last_s)"
MUTANTS = {
    "no purge": (WHOLE, "purged = decision_s < 0"),
    "purge before only": (WHOLE, "purged = (window_end_s >= first_s) & (decision_s < first_s)"),
    "purge after only": (WHOLE, "purged = (decision_s >= first_s) & (decision_s <= last_s)"),
    "by decision": ("window_end_s[own].max()", "decision_s[own].max()"),
    "off by one before": ("(window_end_s >= first_s)", "(window_end_s > first_s)"),
    "off by one after": ("(decision_s <= last_s)\n", "(decision_s < last_s)\n"),
    "no embargo": ("(decision_s <= last_s + embargo_s)", "(decision_s < last_s)"),
    "embargo off by one": ("<= last_s + embargo_s", "< last_s + embargo_s"),
    "embargo before": (
        "(decision_s > last_s) & (decision_s <= last_s + embargo_s)",
        "(decision_s < first_s) & (decision_s >= first_s - embargo_s)",
    ),
    "one group only": ("tested = np.int64(_bits(self.splits[number]))", "tested = np.int64(1 << self.splits[number][0])"),
    "test rows taught": ("~(in_test | purged | embargoed)", "~(purged & ~in_test | embargoed)"),
    "one path twice": ("testing[group].append(number)", "testing[group].append(number // 2)"),
}  # fmt: skip


def check_many(module):
    for seed in range(6):
        rows = make_rows(seed, n=90, days=80, longest_steps=12)
        options = {"n_groups": 6, "n_test_groups": 2, "embargo_s": 2 * DAY_S, "lookback_s": DAY_S}
        found = module.cpcv(rows, **options)
        assert_cross_validation_is_right(found, rows, options["embargo_s"], 6, 2)


def test_the_sabotaged_are_compared_with_what_passes():
    check_many(cross_validation)


@pytest.mark.parametrize("name", MUTANTS)
def test_the_properties_see_sabotage(name):
    with pytest.raises(AssertionError):
        check_many(mutant(cross_validation, *MUTANTS[name]))
