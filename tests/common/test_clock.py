from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from traderai.common import clock


@time_machine.travel(datetime(2024, 1, 3, 9, 0, tzinfo=UTC), tick=False)
def test_now_is_aware_and_utc():
    assert clock.now() == datetime(2024, 1, 3, 9, 0, tzinfo=UTC)
    assert clock.now().utcoffset() == timedelta(0)


@given(st.integers(min_value=0, max_value=4_000_000_000))
def test_epoch_seconds_go_there_and_back(epoch_s):
    assert clock.to_epoch_s(clock.from_epoch_s(epoch_s)) == epoch_s


def test_the_same_moment_in_moscow_is_the_same_second():
    moscow = datetime(2024, 1, 3, 10, 0, tzinfo=clock.MOSCOW)
    assert clock.to_epoch_s(moscow) == clock.to_epoch_s(datetime(2024, 1, 3, 7, 0, tzinfo=UTC))


def test_a_naive_moment_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        clock.to_epoch_s(datetime(2024, 1, 3))  # noqa: DTZ001


def test_measuring_never_goes_back():
    first = clock.monotonic_s()
    assert clock.monotonic_s() >= first
