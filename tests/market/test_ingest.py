"""Runs of ingests: their records, their accounts, and what they refuse."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from market.contracts import FileAccount, IngestReport, Timeframe
from market.models import Candle, IngestionRun, Instrument, QuarantinedRow
from market.services.ingest import (
    CandlesWanted,
    candles_ingest,
    ingest_all,
    ingest_instruments,
    kind_ingest,
)
from market.services.ingest_account import account_lines
from market.services.ingest_run import ingestion_run, scope_sha
from market.services.sources import source_open
from market.sources.records import RejectedRow
from tests.market import make
from traderai.common.errors import InputError

pytestmark = pytest.mark.django_db
NOW = make.moscow("2026-11-21")
ISO = "datetime,open,high,low,close,volume\n"
BARS = ISO + "".join(f"2021-01-04 {hour}:00:00,1,2,1,2,5\n" for hour in range(10, 15))


def folder_with(tmp_path, **files):
    for name, text in files.items():
        (tmp_path / f"{name}.csv").write_text(text)
    return source_open(name="files", path=tmp_path)


def test_a_run_keeps_its_account_by_file(tmp_path):
    bad = ISO + "2021-01-04 10:00:00,1,2,3,2,5\n2021-01-04 11:00:00,3,4,3,4,5\n"
    ingest_all(source=folder_with(tmp_path, SBER_1h=BARS, GAZP_1h=bad), secids=["SBER", "GAZP"], now=NOW)
    run = IngestionRun.objects.get(kind="candles")
    assert (run.rows_received, run.rows_new, run.rows_quarantined, run.error) == (7, 6, 1, "")
    accounts = {account["place"]: account for account in run.account["files"]}
    assert accounts["GAZP_1h.csv"]["quarantined"] == {"low_above_high": 1}
    assert accounts["SBER_1h.csv"]["rows_new"] == 5
    assert run.finished_at is not None
    assert run.account["scope"] == {
        "files": ["GAZP_1h.csv", "SBER_1h.csv"],
        "secids": ["GAZP", "SBER"],
        "timeframes": [],
        "bounded": False,
    }


def test_a_run_for_one_share_is_not_held_against_runs_for_many(tmp_path):
    source = folder_with(tmp_path, SBER_1h=BARS)
    ingest_instruments(source=source, secids=["SBER"], now=NOW)
    for back in range(5, 0, -1):  # runs of thousands of rows, all on this weekday
        at = NOW - timedelta(weeks=back)
        many = {"files": ["SBER_1h.csv"], "secids": ["GAZP", "SBER"], "timeframes": [], "bounded": False}
        IngestionRun.objects.create(
            kind="candles",
            source="files",
            started_at=at,
            finished_at=at,
            rows_received=9000,
            scope_sha=scope_sha(many),
        )
    candles_ingest(source=source, wanted=CandlesWanted(secids=["SBER"], now=NOW))
    one = IngestionRun.objects.get(kind="candles", rows_received=5)
    assert (one.alert, one.rows_expected) == ("", None)
    IngestionRun.objects.filter(rows_received=9000).update(scope_sha=one.scope_sha)
    candles_ingest(source=source, wanted=CandlesWanted(secids=["SBER"], now=NOW + timedelta(seconds=1)))
    assert IngestionRun.objects.get(kind="candles", started_at=NOW + timedelta(seconds=1)).alert == "failed"


def test_dust_of_a_turned_price_is_no_price(tmp_path):
    ingest_all(
        source=folder_with(
            tmp_path, SBER_1h=ISO + "2021-01-04 10:00:00,15297.999999999998,16000,1,14830.000000000002,5\n"
        ),
        secids=["SBER"],
        now=NOW,
    )
    stored = Candle.objects.get()
    assert (stored.open, stored.close) == (15298.0, 14830.0)


def test_a_run_that_fails_keeps_what_it_did_and_why_it_failed():
    with pytest.raises(ValueError, match="broken"), ingestion_run(kind="x", source="files", now=NOW) as log:
        log.add_account(FileAccount(place="a", kind="x", rows_received=2, rows_new=2))
        log.quarantine([RejectedRow(place="b", reason="bad", raw={})])
        raise ValueError("broken")
    run = IngestionRun.objects.get()
    assert (run.rows_new, run.error) == (2, "ValueError: broken")
    assert QuarantinedRow.objects.get().run_id == run.pk


@pytest.mark.parametrize(("kind", "having"), [("calendar", "iss"), ("calendar", "simulator")])
def test_a_kind_that_a_source_lacks_names_those_that_have_it(tmp_path, kind, having):
    source = folder_with(tmp_path, SBER_1h=BARS)
    with pytest.raises(InputError, match=f"the source files has no {kind}; .*{having}.* has"):
        kind_ingest(kind=kind, source=source, wanted=CandlesWanted(now=NOW))
    assert not IngestionRun.objects.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["candles", "--secids", "SBRE"], r"no instrument 'SBRE' \(did you mean 'SBER'\?\)"),
        (["dividends", "--secids", "SBRE"], "did you mean 'SBER'"),
        (["candles", "--timeframes", "7m"], "timeframe must be one of"),
        (["candles", "--since", "2024-02-01", "--until", "2024-01-01"], "--until must lie after"),
        (["calendar"], "the source files has no calendar"),
        (["candles", "--path", "/nowhere/at/all"], "that matches some"),
    ],
)
def test_the_command_refuses_what_makes_no_sense(tmp_path, arguments, message):
    make.instrument("SBER")
    (tmp_path / "SBER_1h.csv").write_text(BARS)
    path = [] if "--path" in arguments else ["--path", str(tmp_path)]
    with pytest.raises(CommandError, match=message):
        call_command("ingest", *arguments, "--source", "files", *path)
    assert not Candle.objects.exists()


def test_the_command_takes_several_paths_and_a_universe(tmp_path, capsys):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    (tmp_path / "a" / "SBER_1h.csv").write_text(BARS)
    (tmp_path / "b" / "GAZP_1h.csv").write_text(BARS)
    (tmp_path / "b" / "AAAA_1h.csv").write_text(BARS)
    paths = ["--path", str(tmp_path / "a"), "--path", str(tmp_path / "b" / "*.csv")]
    call_command("ingest", "all", "--source", "files", "--secids", "core_1h", *paths)
    assert sorted(set(Candle.objects.values_list("instrument__secid", flat=True))) == ["GAZP", "SBER"]
    printed = capsys.readouterr().out
    assert "candles: GAZP_1h.csv" in printed
    call_command("ingest", "all", "--source", "files", *paths)
    assert "left out: 5 unknown ticker" in capsys.readouterr().out


def test_longer_bars_are_made_where_asked_for(tmp_path):
    rows = "".join(f"2021-01-04 {h}:{m}0:00,1,2,1,2,5\n" for h in range(10, 15) for m in range(6))
    source = folder_with(tmp_path, SBER_10m=ISO + rows)
    make.instrument("SBER")
    candles_ingest(source=source, wanted=CandlesWanted(now=NOW))
    assert set(Candle.objects.values_list("timeframe_min", flat=True)) == {10}
    (tmp_path / "SBER_10m.csv").write_text(ISO + rows.replace(",5\n", ",6\n"))
    candles_ingest(source=source, wanted=CandlesWanted(now=NOW, resample=True))
    hours = Candle.objects.filter(timeframe_min=Timeframe.H1.minutes)
    assert set(hours.values_list("volume_shares", flat=True)) == {36.0}


def test_the_account_adds_up_and_names_every_reason():
    account = FileAccount(
        place="x.csv", kind="candles", rows_received=10, rows_new=3, rows_changed=1, rows_unchanged=1,
        rows_outranked=1, outside={"odd_lots_board": 2}, quarantined={"bad_number": 2},
    )  # fmt: skip
    report = IngestReport(
        kind="all", source="files", rows_received=20, by_file=(account, account), seconds=2.0
    )
    lines = account_lines(report, skipped={"secret.bin": "nobody may open it"})
    row = next(line for line in lines if line.startswith("candles: x.csv"))
    assert row.split()[2:] == ["20", "6", "2", "2", "2", "0", "4", "4"]
    assert "    left out: 4 odd lots board" in lines and "    quarantined: 4 bad number" in lines
    assert lines[-1] == "  secret.bin: nobody may open it"


def test_nothing_is_written_when_the_stamps_of_one_file_are_wrong(tmp_path):
    wrong = ISO + "2021-01-04 23:50:00,1,2,1,2,5\n"
    source = folder_with(tmp_path, GAZP_10m=ISO + "2021-01-04 10:00:00,1,2,1,2,5\n", SBER_10m=wrong)
    with pytest.raises(InputError, match="set `stamp: end`"):
        ingest_all(source=source, secids=["SBER", "GAZP"], now=NOW)
    assert not Candle.objects.exists()
    assert "InputError" in IngestionRun.objects.get(kind="candles").error
    assert Instrument.objects.count() == 2
