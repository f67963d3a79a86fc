"""The kernels of news: ranges, second implementations, no look ahead."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.kernels import news
from features.kernels.news_text import SEED, text_signs, tokens_of
from traderai.common.arrays import I64

seconds = st.lists(st.integers(0, 400), max_size=25).map(lambda one: np.array(sorted(one), dtype=np.int64))
moments = st.lists(st.integers(0, 500), min_size=1, max_size=20).map(
    lambda one: np.array(sorted(one), dtype=np.int64)
)


def flows_at(known: list[int], second: int, stretch: int, least: int) -> bool:
    return sum(second - stretch < one <= second for one in known) >= least


@settings(deadline=None, max_examples=150)
@given(moments_s=moments, known_s=seconds, stretch=st.integers(1, 120), least=st.integers(1, 4))
def test_news_flow_since_the_last_second_at_which_they_did_not(
    moments_s: I64, known_s: I64, stretch: int, least: int
) -> None:
    found = news.flow_since(moments_s, known_s, stretch, least)
    flowing = [flows_at(known_s.tolist(), second, stretch, least) for second in range(501)]
    for moment, since in zip(moments_s.tolist(), found.tolist(), strict=True):
        begin = moment + 1
        while begin > 0 and flowing[begin - 1]:
            begin -= 1
        assert since == (begin if flowing[moment] else news.NEVER_S)


@settings(deadline=None, max_examples=60)
@given(moments_s=moments, known_s=seconds, span=st.integers(1, 200), seed=st.integers(0, 99))
def test_sums_add_up_by_channel_and_halve_with_age(
    moments_s: I64, known_s: I64, span: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    value = rng.uniform(0, 1, known_s.size)
    channel = rng.integers(-1, 3, known_s.size).astype(np.int8)
    found = news.decayed_sums(moments_s, known_s, value, channel, 3, span, span / 2)
    assert found.shape == (moments_s.size, 3)
    for row, moment in enumerate(moments_s.tolist()):
        for one in range(3):
            want = sum(
                value[k] * 2.0 ** (-(moment - known_s[k]) / (span / 2))
                for k in range(known_s.size)
                if channel[k] == one and moment - span < known_s[k] <= moment
            )
            assert math.isclose(found[row, one], want, rel_tol=1e-12, abs_tol=1e-15)
    together = news.decayed_sums(moments_s, known_s, value, np.minimum(channel, 0), 1, span, span / 2)[:, 0]
    np.testing.assert_allclose(found.sum(axis=1), together, rtol=1e-12)
    counts = news.decayed_sums(
        moments_s, known_s, np.ones(known_s.size), np.zeros_like(channel), 1, span, math.inf
    )
    np.testing.assert_array_equal(counts[:, 0], news.counts_within(moments_s, known_s, span))


@settings(deadline=None, max_examples=60)
@given(moments_s=moments, known_s=seconds, span=st.integers(1, 200), seed=st.integers(0, 99))
def test_the_strongest_of_the_span_and_of_equals_the_last(
    moments_s: I64, known_s: I64, span: int, seed: int
) -> None:
    strength = np.random.default_rng(seed).integers(1, 4, known_s.size).astype(np.float64)
    found = news.strongest(moments_s, known_s, strength, span)
    for moment, place in zip(moments_s.tolist(), found.tolist(), strict=True):
        there = [k for k in range(known_s.size) if moment - span < known_s[k] <= moment]
        assert place == max(there, key=lambda k: (strength[k], k), default=-1)


@settings(deadline=None, max_examples=50)
@given(moments_s=moments, known_s=seconds, cut=st.integers(0, 500), seed=st.integers(0, 99))
def test_no_kernel_knows_what_became_known_later(moments_s: I64, known_s: I64, cut: int, seed: int) -> None:
    """Events after a second are taken away or replaced by others: earlier moments keep their bits."""
    rng = np.random.default_rng(seed)
    until = moments_s[moments_s <= cut]
    noise = np.sort(rng.integers(cut + 1, cut + 300, 9))

    def columns(events: I64, at: I64) -> bytes:
        weight = (events % 7 + 1).astype(np.float64)
        code = (events % 3).astype(np.int8)
        signs = np.stack([events % 5 - 2, events % 11 - 5], axis=1)
        parts = (
            news.flow_since(at, events, 60, 2),
            news.decayed_sums(at, events, weight, code, 3, 90, 45.0),
            news.strongest(at, events, weight, 90),
            news.alerts_in_force(at, events, events + 3, events + 40, code),
            news.counts_within(at, events, 90),
            news.intensity(at, events, span_s=30, before_days=1),
            news.embedding(at, events, signs, span_s=90),
        )
        return b"".join(np.ascontiguousarray(part[: until.size]).tobytes() for part in parts)

    whole = columns(known_s, moments_s)
    kept = known_s[known_s <= cut]
    assert columns(kept, until) == whole
    assert columns(np.concatenate([kept, noise]), moments_s) == whole


def test_a_look_at_the_next_event_is_seen_by_that_comparison() -> None:
    known_s, at = np.array([10, 20, 30]), np.array([12, 22])
    ahead = news.counts_within(at + 10, known_s, 15)
    assert ahead[0] != news.counts_within(at + 10, known_s[:1], 15)[0]


@settings(deadline=None, max_examples=50)
@given(moments_s=moments, known_s=seconds, seed=st.integers(0, 99))
def test_embeddings_have_length_one_or_nothing_and_no_memory_of_where_they_began(
    moments_s: I64, known_s: I64, seed: int
) -> None:
    signs = np.random.default_rng(seed).integers(-20, 20, (known_s.size, 8))
    found = news.embedding(moments_s, known_s, signs, span_s=100)
    length = np.sqrt((found**2).sum(axis=1))
    assert np.all(np.isclose(length, 1.0) | (length == 0.0))
    # Running totals that began earlier give the same bits.
    earlier = np.arange(-5000, -4000)
    longer = news.embedding(
        moments_s,
        np.concatenate([earlier, known_s]),
        np.concatenate([np.full((1000, 8), 7), signs]),
        span_s=100,
    )
    assert longer.tobytes() == found.tobytes()


def test_intensity_is_one_where_news_come_evenly_and_unknown_after_nothing() -> None:
    hour = 3600
    even = np.arange(0, 40 * news.DAY_S, hour)
    at = np.array([35 * news.DAY_S])
    assert news.intensity(at, even, span_s=4 * hour, before_days=30).tolist() == [1.0]
    burst = np.sort(np.concatenate([even, np.full(8, 35 * news.DAY_S)]))
    assert news.intensity(at, burst, span_s=4 * hour, before_days=30).tolist() == [3.0]
    assert np.isnan(news.intensity(np.array([60]), np.array([50]), span_s=60, before_days=30)).all()


def test_alerts_count_from_when_they_are_known_until_they_end() -> None:
    known_s, starts_s = np.array([10, 20, 20]), np.array([10, 40, 5])
    ends_s = np.array([30, 50, news.NEVER_S])
    found = news.alerts_in_force(
        np.array([9, 10, 20, 30, 45, 50]), known_s, starts_s, ends_s, np.array([3, 2, 1], dtype=np.int8)
    )
    assert found.tolist() == [[0, 0], [1, 3], [2, 3], [1, 1], [2, 2], [1, 1]]


def test_words_are_cut_folded_and_counted_once() -> None:
    text = "Дивидендов, дивиденды!! Ещё ЕЩЕ о на https://t.me/x?дивиденд @somebody 2024 M&A profit2024profits"
    assert tokens_of(text) == {"дивиде", "еще", "profit"}
    assert tokens_of("") == frozenset()
    assert text_signs("").tolist() == [0] * 32


def test_the_projection_is_fixed_for_ever() -> None:
    # Stored numbers come from it: another seed, hash or order of bits must fail here.
    assert SEED == b"news_embedding"
    assert text_signs("дивиденды").tolist() == PINNED
    two = text_signs("buyback") + text_signs("дивиденды")
    assert text_signs("Дивиденды и buyback, buyback").tolist() == two.tolist()


PINNED = [
    -1,
    -1,
    -1,
    1,
    -1,
    -1,
    -1,
    1,
    1,
    1,
    -1,
    -1,
    -1,
    -1,
    -1,
    1,
    -1,
    -1,
    1,
    -1,
    1,
    -1,
    -1,
    1,
    -1,
    -1,
    -1,
    1,
    1,
    -1,
    1,
    1,
]


@given(text=st.text(max_size=200))
def test_any_text_has_a_bounded_projection_of_the_right_parity(text: str) -> None:
    signs, count = text_signs(text), len(tokens_of(text))
    assert np.all(np.abs(signs) <= count)
    assert np.all((signs - count) % 2 == 0)


def test_different_words_point_different_ways() -> None:
    words = [f"{a}{b}{c}" for a in "bcdfg" for b in "aeiou" for c in "klmnp"]
    rows = np.stack([text_signs(word) for word in words]).astype(np.float64)
    cosine = rows @ rows.T / 32
    apart = cosine[~np.eye(len(words), dtype=bool)]
    assert abs(apart.mean()) < 0.02  # random signs are orthogonal on average
    assert apart.std() == pytest.approx(1 / math.sqrt(32), rel=0.1)
