from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO

import numpy as np
import pyarrow.parquet as pq
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from market.contracts import ISS_ORIGIN, Timeframe
from market.models import Candle, CandleSource, Instrument, TradingDay
from market.services import candle_parts, export_candles
from market.services.candle_write import candles_write
from market.services.export_candles import candles_export, candles_export_due, export_restore, export_verify
from market.services.resample import series_resample
from tests.market import make
from tests.s3_server import object_store
from traderai.common.errors import ConflictError, InvariantError
from traderai.common.lake import lake_at
from traderai.jobs.services import advisory_lock

pytestmark = pytest.mark.django_db
NOW = make.moscow("2024-03-20T03:00")


@pytest.fixture(autouse=True)
def lake(settings, tmp_path):
    settings.LAKE_URL = f"file://{tmp_path / 'lake'}"
    return lake_at(settings.LAKE_URL)


def write(facts, timeframe, days, origin=make.FILE, board="TQBR", seed=0):
    rng = np.random.default_rng(seed)
    begins = [begin for day in days for begin in make.hours(day, 0 if timeframe.minutes >= 1440 else 10, 1)]
    bars = make.columns(begins, (100 + rng.integers(0, 50, len(begins))).astype(float).tolist())
    bars.value_rub[::2] = 12.5
    return candles_write(
        instrument_id=facts.id, timeframe=timeframe, columns=bars, origin=origin, board=board
    )


@pytest.fixture
def market():
    share, index = make.instrument("SHARE"), make.instrument("INDEX", kind="index", board="SNDX")
    write(share, Timeframe.H1, ["2023-12-29", "2024-01-31", "2024-02-01", "2024-03-19"])
    write(share, Timeframe.D1, ["2023-12-29", "2024-01-31"], board="EQNE")
    write(share, Timeframe.D1, ["2024-02-01"], ISS_ORIGIN, seed=1)
    candles_write(
        instrument_id=index.id, timeframe=Timeframe.D1, columns=make.columns(make.hours("2024-01-31", 0, 1)),
        origin=make.FILE, board="SNDX", marks_trading_days=False,
    )  # fmt: skip
    return share


def table():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT i.secid, timeframe_min, begin, c.board, open, high, low, close, volume_shares, value_rub, s.name, "
            "s.priority FROM market_candle c JOIN market_instrument i ON i.id = instrument_id "
            "JOIN market_candlesource s ON s.id = source_id ORDER BY 1, 2, 3"
        )
        return cursor.fetchall()


def test_months_and_years_are_written_once(market, lake):
    series_resample(
        instrument_id=market.id, timeframe_from=Timeframe.H1, timeframe_to=Timeframe.H4, now=make.moscow("2024-04-20")
    )  # fmt: skip
    report = candles_export(now=NOW)
    manifest = candle_parts.manifest_read(lake)
    assert sorted(manifest.parts) == [
        "1d/INDEX/2024", "1d/SHARE/2023", "1d/SHARE/2024", "1h/SHARE/2023-12", "1h/SHARE/2024-01", "1h/SHARE/2024-02",
        "1h/SHARE/2024-03",
    ]  # fmt: skip
    assert (report.parts_written, report.rows, report.rows_written) == (7, 8, 8)
    again = candles_export(now=NOW + timedelta(days=1))
    assert (again.parts_written, again.parts_kept, again.parts_removed) == (0, 7, 0)
    part = manifest.parts["1h/SHARE/2024-01"]
    assert (part.rows, part.first, part.last) == (1, "2024-01-31T10:00:00", "2024-01-31T10:00:00")
    assert part.key.startswith("raw_candles/timeframe=1h/secid=SHARE/2024-01-")
    rows = pq.read_table(lake.local_path(part.key)).to_pylist()
    stored = Candle.objects.get(timeframe_min=60, begin=rows[0]["begin"])
    assert [rows[0][name] for name in ("open", "high", "low", "close", "volume_shares", "value_rub")] == [
        stored.open, stored.high, stored.low, stored.close, stored.volume_shares, stored.value_rub,
    ]  # fmt: skip


