"""Benchmark: a million 1m rows from a Parquet file into PostgreSQL by `manage.py ingest`, and twice as many.

Each ingest runs in a process of its own, whose memory is measured: what it holds at most beyond what Django and the
libraries take must not grow with the number of rows.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from django.db import connection, transaction

from market.models import CandleCoverage, Instrument, TradingDay
from tests.benchmarks.figures import Figure
from tests.journeys.test_worker_journey import database_url

SERIES_ROWS = 125_000
MILLION = 8  # series
SECONDS_MAX = 10.0
GROWTH_MB_MAX = 40.0

INGEST = """
import io, json, pathlib, re, sys, time
import django
django.setup()
from django.core.management import call_command
from django.db import connection
import numpy, pyarrow.parquet, market.services.ingest
connection.ensure_connection()
# Not getrusage: what it calls the most this process held includes its parent's.
peak = lambda: int(re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1]) / 1024
before, started, out = peak(), time.perf_counter(), io.StringIO()
told = ["--source", "files", "--path", sys.argv[1], "--secids", sys.argv[2], "--timeframes", "1m"]
call_command("ingest", "candles", *told, stdout=out)
seconds = time.perf_counter() - started
print(json.dumps({"seconds": seconds, "grown_mb": peak() - before, "told": out.getvalue()}))
"""


def secids(series: int) -> list[str]:
    return [f"BENCHF{number:02d}" for number in range(series)]


def write_file(path: Path, series: int) -> None:
    """Write one Parquet file with the minutes of main sessions, share by share."""
    days = np.arange("2023-01-09", "2024-01-01", dtype="datetime64[D]")
    days = days[np.is_busday(days)].astype("datetime64[s]")
    main_session = np.arange(36_000, 67_200, 60).astype("timedelta64[s]")
    minutes = (days[:, None] + main_session).ravel()[:SERIES_ROWS]
    assert minutes.size == SERIES_ROWS
    with pq.ParquetWriter(path, schema()) as writer:
        for number, secid in enumerate(secids(series)):
            close = np.round(
                100 * np.exp(np.cumsum(np.random.default_rng(number).normal(0, 1e-3, minutes.size))), 2
            )
            columns = [
                pa.array([secid] * minutes.size), pa.array(["1m"] * minutes.size), pa.array(minutes.astype("datetime64[us]")),
                close, close + 0.1, close - 0.1, close, np.full(minutes.size, 100.0), close * 100,
            ]  # fmt: skip
            writer.write_table(pa.table([pa.array(column) for column in columns], schema=schema()))


def schema() -> pa.Schema:
    figures = ("open", "high", "low", "close", "volume", "value")
    return pa.schema(
        [("secid", pa.string()), ("timeframe", pa.string()), ("begin", pa.timestamp("us"))]
        + [(name, pa.float64()) for name in figures]
    )


def ingest(folder: Path, series: int) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-c", INGEST, str(folder), ",".join(secids(series))],
        cwd=Path(__file__).resolve().parents[2],
        env=os.environ | {"DATABASE_URL": database_url()},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def stored() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM market_candle WHERE instrument_id IN "
            "(SELECT id FROM market_instrument WHERE secid LIKE 'BENCHF%%')"
        )
        return int(cursor.fetchone()[0])


def candle_file() -> list[Figure]:
    calendar = list(TradingDay.objects.values())
    empty()
    try:
        Instrument.objects.bulk_create(
            [Instrument(secid=secid, name_ru="замер", name_en="benchmark") for secid in secids(2 * MILLION)]
        )
        with tempfile.TemporaryDirectory() as folder:
            write_file(Path(folder) / "1m_bench.parquet", 2 * MILLION)
            one = ingest(Path(folder), MILLION)
            assert stored() == MILLION * SERIES_ROWS, one
            again = ingest(Path(folder), MILLION)
            assert stored() == MILLION * SERIES_ROWS
            empty_candles()
            two = ingest(Path(folder), 2 * MILLION)
            assert stored() == 2 * MILLION * SERIES_ROWS
    finally:
        empty()
        with transaction.atomic():
            TradingDay.objects.all().delete()
            TradingDay.objects.bulk_create([TradingDay(**day) for day in calendar])
    return [
        Figure(what="1,000,000 1m rows from Parquet into PostgreSQL", value=one["seconds"], unit="s", below=SECONDS_MAX),
        Figure(what="the same file again, nothing to change", value=again["seconds"], unit="s"),
        Figure(what="most memory beyond the libraries for 1,000,000 rows", value=one["grown_mb"], unit="MB"),
        Figure(
            what="more of it for 2,000,000 rows", value=two["grown_mb"] - one["grown_mb"], unit="MB", below=GROWTH_MB_MAX
        ),
    ]  # fmt: skip


def empty_candles() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM market_candle WHERE instrument_id IN "
            "(SELECT id FROM market_instrument WHERE secid LIKE 'BENCHF%%')"
        )
        cursor.execute("VACUUM market_candle")


def empty() -> None:
    empty_candles()
    CandleCoverage.objects.filter(instrument__secid__startswith="BENCHF").delete()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM market_instrument WHERE secid LIKE 'BENCHF%%'")
