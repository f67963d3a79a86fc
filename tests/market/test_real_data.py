"""The real files, loaded by the real command; facts from outside the files check them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from market.contracts import Timeframe
from market.models import Candle, CandleDisagreement, CorporateAction, Instrument, QuarantinedRow, TradingDay
from market.selectors.bars import bars_load
from market.selectors.candles import candle_list, last_closes
from market.services.ingest import (
    ingest_actions,
    ingest_all,
    ingest_candles,
    ingest_indices,
    ingest_instruments,
    reference_ingest,
)
from market.services.sources import source_open
from market.sources.files import files_source
from tests.market import make

pytestmark = [pytest.mark.django_db, pytest.mark.realdata]
AS_OF = make.moscow("2024-12-31")
D1, M30, H1 = Timeframe.D1, Timeframe.M30, Timeframe.H1


def close_on(secid, day, timeframe=D1):
    rows = candle_list(
        secid=secid, timeframe=timeframe, as_of=make.moscow(day) + timedelta(days=1, hours=3), limit=1
    )
    assert f"{rows[0].begin.astimezone(make.MOSCOW):%Y-%m-%d}" == day
    return rows[0].close


def known_files(real_data, *folders):
    """Return a source with the reference data brought, and of candles only some files."""
    source = files_source([real_data / "corporate", real_data / "iss" / "securities", *folders])
    return source


def bring(source, secids, **options):
    ingest_instruments(source=source, secids=secids, now=AS_OF)
    reference_ingest(source=source, secids=secids, now=AS_OF)
    report = ingest_candles(source=source, secids=secids, now=AS_OF, **options)
    ingest_actions(source=source, secids=secids, now=AS_OF)
    return report


SHARES = [
    "SBER",
    "GMKN",
    "TRNFP",
    "VTBR",
    "BELU",
    "IRAO",
    "PLZL",
    "YNDX",
    "YDEX",
    "TCSG",
    "T",
    "ISKJ",
    "ABIO",
    "UWGN",
]
SPLIT = ("GMKN", "TRNFP", "VTBR", "BELU", "IRAO", "PLZL")


def test_known_facts_come_out_of_the_daily_file(real_data):
    source = known_files(real_data, real_data / "daily", real_data / "iss")
    report = bring(source, SHARES)
    assert close_on("SBER", "2022-02-22") == 208.53
    assert close_on("SBER", "2022-02-24") == 132.18
    assert close_on("SBER", "2022-02-25") == 131.12
    assert close_on("SBER", "2022-03-24") == 136.24
    assert close_on("SBER", "2024-01-03") == 274.56
    assert Candle.objects.filter(timeframe_min=1440, low=89.59, instrument__secid="SBER").count() == 1
    # The market was shut from 2022-02-28 to 2022-03-23.
    shut = TradingDay.objects.filter(date__gte="2022-02-26", date__lte="2022-03-23")
    assert not shut.exists() and TradingDay.objects.filter(date="2022-03-24").exists()
    assert (close_on("GMKN", "2024-04-01"), close_on("GMKN", "2024-04-08")) == (15_054, 152.96)
    assert (close_on("TRNFP", "2024-02-14"), close_on("TRNFP", "2024-02-21")) == (166_850, 1_583.5)
    assert close_on("VTBR", "2024-07-15") == 92.95
    for secid in SPLIT:
        bars = bars_load(secid=secid, timeframe=D1, as_of=AS_OF)
        ex = (bars.split_factor[1:] != bars.split_factor[:-1]).nonzero()[0]
        assert ex.size == (0 if secid == "PLZL" else 1), secid  # PLZL was split in 2025
        moves = bars.close[ex + 1] / bars.close[ex]
        assert ((moves > 0.6) & (moves < 1.4)).all(), (secid, moves)
    reasons = set(
        QuarantinedRow.objects.exclude(place__contains="dividends").values_list("reason", flat=True)
    )
    assert reasons <= {"price_not_positive", "on_both_sides_of_split"}
    refused = QuarantinedRow.objects.get(reason="on_both_sides_of_split")
    assert (refused.raw["secid"], refused.raw["begin"][:10], refused.raw["open"]) == (
        "BELU",
        "2024-08-22",
        4223.0,
    )
    for old, new in (("YNDX", "YDEX"), ("TCSG", "T"), ("ISKJ", "ABIO")):
        assert list(Instrument.objects.filter(secid__in=[old, new]).values_list("secid", flat=True)) == [new]
    assert close_on("T", "2024-11-27") == close_on("TCSG", "2024-11-27")
    assert close_on("YDEX", "2024-06-14") == close_on("YNDX", "2024-06-14")
    # UWGN was traded on the board of high risk from 2021-12-10 to 2024-12-06.
    boards = Candle.objects.filter(instrument__secid="UWGN").order_by("begin").values_list("board", flat=True)
    assert list(dict.fromkeys(boards)) == ["TQBR", "TQPI"] and boards.last() == "TQBR"
    assert not Candle.objects.filter(board__in=["SMAL", "SPEQ", "EQDP"]).exists()
    assert report.rows_outside > 0
    check_against_saved_days(real_data)
    again = bring(source, SHARES)
    assert (again.rows_new, again.rows_changed) == (0, 0)


def check_against_saved_days(real_data):
    """Saved days of ISS have no high and no low, so that no candle is made of them: they check the daily closes."""
    compared = 0
    for day in ("2012-01-10", "2022-02-24", "2024-01-03", "2024-04-08"):
        path = real_data / "iss" / "history_day" / f"{day}.json"
        block = json.loads(path.read_text(encoding="utf-8"))["securities"]
        at = {name: block["columns"].index(name) for name in ("SECID", "CLOSE", "NUMTRADES")}
        told = {row[at["SECID"]]: row[at["CLOSE"]] for row in block["data"] if row[at["NUMTRADES"]]}
        stored = Candle.objects.filter(timeframe_min=1440, begin=make.moscow(day), board__startswith="TQ")
        for candle in stored.select_related("instrument"):
            if candle.instrument.secid in told:
                compared += 1
                assert candle.close == told[candle.instrument.secid], (day, candle.instrument.secid)
    shut = json.loads((real_data / "iss" / "history_day" / "2022-02-28.json").read_text(encoding="utf-8"))
    names = shut["securities"]["columns"]
    assert not any(row[names.index("NUMTRADES")] for row in shut["securities"]["data"])
    assert compared >= 20


def test_the_blue_chips_load_as_traded_and_agree_with_the_panel(real_data):
    """GMKN and PLZL are split-adjusted in two files and as traded in the third; turned back they are the same."""
    folder = real_data / "candles"
    files = [folder / "30m_blue_chips_2022_2024.parquet", folder / "30m_panel_as_traded_2018_2024.parquet"]
    source = known_files(real_data, *files)
    assert len(source.candle_files()) == 2
    bring(source, ["GMKN", "PLZL"])
    assert close_on("GMKN", "2024-04-01", M30) == 15_054
    assert close_on("GMKN", "2024-04-08", M30) == 152.96
    assert 11_000 < close_on("PLZL", "2024-12-30", M30) < 15_000
    lost = CandleDisagreement.objects.all()
    bars = Candle.objects.count()
    # Turned back to six decimals, adjusted prices of few digits differ from the traded ones by less than a step.
    for row in lost.select_related("instrument"):
        winner = Candle.objects.get(instrument=row.instrument, timeframe_min=30, begin=row.begin)
        assert abs(winner.close / row.close - 1) < 0.001
    assert lost.count() < bars * 0.25
    jumps = bars_load(secid="GMKN", timeframe=M30, as_of=AS_OF)
    moves = jumps.open[1:] / jumps.close[:-1]
    assert moves.min() > 0.7 and moves.max() < 1.4  # no trace of the split is left


def test_the_hours_load_by_the_command(real_data, capsys):
    path = str(real_data / "candles" / "1h_blue_chips_2022_2024.parquet")
    call_command("ingest", "all", "--source", "files", "--path", path, "--path", str(real_data / "corporate"))
    printed = capsys.readouterr().out
    line = next(line for line in printed.splitlines() if line.startswith("candles: candles/1h_blue_chips"))
    assert line.split()[2:] == ["157,223", "157,223", "0", "0", "0", "0", "0", "0"]
    assert Candle.objects.count() == 157_223
    again = ingest_all(source=source_open(name="files", path=[path]), now=AS_OF)
    assert (again.rows_new, again.rows_changed) == (0, 0)
    for share in Instrument.objects.filter(pk__in=Candle.objects.values("instrument")).exclude(
        secid__in=["GMKN", "YDEX"]
    ):
        stored = (
            Candle.objects.filter(instrument=share).order_by("-begin").values_list("close", flat=True)[:500]
        )
        steps = [close / share.price_step_rub for close in stored]
        assert max(abs(step - round(step)) for step in steps) < 1e-6, share.secid
    assert len(last_closes(timeframe=H1, as_of=AS_OF)) == 15
    check_dividend_gaps()


def check_dividend_gaps():
    """The price falls on the ex-date by about the dividend; a wrong ex-date would show here."""
    gaps = []
    for secid in Instrument.objects.filter(pk__in=Candle.objects.values("instrument")).values_list(
        "secid", flat=True
    ):
        bars = bars_load(secid=secid, timeframe=H1, as_of=AS_OF)
        gaps += [
            (bars.close[at - 1] - bars.open[at]) / bars.dividend_rub[at]
            for at in bars.dividend_rub.nonzero()[0]
        ]
    assert len(gaps) >= 40
    assert sum(0.5 < gap < 1.6 for gap in gaps) >= len(gaps) - 2
    assert CorporateAction.objects.filter(kind="split").count() >= 2


def test_indices_and_finam_files(real_data):
    source = files_source([real_data / "indices", real_data / "finam_csv", real_data / "candles"])
    ingest_indices(source=source, now=AS_OF)
    assert close_on("IMOEX", "2022-02-24") == 2058.12
    assert candle_list(secid="IMOEX", timeframe=D1, as_of=AS_OF, limit=1)[0].volume_shares == 0.0
    assert close_on("LQDT", "2024-12-30") > 1
    make.instrument("VTBR")
    make.instrument("GAZP")
    few = [
        f for f in source.files if f.place.startswith(("finam_csv", "candles/10m_finam", "candles/5m_finam"))
    ]
    report = ingest_candles(source=replace(source, files=tuple(few)), secids=["VTBR", "GAZP"], now=AS_OF)
    # Stamped with ends in the raw exports and with begins in the Parquet files: the bars are the same.
    accounts = {account.place: account for account in report.by_file}
    for place in ("finam_csv/GAZP_5m_2018.csv", "finam_csv/VTBR_10m_2021.csv"):
        assert (accounts[place].rows_unchanged, accounts[place].rows_received) == (7_999, 7_999)


_SUMS = """
SELECT i.secid, c.timeframe_min, count(*), min(c.begin), max(c.begin), sum(hashtextextended(
    concat_ws('|', c.begin, c.board, c.open, c.high, c.low, c.close, c.volume_shares, c.value_rub, s.name), 0
)::numeric)
FROM market_candle c JOIN market_instrument i ON i.id = c.instrument_id JOIN market_candlesource s ON s.id = c.source_id
GROUP BY 1, 2 ORDER BY 1, 2
"""


def table_sums():
    with connection.cursor() as cursor:
        cursor.execute(
            "ANALYZE market_candle"
        )  # millions of rows of this transaction that no statistics know
        cursor.execute(_SUMS)
        bars = cursor.fetchall()
    return bars, list(TradingDay.objects.order_by("date").values_list("date", "trading_date", "is_real"))


def loaded(source, files, **options):
    """Load files in an order, return what is stored and leave the database as it was."""
    with transaction.atomic():
        ingest_candles(source=replace(source, files=tuple(files)), now=AS_OF, **options)
        sums = table_sums()
        transaction.set_rollback(True)
    return sums


def test_overlapping_real_files_in_any_order_give_the_same_table(real_data):
    """The 10m and 30m files of SBER, GMKN, VTBR and GAZP overlap; their cut comes out the same whatever the order."""
    secids = ["SBER", "GMKN", "VTBR", "GAZP"]
    source = known_files(real_data, real_data / "candles", real_data / "finam_csv", real_data / "iss")
    ingest_instruments(source=source, secids=secids, now=AS_OF)
    reference_ingest(source=source, secids=secids, now=AS_OF)
    cut = {"secids": secids, "since": make.moscow("2022-12-01"), "until": make.moscow("2023-03-01")}
    files = [file for file in source.candle_files() if "1m_" not in file.place and "second" not in file.place]
    orders = (files, files[::-1], files[3:] + files[:3])
    tables = [loaded(source, order, **cut) for order in orders]
    assert tables[0][0] and tables[0] == tables[1] == tables[2]
    assert sum(row[2] for row in tables[0][0]) > 20_000


@pytest.mark.soak
def test_everything_loads_and_again_and_in_reverse(real_data):
    """All of it: the account adds up, a second run changes nothing, another order gives the same table."""
    source = files_source(real_data)
    report = ingest_all(source=source, now=AS_OF)
    for account in report.by_file:
        parts = (
            account.rows_new + account.rows_changed + account.rows_unchanged + account.rows_outranked
            + account.rows_unclosed + sum(account.outside.values()) + sum(account.quarantined.values())
        )  # fmt: skip
        assert parts == account.rows_received, account
    assert Candle.objects.count() > 7_000_000
    again = ingest_all(source=source, now=AS_OF)
    assert [one for one in again.by_file if one.rows_new or one.rows_changed] == []
    first = table_sums()
    with connection.cursor() as cursor:
        # Deleted rows would stay in the way of this transaction's inserts.
        cursor.execute("TRUNCATE market_candle")
    CandleDisagreement.objects.all().delete()
    TradingDay.objects.all().delete()
    reverse = replace(source, files=source.files[::-1])
    ingest_candles(source=reverse, now=AS_OF)
    ingest_indices(source=reverse, now=AS_OF)
    assert table_sums() == first
    assert first[1][0][0] == date(2000, 1, 5)


DAYS_ABOVE = """
SELECT count(*) FROM (
    SELECT sum(c.volume_shares) AS told, min(d.volume_shares) AS official FROM market_candle c
    JOIN market_candle d ON d.instrument_id = c.instrument_id AND d.timeframe_min = 1440
        AND (d.begin AT TIME ZONE 'Europe/Moscow')::date = (c.begin AT TIME ZONE 'Europe/Moscow')::date
    WHERE c.timeframe_min = %s GROUP BY (c.begin AT TIME ZONE 'Europe/Moscow')::date
) AS days WHERE told > official * 1.0001
"""


@pytest.mark.parametrize(("file", "timeframe"), [("30m_panel", M30), ("1m_2024", Timeframe.M1)])
def test_no_day_trades_more_in_its_bars_than_the_exchange_says(real_data, file, timeframe):
    """A broker's deals after the exchange had closed for this share stood among its bars on 106 days."""
    candles = next((real_data / "candles").glob(f"{file}*.parquet"))
    bring(known_files(real_data, candles, real_data / "daily"), ["EUTR"])
    assert Candle.objects.filter(timeframe_min=timeframe.minutes).count() > 3_000
    with connection.cursor() as cursor:
        cursor.execute(DAYS_ABOVE, [timeframe.minutes])
        assert cursor.fetchone() == (0,)
    assert QuarantinedRow.objects.filter(reason="session_without_this_share").count() > 1_000