def test_a_changed_month_alone_is_written_anew(market, lake):
    candles_export(now=NOW)
    before = candle_parts.manifest_read(lake).parts
    write(market, Timeframe.H1, ["2024-01-30"])
    report = candles_export(now=NOW)
    after = candle_parts.manifest_read(lake).parts
    assert (report.parts_written, report.parts_kept, report.parts_removed) == (1, 6, 1)
    assert [name for name in after if after[name] != before[name]] == ["1h/SHARE/2024-01"]
    assert not lake.exists(before["1h/SHARE/2024-01"].key)
    assert export_verify().findings == ()


def test_the_nightly_export_finds_new_rows_anywhere_and_changed_ones_of_late(market, lake):
    assert candles_export_due(now=NOW).parts_written == 7
    assert candles_export_due(now=NOW + timedelta(hours=1)) is None
    Candle.objects.filter(timeframe_min=60, begin__gte=make.moscow("2024-03-01")).update(volume_shares=7.0)
    write(market, Timeframe.H1, ["2023-12-28"])
    report = candles_export_due(now=NOW + timedelta(days=1))
    assert (report.parts_written, report.parts_kept) == (2, 5)
    assert export_verify().findings == ()
    Candle.objects.filter(timeframe_min=1440, begin__gte=make.moscow("2024-01-01"), board="TQBR").delete()
    Candle.objects.filter(timeframe_min=1440, board="SNDX").delete()
    report = candles_export_due(now=NOW + timedelta(days=2))
    assert (report.parts_written, report.parts_removed) == (1, 2)
    assert "1d/INDEX/2024" not in candle_parts.manifest_read(lake).parts


def test_old_bars_that_a_higher_source_took_over_are_backed_up_within_a_week(market, lake):
    candles_export_due(now=NOW)
    assert write(market, Timeframe.D1, ["2023-12-29"], ISS_ORIGIN, seed=3).changed == 1  # as many as before
    written = [candles_export_due(now=NOW + timedelta(days=day)).parts_written for day in range(1, 6)]
    assert written == [0, 0, 0, 1, 0]
    assert export_verify().findings == ()


def test_verify_names_each_part_that_is_not_as_it_should_be(market, lake):
    candles_export(now=NOW)
    parts = candle_parts.manifest_read(lake).parts
    lake.delete(parts["1d/SHARE/2023"].key)
    lake.local_path(parts["1d/SHARE/2024"].key).write_bytes(b"rotten")
    Candle.objects.filter(timeframe_min=60, begin__lt=make.moscow("2024-01-01")).update(volume_shares=7.0)
    write(market, Timeframe.H1, ["2022-05-05"])
    assert export_verify().findings == (
        "1h/SHARE/2022-05: not exported",
        "1d/SHARE/2023: missing",
        "1d/SHARE/2024: corrupt",
        "1h/SHARE/2023-12: differs (1 rows exported, 1 in the database)",
    )
    out = StringIO()
    with pytest.raises(CommandError, match="does not equal"):
        call_command("export_candles", "--verify", stdout=out)
    assert "4 findings" in out.getvalue()
    candles_export(now=NOW)
    assert export_verify().findings == ()


def test_a_lost_database_comes_back_whole(market, lake):
    before, days = table(), list(TradingDay.objects.order_by("date").values())
    candles_export(now=NOW)
    Candle.objects.all().delete()
    TradingDay.objects.all().delete()
    CandleSource.objects.all().delete()
    Instrument.objects.filter(secid="INDEX").delete()
    report = export_restore()
    assert (report.new, report.changed) == (8, 0)
    assert table() == before
    assert list(TradingDay.objects.order_by("date").values()) == days
    assert Instrument.objects.get(secid="INDEX").kind == "index"
    assert export_verify().findings == ()
    again = export_restore(secids=["SHARE"])
    assert (again.new, again.changed, again.unchanged) == (0, 0, 7)


