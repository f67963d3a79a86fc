"""Tickers replaced, chained, reused: one instrument stays one, two companies stay two."""

from __future__ import annotations

import itertools
from datetime import date

import pytest
from django.db import IntegrityError, transaction

from features.models import FeatureSnapshot
from market.contracts import CandleOrigin, Timeframe
from market.models import (
    Candle,
    CandleCoverage,
    CorporateAction,
    FundamentalMetric,
    Instrument,
    InstrumentBoard,
    TickerChange,
)
from market.selectors.bars import bars_load
from market.selectors.instruments import instrument_get, tickers_now
from market.selectors.tickers import ticker_at, ticker_holders, ticker_spans
from market.services.candle_sources import candle_source_ensure
from market.services.instruments_write import instruments_write
from market.services.reference_write import ticker_changes_write
from market.sources.records import InstrumentRecord, RecordPage, TickerChangeRecord
from tests.market import make
from traderai.common import clock
from traderai.common.clock import midnight
from traderai.common.errors import NotFoundError

pytestmark = pytest.mark.django_db
NOW = make.moscow("2025-06-01")


def change(old="OLD", new="NEW", day="2024-07-24", source="file"):
    return TickerChangeRecord(old_secid=old, new_secid=new, changed_on=date.fromisoformat(day), source=source)


def write(*records):
    return ticker_changes_write(page=RecordPage(place="changes.csv", records=records), now=NOW)


def figures(report):
    return (report.new, report.changed, report.unchanged, report.outside, len(report.rejected))


def traded(secid, *days, close=100.0, origin=make.FILE):
    facts = make.instrument(secid)
    for day in days:
        make.write(facts, make.columns(make.hours(day), [close] * 3), origin)
    return facts


def test_the_old_tickers_instrument_is_renamed_and_found_by_both():
    facts = traded("YNDX", "2024-06-14")
    assert figures(write(change("YNDX", "YDEX"))) == (1, 0, 0, 0, 0)
    assert instrument_get(secid="YNDX").secid == instrument_get(secid="YDEX").secid == "YDEX"
    assert instrument_get(secid="YNDX").id == facts.id
    bars = bars_load(secid="YNDX", timeframe=Timeframe.H1, as_of=NOW)
    assert (bars.secid, len(bars)) == ("YDEX", 3)
    spans = ticker_spans()
    assert (spans["YNDX"].valid_from, spans["YNDX"].valid_till) == (None, date(2024, 7, 24))
    assert (spans["YDEX"].valid_from, spans["YDEX"].valid_till) == (date(2024, 7, 24), None)
    assert {spans[ticker].instrument_id for ticker in spans} == {facts.id}
    assert figures(write(change("YNDX", "YDEX"))) == (0, 0, 1, 0, 0)


def test_the_new_tickers_instrument_remembers_the_old_one():
    facts = traded("NEW", "2024-07-24")
    assert figures(write(change())) == (1, 0, 0, 0, 0)
    assert instrument_get(secid="OLD").id == facts.id
    # The old ticker's reference data, read from the same folder again, make no second instrument of it.
    before = list(Instrument.objects.values())
    report = instruments_write(records=(InstrumentRecord(secid="OLD", name_ru="x", name_en="x"),))
    assert (report.new, report.changed, report.unchanged) == (0, 0, 1)
    assert list(Instrument.objects.values()) == before


def both():
    old = traded("OLD", "2024-06-13", "2024-06-14", close=100.0)
    new = traded("NEW", "2024-06-14", "2024-07-24", close=110.0)
    higher = CandleOrigin(name="better", kind="file", priority=900)
    make.write(new, make.columns(make.hours("2024-06-13", count=1), [120.0]), higher)
    CorporateAction.objects.create(
        instrument_id=old.id, kind="split", ex_date=date(2024, 3, 1), shares_after_per_before=10.0,
        known_at=NOW, source="manual",
    )  # fmt: skip
    CorporateAction.objects.create(
        instrument_id=new.id, kind="split", ex_date=date(2024, 3, 1), shares_after_per_before=10.0,
        known_at=NOW, source="moex_iss",
    )  # fmt: skip
    for facts, day in ((old, date(2020, 1, 1)), (new, date(2020, 1, 1)), (old, date(2019, 1, 1))):
        InstrumentBoard.objects.create(
            instrument_id=facts.id, board=f"B{day.year}", traded_from=day, traded_till=day, source="t"
        )
    FundamentalMetric.objects.create(
        instrument_id=old.id, metric="revenue", period="2023", period_end=date(2023, 12, 31), value=1.0,
        known_at=NOW, source="t",
    )  # fmt: skip
    CandleCoverage.objects.create(
        instrument_id=old.id, timeframe_min=60, source=candle_source_ensure(origin=make.FILE),
        covered_from=NOW, covered_till=NOW, started_at=NOW,
    )  # fmt: skip
    return old, new


