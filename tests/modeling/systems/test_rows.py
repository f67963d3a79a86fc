from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from modeling.errors import DatasetRefusedError
from modeling.fitting.dataset import TEST, TRAIN, VALIDATION
from modeling.kernels.split_checks import split_violations
from modeling.systems.recipe import SystemSplit
from modeling.systems.rows import parted_by_shares, parted_by_split, require_rows
from modeling.systems.search import parted_folds, time_folds
from tests.modeling.systems.maker import parted, rows


def test_no_label_of_a_part_reaches_into_the_next_one():
    data = parted()
    for earlier, later in ((TRAIN, VALIDATION), (VALIDATION, TEST)):
        assert not split_violations(
            data.rows_of(earlier),
            data.rows_of(later),
            decision_s=data.decision_s,
            window_end_s=data.window_end_s,
        )
    assert min(data.purged.values()) > 0
    assert not np.any(data.part[~data.usable] >= 0)


def test_the_second_look_sees_a_split_that_was_not_purged():
    data = parted()
    border = data.decision_s[data.rows_of(VALIDATION)].min()
    unpurged = np.flatnonzero(data.usable & (data.decision_s < border)).astype(np.int64)
    assert split_violations(
        unpurged, data.rows_of(VALIDATION), decision_s=data.decision_s, window_end_s=data.window_end_s
    )


def test_labels_of_a_share_read_no_other_share():
    data, n = rows(), rows().label.size // 3
    for number in range(3):
        last = slice((number + 1) * n - 9, (number + 1) * n)
        assert np.all(data.label[last] == -1)  # the window would reach into the next share's bars
        own = slice(number * n, (number + 1) * n - 9)
        ahead = data.close[own.start + 9 : own.stop + 9] / data.close[own] - 1.0
        known = data.label[own] >= 0
        np.testing.assert_array_equal(data.label[own][known], (ahead > 1e-9).astype(np.int8)[known])


def test_the_newest_rows_alone_are_taken_when_asked():
    whole, few = parted(), parted_by_shares(rows(), shares=(0.6, 0.2, 0.2), embargo_days=0.0, newest=1000)
    assert int((few.part >= 0).sum()) <= 1000 < int((whole.part >= 0).sum())
    assert few.decision_s[few.part >= 0].min() > whole.decision_s[whole.part >= 0].min()


def test_too_few_rows_or_a_missing_class_stop_with_a_message():
    data = parted()
    require_rows(data, least=100)
    with pytest.raises(DatasetRefusedError, match="at least 10000 rows, had"):
        require_rows(data, least=10_000)
    rising = parted(rule="threshold", neutral="class", threshold_frac=5.0, trailing_bars=None)
    with pytest.raises(DatasetRefusedError, match="no row of class sell, buy"):
        require_rows(rising, least=100)


def test_folds_of_a_search_follow_one_another_and_stay_in_the_training_part():
    data = parted()
    for teaching, judging in time_folds(data, folds=3):
        assert np.all(data.part[np.r_[teaching, judging]] == TRAIN)
        assert not split_violations(
            teaching, judging, decision_s=data.decision_s, window_end_s=data.window_end_s
        )
    folds = parted_folds(data, folds=3)
    assert len(folds) == 3
    for fold in folds:
        parts = [fold.rows_of(part) for part in (TRAIN, VALIDATION, TEST)]
        assert np.all(data.part[np.concatenate(parts)] == TRAIN)
        for earlier, later in pairwise(parts):
            assert not split_violations(
                earlier, later, decision_s=data.decision_s, window_end_s=data.window_end_s
            )
    judged = np.concatenate([fold.rows_of(TEST) for fold in folds])
    assert np.unique(judged).size == judged.size


def test_a_training_part_without_a_class_in_a_fold_is_not_searched():
    data = parted(planted=True)
    train = data.rows_of(TRAIN)
    label = data.label.copy()
    label[train[data.day[train] < np.median(data.day[train])]] = 0
    with pytest.raises(DatasetRefusedError, match="too short to be searched"):
        parted_folds(replace(data, label=label), folds=3)


def test_named_days_before_the_test_part_stand_instead_of_the_shares():
    data = rows()
    shares = SystemSplit(train_frac=0.6, validation_frac=0.2, test_frac=0.2)
    own = parted_by_split(data, replace(shares, training_days=60.0, validation_days=20.0))
    usual = parted_by_split(data, shares)
    np.testing.assert_array_equal(own.rows_of(TEST), usual.rows_of(TEST))
    starts = [own.decision_s[own.rows_of(part)].min() for part in (TRAIN, VALIDATION, TEST)]
    assert (
        abs((starts[2] - starts[1]) / 86_400 - 20) < 3
    )  # the first decisions after a moment may be days later
    assert abs((starts[1] - starts[0]) / 86_400 - 60) < 3
    assert not split_violations(
        own.rows_of(TRAIN), own.rows_of(VALIDATION), decision_s=own.decision_s, window_end_s=own.window_end_s
    )
    fewer = parted_by_split(data, replace(shares, validation_days=20.0), newest=1000)
    assert int((fewer.part >= 0).sum()) <= 1000
    with pytest.raises(ValueError, match="above 0 or null"):
        replace(shares, training_days=-1.0)
    with pytest.raises(DatasetRefusedError, match="empty"):
        parted_by_split(data, replace(shares, validation_days=9_999.0))


def test_the_fingerprint_sees_a_label_and_a_border():
    data = parted()
    assert data.sha256 == parted().sha256
    assert data.sha256 != parted_by_shares(rows(), shares=(0.5, 0.3, 0.2), embargo_days=0.0).sha256
    assert data.sha256 != parted(seed=1).sha256
