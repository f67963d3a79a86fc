from __future__ import annotations

import math
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.kernels.bar_comparison import WHY, compare_bars
from market.kernels.resampling import BarArrays, bucket_begins, bucket_ends, in_shares_of, resample
from market.kernels.sessions import EVENING, MAIN, MORNING, OUTSIDE, WEEKEND

DAY_S = 86_400
LENGTHS = (5, 10, 15, 30, 60, 240, 1440, 10_080)
NAMES = ("open", "high", "low", "close", "volume_shares", "value_rub")


def wall(text):
    return int((datetime.fromisoformat(text) - datetime(1970, 1, 1)).total_seconds())  # noqa: DTZ001


def told(wall_s):
    return f"{datetime(1970, 1, 1) + timedelta(seconds=int(wall_s)):%Y-%m-%d %H:%M}"  # noqa: DTZ001


def session_of(moment):
    """Return a session by the clock, here simpler than the exchange's: auctions lie outside."""
    minute = moment // 60 % 1440
    if weekday(moment) >= 5:
        return WEEKEND
    for code, first, end in ((MORNING, 410, 590), (MAIN, 600, 1130), (EVENING, 1145, 1430)):
        if first <= minute < end:
            return code
    return OUTSIDE


def weekday(moment):
    return (datetime(1970, 1, 1) + timedelta(seconds=int(moment))).weekday()  # noqa: DTZ001


def trading_day_of(moment):
    """Return the trading day: Saturday and Sunday belong to Monday."""
    return moment // DAY_S + {5: 2, 6: 1}.get(weekday(moment), 0)


@st.composite
def bar_lists(draw):
    first = wall("2025-03-05") + DAY_S * draw(st.integers(0, 9))
    minutes = draw(st.lists(st.integers(0, 9 * 1440 - 1), min_size=1, max_size=60, unique=True))
    rows = []
    for minute in sorted(minutes):
        low, high = sorted(draw(st.tuples(st.integers(1, 400), st.integers(1, 400))))
        opened, close = (draw(st.integers(low, high)) for _ in range(2))
        value = draw(st.one_of(st.none(), st.integers(0, 10**10)))
        rows.append(
            (first + 60 * minute, opened / 4, high / 4, low / 4, close / 4, float(draw(st.integers(0, 10**9))),
             math.nan if value is None else value / 100)
        )  # fmt: skip
    return rows


def by_kernel(rows, minutes):
    table = np.array(rows, dtype=np.float64).reshape(-1, 7)
    wall_s = table[:, 0].astype(np.int64)
    begins = bucket_begins(
        wall_s,
        np.array([trading_day_of(moment) for moment in wall_s.tolist()], dtype=np.int64),
        np.array([session_of(moment) for moment in wall_s.tolist()], dtype=np.int8),
        minutes=minutes,
    )
    made_s, made = resample(begins, BarArrays(**{name: table[:, at + 1] for at, name in enumerate(NAMES)}))
    return {
        int(begin): tuple(float(getattr(made, name)[at]) for name in NAMES) for at, begin in enumerate(made_s)
    }


