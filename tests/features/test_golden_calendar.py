"""Every feature of the clock and the calendar equals a second implementation, and none knows tomorrow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from features.families import calendar
from features.kernels.engine import compute_columns
from features.kernels.window import window_of
from features.services.months import build_scope, month_scopes
from features.sources.calendar import CalendarSource
from market.calendar_config import calendar_config, session_table
from market.contracts import Bars, Timeframe
from market.kernels.sessions import session_codes
from market.models import CalendarDay, EconomicEvent, Session
from market.selectors.bars import bars_load
from market.selectors.instruments import instrument_get, traded_list
from tests.features.golden import frame_of
from tests.features.golden_calendar import GOLDEN, GOLDEN_JOINED, CalendarWorld, planned
from tests.features.longer import (
    assert_equal_columns,
    assert_same_bits,
    held,
    joined,
    midnight,
    real_candles,
    store,
    walk,
)
from tests.features.real import TIMEFRAMES, real_bars
from tests.features.series import random_bars
from traderai.common.clock import MOSCOW, from_epoch_s

OWN = tuple(spec for spec in calendar.FEATURES if spec.name in GOLDEN)
SPECS = tuple(spec for spec in calendar.FEATURES if spec.reads == "calendar")
NAMES = [spec.name for spec in SPECS]
SHARES = [f"S{number:02}" for number in range(11)]
LATE = datetime(2026, 1, 10, 12, tzinfo=UTC)
HALTED_ON = date(2022, 2, 24)


def days(first: str, last: str) -> list[date]:
    """Return the days of a span that were traded: one day fails, and so does what the exchange's closures say."""
    begin, end = date.fromisoformat(first), date.fromisoformat(last)
    span = [begin + timedelta(days=n) for n in range((end - begin).days + 1)]
    shut = [(one.since, one.until) for one in calendar_config().closures]
    open_days = [day for day in span if planned(day) and not any(a <= str(day) <= b for a, b in shut)]
    return [day for day in open_days if day != date(2022, 1, 20)]


def minutes_of(day: date, *, hole: bool = False) -> list[datetime]:
    """Return the begins of 10-minute bars of a day; the hole takes 100 minutes out of it."""
    found = [midnight(day) + timedelta(minutes=at) for at in range(600, 1160, 10)]
    return [one for one in found if not (hole and 11 <= (one.hour) <= 12 and one.minute < 50)]


def event(kind: str, at: str, known: str) -> None:
    EconomicEvent.objects.create(
        kind=kind,
        at=datetime.fromisoformat(at).replace(tzinfo=MOSCOW),
        known_at=datetime.fromisoformat(known).replace(tzinfo=MOSCOW),
        title_ru="x",
        title_en="x",
        source="test",
    )


def market_of_2022(*, until: str = "2022-04-29") -> None:
    """Store eleven shares around the closure of 2022, with one day without trading and a halt on another."""
    for number, secid in enumerate(SHARES):
        share = held(secid)
        begins = [
            begin
            for day in days("2022-02-16", "2022-04-01")
            if str(day) <= until
            for begin in minutes_of(day, hole=day == HALTED_ON or (number == 3 and day.day == 16))
        ]
        store(share, Timeframe.M10, walk(begins[number % 3 :], seed=number))
        if number == 0:
            daily = [midnight(day) for day in days("2021-06-01", "2022-04-29") if str(day) <= until]
            store(share, Timeframe.D1, walk(daily, seed=50))
            weeks = sorted({begin - timedelta(days=begin.weekday()) for begin in daily})
            store(share, Timeframe.W1, walk(weeks, seed=51))
    event("key_rate_meeting", "2022-02-11T13:30", "2021-12-01T00:00")
    event("key_rate_change", "2022-02-28T10:00", "2022-02-28T10:00")
    event("key_rate_meeting", "2022-03-18T13:30", "2022-02-11T13:30")
    event("key_rate_meeting", "2022-04-01T13:30", "2022-03-30T12:15")
    told(date(2022, 2, 17), "10:00", "16:00")


