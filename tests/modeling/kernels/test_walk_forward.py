from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.model_selection import TimeSeriesSplit

from modeling.kernels import splits, walk_forward
from modeling.kernels.split_checks import assert_no_leak
from modeling.kernels.splits import DAY_S, LabelledRows
from modeling.kernels.walk_forward import (
    FoldDates,
    PartMinimum,
    WalkConfig,
    equal_folds,
    named_folds,
)
from tests.modeling.kernels.split_rules import (
    START_S,
    assert_split_is_right,
    embargoes_s,
    labelled_rows,
    make_rows,
    mutant,
)

NOTHING = WalkConfig(embargo_s=0)


def days(*numbers):
    return tuple(START_S + round(number * DAY_S) for number in numbers)


def daily(n_days, *, instruments=1, length_days=0.0):
    """Return one row a day and instrument, decided at 15:50 UTC."""
    decision_s = START_S + np.repeat(np.arange(n_days), instruments) * DAY_S + 57_000
    return LabelledRows(
        decision_s=decision_s,
        window_end_s=decision_s + round(length_days * DAY_S),
        instrument=np.tile(np.arange(instruments), n_days),
        positive=np.arange(decision_s.size) % 2 == 0,
        secids=("SBER", "GAZP", "LKOH")[:instruments],
    )


def only(rows, kept):
    return LabelledRows(
        decision_s=rows.decision_s[kept],
        window_end_s=rows.window_end_s[kept],
        instrument=rows.instrument[kept],
        positive=rows.positive[kept],
        secids=rows.secids,
    )


def assert_walk_is_right(walk, rows, config):
    for fold in walk.folds:
        assert_split_is_right(fold.split, fold.borders, rows, config.embargo_s)
        assert_no_leak(
            fold.split.parts,
            decision_s=rows.decision_s,
            window_end_s=rows.window_end_s,
            embargo_s=config.embargo_s,
        )
        if config.rolling_days is None:
            assert fold.borders.train_start_s is None
        else:
            length_s = fold.borders.validation_start_s - fold.borders.train_start_s
            assert length_s >= round(config.rolling_days * DAY_S)
    tested = np.concatenate([fold.split.test for fold in walk.folds])
    assert np.unique(tested).size == tested.size


def equal_walk(rows, config, n_folds=4):
    dates = equal_folds(rows.decision_s, n_folds=n_folds, first_train_days=14, validation_days=8)
    return walk_forward.walk_forward(rows, dates, config), dates


configs = st.builds(
    WalkConfig,
    embargo_s=embargoes_s,
    rolling_days=st.sampled_from([None, 10.0, 17.5]),
    minimum=st.builds(PartMinimum, rows_per_instrument=st.integers(1, 4), positives=st.integers(0, 3)),
    when_short=st.sampled_from(["lengthen", "pool", "refuse"]),
)


@settings(deadline=None, max_examples=100)
@given(labelled_rows, configs, st.integers(1, 5))
def test_no_training_label_reaches_a_later_part_and_every_row_is_accounted_for(rows, config, n_folds):
    try:
        walk, dates = equal_walk(rows, config, n_folds)
    except ValueError as error:
        assume("no fold is left" not in str(error))
        raise
    assert_walk_is_right(walk, rows, config)
    # The tests of the folds and of those refused cover all that follows the first training and validation.
    names = [name for fold in (*walk.folds, *walk.refused) for name in fold.name.split("+")]
    assert sorted(names) == sorted(fold.name for fold in dates)
    if not walk.refused:
        covered = sorted(np.concatenate([fold.split.test for fold in walk.folds]).tolist())
        assert covered == np.flatnonzero(rows.decision_s >= dates[0].test_start_s).tolist()
    assert all(fold.reasons for fold in walk.refused)


def told(walk):
    """Return all that is said of the folds but their rows."""
    return walk.refused, [(fold.name, fold.borders, fold.pooled, fold.reasons) for fold in walk.folds]


