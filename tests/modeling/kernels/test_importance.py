"""Lent features: whole days change places, every share of a moment borrows from one moment."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeling.kernels.importance import lending_rows, lent_moments

COUNTS = st.lists(st.integers(1, 5), min_size=4, max_size=12)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def slow_rows(instrument: np.ndarray, moment: np.ndarray, lent: np.ndarray) -> list[int]:
    found = []
    for share, own in zip(instrument, moment, strict=True):
        rows = [row for row in range(instrument.size) if instrument[row] == share]
        before = [row for row in rows if moment[row] <= lent[own]]
        found.append(before[-1] if before else rows[0])
    return found


@given(counts=COUNTS, seed=st.integers(0, 99), block_days=st.integers(1, 2))
def test_the_moments_of_a_day_borrow_from_one_day_in_turn(counts: list[int], seed: int, block_days: int):
    day = np.repeat(np.arange(len(counts)) * 3 + 7, counts)
    lent = lent_moments(day, block_days=block_days, rng=rng(seed))
    first = np.cumsum([0, *counts[:-1]])
    lenders = []
    for own in range(len(counts)):
        mine = lent[first[own] : first[own] + counts[own]]
        assert np.unique(day[mine]).size == 1
        other = int((day[mine[0]] - 7) // 3)
        lenders.append(other)
        place = mine - first[other]
        np.testing.assert_array_equal(place, (place[0] + np.arange(counts[own])) % counts[other])
    assert sorted(lenders) == list(range(len(counts)))  # every day lends once
    np.testing.assert_array_equal(lent, lent_moments(day, block_days=block_days, rng=rng(seed)))


def test_most_days_and_most_hours_are_another_ones():
    day = np.repeat(np.arange(200), 9)
    lent = lent_moments(day, block_days=10, rng=rng())
    assert np.mean(day[lent] == day) < 0.15
    assert 0.05 < np.mean(lent % 9 == np.arange(day.size) % 9) < 0.20  # one hour of nine by chance


@given(counts=COUNTS, seed=st.integers(0, 99), gaps=st.integers(0, 99))
def test_every_share_borrows_from_its_own_rows(counts: list[int], seed: int, gaps: int):
    day = np.repeat(np.arange(len(counts)), counts)
    lent = lent_moments(day, block_days=1, rng=rng(seed))
    there = rng(gaps).random((3, day.size)) < 0.6
    instrument, moment = np.nonzero(there)
    found = lending_rows(instrument, moment, lent)
    np.testing.assert_array_equal(found, slow_rows(instrument, moment, lent))
    np.testing.assert_array_equal(instrument[found], instrument)
    nothing_moved = np.arange(day.size)  # sabotage: who borrows from himself borrows nothing
    np.testing.assert_array_equal(lending_rows(instrument, moment, nothing_moved), np.arange(moment.size))


def test_what_cannot_lend_is_refused():
    for day in (np.array([2, 1]), np.zeros(0, dtype=np.int64), np.zeros((2, 2), dtype=np.int64)):
        with pytest.raises(ValueError, match="day must be"):
            lent_moments(day, block_days=1, rng=rng())
    with pytest.raises(ValueError, match="block_days"):
        lent_moments(np.arange(3), block_days=2, rng=rng())
    lent = np.arange(3)
    with pytest.raises(ValueError, match="ordered by instrument"):
        lending_rows(np.array([0, 0]), np.array([1, 0]), lent)
    with pytest.raises(ValueError, match="ordered by instrument"):
        lending_rows(np.array([0, 0]), np.array([1]), lent)
    with pytest.raises(ValueError, match="moments must lie"):
        lending_rows(np.array([0, 0]), np.array([1, 3]), lent)
