"""Writing instruments, boards, sectors and terms: repeatable, in any order, nothing told is lost."""

from __future__ import annotations

import itertools
from datetime import date

import pytest
from django.db import IntegrityError, transaction

from market.configs import file_sources_config
from market.models import Instrument, InstrumentBoard, InstrumentTerms
from market.selectors.instruments import instrument_get, instrument_terms
from market.services.instruments_write import instruments_write
from market.services.reference_write import boards_write, sectors_write, terms_write, ticker_changes_write
from market.sources.records import (
    BoardRecord,
    InstrumentRecord,
    RecordPage,
    SectorRecord,
    TermsRecord,
    TickerChangeRecord,
)
from market.sources.reference_files import (
    boards_of,
    described_secids,
    lots_of,
    read_instruments,
    sectors_of,
    ticker_changes_of,
)
from tests.market import make

pytestmark = pytest.mark.django_db
D = date.fromisoformat
NOW = make.moscow("2025-06-01")


def figures(report):
    return (report.new, report.changed, report.unchanged, report.outside, len(report.rejected))


def page(*records):
    return RecordPage(place="t", records=records)


def told(**changed):
    record = InstrumentRecord(secid="A", name_ru="а", name_en="a")
    for name, value in changed.items():
        object.__setattr__(record, name, value)
    return instruments_write(records=(record,))


def test_what_one_source_does_not_tell_takes_nothing_away():
    told(isin="RU0", list_level=1, sector="it", lot_size=10, price_step_rub=0.5, delisted_on=D("2024-01-09"))
    assert told(terms_told=False).unchanged == 1
    row = Instrument.objects.get()
    assert (row.isin, row.list_level, row.lot_size, row.decimals, row.delisted_on) == (
        "RU0", 1, 10, 1, D("2024-01-09"),
    )  # fmt: skip
    assert told(lot_size=100).changed == 1
    assert Instrument.objects.get().lot_size == 100


def test_staffs_word_stays_and_an_end_of_trading_ends_it():
    told(sector="it", industry="banks", shortable=True)
    Instrument.objects.update(sector="finance", industry="brokers", shortable=False)
    assert told(sector="it", industry="banks", shortable=True).unchanged == 1
    assert told(delisted_on=D("2024-01-09"), active=False).changed == 1
    row = Instrument.objects.get()
    assert (row.sector, row.industry, row.shortable, row.active) == ("finance", "brokers", False, False)
    Instrument.objects.update(active=True)  # staff knows better
    assert told(delisted_on=D("2024-01-09"), active=False).unchanged == 1


def board(secid="A", name="TQBR", since="2014-06-09", till=None, primary=True, source="t"):
    return BoardRecord(
        secid=secid,
        board=name,
        traded_from=D(since),
        traded_till=D(till) if till else None,
        is_primary=primary,
        source=source,
    )


def test_boards_are_stored_once():
    make.instrument("A")
    records = (board(), board(name="EQBR", since="2011-01-11", till="2013-08-30", primary=False))
    assert figures(boards_write(page=page(*records))) == (2, 0, 0, 0, 0)
    assert figures(boards_write(page=page(*records))) == (0, 0, 2, 0, 0)
    bad = (board(secid="NONE"), board(name="A" * 13), board(name="X", since="2014-01-09", till="2013-01-09"))
    report = boards_write(page=page(*bad))
    assert figures(report) == (0, 0, 0, 1, 2)
    assert [row.reason for row in report.rejected] == ["bad_board", "till_before_from"]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_a_boards_spans_are_joined_in_any_order(order):
    make.instrument("NEW")
    change = TickerChangeRecord(old_secid="OLD", new_secid="NEW", changed_on=D("2024-11-28"), source="t")
    ticker_changes_write(page=page(change), now=NOW)
    records = (
        board("OLD", since="2019-10-28", till="2024-11-27", source="b"),
        board("NEW", since="2024-11-28", source="a"),
        board("OLD", "EQBR", since="2011-01-11", till="2013-08-30"),
    )
    for at in order:
        boards_write(page=page(records[at]))
    rows = InstrumentBoard.objects.order_by("board").values_list(
        "board", "traded_from", "traded_till", "is_primary", "source"
    )
    assert list(rows) == [
        ("EQBR", D("2011-01-11"), D("2013-08-30"), False, "t"),  # primary of the old ticker, not of today's
        ("TQBR", D("2019-10-28"), None, True, "a"),
    ]
    assert boards_write(page=page(*records)).unchanged == 3