@settings(deadline=None, max_examples=60)
@given(labelled_rows, configs, st.integers(30, 50))
def test_rows_that_come_later_change_no_fold_given_by_dates(rows, config, cut_day):
    earlier = rows.decision_s < START_S + cut_day * DAY_S
    dates = named_folds({f"to {day}": days(day - 14, day - 6, day) for day in (cut_day - 6, cut_day)})
    try:
        before = walk_forward.walk_forward(only(rows, earlier), dates, config)
    except ValueError as error:
        with pytest.raises(ValueError, match=re.escape(str(error))):
            walk_forward.walk_forward(rows, dates, config)
        return
    after = walk_forward.walk_forward(rows, dates, config)
    assert told(before) == told(after)
    for old, new in zip(before.folds, after.folds, strict=True):
        for part_before, part_after in zip(old.split.parts, new.split.parts, strict=True):
            np.testing.assert_array_equal(np.flatnonzero(earlier)[part_before], part_after)


def satisfied(rows, chosen, minimum):
    counts = np.bincount(rows.instrument[chosen])
    return (
        chosen.size > 0
        and counts[counts > 0].min() >= minimum.rows_per_instrument
        and rows.positive[chosen].sum() >= minimum.positives
    )


@settings(deadline=None, max_examples=60)
@given(labelled_rows, st.integers(1, 6), st.integers(0, 5))
def test_a_rolling_window_is_lengthened_by_as_little_as_mends_it(rows, n_rows, positives):
    minimum = PartMinimum(rows_per_instrument=n_rows, positives=positives)
    config = WalkConfig(embargo_s=DAY_S, rolling_days=4, minimum=minimum, when_short="lengthen")
    (dates,) = named_folds({"one": days(30, 33, 45)})
    validation_s = latest_start(rows, dates.validation_start_s, dates.test_start_s, minimum)
    train_s = validation_s and latest_start(rows, validation_s - 4 * DAY_S, validation_s, minimum)
    tested = np.flatnonzero((rows.decision_s >= dates.test_start_s) & (rows.decision_s < dates.test_end_s))
    if train_s is None or not satisfied(rows, tested, minimum):
        with pytest.raises(ValueError, match="lengthening does not mend it"):
            walk_forward.walk_forward(rows, [dates], config)
        return
    (fold,) = walk_forward.walk_forward(rows, [dates], config).folds
    assert (fold.borders.validation_start_s, fold.borders.train_start_s) == (validation_s, train_s)
    for part, moved_s in (
        ("validation", dates.validation_start_s - validation_s),
        ("train", validation_s - 4 * DAY_S - train_s),
    ):
        told_moved = f"lengthened: {part} starts {moved_s // DAY_S} days earlier"
        assert [text for text in fold.reasons if text.startswith(f"lengthened: {part} ")] == (
            [told_moved] if moved_s else []
        )


def latest_start(rows, asked_s, end_s, minimum):
    """Return the slow way the latest start, whole days before the one asked for, from which on a part will do."""
    usable = rows.window_end_s + DAY_S < end_s
    for start_s in range(asked_s, START_S - 1, -DAY_S):
        if satisfied(rows, np.flatnonzero(usable & (rows.decision_s >= start_s)), minimum):
            return start_s
    return None


def test_the_day_a_part_starts_with_counts_as_a_whole():
    # Day 30 gives SBER its third row; but GAZP traded that morning, and has its third only from day 10 on.
    sber = START_S + np.array([*range(9), *range(29, 37)]) * DAY_S + 57_000
    gazp = START_S + np.array([10, 11, 30]) * DAY_S + 30_000
    decision_s = np.concatenate((sber, gazp))
    instrument = np.repeat([0, 1], [sber.size, gazp.size])
    rows = LabelledRows(decision_s=decision_s, window_end_s=decision_s, instrument=instrument)
    dates = named_folds({"x": days(32, 33, 37)})
    (fold,) = walk_forward.walk_forward(rows, dates, asking("lengthen", rows=3)).folds
    assert fold.borders.validation_start_s == days(10)[0]


