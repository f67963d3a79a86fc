"""The probabilities of price ranges on real hours that no quantile had learned from."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from modeling.selectors.label_sets import barrier_set_get
from tests.signals.scenario_coverage import Told, bars_of, misses, rows_of, told

EVERY = 30  # one row in so many; rows of one day say nearly the same
OVERALL, PARTS = 0.02, 0.04


def moment(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())


@pytest.fixture(scope="module")
def year_and_a_half(real_data: Path) -> Told:
    """What is told of fifteen shares from July 2023 to the end of 2024, all horizons, by ranges that learn daily."""
    spec, bars = barrier_set_get(name="swing_v1"), bars_of(real_data)
    parts = [
        told(
            rows_of(bars, spec, horizon, every=EVERY),
            train_until_s=moment("2023-01-01"),
            test_from_s=moment("2023-07-01"),
        )
        for horizon in ("3d", "5d", "10d")
    ]
    return Told(*(np.concatenate(column) for column in zip(*parts, strict=True)))


@pytest.mark.realdata
def test_stated_probabilities_come_true_overall_by_session_and_by_volatility(year_and_a_half):
    rows = year_and_a_half
    assert np.abs(rows.said.sum(axis=1) - 1.0).max() < 1e-9
    assert (rows.came.sum(axis=1) == 1.0).all()  # every price lies in exactly one range
    whole = misses(rows, np.zeros_like(rows.day))[0]
    assert rows.day.size > 7000 and whole.miss <= OVERALL
    for group in (rows.session, rows.tercile):
        for part in misses(rows, group).values():
            # A part with few days misses by more even where every probability is right.
            assert part.miss <= max(PARTS, part.by_chance), part


@pytest.mark.realdata
def test_probabilities_that_are_wrong_are_seen(year_and_a_half):
    rows = year_and_a_half
    flat = rows._replace(said=np.full(rows.said.shape, 0.2))
    assert misses(flat, np.zeros_like(rows.day))[0].miss > OVERALL
    whole = misses(rows, np.zeros_like(rows.day))[0]
    shifted = rows._replace(said=rows.said + np.array([0.05, 0.0, -0.05, 0.0, 0.0]))
    found = misses(shifted, np.zeros_like(rows.day))[0]
    assert found.miss > OVERALL and found.by_chance == pytest.approx(whole.by_chance, abs=0.005)
