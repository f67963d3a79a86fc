"""Batches: the windows and labels of their rows, nothing of other parts, whole moments for the rank head, little memory."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("keras", reason="training needs Keras")

from modeling.fitting.batches import Scaler, moment_batches, stratified_moments
from modeling.fitting.dataset import TRAIN, VALIDATION
from modeling.fitting.window_batches import WindowBatches, WindowSource
from tests.modeling.window_maker import plain_windows

LOOKBACK, K = 4, 3


def source(m: int = 300, k: int = K, *, heads: tuple[str, ...] = ("p_long_logit",), lookback: int = LOOKBACK):
    rng = np.random.default_rng(0)
    part = np.repeat([TRAIN, VALIDATION], m // 2)[:, None].repeat(2, axis=1).astype(np.int8)
    return WindowSource(
        values=rng.standard_normal((m, k), dtype=np.float32),
        scaler=Scaler(mean=np.full(k, 0.5), std=np.full(k, 2.0), sparse=np.zeros(k, dtype=np.bool_)),
        ticker=(np.arange(m) % 3 + 1).astype(np.int32),
        moment=np.arange(m, dtype=np.int64) // 5 * 3600 + 1_700_000_000,
        part=part,
        targets={head: rng.random((m, 2)) for head in heads},
        lookback_bars=lookback,
        batch_rows=16,
        ticker_dropout_frac=0.3,
    )


def epoch(batches: WindowBatches) -> np.ndarray:
    return np.concatenate(batches._batches)


def test_a_batch_holds_its_rows_standardised_and_no_label_of_another_part():
    own = source()
    rows = np.array([7, 149, 150, 299])
    inputs, targets = own.batch(rows, part=TRAIN, rng=None)
    scaled = own.scaler.apply(own.values)
    np.testing.assert_array_equal(inputs["bars"], plain_windows(scaled, rows, LOOKBACK))
    np.testing.assert_array_equal(inputs["ticker"], own.ticker[rows])
    np.testing.assert_array_equal(inputs["horizons"], [[0, 1]] * 4)
    found = targets["p_long_logit"]
    assert found.shape == (4, 2, 1) and found.dtype == np.float32
    np.testing.assert_allclose(found[:2, :, 0], own.targets["p_long_logit"][rows[:2]], rtol=1e-6)
    assert np.isnan(found[2:]).all()


def test_epochs_are_drawn_anew_and_the_seed_decides_them():
    rows = np.arange(LOOKBACK, 150)
    first, again, other = (
        WindowBatches(source(), rows, part=TRAIN, limit=100, seed=seed) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(epoch(first), epoch(again))
    assert not np.array_equal(epoch(first), epoch(other))
    a, b = first[0][0], again[0][0]
    np.testing.assert_array_equal(a["ticker"], b["ticker"])
    assert (a["ticker"] == 0).any() and (a["ticker"] > 0).any()
    before = epoch(first)
    first.on_epoch_end()
    assert not np.array_equal(epoch(first), before)
    assert first.windows == 100
    assert len(first) == 7


def test_validation_is_the_same_every_epoch_and_knows_its_shares():
    own = WindowBatches(source(), np.arange(150, 300), part=VALIDATION, limit=40, seed=None)
    before = epoch(own)
    own.on_epoch_end()
    np.testing.assert_array_equal(epoch(own), before)
    assert (own[0][0]["ticker"] > 0).all()
    assert np.isfinite(own[0][1]["p_long_logit"]).all()


def test_the_rank_head_gets_whole_moments_and_their_numbers():
    own = source(heads=("p_long_logit", "rank_score"))
    batches = WindowBatches(own, np.arange(5, 150), part=TRAIN, limit=80, seed=3)
    assert batches.windows == 80
    for rows, (inputs, targets) in zip(batches._batches, batches, strict=False):
        for moment in np.unique(own.moment[rows]):
            assert (own.moment[rows] == moment).sum() == 5
        numbers = targets["rank_score"][:, 0, 1]
        assert targets["rank_score"].shape == (rows.size, 2, 2)
        same = own.moment[rows][:, None] == own.moment[rows][None, :]
        np.testing.assert_array_equal(numbers[:, None] == numbers[None, :], same)
        assert inputs["bars"].shape[0] == rows.size <= 16


@given(st.integers(0, 10**6), st.integers(1, 12))
def test_batches_of_moments_hold_every_row_once_and_part_no_moment(seed: int, batch_rows: int):
    rng = np.random.default_rng(seed)
    moment = rng.integers(0, 10, 60)
    rows = np.flatnonzero(rng.random(60) < 0.5)
    shuffled = None if seed % 2 else rng
    batches = moment_batches(rows, moment, batch_rows=batch_rows, rng=shuffled)
    np.testing.assert_array_equal(np.sort(np.concatenate([rows[:0], *batches])), rows)
    seen = [set(moment[own]) for own in batches]
    assert sum(map(len, seen)) == len(set(moment[rows]))
    assert all(
        own.size <= batch_rows or len(moments) == 1 for own, moments in zip(batches, seen, strict=True)
    )


def test_moments_are_taken_whole_and_from_all_of_the_time():
    moment = np.tile(np.arange(100), 4)  # four shares one after the other
    rows = np.arange(400)
    chosen = stratified_moments(rows, moment, limit=80, rng=None)
    assert chosen.size == 80
    counts = np.bincount(moment[chosen], minlength=100)
    assert set(counts) == {0, 4}
    assert (counts.reshape(20, 5).sum(axis=1) == 4).all()
    np.testing.assert_array_equal(np.sort(stratified_moments(rows, moment, limit=500, rng=None)), rows)


def test_an_epoch_needs_little_beside_the_matrix():
    own = source(100_000, 50, lookback=64)
    batches = WindowBatches(own, np.arange(64, 50_000), part=TRAIN, limit=2_000, seed=0)
    tracemalloc.start()
    try:
        for place in range(len(batches)):
            batches[place]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 0.3 * own.values.nbytes