def test_equal_folds_are_those_of_scikit_learn():
    rows = daily(100)
    dates = equal_folds(rows.decision_s, n_folds=4, first_train_days=49, validation_days=10)
    walk = walk_forward.walk_forward(rows, dates, NOTHING)
    theirs = TimeSeriesSplit(n_splits=4, test_size=10).split(np.zeros(100))
    assert [fold.name for fold in walk.folds] == ["fold_1", "fold_2", "fold_3", "fold_4"]
    for fold, (train, test) in zip(walk.folds, theirs, strict=True):
        np.testing.assert_array_equal(np.concatenate((fold.split.train, fold.split.validation)), train)
        np.testing.assert_array_equal(fold.split.test, test)
        assert fold.split.validation.size == 10


def test_a_rolling_window_leaves_out_what_was_before_it():
    dates = named_folds({"a": days(40, 50, 60), "b": days(50, 60, 70)})
    walk = walk_forward.walk_forward(
        daily(80, length_days=2), dates, WalkConfig(embargo_s=DAY_S, rolling_days=20)
    )
    first = walk.folds[0].split
    # Decided on day 36, known on day 38, embargoed to day 39: the last that ends before day 40.
    assert (first.train[0], first.train[-1], first.purged_train) == (20, 36, 3)
    assert (first.validation[0], first.validation[-1], first.purged_validation) == (40, 46, 3)
    assert (first.test[0], first.test[-1], first.outside) == (50, 59, 20 + 20)


def lacking(rows, secid, start, end, kept):
    """Return the rows with only `kept` rows of an instrument in the days from start to before end."""
    start_s, end_s = days(start, end)
    inside = (
        (rows.instrument == rows.secids.index(secid))
        & (rows.decision_s >= start_s)
        & (rows.decision_s < end_s)
    )
    return only(rows, ~inside | (np.cumsum(inside) <= kept))


YEAR = named_folds({"a": days(30, 40, 50), "b": days(40, 50, 60), "c": days(50, 60, 70)})


def asking(when_short, *, rows=5, positives=0, rolling_days=None):
    minimum = PartMinimum(rows_per_instrument=rows, positives=positives)
    return WalkConfig(embargo_s=0, minimum=minimum, when_short=when_short, rolling_days=rolling_days)


def test_a_refused_fold_names_part_instrument_count_and_minimum():
    rows = lacking(daily(70, instruments=3), "GAZP", 50, 60, 2)
    walk = walk_forward.walk_forward(rows, YEAR, asking("refuse"))
    assert [fold.name for fold in walk.folds] == ["a"]
    assert [(fold.name, fold.reasons) for fold in walk.refused] == [
        ("b", ("test: rows of GAZP must be at least 5, were 2",)),
        ("c", ("validation: rows of GAZP must be at least 5, were 2",)),
    ]


def test_an_instrument_without_any_row_in_a_part_is_not_asked_for():
    rows = lacking(daily(70, instruments=3), "GAZP", 0, 70, 0)
    walk = walk_forward.walk_forward(rows, YEAR, asking("refuse"))
    assert len(walk.folds) == 3
    assert walk.refused == ()


def test_a_pooled_fold_says_so_and_keeps_its_rows():
    rows = lacking(daily(70, instruments=3), "GAZP", 50, 60, 2)
    walk = walk_forward.walk_forward(rows, YEAR, asking("pool"))
    assert [fold.pooled for fold in walk.folds] == [False, True, True]
    assert walk.folds[1].reasons == (
        "test: rows of GAZP must be at least 5, were 2",
        "pooled: fit and judge all instruments together",
    )
    assert walk.folds[1].borders == walk_forward.WalkConfig(embargo_s=0).borders(YEAR[1])