def told(day: date, opens: str, closes: str) -> None:
    """Store that the exchange tells other hours of a day."""
    CalendarDay.objects.create(date=day, is_open=True, trading_date=day, source="iss")
    at = [datetime.fromisoformat(f"{day}T{text}").replace(tzinfo=MOSCOW) for text in (opens, closes)]
    Session.objects.create(date=day, code="main", begins_at=at[0], ends_at=at[1], source="iss")


def world_of(timeframe: Timeframe, secid: str) -> CalendarWorld:
    loaded = bars_by_share(timeframe)
    return CalendarWorld(begins=loaded[secid], minutes=timeframe.minutes, everybody=loaded)


def bars_by_share(timeframe: Timeframe) -> dict[str, list[datetime]]:
    return {
        facts.secid: [
            from_epoch_s(at) for at in bars_load(secid=facts.secid, timeframe=timeframe, as_of=LATE).begin_s
        ]
        for facts in traded_list(timeframe=timeframe)
    }


def assert_golden(timeframe: Timeframe, secid: str, **mistaken: str) -> None:
    world = world_of(timeframe, secid)
    slow = {name: GOLDEN_JOINED[mistaken.get(name, name)](world) for name in NAMES}
    assert_equal_columns(joined(SPECS, timeframe, as_of=LATE)[secid], slow, NAMES)


def looker(timeframe: Timeframe) -> Callable[[str, str], float]:
    """Return what looks up a feature of the first share at the bar that begins at a Moscow time."""
    begins, matrix = bars_by_share(timeframe)["S00"], joined(SPECS, timeframe, as_of=LATE)["S00"]

    def look(name: str, begin: str) -> float:
        at = begins.index(datetime.fromisoformat(begin).replace(tzinfo=MOSCOW))
        return float(matrix[at, NAMES.index(name)])

    return look


def test_every_feature_has_a_second_implementation() -> None:
    assert set(GOLDEN) | set(GOLDEN_JOINED) == {spec.name for spec in calendar.FEATURES}
    assert set(GOLDEN_JOINED) == set(NAMES)


def assert_own_columns_equal(bars: Bars) -> None:
    matrix = compute_columns(window_of(bars, start=0, stop=len(bars)), OWN)
    slow = {name: GOLDEN[name](frame_of(bars)) for name in GOLDEN}
    assert_equal_columns(matrix.astype(np.float64), slow, [spec.name for spec in OWN])


def test_the_clock_and_the_sessions_of_bars_equal_their_second_implementation() -> None:
    bars = random_bars(300, seed=2)
    codes = session_codes(bars.begin_s, session_table(), bar_s=3600)
    assert np.unique(codes).size == 2
    assert_own_columns_equal(replace(bars, session=codes))


@pytest.mark.parametrize(
    ("year", "timeframe", "step_s"),
    [
        (2010, Timeframe.D1, 86_400),  # summer time
        (2012, Timeframe.D1, 86_400),  # an hour further ahead all year round
        (2012, Timeframe.W1, 7 * 86_400),
        (2012, Timeframe.H1, 3_600),
        (2014, Timeframe.D1, 86_400),
    ],
)
def test_the_clock_is_that_of_moscow_in_every_year(year: int, timeframe: Timeframe, step_s: int) -> None:
    bars = replace(random_bars(250, seed=3), timeframe=timeframe)
    first = midnight(
        date(year, 4, 5) + timedelta(days=0 if timeframe is Timeframe.D1 else 7 - date(year, 4, 5).weekday())
    )
    if timeframe is Timeframe.H1:
        begins = [first + timedelta(seconds=step_s * number) for number in range(len(bars))]
    else:  # a day begins at midnight, whatever the clocks did meanwhile
        begins = [midnight(first.date() + timedelta(seconds=step_s * number)) for number in range(len(bars))]
    bars = replace(bars, begin_s=np.array([int(one.timestamp()) for one in begins], dtype=np.int64))
    names = ["minute_sin", "minute_cos", "weekday_sin", "weekday_cos"]
    specs = [spec for spec in OWN if spec.name in names]
    matrix = compute_columns(window_of(bars, start=0, stop=len(bars)), specs)
    slow = {name: GOLDEN[name](frame_of(bars)) for name in names}
    assert_equal_columns(matrix.astype(np.float64), slow, [spec.name for spec in specs])


