from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from modeling.kernels.splits import Borders, ChronologicalSplit, LabelledRows, chronological_split, split_at

DAY_S = 86_400


def assert_no_label_reaches_a_later_part(split, decision_s, window_end_s, embargo_s=0):
    """Fail if anything that an earlier part was taught ends inside (or within the embargo of) a later one."""
    parts = (split.train, split.validation, split.test)
    starts = (None, split.validation_start_s, split.test_start_s)
    for number, part in enumerate(parts):
        for later in range(number + 1, 3):
            assert window_end_s[part].max() + embargo_s < starts[later]
            assert window_end_s[part].max() < decision_s[parts[later]].min()


rows = st.integers(0, 10**6).map(
    lambda seed: (lambda rng: (rng.integers(0, 400 * DAY_S, 300), rng.integers(0, 12 * DAY_S, 300)))(
        np.random.default_rng(seed)
    )
)


@settings(deadline=None)
@given(rows, st.integers(0, 10 * DAY_S))
def test_no_training_label_reaches_a_later_part(drawn, embargo_s):
    decision_s, length_s = drawn
    window_end_s = decision_s + length_s
    split = chronological_split(decision_s, window_end_s, embargo_s=embargo_s)
    assert_no_label_reaches_a_later_part(split, decision_s, window_end_s, embargo_s)
    # Nothing is dropped silently, and nothing more than needed.
    sizes = split.train.size + split.validation.size + split.test.size
    assert sizes + split.purged_train + split.purged_validation == decision_s.size
    early = decision_s < split.validation_start_s
    assert split.purged_train == np.sum(early & (window_end_s + embargo_s >= split.validation_start_s))


@settings(deadline=None, max_examples=30)
@given(rows)
def test_the_property_sees_an_unpurged_split(drawn):
    decision_s, length_s = drawn
    window_end_s = decision_s + length_s
    good = chronological_split(decision_s, window_end_s)
    assume(good.purged_train > 0)
    leaky = ChronologicalSplit(
        train=np.flatnonzero(decision_s < good.validation_start_s),
        validation=good.validation,
        test=good.test,
        validation_start_s=good.validation_start_s,
        test_start_s=good.test_start_s,
        purged_train=0,
        purged_validation=0,
    )
    with pytest.raises(AssertionError):
        assert_no_label_reaches_a_later_part(leaky, decision_s, window_end_s)


def test_shares_are_of_time_not_of_rows():
    # Ten times as many rows in the last tenth of the time: the borders stay where time puts them.
    decision_s = np.concatenate((np.arange(0, 900, 10), np.arange(900, 1001)))
    split = chronological_split(decision_s, decision_s, shares=(0.5, 0.3, 0.2))
    assert (split.validation_start_s, split.test_start_s) == (500, 800)
    assert decision_s[split.train].max() == 490
    assert decision_s[split.test].min() == 800


def test_a_window_that_ends_at_the_border_is_purged_and_one_before_it_stays():
    decision_s = np.array([0, 10, 50, 60, 90])
    window_end_s = np.array([49, 50, 55, 65, 99])
    split = split_at(decision_s, window_end_s, validation_start_s=50, test_start_s=80)
    assert list(split.train) == [0]
    assert split.purged_train == 1
    embargoed = split_at(decision_s, window_end_s, validation_start_s=51, test_start_s=80, embargo_s=1)
    assert list(embargoed.train) == [0]
    assert embargoed.purged_train == 2


def test_rows_may_come_in_any_order():
    rng = np.random.default_rng(3)
    decision_s = np.arange(100) * DAY_S
    order = rng.permutation(100)
    plain = chronological_split(decision_s, decision_s + DAY_S)
    mixed = chronological_split(decision_s[order], decision_s[order] + DAY_S)
    for name in ("train", "validation", "test"):
        np.testing.assert_array_equal(np.sort(order[getattr(mixed, name)]), getattr(plain, name))


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"shares": (0.6, 0.3, 0.2)}, "add up to 1"),
        ({"shares": (0.9, 0.1, 0.0)}, "must be positive"),
        ({"embargo_s": -1}, "embargo_s must not be negative"),
        ({"embargo_s": 10**9}, "the train part is empty"),
    ],
)
def test_wrong_splits_are_refused(options, text):
    decision_s = np.arange(100) * DAY_S
    with pytest.raises(ValueError, match=text):
        chronological_split(decision_s, decision_s, **options)


def test_wrong_rows_are_refused():
    decision_s = np.arange(10)
    with pytest.raises(ValueError, match="labelled rows only"):
        chronological_split(decision_s, decision_s - 1)
    with pytest.raises(ValueError, match="must be"):
        chronological_split(decision_s, decision_s[:5])
    with pytest.raises(ValueError, match="no row"):
        chronological_split(decision_s[:0], decision_s[:0])


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"instrument": np.zeros(9, dtype=np.int64)}, r"instrument must be \(10,\), was \(9,\)"),
        ({"positive": np.zeros(9, dtype=np.bool_)}, "positive must be"),
        ({"positive": np.full(10, np.nan)}, "positive must be of type bool, was float64"),
        ({"decision_s": np.full(10, np.nan)}, "decision_s must be of type integer, was float64; convert it"),
        ({"window_end_s": np.arange(10) + 0.5}, "window_end_s must be of type integer"),
        ({"instrument": np.arange(10) - 1}, "from 0 on .* were -1 to 8 with 0 secids"),
        ({"instrument": np.arange(10), "secids": ("SBER",) * 9}, "were 0 to 9 with 9 secids"),
    ],
)
def test_wrong_labelled_rows_are_refused(wrong, text):
    right = {"decision_s": np.arange(10), "window_end_s": np.arange(10), "instrument": np.arange(10)}
    LabelledRows(**right, secids=("SBER",) * 10)
    with pytest.raises(ValueError, match=text):
        LabelledRows(**(right | wrong))


@pytest.mark.parametrize("moments", [(5, 5, 9, 10), (5, 7, 7, 10), (5, 7, 9, 9), (None, 9, 7, None)])
def test_borders_that_do_not_rise_are_refused(moments):
    names = ("train_start_s", "validation_start_s", "test_start_s", "test_end_s")
    with pytest.raises(ValueError, match=r"must rise, were .*; order the dates"):
        Borders(**dict(zip(names, moments, strict=True)))


def test_a_horizon_longer_than_the_data_is_refused():
    decision_s = np.arange(100) * DAY_S
    with pytest.raises(ValueError, match=r"train part is empty after 60 rows were purged.*a shorter horizon"):
        chronological_split(decision_s, decision_s + 200 * DAY_S)
