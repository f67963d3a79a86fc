"""The session of a bar: by hand at every edge, and of every real bar."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.calendar_config import CalendarConfig, SessionRule, calendar_config, session_table
from market.contracts import Bars, Timeframe
from market.kernels.sessions import (
    EVENING,
    MAIN,
    MORNING,
    OUTSIDE,
    WEEKEND,
    auction_bars,
    moscow_offset_s,
    session_codes,
)
from market.selectors.auctions import bars_in_auction
from market.selectors.bar_arrays import moscow_dates
from traderai.common.config import parse
from traderai.common.errors import InputError

MOSCOW = ZoneInfo("Europe/Moscow")


def begins(*texts):
    return np.array(
        [int(datetime.fromisoformat(text).replace(tzinfo=MOSCOW).timestamp()) for text in texts],
        dtype=np.int64,
    )


def codes(*texts, bar_s=60):
    return session_codes(begins(*texts), session_table(), bar_s=bar_s).tolist()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2018-05-03T09:49", OUTSIDE),
        ("2018-05-03T09:50", MAIN),
        ("2018-05-03T18:49", MAIN),
        ("2018-05-03T18:50", OUTSIDE),
        ("2018-05-03T19:05", OUTSIDE),  # no evening session yet
        ("2020-06-19T19:05", OUTSIDE),
        ("2020-06-22T19:05", EVENING),
        ("2020-06-22T23:49", EVENING),
        ("2020-06-22T23:50", OUTSIDE),
        ("2021-12-03T07:00", OUTSIDE),
        ("2021-12-06T06:49", OUTSIDE),
        ("2021-12-06T06:50", MORNING),
        ("2021-12-06T09:49", MORNING),
        ("2021-12-06T09:50", MAIN),
        ("2022-02-24T07:00", MORNING),
        ("2022-02-25T07:00", OUTSIDE),
        ("2022-02-25T20:00", EVENING),
        ("2022-03-24T13:59", MAIN),
        ("2022-03-24T14:00", OUTSIDE),
        ("2022-03-31T18:40", MAIN),
        ("2022-09-09T20:00", OUTSIDE),
        ("2022-09-12T20:00", EVENING),
        ("2025-01-24T07:00", OUTSIDE),
        ("2025-01-27T07:00", MORNING),
        ("2024-04-27T10:00", MAIN),  # a working Saturday
        ("2024-04-27T20:00", EVENING),
        ("2025-02-22T12:00", OUTSIDE),
        ("2025-03-01T14:09", OUTSIDE),
        ("2025-03-01T14:10", WEEKEND),
        ("2025-03-02T09:50", WEEKEND),
        ("2025-03-02T18:59", WEEKEND),
        ("2025-03-02T19:00", OUTSIDE),
        ("2025-03-02T07:00", OUTSIDE),
        ("2026-02-23T12:00", WEEKEND),  # a holiday traded as a weekend is
        ("2026-02-23T20:00", OUTSIDE),
        ("2026-03-20T18:55", OUTSIDE),
        ("2026-03-23T18:59", MAIN),
        ("2012-05-03T09:50", MAIN),  # Moscow was at UTC+4
        ("2012-05-03T18:50", OUTSIDE),
    ],
)
def test_edges_by_hand(text, code):
    assert codes(text) == [code]


def test_longer_bars_take_the_session_that_they_begin_in_or_reach_first():
    hour, half, four = 3600, 1800, 4 * 3600
    assert codes("2022-01-10T06:00", "2022-01-10T09:00", bar_s=hour) == [MORNING, MORNING]
    assert codes("2024-01-10T09:00", "2024-01-10T18:00", "2024-01-10T19:00", bar_s=hour) == [
        MAIN,
        MAIN,
        EVENING,
    ]
    assert codes("2024-01-10T09:00", "2024-01-10T08:00", bar_s=half) == [OUTSIDE, OUTSIDE]
    assert codes("2024-01-10T09:30", bar_s=half) == [MAIN]
    assert codes("2024-01-10T08:00", "2024-01-10T16:00", "2024-01-10T20:00", bar_s=four) == [
        MAIN,
        MAIN,
        EVENING,
    ]
    assert codes("2025-03-01T14:00", bar_s=hour) == [WEEKEND]
    assert codes("2024-01-10T00:00", "2024-01-13T00:00", bar_s=86_400) == [MAIN, MAIN]
    with pytest.raises(ValueError, match="bar_s"):
        codes("2024-01-10T09:00", bar_s=0)


def slow(moment: datetime) -> int:
    """Return the session by the wall clock, read from the configuration anew."""
    wall = moment.astimezone(MOSCOW)
    day, clock = wall.date(), f"{wall:%H:%M}"
    config = calendar_config()
    weekend = day.weekday() >= 5 and day.isoformat() not in config.working_weekend_days
    weekend = weekend or day.isoformat() in config.weekend_format_days
    for rule in config.sessions:
        held = rule.first <= day <= rule.last and (rule.code == "weekend") == weekend
        if held and rule.begin <= clock < rule.end:
            return {"morning": 0, "main": 1, "evening": 2, "weekend": 3}[rule.code]
    return OUTSIDE


@given(st.datetimes(min_value=datetime(2011, 4, 1), max_value=datetime(2027, 1, 1)))  # noqa: DTZ001
def test_a_minute_equals_a_look_at_the_wall_clock(naive):
    moment = naive.replace(tzinfo=UTC, second=0, microsecond=0)
    got = session_codes(np.array([int(moment.timestamp())], dtype=np.int64), session_table())
    assert got.tolist() == [slow(moment)]


@given(st.lists(st.integers(1_300_000_000, 1_800_000_000), max_size=30), st.integers(1, 20_000))
def test_a_bar_is_judged_alone(moments, bar_s):
    array = np.array(moments, dtype=np.int64)
    whole = session_codes(array, session_table(), bar_s=bar_s)
    assert whole.dtype == np.int8
    alone = [session_codes(array[at : at + 1], session_table(), bar_s=bar_s)[0] for at in range(array.size)]
    assert whole.tolist() == alone


@given(st.integers(1_301_180_400, 2_000_000_000))
def test_moscows_offset_equals_the_time_zone_data(moment_s):
    offset = datetime.fromtimestamp(moment_s, MOSCOW).utcoffset()
    assert timedelta(seconds=int(moscow_offset_s(np.array([moment_s]))[0])) == offset


@pytest.mark.parametrize(
    ("text", "bar_s", "inside"),
    [
        ("2021-12-03T09:49", 60, False),
        ("2021-12-03T09:50", 60, True),
        ("2021-12-03T09:59", 60, True),
        ("2021-12-03T10:00", 60, False),
        ("2021-12-03T09:50", 300, True),
        ("2021-12-03T09:50", 600, True),
        ("2021-12-03T09:45", 600, False),  # begins before it
        ("2021-12-03T09:55", 600, False),  # goes on after it
        ("2021-12-03T09:50", 900, False),
        ("2021-12-03T09:00", 3600, False),
        ("2021-12-03T00:00", 86_400, False),
        ("2021-12-03T18:39", 60, False),
        ("2021-12-03T18:40", 60, True),
        ("2021-12-03T18:49", 60, True),
        ("2021-12-03T18:45", 300, True),
        ("2021-12-03T19:04", 60, True),
        ("2021-12-03T19:05", 60, False),
        ("2021-12-03T19:00", 300, True),
        ("2021-12-03T19:00", 600, False),  # half of it is trading
        ("2020-06-19T19:00", 60, False),  # no evening session yet
        ("2021-12-03T06:50", 60, False),  # no morning session yet
        ("2021-12-06T06:50", 600, True),
        ("2021-12-06T07:00", 60, False),
        ("2021-12-06T09:50", 60, False),  # what is traded in the morning goes on
        ("2022-02-25T09:50", 60, True),
        ("2022-03-24T13:40", 600, True),
        ("2022-03-24T13:50", 60, False),
        ("2022-03-24T18:40", 60, False),
        ("2024-04-27T18:40", 60, True),  # a working Saturday
        ("2025-01-24T09:50", 60, True),
        ("2025-01-27T09:50", 60, False),
        ("2025-01-27T06:50", 60, True),
        ("2025-03-02T09:59", 60, True),
        ("2025-03-02T10:00", 60, False),
        ("2025-03-02T18:45", 60, False),  # a weekend has no closing auction
        ("2026-03-20T18:45", 60, True),
        ("2026-03-23T18:45", 60, False),
        ("2026-03-23T18:54", 60, False),
        ("2026-03-23T18:55", 300, True),
        ("2026-03-23T18:50", 600, False),
        ("2026-02-23T09:50", 60, True),  # a holiday traded as a weekend is
        ("2012-05-03T09:50", 60, True),  # Moscow was at UTC+4
    ],
)
def test_auctions_by_hand(text, bar_s, inside):
    assert auction_bars(begins(text), session_table(), bar_s=bar_s).tolist() == [inside]


@pytest.mark.parametrize(("timeframe", "minutes"), [(Timeframe.M5, (0, 5)), (Timeframe.M15, ())])
def test_bars_tell_their_auctions(timeframe, minutes):
    at = begins("2024-01-10T09:50") + 60 * np.arange(0, 60, timeframe.minutes)
    zeros, n = np.zeros(at.size), at.size
    bars = Bars(
        secid="T", timeframe=timeframe, begin_s=at, open=zeros, high=zeros, low=zeros, close=zeros,
        volume_shares=zeros, turnover_rub=zeros, split_factor=zeros, dividend_rub=zeros,
        trading_day=np.zeros(n, dtype=np.int64), session=np.zeros(n, dtype=np.int8),
    )  # fmt: skip
    found = bars_in_auction(bars=bars)
    assert ((at[found] - at[0]) // 60).tolist() == list(minutes)


def test_auctions_of_bars_of_no_length_are_refused():
    with pytest.raises(ValueError, match="bar_s"):
        auction_bars(begins("2024-01-10T09:50"), session_table(), bar_s=0)


@given(st.integers(1_301_616_000, 1_798_761_600), st.sampled_from((1, 5, 10, 15)))
def test_a_bar_is_an_auction_if_each_of_its_minutes_is(moment_s, minutes):
    begin_s = moment_s // 60 * 60
    single = auction_bars(begin_s + 60 * np.arange(minutes), session_table())
    whole = auction_bars(np.array([begin_s], dtype=np.int64), session_table(), bar_s=60 * minutes)
    assert whole.tolist() == [bool(single.all())]
    in_session = session_codes(begin_s + 60 * np.arange(minutes), session_table()) != OUTSIDE
    assert np.all(in_session[single])


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("file", "minutes", "bars"), [("1m_2024", 1, 12_000), ("10m_blue_chips_2022_2024", 10, 7_000)]
)
def test_real_auctions_have_one_price(real_data, file, minutes, bars):
    import polars as pl

    rows = pl.read_parquet(real_data / "candles" / f"{file}.parquet", columns=["begin", "high", "low"])
    begin_s = rows["begin"].dt.epoch("s").to_numpy() - 3 * 3600
    one_price = (rows["high"] == rows["low"]).to_numpy()
    inside = auction_bars(begin_s, session_table(), bar_s=60 * minutes)
    assert inside.sum() > bars
    assert one_price[inside].mean() > 0.99
    # Sabotage: the same hours a bar later are trading.
    later = auction_bars(begin_s - 60 * minutes, session_table(), bar_s=60 * minutes) & ~inside
    assert one_price[later].mean() < 0.9


def test_a_table_that_cannot_hold_is_refused():
    with pytest.raises(ValueError, match="end must lie after"):
        SessionRule(code="main", begin="10:00", end="09:00")
    with pytest.raises(ValueError, match="must not lie before since"):
        SessionRule(code="main", begin="09:00", end="10:00", since="2024-01-02", until="2024-01-01")
    rules = [
        {"code": "main", "begin": "09:00", "end": "10:00", "until": "2024-01-02"},
        {"code": "main", "begin": "09:00", "end": "10:00", "since": "2024-01-02"},
    ]
    plain = {
        "sessions": rules, "auctions": [], "working_weekend_days": ["2024-04-27"], "weekend_format_days": [], "closures": [],
        "holidays": [], "yearly_holidays": [],
    }  # fmt: skip
    with pytest.raises(InputError, match="two rules hold"):
        parse(plain, CalendarConfig, where="t")
    with pytest.raises(InputError, match="Saturdays or Sundays"):
        parse(plain | {"sessions": [], "working_weekend_days": ["2024-04-26"]}, CalendarConfig, where="t")
    early = [{"code": "main", "begin": "08:50", "end": "09:10", "since": "2024-01-02"}]
    with pytest.raises(InputError, match="main 08:50 to 09:10 since 2024-01-02 must lie within"):
        parse(plain | {"sessions": rules[1:], "auctions": early}, CalendarConfig, where="t")
    closed = [{"since": "2022-03-23", "until": "2022-02-28", "reason": "x"}]
    with pytest.raises(InputError, match="until must not lie before"):
        parse(plain | {"sessions": [], "closures": closed}, CalendarConfig, where="t")


@pytest.mark.realdata
def test_no_real_bar_lies_outside_of_the_table(real_data):
    import polars as pl

    bars, seen = 0, set()
    for path in sorted((real_data / "candles").glob("*.parquet")):
        frame = pl.read_parquet(path, columns=["begin", "timeframe"])
        minutes = Timeframe.parse(frame["timeframe"][0]).minutes
        begin_s = frame["begin"].dt.epoch("s").to_numpy() - 3 * 3600
        got = session_codes(begin_s, session_table(), bar_s=60 * minutes)
        assert not (got == OUTSIDE).any(), path.name
        bars += got.size
        seen |= set(got.tolist())
    assert bars > 6_000_000
    assert seen == {MORNING, MAIN, EVENING}


@pytest.mark.realdata
def test_the_table_is_no_wider_than_the_real_bars(real_data):
    """Sabotage: with the evening or the morning left out, bars fall outside."""
    import polars as pl

    frame = pl.read_parquet(real_data / "candles" / "10m_blue_chips_2022_2024.parquet", columns=["begin"])
    begin_s = frame["begin"].dt.epoch("s").to_numpy() - 3 * 3600
    got = session_codes(begin_s, session_table(), bar_s=600)
    days = frame["begin"].dt.date().to_numpy()
    assert {str(day) for day in (days[got == MORNING].min(), days[got == MORNING].max())} == {
        "2022-01-03", "2022-02-24",
    }  # fmt: skip
    assert str(days[(got == EVENING) & (days > np.datetime64(date(2022, 3, 1)))].min()) == "2022-09-12"


@given(st.lists(st.integers(0, 2_000_000_000), min_size=1, max_size=50))
def test_dates_are_those_of_moscows_clock_summer_time_included(moments):
    zone, first = ZoneInfo("Europe/Moscow"), date(1970, 1, 1)
    summer_2005 = [int(datetime(2005, 7, 3, 20, minute, tzinfo=UTC).timestamp()) for minute in (0, 30)]
    told = moscow_dates(np.array([*moments, *summer_2005], dtype=np.int64))
    dates = [datetime.fromtimestamp(moment, zone).date() for moment in (*moments, *summer_2005)]
    assert told.tolist() == [(day - first).days for day in dates]
    assert dates[-1] == date(2005, 7, 4)