@pytest.mark.realdata
@pytest.mark.parametrize("timeframe", TIMEFRAMES)
def test_the_clock_and_the_sessions_of_real_bars_equal_their_second_implementation(
    real_data: Path, timeframe: str
) -> None:
    assert_own_columns_equal(real_bars(real_data, timeframe))


@pytest.mark.django_db
@pytest.mark.parametrize("timeframe", [Timeframe.M10, Timeframe.D1, Timeframe.W1])
def test_the_columns_equal_their_second_implementation(timeframe: Timeframe) -> None:
    market_of_2022()
    assert_golden(timeframe, "S00")


@pytest.mark.django_db
def test_weekend_sessions_belong_to_the_next_trading_day() -> None:
    span = [date(2025, 2, 17) + timedelta(days=n) for n in range(35)]
    traded = [day for day in span if planned(day) or day >= date(2025, 3, 1)]
    begins = [begin for day in traded for begin in minutes_of(day)]
    store(held("S00"), Timeframe.M10, walk(begins, seed=1))
    event("key_rate_meeting", "2025-03-21T13:30", "2025-01-01T00:00")
    assert_golden(Timeframe.M10, "S00")
    short = looker(Timeframe.M10)
    assert short("weekend_session", "2025-03-08T12:00") == 1.0
    assert short("weekend_session", "2025-03-10T12:00") == 0.0


@pytest.mark.django_db
@pytest.mark.realdata
@pytest.mark.parametrize("timeframe", TIMEFRAMES)
def test_the_columns_of_real_bars_equal_their_second_implementation(real_data: Path, timeframe: str) -> None:
    secid, candles = real_candles(real_data, Timeframe(timeframe))
    store(held(secid), Timeframe(timeframe), candles.take(np.arange(400 if timeframe == "1d" else 1_500)))
    event("key_rate_meeting", "2022-02-11T13:30", "2021-12-01T00:00")
    assert_golden(Timeframe(timeframe), secid)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "mistaken_for"),
    [
        ("session_frac", "day_frac"),
        ("pause_days", "closure_since_days"),
        ("cb_meeting_to_days", "cb_decision_since_days"),
    ],
)
def test_the_comparison_sees_another_feature(name: str, mistaken_for: str) -> None:
    market_of_2022()
    with pytest.raises(AssertionError, match=name):
        assert_golden(Timeframe.M10, "S00", **{name: mistaken_for})


@pytest.mark.django_db
def test_known_days_have_known_values() -> None:
    market_of_2022()
    daily, short = looker(Timeframe.D1), looker(Timeframe.M10)
    assert daily("closure_since_days", "2022-03-24") == 0.0
    assert daily("pause_days", "2022-03-24") == 27.0
    # Nobody knew on Friday that Monday would be closed.
    assert daily("month_end_days", "2022-02-25") == 1.0
    assert daily("futures_expiry_days", "2022-04-29") == 48.0  # 16 June
    assert daily("closure_since_days", "2022-01-21") == 0.0
    assert short("halt_day_min", "2022-02-24T10:50") == 0.0
    assert short("halt_day_min", "2022-02-24T11:50") == 50.0
    assert short("halt_day_min", "2022-02-24T18:00") == 100.0
    assert short("session_frac", "2022-02-17T12:50") == 0.5  # as told: 10 to 16
    assert short("cb_meeting_day", "2022-04-01T12:00") == 1.0
    assert short("cb_meeting_to_days", "2022-03-30T12:00") != 2.0
    assert short("cb_meeting_to_days", "2022-03-30T12:10") == 2.0