def test_a_board_ends_and_goes_on_when_the_exchange_says_so():
    make.instrument("A")
    still, ended = board(source="moex_iss"), board(till="2025-01-09", source="moex_iss")
    for one, till in ((board(source="file"), None), (still, None), (ended, D("2025-01-09"))):
        boards_write(page=page(one))
        assert InstrumentBoard.objects.get().traded_till == till
    # An older file is read once more: it does not know better.
    assert figures(boards_write(page=page(board(source="file")))) == (0, 0, 1, 0, 0)
    assert figures(boards_write(page=page(still))) == (0, 1, 0, 0, 0)
    assert InstrumentBoard.objects.get().traded_till is None


def test_a_ticker_that_the_exchange_replaces_today_is_taken_over():
    facts = make.instrument("OLD")
    make.write(facts, make.columns(make.hours("2025-05-30")))
    change = TickerChangeRecord(
        old_secid="OLD", new_secid="NEW", changed_on=D("2025-05-31"), source="moex_iss"
    )
    boards_write(page=page(board("OLD", source="file"), board("OLD", source="moex_iss")))
    refused_ = ticker_changes_write(page=page(change), now=NOW)
    assert [row.reason for row in refused_.rejected] == ["old_ticker_still_traded"]
    boards_write(page=page(board("OLD", till="2025-05-30", source="moex_iss")))
    assert ticker_changes_write(page=page(change), now=NOW).new == 1
    assert instrument_get(secid="OLD").secid == "NEW"
    boards_write(
        page=page(
            board("OLD", till="2025-05-30", source="moex_iss"),
            board("NEW", since="2025-05-31", source="moex_iss"),
        )
    )
    assert InstrumentBoard.objects.get().traded_till is None


def test_sectors_fill_gaps_only():
    make.instrument("A")
    make.instrument("B", sector="it")
    records = (SectorRecord(secid="A", sector="power"), SectorRecord(secid="B", sector="power"))
    report = sectors_write(page=page(*records, SectorRecord(secid="NONE", sector="it")))
    assert figures(report) == (0, 1, 1, 1, 0)
    assert dict(Instrument.objects.values_list("secid", "sector")) == {"A": "power", "B": "it"}
    assert figures(sectors_write(page=page(*records))) == (0, 0, 2, 0, 0)


def terms(day, lot=None, step=None, source="t", secid="A"):
    return TermsRecord(secid=secid, valid_from=D(day), lot_size=lot, price_step_rub=step, source=source)


def test_terms_by_day():
    make.instrument("A", lot_size=7, price_step_rub=0.5)
    assert instrument_terms(secid="A", day=D("2024-01-01")).lot_size == 7
    records = (terms("2024-01-03", lot=10_000), terms("2024-07-15", lot=1, step=0.005))
    assert figures(terms_write(page=page(*records))) == (2, 0, 0, 0, 0)
    assert figures(terms_write(page=page(*records))) == (0, 0, 2, 0, 0)
    early, late = (instrument_terms(secid="A", day=D(day)) for day in ("2024-07-14", "2024-07-15"))
    assert (early.lot_size, early.price_step_rub, early.is_dated) == (10_000, 0.005, False)
    assert (late.lot_size, late.price_step_rub, late.is_dated) == (1, 0.005, True)
    # The newest are the instrument's own, and a source without dates no longer changes them.
    facts = instrument_get(secid="A")
    assert (facts.lot_size, facts.price_step_rub, facts.decimals) == (1, 0.005, 3)
    told(lot_size=7, price_step_rub=0.5, name_ru="A", name_en="A")
    assert instrument_get(secid="A").lot_size == 1


def test_terms_that_say_nothing_new_are_not_stored():
    make.instrument("A")
    assert figures(terms_write(page=page(terms("2024-01-03", lot=10), terms("2024-01-04", lot=10)))) == (
        1, 0, 1, 0, 0,
    )  # fmt: skip
    assert InstrumentTerms.objects.count() == 1
    assert terms_write(page=page(terms("2024-01-03", step=0.1))).changed == 1  # fills what was not told
    assert InstrumentTerms.objects.get().price_step_rub == 0.1


