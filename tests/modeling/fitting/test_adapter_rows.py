"""Which rows teach and judge the adapters of a version in service: late ones alone, purged, and nothing after now."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from modeling.fitting.adapter_rows import Late, late_parts
from modeling.fitting.dataset import VALIDATION, Dataset
from modeling.kernels.splits import DAY_S
from tests.modeling.fitting.adapter_maker import CONFIG, adapter_data
from traderai.common.errors import NotReadyError


@pytest.fixture(scope="module")
def data() -> Dataset:
    return adapter_data()


@pytest.fixture(scope="module")
def late(data: Dataset) -> Late:
    first, last = int(data.decision_s.min()), int(data.decision_s.max())
    return Late(learned_s=(first + last) // 2, as_of_s=last - 20 * DAY_S, embargo_s=DAY_S)


def pairs(data: Dataset) -> tuple[np.ndarray, np.ndarray]:
    inside = data.part == VALIDATION
    decided = np.broadcast_to(data.decision_s[:, None], inside.shape)
    return decided[inside], data.targets.window_end_s[inside]


def test_the_parts_lie_between_what_was_learned_and_now_one_after_the_other(data: Dataset, late: Late):
    parts = late_parts(data, late, CONFIG)
    taught, taught_ends = pairs(parts.teaches)
    judged, judged_ends = pairs(parts.judges)
    assert taught.min() > late.learned_s + late.embargo_s
    assert taught_ends.max() + late.embargo_s < judged.min()
    assert judged_ends.max() <= late.as_of_s
    # Seen to fail: there are later labels, which have no say.
    assert data.targets.window_end_s[data.usable].max() > late.as_of_s
    days = [np.unique(data.day[own.rows_of(VALIDATION)]) for own in (parts.teaches, parts.judges)]
    assert days[1].size / (days[0].size + days[1].size) == pytest.approx(CONFIG.judged_frac, abs=0.03)
    assert parts.teaches.content_sha256 == parts.judges.content_sha256 == data.content_sha256
    assert parts.judges.validation_start_s == judged.min()
    # All that is late and known is in one of them, but for what the border purges.
    known = data.usable & (data.targets.window_end_s <= late.as_of_s)
    known &= (data.decision_s > late.learned_s + late.embargo_s)[:, None]
    lost = known & (parts.teaches.part != VALIDATION) & (parts.judges.part != VALIDATION)
    assert np.unique(data.day[lost.any(axis=1)]).size <= 3 + 1


def test_rows_after_now_change_nothing(data: Dataset, late: Late):
    later = data.targets.window_end_s > late.as_of_s
    without = replace(data, usable=data.usable & ~later)
    one, other = late_parts(data, late, CONFIG), late_parts(without, late, CONFIG)
    np.testing.assert_array_equal(one.teaches.part, other.teaches.part)
    np.testing.assert_array_equal(one.judges.part, other.judges.part)


@pytest.mark.parametrize("days_late", [0, 55])
def test_too_few_days_are_told_and_teach_nothing(data: Dataset, days_late: int):
    last = int(data.decision_s.max())
    late = Late(learned_s=last - days_late * DAY_S, as_of_s=last, embargo_s=DAY_S)
    with pytest.raises(
        NotReadyError, match=r"need 40 days to learn from besides the newest 33%.*wait, or lower"
    ):
        late_parts(data, late, CONFIG)
    enough = replace(late, learned_s=last - 70 * DAY_S)
    assert late_parts(data, enough, CONFIG).teaches.rows_of(VALIDATION).size