def test_a_lake_of_another_machine_keeps_the_same(market, settings):
    before = table()
    with object_store() as store:
        settings.LAKE_URL = store.lake_url()
        assert candles_export(now=NOW).parts_written == 7
        assert len([key for key in store.objects if key.endswith(".parquet")]) == 7
        assert candles_export(now=NOW).parts_written == 0
        write(market, Timeframe.H1, ["2024-01-30"])
        assert candles_export(now=NOW).parts_removed == 1
        Candle.objects.filter(begin=make.moscow("2024-01-30T10:00")).delete()
        assert export_verify().findings == ("1h/SHARE/2024-01: differs (2 rows exported, 1 in the database)",)
        Candle.objects.all().delete()
        assert export_restore().new == 9
    Candle.objects.filter(begin=make.moscow("2024-01-30T10:00")).delete()
    assert table() == before


def test_a_rotten_object_restores_nothing_of_itself(market, lake):
    candles_export(now=NOW)
    parts = candle_parts.manifest_read(lake).parts
    Candle.objects.all().delete()
    lake.local_path(parts["1d/SHARE/2023"].key).write_bytes(b"rotten")
    with pytest.raises(InvariantError, match="corrupt"):
        export_restore(secids=["SHARE"])
    assert not Candle.objects.filter(begin__lt=make.moscow("2024-01-01"), timeframe_min=1440).exists()


def test_a_manifest_that_was_meddled_with_is_refused(market, lake):
    candles_export(now=NOW)
    told = json.loads(lake.read(candle_parts.MANIFEST_KEY))
    told["manifest"]["parts"]["1d/SHARE/2023"]["rows"] = 5
    lake.local_path(candle_parts.MANIFEST_KEY).write_text(json.dumps(told))
    with pytest.raises(InvariantError, match=r"manifest\.json is corrupt"):
        candles_export(now=NOW)


def test_a_killed_export_goes_on_where_it_stopped(market, lake, monkeypatch):
    monkeypatch.setattr(export_candles, "_SAVE_EVERY_PARTS", 3)
    whole = export_candles.part_write
    calls = []

    def dies(*args):
        calls.append(args)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return whole(*args)

    monkeypatch.setattr(export_candles, "part_write", dies)
    with pytest.raises(KeyboardInterrupt):
        candles_export(now=NOW)
    assert len(candle_parts.manifest_read(lake).parts) == 3
    monkeypatch.setattr(export_candles, "part_write", whole)
    # What was stopped half way has not been done today.
    assert candles_export_due(now=NOW).parts_written == 4
    assert export_verify().findings == ()


@pytest.mark.django_db(transaction=True)
def test_one_export_at_a_time():
    key, other = _lock_key(), connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [key])
            with pytest.raises(ConflictError, match="another export"):
                candles_export(now=NOW)
            assert candles_export_due(now=NOW) is None
            # by hand: the server frees it only some time after the client has closed its end
            cursor.execute("SELECT pg_advisory_unlock(%s)", [key])
    finally:
        other.close()
    assert candles_export(now=NOW).rows == 0


def _lock_key():
    with advisory_lock("market candles export"), connection.cursor() as cursor:
        cursor.execute("SELECT objid FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")
        return cursor.fetchone()[0]


def test_the_command(market, capsys):
    call_command("export_candles")
    assert "8 candles in 7 parts; written 7 parts" in capsys.readouterr().out
    call_command("export_candles", "--verify")
    assert "7 parts with 8 candles, 0 findings" in capsys.readouterr().out
    call_command("export_candles", "--restore")
    assert "new 0, changed 0, unchanged 8" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "first", "after"),
    [
        ("1h/SBER/2024-12", "2024-12-01", "2025-01-01"),
        ("10m/SBER/2024-01", "2024-01-01", "2024-02-01"),
        ("1d/SBER/2024", "2024-01-01", "2025-01-01"),
    ],
)
def test_a_part_spans_its_month_or_year_of_the_moscow_calendar(name, first, after):
    secid, timeframe, since, until = candle_parts.part_span(name)
    assert (secid, timeframe.value) == ("SBER", name.split("/")[0])
    assert (since, until) == (make.moscow(first), make.moscow(after))
    assert candle_parts.part_name("SBER", timeframe, since.date()) == name