def slow_begin(moment, bucket_rows, minutes):
    """Say by dates and clock times where a bar belongs."""
    at = datetime(1970, 1, 1) + timedelta(seconds=moment)  # noqa: DTZ001
    midnight = at.replace(hour=0, minute=0)
    if minutes == 10_080:
        monday = midnight + timedelta(days=trading_day_of(moment) - moment // DAY_S)
        begin = monday - timedelta(days=monday.weekday())
    elif minutes == 1440:
        begin = midnight
    elif minutes == 240:
        begin = at.replace(hour=at.hour // 4 * 4, minute=0)
        part = [row[0] for row in bucket_rows]
        sessions = [session_of(other) for other in part]
        for i, session in enumerate(sessions):
            if session == OUTSIDE:
                later = [s for s in sessions[i:] if s != OUTSIDE]
                sooner = [s for s in sessions[:i] if s != OUTSIDE]
                sessions[i] = later[0] if later else sooner[-1] if sooner else OUTSIDE
        i = part.index(moment)
        while i and sessions[i - 1] == sessions[part.index(moment)]:
            i -= 1
        if i:
            first = datetime(1970, 1, 1) + timedelta(seconds=part[i])  # noqa: DTZ001
            begin = first.replace(minute=0)
    else:
        begin = at.replace(minute=at.minute // minutes * minutes)
    return wall(begin.isoformat())


def by_hand(rows, minutes):
    found = {}
    for row in rows:
        four_hours = [other for other in rows if other[0] // 14_400 == row[0] // 14_400]
        found.setdefault(slow_begin(row[0], four_hours, minutes), []).append(row)
    made = {}
    for begin, parts in found.items():
        values = [part[6] for part in parts]
        made[begin] = (
            parts[0][1],
            max(part[2] for part in parts),
            min(part[3] for part in parts),
            parts[-1][4],
            sum(part[5] for part in parts),
            math.nan if any(math.isnan(value) for value in values) else round(math.fsum(values), 4),
        )
    return made


@settings(deadline=None, max_examples=60)
@given(rows=bar_lists(), minutes=st.sampled_from(LENGTHS))
def test_equal_to_a_slow_second_way(rows, minutes):
    fast, slow = by_kernel(rows, minutes), by_hand(rows, minutes)
    assert list(fast) == sorted(slow)
    for begin, bar in fast.items():
        assert bar[:5] == slow[begin][:5]
        assert math.isnan(bar[5]) == math.isnan(slow[begin][5])
        assert math.isnan(bar[5]) or bar[5] == pytest.approx(slow[begin][5], abs=1e-4)


@settings(deadline=None, max_examples=60)
@given(rows=bar_lists(), minutes=st.sampled_from(LENGTHS), data=st.data())
def test_a_bucket_that_has_ended_never_changes(rows, minutes, data):
    cut = data.draw(st.integers(rows[0][0], rows[-1][0] + 60))
    whole = by_kernel(rows, minutes)
    seen = [row for row in rows if row[0] < cut]
    before = by_kernel(seen, minutes) if seen else {}
    ended = {
        begin: bar
        for begin, bar in whole.items()
        if bucket_ends(np.array([begin]), minutes=minutes)[0] <= cut
    }
    told_then = {begin: before[begin] for begin in ended}
    assert repr(told_then) == repr(ended)


@settings(deadline=None, max_examples=40)
@given(rows=bar_lists(), minutes=st.sampled_from(LENGTHS))
def test_no_bucket_mixes_days_and_volume_is_neither_lost_nor_made(rows, minutes):
    made = by_kernel(rows, minutes)
    assert sum(bar[4] for bar in made.values()) == sum(row[5] for row in rows)
    wall_s = np.array([row[0] for row in rows])
    begins = bucket_begins(
        wall_s,
        np.array([trading_day_of(moment) for moment in wall_s.tolist()]),
        np.array([session_of(moment) for moment in wall_s.tolist()], dtype=np.int8),
        minutes=minutes,
    )
    if minutes < 10_080:
        assert (begins // DAY_S == wall_s // DAY_S).all()
        assert (begins <= wall_s).all()
        assert (wall_s < bucket_ends(begins, minutes=minutes)).all()
    else:
        assert all(weekday(begin) == 0 for begin in begins.tolist())


def test_four_hours_are_cut_where_the_session_changes():
    moments = ["06:00", "07:00", "08:00", "09:00", "10:00", "11:00", "15:00", "16:00", "18:00", "19:00", "20:00", "23:00"]  # fmt: skip
    sessions = [0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2]
    begins = bucket_begins(
        np.array([wall(f"2025-03-05 {moment}") for moment in moments]),
        np.full(12, wall("2025-03-05") // DAY_S),
        np.array(sessions, dtype=np.int8),
        minutes=240,
    )
    assert [told(begin)[-5:] for begin in begins] == [
        "04:00", "04:00", "08:00", "08:00", "10:00", "10:00", "12:00", "16:00", "16:00", "19:00", "20:00", "20:00",
    ]  # fmt: skip
    assert [told(end)[-5:] for end in bucket_ends(begins, minutes=240)] == [
        "08:00", "08:00", "12:00", "12:00", "12:00", "12:00", "16:00", "20:00", "20:00", "20:00", "00:00", "00:00",
    ]  # fmt: skip


def test_an_auction_between_sessions_goes_with_the_one_that_follows():
    moments = ["08:00", "09:50", "10:00"]
    cut = bucket_begins(
        np.array([wall(f"2025-03-05 {moment}") for moment in moments]),
        np.full(3, wall("2025-03-05") // DAY_S),
        np.array([MORNING, OUTSIDE, MAIN], dtype=np.int8),
        minutes=240,
    )
    assert [told(begin)[-5:] for begin in cut] == ["08:00", "09:00", "09:00"]


def test_a_weekend_belongs_to_the_week_of_its_trading_day():
    days = ["2024-12-28", "2025-02-28", "2025-03-01", "2025-03-02", "2025-03-03", "2025-03-07"]
    trading = ["2024-12-28", "2025-02-28", "2025-03-03", "2025-03-03", "2025-03-03", "2025-03-07"]
    weeks = bucket_begins(
        np.array([wall(day) + 36_000 for day in days]),
        np.array([wall(day) // DAY_S for day in trading]),
        np.zeros(6, dtype=np.int8),
        minutes=10_080,
    )
    # The working Saturday of 2024-12-28 belongs to its own week.
    assert [told(week)[:10] for week in weeks] == [
        "2024-12-23", "2025-02-24", "2025-03-03", "2025-03-03", "2025-03-03", "2025-03-03",
    ]  # fmt: skip


def test_values_add_up_to_what_the_exchange_would_tell():
    # 0.1 + 0.2 is not 0.3 in binary; the exchange's own bar says 0.3.
    bars = BarArrays(
        **{name: np.ones(2) for name in NAMES[:4]}, volume_shares=np.ones(2), value_rub=np.array([0.1, 0.2])
    )
    assert resample(np.zeros(2, dtype=np.int64), bars)[1].value_rub.tolist() == [0.3]


def test_a_split_turns_prices_and_volumes_and_leaves_the_rest_alone():
    bars = BarArrays(
        open=np.array([15_054.0, 152.96]),
        high=np.array([15_100.0, 153.0]),
        low=np.array([15_000.0, 150.0]),
        close=np.array([15_054.0, 151.0]),
        volume_shares=np.array([10.0, 2000.0]),
        value_rub=np.array([150_540.0, np.nan]),
    )
    turned = in_shares_of(bars, np.array([1.0, 100.0]))
    assert turned.open.tolist() == [15_054.0, 15_296.0]
    assert turned.volume_shares.tolist() == [10.0, 20.0]
    assert turned.value_rub[0] == 150_540.0
    with pytest.raises(ValueError, match="factor must be positive"):
        in_shares_of(bars, np.array([1.0, 0.0]))


def test_wrong_input_is_refused():
    none = np.zeros(0, dtype=np.int64)
    with pytest.raises(ValueError, match="minutes must be one of"):
        bucket_begins(none, none, none.astype(np.int8), minutes=7)
    bars = BarArrays(**{name: np.ones(2) for name in NAMES})
    with pytest.raises(ValueError, match="oldest first"):
        resample(np.array([5, 4]), bars)
    with pytest.raises(ValueError, match="close must be numbers"):
        resample(
            np.array([4, 5]),
            BarArrays(**{name: np.array([1.0, np.nan if name == "close" else 1.0]) for name in NAMES}),
        )
    empty = BarArrays(**{name: np.zeros(0) for name in NAMES})
    assert resample(none, empty)[0].size == 0
    for minutes in LENGTHS:
        assert bucket_begins(none, none, none.astype(np.int8), minutes=minutes).size == 0


def flat(prices, volumes):
    price = np.array(prices, dtype=np.float64)
    return BarArrays(
        open=price, high=price, low=price, close=price,
        volume_shares=np.array(volumes, dtype=np.float64), value_rub=np.full(price.size, np.nan),
    )  # fmt: skip


def test_differences_are_called_by_what_they_show():
    begins = np.arange(7) * 600
    made = flat([10, 20, 30, 40, 50, 60, 700], [5, 5, 5, 5, 0, 5, 5])
    alone = flat([10, 20, 30, 40, 50, 61, 7], [5, 6, 6, 4, 9, 5, 5])
    found = compare_bars(made_s=begins, made=made, lacks=np.array([0, 0, 2, 0, 0, 2, 0], dtype=np.int8), alone_s=begins,
                         alone=alone)  # fmt: skip
    assert [WHY[code] for code in found.why] == [
        "equal", "shares_missing", "finer_bar_missing", "shares_added", "volume_unknown", "prices_only",
        "in_other_shares",
    ]  # fmt: skip
    assert found.days == 1


def test_only_days_that_both_have_are_compared():
    made_s, alone_s = np.array([0, 600, DAY_S]), np.array([600, 1200, 2 * DAY_S])
    found = compare_bars(
        made_s, flat([1, 2, 3], [1, 1, 1]), np.zeros(3, dtype=np.int8), alone_s, flat([2, 3, 4], [1, 1, 1])
    )
    assert (found.wall_s.tolist(), found.only_made_s.tolist(), found.only_alone_s.tolist()) == (
        [600],
        [0],
        [1200],
    )
    assert found.why.tolist() == [0]