def test_pooling_does_not_help_where_all_together_are_too_few():
    rows = lacking(lacking(daily(70, instruments=2), "GAZP", 50, 60, 2), "SBER", 50, 60, 2)
    walk = walk_forward.walk_forward(rows, YEAR, asking("pool"))
    assert walk.refused[0].reasons == ("test: rows of all instruments together must be at least 5, were 4",)
    walk = walk_forward.walk_forward(daily(70, instruments=2), YEAR[:1], asking("pool", positives=10))
    assert walk.refused == ()
    with pytest.raises(
        ValueError, match="validation: positives of all instruments together must be at least 11, were 10"
    ):
        walk_forward.walk_forward(daily(70, instruments=2), YEAR[:1], asking("pool", positives=11))


def test_a_short_test_takes_in_the_next_fold():
    rows = lacking(daily(70, instruments=3), "GAZP", 50, 60, 2)
    walk = walk_forward.walk_forward(rows, YEAR, asking("lengthen"))
    assert [fold.name for fold in walk.folds] == ["a", "b+c"]
    assert walk.folds[1].reasons == (
        "test: rows of GAZP must be at least 5, were 2",
        "lengthened: the test takes in fold c",
    )
    assert walk.folds[1].borders.test_end_s == YEAR[2].test_end_s
    assert_walk_is_right(walk, rows, asking("lengthen"))


def test_a_short_validation_and_training_start_earlier():
    rows = lacking(daily(70, instruments=2), "GAZP", 20, 60, 0)
    rows = lacking(rows, "GAZP", 60, 61, 1)
    config = asking("lengthen", rolling_days=10)
    (fold,) = walk_forward.walk_forward(rows, [FoldDates(
        name="x", validation_start_s=days(58)[0], test_start_s=days(61)[0], test_end_s=days(70)[0]
    )], config).folds  # fmt: skip
    # GAZP has day 60 and then none before day 19: four more are wanted, of days 19 to 16.
    assert fold.borders.validation_start_s == days(16)[0]
    assert fold.borders.train_start_s == days(6)[0]
    assert fold.reasons == (
        "validation: rows of SBER must be at least 5, were 3",
        "validation: rows of GAZP must be at least 5, were 1",
        "lengthened: validation starts 42 days earlier",
    )


def test_what_lengthening_does_not_mend_is_refused():
    rows = lacking(daily(70, instruments=2), "GAZP", 0, 58, 0)
    walk = walk_forward.walk_forward(rows, YEAR, asking("lengthen"))
    assert [fold.name for fold in walk.folds] == ["a", "b+c"]
    walk = walk_forward.walk_forward(
        rows, (YEAR[0], *named_folds({"d": days(50, 60, 61)})), asking("lengthen")
    )
    assert walk.refused[0].reasons == (
        "validation: rows of GAZP must be at least 5, were 2",
        "test: rows of SBER must be at least 5, were 1",
        "test: rows of GAZP must be at least 5, were 1",
        "lengthening does not mend it",
    )


def test_a_horizon_longer_than_the_data_is_refused():
    with pytest.raises(
        ValueError,
        match=r"train: rows of all instruments together must be at least 1, were 0 \(30 purged\).*shorter horizon",
    ):
        walk_forward.walk_forward(daily(70, length_days=100), YEAR[:1], NOTHING)