@pytest.mark.django_db
@pytest.mark.parametrize("timeframe", [Timeframe.M10, Timeframe.D1])
@pytest.mark.parametrize("as_of", ["2022-02-24T12:03", "2022-02-25T18:00", "2022-03-30T12:05"])
def test_what_was_known_earlier_is_a_prefix_of_the_same_bits(timeframe: Timeframe, as_of: str) -> None:
    market_of_2022()
    moment = datetime.fromisoformat(as_of).replace(tzinfo=MOSCOW)
    whole, early = joined(SPECS, timeframe, as_of=LATE), joined(SPECS, timeframe, as_of=moment)
    for secid, values in early.items():
        assert_same_bits(values, whole[secid][: len(values)], NAMES)


@pytest.mark.django_db
def test_what_comes_later_changes_nothing_before_it() -> None:
    market_of_2022(until="2022-02-25")
    before = joined(SPECS, Timeframe.M10)
    share = held("LATE")
    store(
        share,
        Timeframe.M10,
        walk([at for day in days("2022-03-24", "2022-04-01") for at in minutes_of(day)], seed=9),
    )
    store(share, Timeframe.D1, walk([midnight(day) for day in days("2022-03-24", "2022-04-29")], seed=9))
    event("key_rate_meeting", "2022-04-29T13:30", "2022-03-18T15:00")
    event("key_rate_change", "2022-04-08T13:30", "2022-04-08T13:30")
    told(date(2022, 3, 24), "10:00", "14:00")
    CalendarDay.objects.create(date=date(2022, 2, 28), is_open=False, reason="Closed", source="iss")
    after = joined(SPECS, Timeframe.M10)
    for secid, values in before.items():
        assert_same_bits(after[secid][: len(values)], values, NAMES)


@pytest.mark.django_db
def test_a_meeting_told_before_it_was_known_is_seen() -> None:
    market_of_2022()
    before = joined(SPECS, Timeframe.M10)["S00"]
    EconomicEvent.objects.filter(at__year=2022, at__month=4).update(known_at=datetime(2022, 2, 1, tzinfo=UTC))
    with pytest.raises(AssertionError, match="cb_meeting_to_days"):
        assert_same_bits(joined(SPECS, Timeframe.M10)["S00"], before, NAMES)


@pytest.mark.django_db
@pytest.mark.parametrize("timeframe", [Timeframe.M10, Timeframe.D1])
def test_a_month_is_the_same_in_a_longer_build(timeframe: Timeframe) -> None:
    market_of_2022()
    whole = joined(SPECS, timeframe, as_of=LATE)
    late = joined(SPECS, timeframe, since=datetime(2022, 3, 5, tzinfo=UTC))
    for secid, values in late.items():
        assert 0 < len(values) < len(whole[secid])
        assert_same_bits(values, whole[secid][-len(values) :], NAMES)


@pytest.mark.django_db
def test_simulated_shares_have_the_days_of_their_own_market() -> None:
    market_of_2022()
    traded = [midnight(day) for day in days("2022-02-01", "2022-04-29")] + [midnight(date(2022, 3, 7))]
    store(held("SIMU", is_simulated=True), Timeframe.D1, walk(sorted(traded), seed=3))

    built = build_scope(
        universe=(instrument_get(secid="SIMU"),), timeframe=Timeframe.D1, since=None, as_of=LATE
    )
    assert built is not None
    source = CalendarSource(built[0], SPECS)
    months = month_scopes(*built, warmup_bars=0, failed={})
    values = np.concatenate([source.month_columns(month)["SIMU"] for month in months])
    pause = values[:, NAMES.index("pause_days")]
    assert pause[sorted(traded).index(midnight(date(2022, 3, 24)))] == 17.0
