from __future__ import annotations

import numpy as np
import pytest

from modeling.errors import DatasetRefusedError
from modeling.fitting.dataset import TEST, TRAIN, VALIDATION
from modeling.kernels.split_checks import split_violations
from modeling.systems.rows import parted_by_shares, require_rows
from modeling.systems.search import time_folds
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


def test_the_fingerprint_sees_a_label_and_a_border():
    data = parted()
    assert data.sha256 == parted().sha256
    assert data.sha256 != parted_by_shares(rows(), shares=(0.5, 0.3, 0.2), embargo_days=0.0).sha256
    assert data.sha256 != parted(seed=1).sha256