def test_two_instruments_become_one():
    _, new = both()
    assert figures(write(change())) == (1, 0, 0, 0, 0)
    assert list(Instrument.objects.values_list("pk", "secid")) == [(new.id, "NEW")]
    closes = dict(Candle.objects.values_list("begin", "close"))
    assert [closes[at] for at in make.hours("2024-06-13")] == [120.0, 100.0, 100.0]  # the better source stays
    assert [closes[at] for at in make.hours("2024-06-14")] == [100.0] * 3  # the old ticker's day
    assert [closes[at] for at in make.hours("2024-07-24")] == [110.0] * 3
    assert len(closes) == 9
    assert (
        CorporateAction.objects.get(instrument_id=new.id).source == "moex_iss"
    )  # once, else it counts twice
    assert set(InstrumentBoard.objects.values_list("instrument_id", "board")) == {
        (new.id, "B2020"), (new.id, "B2019"),
    }  # fmt: skip
    assert FundamentalMetric.objects.get().instrument_id == new.id
    assert not CandleCoverage.objects.exists()
    assert figures(write(change())) == (0, 0, 1, 0, 0)


def test_the_instrument_that_others_refer_to_stays():
    old, new = both()
    old_row, new_row = Instrument.objects.get(pk=old.id), Instrument.objects.get(pk=new.id)
    Instrument.objects.filter(pk=new.id).update(name_en="The new one", list_level=1)
    snapshot(FeatureSnapshot, old_row)
    assert figures(write(change())) == (1, 0, 0, 0, 0)
    kept = Instrument.objects.get()
    assert (kept.pk, kept.secid, kept.name_en, kept.list_level) == (old.id, "NEW", "The new one", 1)
    closes = dict(Candle.objects.values_list("begin", "close"))
    assert [closes[at] for at in make.hours("2024-06-13")] == [120.0, 100.0, 100.0]
    assert [closes[at] for at in make.hours("2024-06-14")] == [100.0] * 3
    assert [closes[at] for at in make.hours("2024-07-24")] == [110.0] * 3
    assert new_row.pk != kept.pk


def snapshot(model, instrument):
    values = {}
    for field in model._meta.concrete_fields:
        if field.primary_key or field.null or field.has_default():
            continue
        kind = field.get_internal_type()
        values[field.attname] = {
            "ForeignKey": instrument.pk, "DateTimeField": NOW, "DateField": NOW.date(),
        }.get(kind, "1h" if kind == "CharField" else 1)  # fmt: skip
    return model.objects.create(**values)


def test_two_instruments_that_others_refer_to_are_refused_and_stay():
    old, new = both()
    for facts in (old, new):
        snapshot(FeatureSnapshot, Instrument.objects.get(pk=facts.id))
    report = write(change())
    assert [row.reason for row in report.rejected] == ["both_tickers_in_use"]
    assert "features.FeatureSnapshot" in report.rejected[0].raw["detail"]
    assert Instrument.objects.count() == 2
    assert not TickerChange.objects.exists()
    assert Candle.objects.filter(instrument_id=old.id).count() == 6


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_chains_in_any_order(order):
    facts = traded("C", "2024-01-03")
    chain = [change("A", "B", "2010-01-11"), change("B", "C", "2015-01-12"), change("Z", "A", "2005-01-11")]
    assert figures(write(*(chain[at] for at in order))) == (3, 0, 0, 0, 0)
    spans = ticker_spans()
    assert {ticker: spans[ticker].instrument_id for ticker in "ABCZ"} == dict.fromkeys("ABCZ", facts.id)
    assert (spans["B"].valid_from, spans["B"].valid_till) == (date(2010, 1, 11), date(2015, 1, 12))
    assert figures(write(*chain)) == (0, 0, 3, 0, 0)


def test_a_chain_of_which_only_the_first_is_held():
    facts = traded("A", "2009-01-12")
    assert figures(write(change("B", "C", "2015-01-12"), change("A", "B", "2010-01-11"))) == (2, 0, 0, 0, 0)
    assert instrument_get(secid="A").secid == "C"
    assert instrument_get(secid="C").id == facts.id


def test_there_and_back_again():
    facts = traded("A", "2024-01-03")
    write(change("A", "B", "2010-01-11"), change("B", "A", "2015-01-12"))
    holders = ticker_holders()
    assert instrument_get(secid="A").id == instrument_get(secid="B").id == facts.id
    assert [(span.valid_from, span.valid_till) for span in holders["A"]] == [
        (None, date(2010, 1, 11)), (date(2015, 1, 12), None),
    ]  # fmt: skip


