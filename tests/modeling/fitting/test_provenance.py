"""Predictions are judged on their own dataset, and only on rows that did not teach their model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from modeling.fitting.batches import scaler_fit
from modeling.fitting.dataset import TEST, TRAIN, VALIDATION, Dataset
from modeling.fitting.folds import Fold
from modeling.fitting.forecasters import FitTask, LogisticForecaster, TreeForecaster
from modeling.fitting.forecasts import Provenance, Raw, require_held_out
from tests.modeling.synthetic import dataset
from traderai.common.errors import InvariantError


@pytest.fixture(scope="module")
def data() -> Dataset:
    return dataset()


def task_of(data: Dataset, seed: int = 0) -> FitTask:
    return FitTask(dataset=data, scaler=scaler_fit(data), column=data.features.index("volatility"), seed=seed)


@pytest.fixture(scope="module")
def raw(data: Dataset) -> Raw:
    rows = np.union1d(data.rows_of(VALIDATION), data.rows_of(TEST))
    return LogisticForecaster(max_rows=1000).fit(task_of(data)).raw(rows)


def test_what_a_fit_says_may_be_judged_on_its_later_parts(data: Dataset, raw: Raw):
    for part in (VALIDATION, TEST):
        require_held_out(raw, data, part=part)
    Fold(dataset=data, raw=raw.taken(data.rows_of(VALIDATION)))
    assert raw.provenance.train_end_s < data.validation_start_s <= raw.provenance.validation_end_s


def test_predictions_of_another_dataset_are_refused(data: Dataset, raw: Raw):
    values = data.values.copy()
    values[-1, 0] += 1.0
    other = replace(data, values=values)
    with pytest.raises(InvariantError, match="belong to another dataset"):
        require_held_out(raw, other, part=TEST)
    with pytest.raises(InvariantError, match="cannot be joined"):
        Provenance.joined([raw.provenance, Provenance.of_fit("x", other)])


def test_rows_that_taught_a_model_do_not_judge_it(data: Dataset, raw: Raw):
    # The same rows under other parts: what was trained on is now called test.
    swapped = np.where(data.part == TRAIN, TEST, data.part).astype(np.int8)
    rows = data.rows_of(TRAIN)[:10]
    taught = replace(raw.taken(raw.rows[:10]), rows=rows)
    with pytest.raises(InvariantError, match="hold those rows out"):
        require_held_out(taught, replace(data, part=swapped), part=TEST)
    with pytest.raises(InvariantError, match="hold those rows out"):
        Fold(dataset=replace(data, part=np.where(data.part == TRAIN, VALIDATION, data.part)), raw=taught)


def test_parts_change_the_datasets_hash_but_not_its_content(data: Dataset):
    part = np.where(data.part == TEST, TRAIN, data.part).astype(np.int8)
    other = replace(data, part=part)
    assert other.content_sha256 == data.content_sha256
    assert other.sha256 != data.sha256


def test_forests_learn_from_some_days_and_are_stopped_by_the_others(data: Dataset):
    trees = TreeForecaster(bags=3, rounds=10, threads=1)
    rows = data.rows_of(TRAIN)
    bags = list(trees._bags(task_of(data), rows))
    days = [[set(data.trading_day[part] // trees.block_days) for part in bag] for bag in bags]
    for inside, outside in days:
        assert not inside & outside
        assert inside
        assert outside
    assert days[0][0] != days[1][0]
    assert all(np.isin(part, rows).all() for bag in bags for part in bag)
    first, again = (trees.fit(task_of(data, seed=5)).raw(data.rows_of(TEST)) for _ in range(2))
    np.testing.assert_array_equal(first.p_long_logit, again.p_long_logit)
