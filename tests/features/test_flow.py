"""What must hold of the gathering of spans whatever they are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.kernels import flow


@given(
    spans=st.lists(st.integers(0, 60), unique=True, max_size=40), bar=st.sampled_from([300, 600, 900, 3_600])
)
def test_every_span_of_a_bar_lies_inside_it(spans: list[int], bar: int) -> None:
    begin_s = np.array(sorted(spans), dtype=np.int64) * 300
    bar_begin_s = np.arange(0, 18_000, bar)
    ranges = flow.spans_in_bars(begin_s, bar_begin_s, span_s=300, bar_s=bar)
    for t, at in enumerate(bar_begin_s):
        inside = [one for one in begin_s.tolist() if at <= one and one + 300 <= at + bar]
        assert begin_s[ranges.first[t] : ranges.stop[t]].tolist() == inside


def test_a_minute_holds_no_span() -> None:
    begin_s = np.arange(10) * 300
    ranges = flow.spans_in_bars(begin_s, np.arange(50) * 60, span_s=300, bar_s=60)
    assert (ranges.first == ranges.stop).all()


@given(st.lists(st.one_of(st.just(np.nan), st.floats(0.0, 1e6)), min_size=1, max_size=30))
def test_a_value_over_the_mean_before_it(values: list[float]) -> None:
    out = flow.over_mean_before(np.array(values), window=5, least=2)
    for t, value in enumerate(values):
        known = [one for one in values[max(0, t - 5) : t] if not np.isnan(one)]
        if np.isnan(value) or len(known) < 2 or sum(known) == 0:
            assert np.isnan(out[t])
        else:
            assert out[t] == pytest.approx(value / (sum(known) / len(known)), rel=1e-9)


def test_an_unknown_span_makes_its_bar_unknown() -> None:
    ranges = flow.SpanRanges(first=np.array([0, 2, 4]), stop=np.array([2, 4, 4]))
    np.testing.assert_array_equal(
        flow.bar_sums(np.array([1.0, 2.0, np.nan, 4.0]), ranges), [3.0, np.nan, np.nan]
    )
    np.testing.assert_array_equal(flow.bar_means(np.array([1.0, 2.0, 3.0, 4.0]), ranges), [1.5, 3.5, np.nan])
    trailing = flow.trailing_sums(np.array([1.0, 2.0, 3.0, 4.0]), ranges, spans=3)
    np.testing.assert_array_equal(trailing, [np.nan, 9.0, np.nan])


def test_what_cannot_be_computed_is_refused() -> None:
    ranges = flow.SpanRanges(first=np.array([0]), stop=np.array([1]))
    with pytest.raises(ValueError, match="spans must be at least 1, was 0"):
        flow.trailing_sums(np.ones(1), ranges, spans=0)
    with pytest.raises(ValueError, match="least must be within 1 to 5, was 6"):
        flow.over_mean_before(np.ones(3), window=5, least=6)
