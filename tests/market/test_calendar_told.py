"""What is read of the calendar at once is what is read day by day, and nothing of later days."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from market.models import CalendarDay, EconomicEvent, Session, TradeStatistic, TradingDay
from market.selectors.calendar import sessions_of
from market.selectors.calendar_told import event_moments, hours_told, traded_dates
from market.selectors.flow_shares import flow_secids
from market.services.instruments_write import instruments_write
from market.sources.records import InstrumentRecord
from tests.market.make import instrument, moscow
from traderai.common.clock import to_epoch_s

pytestmark = pytest.mark.django_db
SPAN = {"since": date(2024, 3, 1), "until": date(2024, 3, 10)}


def day(text: str, **changed: Any) -> None:
    TradingDay.objects.create(**{"date": text, "trading_date": text, "is_real": True} | changed)


def told(text: str, *, source: str = "iss", is_open: bool = True) -> None:
    CalendarDay.objects.create(
        date=text, is_open=is_open, trading_date=text if is_open else None, source=source
    )
    for code, begin, end in (("main", "10:00", "18:00"), ("evening", "19:00", "23:00")):
        at = {"begins_at": moscow(f"{text}T{begin}"), "ends_at": moscow(f"{text}T{end}")}
        Session.objects.create(date=text, code=code, source=source, **at)


def test_dates_with_trading_are_those_of_the_market_up_to_the_day_asked_from() -> None:
    day("2024-03-01")
    day("2024-03-04", is_real=False, is_simulated=True)
    day("2024-03-05", is_simulated=True)
    day("2024-03-09", trading_date="2024-03-11")
    day("2024-03-10")
    as_of = moscow("2024-03-09T00:00")
    real = traded_dates(**SPAN, is_simulated=False, as_of=as_of)
    assert real == {
        date(2024, 3, 1): date(2024, 3, 1),
        date(2024, 3, 5): date(2024, 3, 5),
        date(2024, 3, 9): date(2024, 3, 11),
    }
    assert list(traded_dates(**SPAN, is_simulated=True, as_of=as_of)) == [date(2024, 3, 4), date(2024, 3, 5)]
    early = traded_dates(**SPAN, is_simulated=False, as_of=as_of - timedelta(seconds=1))
    assert date(2024, 3, 9) not in early


def test_told_hours_are_the_exchanges_of_open_dates() -> None:
    told("2024-03-04")
    told("2024-03-05", source="rules")
    told("2024-03-06", is_open=False)
    told("2024-03-10")
    found = hours_told(**SPAN)
    assert found == {date(2024, 3, 4): sessions_of(day=date(2024, 3, 4))}
    assert [one.code for one in found[date(2024, 3, 4)]] == ["main", "evening"]


def test_events_are_those_whose_date_was_known() -> None:
    known = moscow("2024-02-01T12:00")
    for at, kind in (("2024-03-04T13:30", "a"), ("2024-03-02T13:30", "b"), ("2024-03-05T13:30", "c")):
        EconomicEvent.objects.create(
            kind=kind, at=moscow(at), known_at=known, title_ru="x", title_en="x", source="test"
        )

    def found(as_of: datetime) -> list[int]:
        span = {"since": moscow("2024-03-01"), "until": moscow("2024-03-05T13:30")}
        moments = event_moments(kinds=("a", "b", "c"), as_of=as_of, **span)
        assert set(moments.known_s.tolist()) <= {to_epoch_s(known)}
        return [int(at) for at in moments.at_s]

    assert found(known) == [to_epoch_s(moscow("2024-03-02T13:30")), to_epoch_s(moscow("2024-03-04T13:30"))]
    assert found(known - timedelta(seconds=1)) == []


def test_shares_with_figures_are_those_whose_first_span_had_ended() -> None:
    facts = instrument("FLOW")
    instruments_write(records=(InstrumentRecord(secid="NONE", name_ru="NONE", name_en="NONE"),))
    begin = moscow("2024-03-04T10:00")
    TradeStatistic.objects.create(instrument_id=facts.id, begin=begin, trades=1, source="test")
    assert flow_secids(as_of=begin + timedelta(minutes=5)) == {"FLOW"}
    assert flow_secids(as_of=begin + timedelta(minutes=4, seconds=59)) == frozenset()