def test_no_instrument_and_no_name_are_told_as_such():
    rows = daily(70, instruments=2)
    bare = LabelledRows(decision_s=rows.decision_s, window_end_s=rows.window_end_s)
    with pytest.raises(
        ValueError, match="test: rows of all instruments together must be at least 21, were 20"
    ):
        walk_forward.walk_forward(bare, YEAR[:1], asking("refuse", rows=21))
    with pytest.raises(ValueError, match=r"needs rows\.positive"):
        walk_forward.walk_forward(bare, YEAR, asking("refuse", positives=1))
    unnamed = LabelledRows(
        decision_s=rows.decision_s, window_end_s=rows.window_end_s, instrument=rows.instrument
    )
    with pytest.raises(ValueError, match="test: rows of instrument 1 must be at least 11, were 10"):
        walk_forward.walk_forward(unnamed, YEAR[:1], asking("refuse", rows=11))


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: named_folds({"x": days(5, 4, 9)}), "fold x: .* must rise.*order the dates"),
        (lambda: named_folds({"x": days(5, 6, 6)}), "must rise"),
        (lambda: walk_forward.walk_forward(daily(70), YEAR[::-1], NOTHING), "order the folds"),
        (
            lambda: walk_forward.walk_forward(
                daily(70), named_folds({"x": days(10, 20, 31), "y": days(20, 30, 40)}), NOTHING
            ),
            "the test of fold y starts at .*let tests not overlap",
        ),
        (lambda: walk_forward.walk_forward(daily(70), (YEAR[0], YEAR[0]), NOTHING), "names must differ"),
        (lambda: walk_forward.walk_forward(daily(70), (), NOTHING), "at least one"),
        (
            lambda: walk_forward.walk_forward(daily(70), named_folds({"z": days(80, 90, 99)}), NOTHING),
            "no fold is left .*validation: rows of all instruments together must be at least 1, were 0",
        ),
        (lambda: WalkConfig(embargo_s=-1), "embargo_s must not be negative, was -1"),
        (lambda: WalkConfig(embargo_s=0, rolling_days=0), "rolling_days must be above 0"),
        (lambda: WalkConfig(embargo_s=0, when_short="hope"), "lengthen, pool or refuse, was 'hope'"),
        (lambda: PartMinimum(rows_per_instrument=0), "at least 1"),
        (
            lambda: equal_folds(daily(9).decision_s, n_folds=3, first_train_days=4, validation_days=2),
            "3 folds need 3 days of tests .*there are 2; take fewer",
        ),
        (
            lambda: equal_folds(daily(9).decision_s, n_folds=0, first_train_days=4, validation_days=2),
            "n_folds must be at least 1",
        ),
        (
            lambda: equal_folds(np.zeros(0, np.int64), n_folds=1, first_train_days=4, validation_days=2),
            "no row to split",
        ),
    ],
)  # fmt: skip
def test_wrong_walks_are_refused(call, text):
    with pytest.raises(ValueError, match=text):
        call()


MUTANTS = {
    "no purge": ("inside & (window_end_s < before_s)", "inside.copy()"),
    "off by one": ("(window_end_s < before_s)", "(window_end_s <= before_s)"),
    "by decision": ("_purged(in_train, rows.window_end_s,", "_purged(in_train, rows.decision_s,"),
    "no embargo before validation": ("borders.validation_start_s - embargo_s", "borders.validation_start_s"),
    "no embargo before test": ("borders.test_start_s - embargo_s", "borders.test_start_s"),
    "purges too much": ("borders.test_start_s - embargo_s", "borders.test_start_s - 2 * embargo_s"),
    "test never ends": ("in_test &= decision_s < borders.test_end_s", "pass"),
    "window never rolls": ("in_train &= decision_s >= borders.train_start_s", "pass"),
    "border row in both": (
        "in_train = decision_s < borders.validation_start_s",
        "in_train = decision_s <= borders.validation_start_s",
    ),
    "lost rows not told": (
        "outside=decision_s.size - kept - purged_train - purged_validation",
        "outside=decision_s.size - kept",
    ),
}


def check_many():
    config = WalkConfig(embargo_s=DAY_S, rolling_days=12)
    for seed in range(12):
        rows = make_rows(seed, n=90)
        assert_walk_is_right(equal_walk(rows, config)[0], rows, config)


def test_the_sabotaged_are_compared_with_what_passes():
    check_many()


@pytest.mark.parametrize("name", MUTANTS)
def test_the_properties_see_sabotage(name, monkeypatch):
    monkeypatch.setattr(walk_forward, "split_between", mutant(splits, *MUTANTS[name]).split_between)
    with pytest.raises(AssertionError):
        check_many()
