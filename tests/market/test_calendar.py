"""The exchange's calendar: rules, the exchange's word, what candles show, and horizons in trading days."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from market.calendar_config import calendar_rules
from market.contracts import SIMULATOR_ORIGIN, Timeframe
from market.kernels.calendar import CalendarRules, day_by_rule, next_regular_day
from market.models import CalendarDay, CorporateAction, Session, TradingDay
from market.selectors.bars import bars_load
from market.selectors.calendar import (
    calendar_days,
    is_trading,
    sessions_of,
    trading_date_of,
    trading_day_after,
    trading_days,
)
from market.services.calendar_write import calendar_build, calendar_write
from market.services.candle_write import candles_write
from market.sources.records import CalendarRecord, RecordPage
from tests.market import make
from traderai.common.errors import InputError

pytestmark = pytest.mark.django_db
D = date.fromisoformat


def days(since, until):
    return {facts.day: facts for facts in calendar_days(since=D(since), until=D(until))}


def seen(*texts, simulated=False):
    for text in texts:
        TradingDay.objects.create(
            date=D(text), trading_date=D(text), is_real=not simulated, is_simulated=simulated
        )


def told(day, is_open=True, trading_date=None, reason="", sessions=()):
    return CalendarRecord(
        day=D(day),
        is_open=is_open,
        trading_date=(D(trading_date) if trading_date else D(day)) if is_open else None,
        reason=reason,
        source="iss",
        sessions=sessions,
    )


def write(*records):
    return calendar_write(page=RecordPage(place="calendars.json", records=records))


@pytest.mark.parametrize(
    ("day", "is_open", "trading_date", "reason"),
    [
        ("2024-04-26", True, "2024-04-26", ""),
        ("2024-04-27", True, "2024-04-27", "Working weekend day"),
        ("2024-04-28", False, None, "Weekend"),
        ("2024-11-02", True, "2024-11-02", "Working weekend day"),
        ("2024-12-28", True, "2024-12-28", "Working weekend day"),
        ("2024-11-04", False, None, "Public holiday"),
        ("2022-02-28", False, None, "The exchange was closed by order of the Bank of Russia"),
        ("2022-03-23", False, None, "The exchange was closed by order of the Bank of Russia"),
        ("2022-03-24", True, "2022-03-24", ""),
        ("2025-02-22", False, None, "Weekend"),
        ("2025-03-01", True, "2025-03-03", "Weekend session"),
        ("2025-03-02", True, "2025-03-03", "Weekend session"),
        ("2025-03-03", True, "2025-03-03", ""),
        (
            "2026-02-21",
            True,
            "2026-02-24",
            "Weekend session",
        ),  # Saturday to Monday's holiday: one trading day
        ("2026-02-23", True, "2026-02-24", "Weekend session"),
        ("2026-05-09", False, None, "Public holiday"),
        ("2031-01-07", False, None, "Public holiday"),  # no list of that year: the yearly ones
        ("2024-01-08", True, "2024-01-08", ""),
    ],
)
def test_rules_by_hand(day, is_open, trading_date, reason):
    found = day_by_rule(D(day), calendar_rules())
    assert (found.is_open, found.trading_date and found.trading_date.isoformat(), found.reason) == (
        is_open, trading_date, reason,
    )  # fmt: skip


@given(st.dates(date(2010, 1, 1), date(2040, 1, 1)))
def test_a_trading_day_belongs_to_itself_and_follows(day):
    found = day_by_rule(day, calendar_rules())
    if found.trading_date is not None:
        own = day_by_rule(found.trading_date, calendar_rules())
        assert own.is_open and own.trading_date == own.day >= day
    assert next_regular_day(day, calendar_rules()) > day


def test_rules_without_an_end_are_refused():
    endless = {date(2024, 1, 1) + timedelta(days=ahead): "x" for ahead in range(100)}
    rules = CalendarRules(
        working_weekend_days=frozenset(),
        weekend_format_days=frozenset(),
        closed=endless,
        yearly_holidays=frozenset(),
        listed_years=frozenset({2024}),
    )
    with pytest.raises(ValueError, match="within"):
        next_regular_day(D("2024-01-01"), rules)


def test_candles_go_before_the_exchange_and_that_before_the_rules():
    seen("2024-04-24", "2024-04-26", "2024-04-28")  # a Sunday that rules call closed; nothing on Thursday
    seen("2024-04-25", simulated=True)
    assert write(told("2024-06-03", is_open=False, reason="Moved"), told("2024-05-09")).new == 2
    found = days("2024-04-24", "2024-06-04")
    assert (found[D("2024-04-28")].is_open, found[D("2024-04-28")].source) == (True, "candles")
    assert (found[D("2024-04-25")].is_open, found[D("2024-04-25")].reason) == (False, "No trading was seen")
    assert (found[D("2024-05-09")].is_open, found[D("2024-05-09")].source) == (True, "iss")
    assert (found[D("2024-06-03")].is_open, found[D("2024-06-03")].reason) == (False, "Moved")
    # Far from any candle the rules hold: nobody loaded that span.
    assert (found[D("2024-05-20")].is_open, found[D("2024-05-20")].source) == (True, "rules")


def test_build_stores_what_is_known_and_repeating_changes_nothing():
    seen("2024-04-26")
    write(told("2024-04-30", is_open=False, reason="Told"))
    report = calendar_build(since=D("2024-04-25"), until=D("2024-05-03"))
    assert (report.new, report.changed, report.unchanged) == (7, 0, 1)
    stored = {row.date: row for row in CalendarDay.objects.all()}
    assert len(stored) == 8
    assert stored[D("2024-04-27")].is_open and not stored[D("2024-04-28")].is_open
    assert (stored[D("2024-04-30")].source, stored[D("2024-05-01")].reason) == ("iss", "Public holiday")
    assert list(Session.objects.filter(date=D("2024-04-26")).values_list("code", flat=True)) == [
        "main",
        "evening",
    ]
    again = calendar_build(since=D("2024-04-25"), until=D("2024-05-03"))
    assert (again.new, again.changed, again.unchanged) == (0, 0, 8)
    with pytest.raises(InputError, match="until"):
        calendar_build(since=D("2024-05-03"), until=D("2024-05-03"))


def test_a_day_that_turns_out_closed_loses_its_sessions():
    calendar_build(since=D("2024-04-25"), until=D("2024-04-26"))
    assert Session.objects.count() == 2
    seen("2024-04-24", "2024-04-26")
    assert calendar_build(since=D("2024-04-25"), until=D("2024-04-26")).changed == 1
    assert not Session.objects.exists()


def test_the_exchange_cannot_close_a_day_on_which_candles_show_trading():
    seen("2024-04-26")
    report = write(
        told("2024-04-26", is_open=False),
        CalendarRecord(day=D("2024-04-29"), is_open=True, trading_date=None, reason="", source="iss"),
        CalendarRecord(
            day=D("2024-04-29"), is_open=False, trading_date=D("2024-04-29"), reason="", source="iss"
        ),
        told("2024-04-29", trading_date="2024-04-26"),
        told("2024-04-29", sessions=(("night", make.moscow("2024-04-29"), make.moscow("2024-04-30")),)),
        told("2024-04-29", sessions=(("main", make.moscow("2024-04-29"), make.moscow("2024-04-29")),)),
    )
    assert [row.reason for row in report.rejected] == [
        "traded_on_closed_day", "open_without_trading_date", "closed_with_trading_date",
        "trading_date_before_day", "bad_sessions", "bad_sessions",
    ]  # fmt: skip
    assert not CalendarDay.objects.exists()
    report = write(told("2024-04-29"), told("2024-04-29", is_open=False))
    assert (report.new, [row.reason for row in report.rejected]) == (1, ["told_twice"])
    assert CalendarDay.objects.get().is_open


def test_the_exchanges_own_sessions_are_kept():
    spans = (("main", make.moscow("2024-04-29T10:00"), make.moscow("2024-04-29T15:00")),)
    assert write(told("2024-04-29", sessions=spans)).new == 1
    assert write(told("2024-04-29", sessions=spans)).unchanged == 1
    calendar_build(since=D("2024-04-29"), until=D("2024-04-30"))
    assert [(one.code, one.begins_at, one.ends_at) for one in sessions_of(day=D("2024-04-29"))] == list(spans)
    assert is_trading(at=make.moscow("2024-04-29T14:59"))
    assert not is_trading(at=make.moscow("2024-04-29T15:00"))


def test_sessions_by_rule():
    assert [one.code for one in sessions_of(day=D("2025-03-03"))] == ["morning", "main", "evening"]
    assert [one.code for one in sessions_of(day=D("2025-03-02"))] == ["weekend"]
    assert sessions_of(day=D("2025-01-01")) == ()
    assert is_trading(at=make.moscow("2024-04-27T23:49"))
    assert not is_trading(at=make.moscow("2024-04-27T23:50"))
    assert not is_trading(at=make.moscow("2024-04-28T12:00"))


def test_horizons_are_trading_days():
    assert trading_day_after(day=D("2024-04-26"), n=1) == D("2024-04-27")
    assert trading_day_after(day=D("2024-04-26"), n=3) == D("2024-04-30")
    assert trading_day_after(day=D("2024-04-28"), n=1) == D("2024-04-29")  # from a closed Sunday
    assert trading_day_after(day=D("2024-04-28"), n=0) == D("2024-04-27")
    assert trading_day_after(day=D("2025-03-07"), n=1) == D("2025-03-10")
    assert trading_day_after(day=D("2025-03-08"), n=1) == D("2025-03-11")  # Saturday is Monday's already
    assert trading_day_after(day=D("2025-03-08"), n=0) == D("2025-03-10")
    assert trading_date_of(day=D("2025-03-08")) == D("2025-03-10")
    assert trading_date_of(day=D("2024-05-01")) == D("2024-05-02")
    assert trading_days(since=D("2025-03-07"), until=D("2025-03-12")) == (
        D("2025-03-07"), D("2025-03-10"), D("2025-03-11"),
    )  # fmt: skip
    assert trading_day_after(day=D("2022-02-25"), n=1) == D("2022-03-24")
    with pytest.raises(InputError, match="n must be at least 0"):
        trading_day_after(day=D("2022-02-25"), n=-1)


@given(st.dates(date(2024, 1, 1), date(2027, 1, 1)), st.integers(0, 30), st.integers(0, 30))
def test_horizons_add_up(day, one, other):
    rules = calendar_rules()

    def after(start, n):
        while n:
            start, n = next_regular_day(start, rules), n - 1
        return start

    base = after(day, 1)
    assert after(after(base, one), other) == after(base, one + other)


def test_a_horizon_equals_walking_the_rules():
    day = D("2025-11-03")
    for n in range(1, 60):
        expected = D("2025-11-03")
        for _ in range(n):
            expected = next_regular_day(expected, calendar_rules())
        assert trading_day_after(day=day, n=n) == expected


def test_weekends_before_a_holiday_belong_behind_it():
    facts = make.instrument()
    for day in ("2026-02-20", "2026-02-21", "2026-02-23", "2026-02-24"):
        make.write(facts, make.columns(make.hours(day)))
    calendar_build(since=D("2026-02-01"), until=D("2026-03-01"))
    bars = bars_load(secid="TEST", timeframe=Timeframe.H1, as_of=make.moscow("2026-03-01"))
    assert (bars.trading_day - bars.trading_day[0]).tolist() == [0] * 3 + [1] * 9


def test_an_index_has_bars_on_days_without_trading_in_shares():
    share, index = make.instrument(), make.instrument("RVI", kind="index")
    for day in ("2022-02-22", "2022-02-25", "2022-03-24"):
        make.write(share, make.columns(make.hours(day)))
    texts = ("2022-02-22", "2022-02-23", "2022-03-09", "2022-03-24", "2022-03-25")
    candles_write(
        instrument_id=index.id,
        timeframe=Timeframe.D1,
        columns=make.columns([make.moscow(text) for text in texts]),
        origin=make.FILE,
        board="RTSI",
        marks_trading_days=False,
    )
    assert not TradingDay.objects.filter(date=D("2022-03-09")).exists()
    whole = bars_load(secid="RVI", timeframe=Timeframe.D1, as_of=make.moscow("2022-04-01"))
    assert whole.trading_day.tolist() == [0, 1, 2, 2, 3]
    for stop in range(1, 6):
        part = bars_load(
            secid="RVI", timeframe=Timeframe.D1, as_of=make.moscow(texts[stop - 1]) + timedelta(days=1)
        )
        assert np.array_equal(part.trading_day, whole.trading_day[:stop])


def test_an_action_without_its_figure_is_refused():
    common = {
        "instrument_id": make.instrument().id, "ex_date": D("2024-04-08"), "source": "t",
        "known_at": make.moscow("2024-04-08"),
    }  # fmt: skip
    for kind in ("split", "dividend"):
        refused(
            "market_corporateaction_has_its_figure",
            lambda kind=kind: CorporateAction.objects.create(kind=kind, **common),
        )


def refused(name, make_it):
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        make_it()


def test_the_tables_keep_their_promises():
    row = {"source": "t"}
    for values in (
        {"is_open": True, "trading_date": None},
        {"is_open": True, "trading_date": D("2024-04-25")},
        {"is_open": False, "trading_date": D("2024-04-26")},
    ):
        refused(
            "market_calendarday_trading_date",
            lambda values=values: CalendarDay.objects.create(date=D("2024-04-26"), **row, **values),
        )
    start, end = make.moscow("2024-04-26T10:00"), make.moscow("2024-04-26T12:00")
    good = {"date": D("2024-04-26"), "code": "main", "begins_at": start, "ends_at": end, **row}
    Session.objects.create(**good)
    refused("market_session_once", lambda: Session.objects.create(**good))
    refused(
        "market_session_span", lambda: Session.objects.create(**good | {"code": "evening", "ends_at": start})
    )
    refused("market_session_code_known", lambda: Session.objects.create(**good | {"code": "night"}))


@pytest.mark.realdata
def test_the_rules_know_every_day_of_the_real_candles(real_data):
    """Every weekday without a share traded since 2013 is closed by rule, every day with trading is open."""
    import polars as pl

    frame = pl.read_parquet(real_data / "daily" / "1d_as_traded_2000_2024.parquet", columns=["date", "board"])
    traded = set(frame.filter(pl.col("board") != "SMAL")["date"].to_list())
    day, wrong = D("2013-01-01"), []
    while day <= max(traded):
        if day_by_rule(day, calendar_rules()).is_open != (day in traded):
            wrong.append(day.isoformat())
        day += timedelta(days=1)
    assert wrong == []
    assert not [one for one in traded if D("2022-02-28") <= one <= D("2022-03-23")]


def test_days_are_marked_by_the_exchanges_word_and_the_rules_as_soon_as_candles_show_them():
    facts = make.instrument()
    CalendarDay.objects.create(
        date=D("2026-08-01"), is_open=True, trading_date=D("2026-08-04"), reason="", source="iss"
    )
    expected = {
        "2024-04-27": "2024-04-27",  # a working Saturday
        "2025-11-01": "2025-11-01",  # another one, since there are weekend sessions
        "2026-02-21": "2026-02-24",  # before a holiday that is traded as a weekend is
        "2026-02-23": "2026-02-24",
        "2026-02-24": "2026-02-24",
        "2026-05-10": "2026-05-12",  # before a closed Monday
        "2026-07-04": "2026-07-06",
        "2026-08-01": "2026-08-04",  # the exchange says so
        "2026-12-31": "2026-12-31",  # closed by the rules, traded all the same
    }
    for day in expected:
        make.write(facts, make.columns(make.hours(day)))
    assert {str(row.date): str(row.trading_date) for row in TradingDay.objects.all()} == expected


def test_a_simulated_days_trading_day_gives_way_to_the_real_one():
    simulated, real = make.instrument("SIM01", is_simulated=True), make.instrument()
    for facts, origin in ((simulated, SIMULATOR_ORIGIN), (real, make.FILE), (simulated, SIMULATOR_ORIGIN)):
        make.write(facts, make.columns(make.hours("2026-02-23")), origin)
    row = TradingDay.objects.get()
    assert (row.trading_date, row.is_real, row.is_simulated) == (D("2026-02-24"), True, True)


def test_a_week_marks_no_day():
    facts = make.instrument()
    candles_write(
        instrument_id=facts.id,
        timeframe=Timeframe.W1,
        columns=make.columns([make.moscow("2024-01-01")]),  # a holiday
        origin=make.FILE,
    )
    assert not TradingDay.objects.exists()