def test_terms_that_disagree_or_cannot_be_are_refused():
    make.instrument("A")
    terms_write(page=page(terms("2024-01-03", lot=10)))
    report = terms_write(
        page=page(
            terms("2024-01-03", lot=100, source="other"),
            terms("2024-01-04", lot=0),
            terms("2024-01-04", step=float("nan")),
            terms("2024-01-04"),
            terms("2024-01-04", lot=1, secid="NONE"),
        )
    )
    assert figures(report) == (0, 0, 0, 1, 4)
    assert sorted(row.reason for row in report.rejected) == ["terms_disagree"] + ["terms_not_positive"] * 3
    assert terms_write(page=page(terms("2024-01-03", lot=100))).changed == 1  # its own source corrects it
    assert instrument_get(secid="A").lot_size == 100


def refused(name, make_it):
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        make_it()


def test_the_tables_keep_their_promises():
    facts = make.instrument("A")
    span = {"instrument_id": facts.id, "board": "TQBR", "traded_from": D("2024-01-10"), "source": "t"}
    InstrumentBoard.objects.create(**span)
    refused("market_instrumentboard_once", lambda: InstrumentBoard.objects.create(**span))
    bad = span | {"board": "EQBR", "traded_till": D("2024-01-09")}
    refused("market_instrumentboard_span", lambda: InstrumentBoard.objects.create(**bad))
    row = {"instrument_id": facts.id, "valid_from": D("2024-01-10"), "source": "t"}
    InstrumentTerms.objects.create(**row, lot_size=1)
    refused("market_instrumentterms_once", lambda: InstrumentTerms.objects.create(**row, lot_size=2))
    for figures_ in ({}, {"lot_size": 0}, {"price_step_rub": 0.0}, {"price_step_rub": -1.0, "lot_size": 1}):
        refused(
            "market_instrumentterms_sound",
            lambda figures_=figures_: InstrumentTerms.objects.create(
                **row | {"valid_from": D("2024-01-11")}, **figures_
            ),
        )


def write_everything(folder):
    config = file_sources_config()
    instruments = read_instruments(folder, config, described_secids(folder, config))
    listed = folder / "corporate" / "boards_and_aliases.json"
    changes = [ticker_changes_of(folder / "corporate" / "ticker_changes.csv"), ticker_changes_of(listed)]
    return [
        instruments_write(records=instruments.records),
        boards_write(page=boards_of(listed)),
        *(ticker_changes_write(page=one, now=NOW) for one in changes),
        sectors_write(page=sectors_of(folder / "corporate" / "sectors.csv")),
        terms_write(page=lots_of(folder / "candles" / "1m_2024.parquet")),
    ]


@pytest.mark.realdata
def test_every_real_instrument(real_data):
    write_everything(real_data)
    for former, current in {
        "YNDX": "YDEX", "TCSG": "T", "MAIL": "VKCO", "HHRU": "HEAD", "EONR": "UPRO", "OGK4": "UPRO", "MRKH": "RSTI",
        "ISKJ": "ABIO", "SBER03": "SBER", "SYNG": "BELU", "NOTK": "NVTK", "EPLN": "SFIN",
    }.items():  # fmt: skip
        assert instrument_get(secid=former).secid == current
        assert not Instrument.objects.filter(secid=former).exists()
    # NVNG was traded for years after NONG had begun: no replaced ticker.
    assert instrument_get(secid="NVNG").secid == "NVNG"
    assert instrument_terms(secid="VTBR", day=D("2024-07-12")).lot_size == 10_000
    assert instrument_get(secid="VTBR").lot_size == 1
    span = InstrumentBoard.objects.get(instrument_id=instrument_get(secid="T").id, board="TQBR")
    assert (span.traded_from, span.traded_till, span.is_primary) == (D("2019-10-28"), None, True)
    before = list(Instrument.objects.order_by("pk").values())
    for report in write_everything(real_data):
        assert (report.new, report.changed) == (0, 0)
    assert list(Instrument.objects.order_by("pk").values()) == before