def test_a_ticker_taken_over_by_another_company_goes_by_dates():
    first = traded("OLD", "2024-06-14")
    write(change())
    record = InstrumentRecord(
        secid="OLD", name_ru="другая", name_en="another", first_traded_on=date(2025, 2, 3)
    )
    assert instruments_write(records=(record,)).new == 1
    other = instrument_get(secid="OLD")
    assert other.id != first.id
    holders = ticker_holders()
    assert ticker_at(holders, secid="OLD", day=date(2024, 7, 23)).instrument_id == first.id
    assert ticker_at(holders, secid="OLD", day=date(2024, 7, 24)).instrument_id == other.id
    assert ticker_at(holders, secid="NONE", day=date(2024, 7, 24)) is None
    assert ticker_spans()["OLD"].instrument_id == other.id
    assert figures(write(change())) == (0, 0, 1, 0, 0)
    assert instrument_get(secid="OLD").id == other.id


def test_a_company_that_traded_only_after_the_change_is_not_renamed():
    other = traded("OLD", "2025-02-03")
    new = traded("NEW", "2024-07-24")
    assert figures(write(change())) == (1, 0, 0, 0, 0)
    assert instrument_get(secid="OLD").id == other.id
    holders = ticker_holders()["OLD"]
    assert [span.instrument_id for span in holders] == [new.id, other.id]


def test_a_split_off_is_no_replacement():
    traded("OLD", "2024-06-14", "2024-09-02")
    traded("NEW", "2024-07-24")
    report = write(change())
    assert [row.reason for row in report.rejected] == ["old_ticker_still_traded"]
    assert Instrument.objects.count() == 2


def test_boards_tell_a_split_off_before_there_are_candles():
    old, _ = make.instrument("OLD"), make.instrument("NEW")
    board = {"instrument_id": old.id, "board": "TQBR", "traded_from": date(2014, 1, 9), "source": "t"}
    InstrumentBoard.objects.create(**board)
    assert [row.reason for row in write(change()).rejected] == ["old_ticker_still_traded"]
    InstrumentBoard.objects.update(traded_till=date(2024, 7, 23))
    assert figures(write(change())) == (1, 0, 0, 0, 0)


def test_a_ticker_that_another_company_had_is_refused():
    traded("OLD", "2024-07-23")
    traded("NEW", "2019-01-09")
    assert [row.reason for row in write(change()).rejected] == ["ticker_held_by_another"]


def test_what_is_no_change_is_left_out():
    traded("OLD", "2024-06-14")
    report = write(
        change("OLD", "OLD"),
        change("OLD-001D", "OLD"),
        change("X", "Y"),
        change("OLD", "LATER", "2026-01-12"),
    )
    assert figures(report) == (0, 0, 0, 4, 0)
    assert instrument_get(secid="OLD").secid == "OLD"
    with pytest.raises(NotFoundError):
        instrument_get(secid="LATER")


def test_the_later_of_two_told_days_is_kept_in_any_order():
    for at, days in enumerate(itertools.permutations(("2024-07-23", "2024-07-24"))):
        traded(f"OLD{at}", "2024-06-14")
        for day in days:
            write(change(f"OLD{at}", f"NEW{at}", day))
        assert TickerChange.objects.get(old_secid=f"OLD{at}").changed_on == date(2024, 7, 24)


def test_one_ticker_is_not_replaced_by_two():
    traded("OLD", "2024-06-14")
    assert figures(write(change(), change(new="OTHER"))) == (1, 0, 0, 0, 1)


def refused(name, make_it):
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        make_it()


def test_the_tables_keep_their_promises():
    facts = make.instrument()
    row = {"instrument_id": facts.id, "old_secid": "A", "new_secid": "B", "changed_on": date(2024, 1, 9)}
    TickerChange.objects.create(**row)
    refused("market_tickerchange_once", lambda: TickerChange.objects.create(**row | {"new_secid": "C"}))
    refused(
        "market_tickerchange_changes_something",
        lambda: TickerChange.objects.create(**row | {"old_secid": "B"}),
    )
    assert midnight(date(2024, 1, 9)) < clock.now()


def test_many_are_found_by_their_tickers_as_each_alone(db):
    traded("OLD", "2024-07-22")
    write(change())
    traded("SBER", "2024-07-22")
    assert instrument_get(secid="OLD").secid == "NEW"
    assert (
        tickers_now(secids=["OLD", "SBER"]) == tickers_now(secids=["SBER", "NEW", "OLD"]) == {"NEW", "SBER"}
    )
    with pytest.raises(NotFoundError, match="did you mean 'SBER'"):
        tickers_now(secids=["SBER", "SBRE"])
