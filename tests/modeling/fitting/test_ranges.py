"""Ranges as they serve: what validation rows teach, days that are over, and a network that is too sure of itself."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime

import numpy as np
import pytest

from modeling.contracts.conformal import HorizonRanges
from modeling.errors import DatasetRefusedError
from modeling.fitting.baselines import unconditional_quantiles
from modeling.fitting.dataset import NO_PART, TEST, VALIDATION, Dataset
from modeling.fitting.forecasts import Forecasts, Provenance
from modeling.fitting.ranges import TaughtRanges, day_ends, ranges_taught
from modeling.fitting.report import coverage_lines
from tests.modeling.synthetic import dataset
from traderai.common.clock import MOSCOW, from_epoch_s
from traderai.common.config import parse


def too_narrow(data: Dataset) -> Forecasts:
    """Half as wide as the training returns, the same in every volatility."""
    rows = np.union1d(data.rows_of(VALIDATION), data.rows_of(TEST))
    shape = (rows.size, len(data.horizons))
    return Forecasts(
        provenance=Provenance.of_fit("test", data), rows=rows, p_long=np.full(shape, 0.3),
        p_short=np.full(shape, 0.3), volatility=np.full(shape, 0.02), direction=np.full((*shape, 5), 0.2),
        return_quantiles=np.tile(0.5 * unconditional_quantiles(data), (rows.size, 1, 1)),
    )  # fmt: skip


@pytest.fixture(scope="module")
def data() -> Dataset:
    return dataset(days=800)


@pytest.fixture(scope="module")
def taught(data: Dataset) -> TaughtRanges:
    return ranges_taught(too_narrow(data), data)


def test_learning_once_a_day_brings_a_too_narrow_network_within_two_points(taught: TaughtRanges):
    for found in taught.coverage.values():
        assert found["unadjusted"]["whole"]["largest_miss"] > 0.05
        assert found["adjusted"]["whole"]["largest_miss"] <= 0.02
        assert max(part["largest_miss"] for part in found["adjusted"]["terciles"]) <= 0.04
        assert found["adjusted"]["pinball_loss"] < found["unadjusted"]["pinball_loss"]
    json.dumps(taught.coverage)
    text = coverage_lines(taught.coverage)
    assert [line.split()[0] for line in text] == ["ranges", "level", "as", "as"] * 2
    share = taught.coverage["1d"]["unadjusted"]["whole"]["coverage"]["0.05"]
    assert text[2].split()[2] == f"{100 * share:.1f}"
    assert coverage_lines({}) == []


def test_what_is_kept_was_taught_by_the_validation_rows_alone(data: Dataset, taught: TaughtRanges):
    tested = (data.part == TEST) & np.isfinite(data.targets.forward_return)
    other = replace(
        data,
        targets=replace(data.targets, forward_return=np.where(tested, -1.0, data.targets.forward_return)),
    )
    changed = ranges_taught(too_narrow(other), other)
    assert changed.by_horizon == taught.by_horizon
    assert changed.coverage != taught.coverage  # the change can be seen
    for h, own in enumerate(taught.by_horizon.values()):
        rows = np.flatnonzero(data.part[:, h] == VALIDATION)
        assert own.outcomes == np.isfinite(data.ewma_volatility[rows]).sum() == rows.size
        assert own.since_s == data.decision_s[rows].min()
        assert own.state.learned_until_s < data.decision_s[data.part[:, h] == TEST].min()
        assert (
            own.longest_window_s
            == (data.targets.window_end_s[:, h] - data.decision_s)[data.usable[:, h]].max()
        )


def test_too_few_validation_rows_are_refused(data: Dataset):
    part = data.part.copy()
    part[data.rows_of(VALIDATION)[30:]] = NO_PART
    with pytest.raises(DatasetRefusedError, match="ranges of 1d: at least 40 rows"):
        ranges_taught(too_narrow(replace(data, part=part)), replace(data, part=part))


def test_what_is_kept_comes_back_from_json_to_the_bit(taught: TaughtRanges):
    stored = json.loads(json.dumps({name: asdict(own) for name, own in taught.by_horizon.items()}))
    assert parse(stored, dict[str, HorizonRanges], where="test") == taught.by_horizon


def test_a_day_ends_at_its_midnight_and_days_without_bars_have_no_end(data: Dataset):
    ends = day_ends(data, after_s=0, until_s=2**40)
    local = [from_epoch_s(end).astimezone(MOSCOW) for end in ends]
    assert {(own.hour, own.minute, own.second) for own in local} == {(0, 0, 0)}
    assert len(ends) == np.unique(data.trading_day).size == 800
    assert day_ends(data, after_s=ends[3], until_s=ends[5]) == ends[4:6]
    assert day_ends(data, after_s=ends[3], until_s=ends[5] - 1) == ends[4:5]
    holiday = replace(data, decision_s=data.decision_s + 86_400 * (data.trading_day > 5))
    later = day_ends(holiday, after_s=0, until_s=2**40)
    assert from_epoch_s(ends[0]) == datetime(2021, 12, 31, 21, tzinfo=UTC) and len(later) == 800
    assert later[6] - later[5] == 2 * 86_400
