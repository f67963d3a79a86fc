"""ISS at its worst: whatever it answers, the stored table is that of the days on which it answered well."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from market.contracts import Timeframe
from market.iss.client import IssClient, IssLimits
from market.models import Candle, CandleCoverage, IngestionRun, QuarantinedRow
from market.selectors.instruments import instrument_get
from market.services import series_ingest as series_module
from market.services.ingest import ingest_candles
from market.services.seen_bars import SeenBars
from market.services.series_ingest import series_ingest
from market.sources.iss import IssSource
from market.sources.records import CandleRequest
from tests import iss_replies
from tests.iss_replies import CHANGED, RETRIED
from tests.iss_server import CANDLE_COLUMNS, Fault, IssServer
from tests.market import make
from traderai.common.clock import MOSCOW
from traderai.common.errors import InvariantError, TransientError

pytestmark = [pytest.mark.django_db, pytest.mark.realdata]
M10 = Timeframe.M10
NOW = make.moscow("2025-01-10T12:00")
SINCE = make.moscow("2024-08-12")


def source(server, **changed):
    limits = {"requests_per_s": 1000.0, "attempts": 6, "backoff_s": 0.001, "timeout_s": 5.0} | changed
    return IssSource(
        limits=IssLimits(base_url=server.base_url, **limits),
        data_lag=timedelta(minutes=15),
        history=timedelta(days=200),
        jitter=np.random.default_rng(1),
    )


@pytest.fixture(scope="module")
def rows(request):
    root = request.getfixturevalue("real_data")
    return iss_replies.real_candles(root, "10m_iss_SBER_2024.parquet", "SBER", interval=10, till="2024-08-27")


@pytest.fixture
def server(rows):
    make.instrument("SBER")
    with IssServer(candles={("SBER", 10): [dict(row) for row in rows]}, page_size=100) as made:
        yield made


def bring(server, **changed):
    asked = {"secids": ["SBER"], "timeframes": [M10], "since": SINCE, "now": NOW} | changed
    return ingest_candles(source=source(server), **asked)


def table(secid="SBER"):
    stored = Candle.objects.filter(instrument__secid=secid).order_by("begin")
    return [
        (f"{begin.astimezone(MOSCOW):%Y-%m-%d %H:%M:%S}", *figures)
        for begin, *figures in stored.values_list(
            "begin", "open", "high", "low", "close", "volume_shares", "value_rub"
        )
    ]


def told(rows):
    names = ("begin", "open", "high", "low", "close", "volume", "value")
    return sorted(tuple(row[name] for name in names) for row in rows)


@pytest.mark.parametrize("page_size", [500, 100, 137, 3000])
def test_every_page_size_brings_every_row(server, rows, page_size):
    server.page_size = page_size
    report = bring(server)
    assert table() == told(rows)
    assert report.rows_new == len(rows) > 900
    assert len([url for url in server.requests if "/candles" in url]) == -(-len(rows) // page_size) + 1


@pytest.mark.parametrize("name", [*RETRIED, *CHANGED])
def test_each_fault_alone_leaves_no_trace_in_the_table(server, rows, name):
    server.plan = iss_replies.every(3, (RETRIED | CHANGED)[name])
    bring(server)
    assert table() == told(rows)


def test_an_answer_that_comes_too_late_is_asked_for_again(server, rows):
    server.plan = iss_replies.every(5, Fault(delay_s=0.6))
    ingest_candles(
        source=source(server, timeout_s=0.25), secids=["SBER"], timeframes=[M10], since=SINCE, now=NOW
    )
    assert table() == told(rows)
    assert len(server.requests) > len(rows) / server.page_size + 3


def test_rows_repeated_or_out_of_order_within_and_across_pages(server, rows):
    server.candles["SBER", 10] = iss_replies.disordered(rows, server.page_size)
    assert server.candles["SBER", 10] != rows
    bring(server)
    assert table() == told(rows)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_all_faults_mixed(server, rows, seed):
    server.candles["SBER", 10] = iss_replies.disordered(rows, 61)
    server.page_size = 61
    server.plan = iss_replies.mixed(seed, 0.4)
    bring(server)
    assert table() == told(rows)
    asked = len(server.requests)
    server.plan = None
    again = bring(server)
    assert asked > 1.2 * len(rows) / server.page_size
    assert (again.rows_new, again.rows_changed, again.restated_series) == (0, 0, ())


def test_a_missing_column_stops_its_series_only_and_stores_nothing_wrong(server, rows):
    server.candles["GAZP", 10] = rows[:50]
    make.instrument("GAZP")
    broken = Fault(change=iss_replies.without_column("volume"))
    server.plan = lambda _n, path: broken if "/SBER/" in path and "start=200" in path else None
    with pytest.raises(InvariantError, match=r"SBER 10m: .* candles must have volume, had open, close"):
        bring(server, secids=["SBER", "GAZP"])
    assert table() == told(rows)[:200]
    assert table("GAZP") == told(rows[:50])
    run = IngestionRun.objects.get(kind="candles")
    assert "candles must have volume" in run.error and run.rows_new == 200 + 50
    server.plan = None
    bring(server)
    assert table() == told(rows)


def series(server, *, refetch=False, **asked):
    run = IngestionRun.objects.create(kind="candles", source="iss", started_at=NOW)
    request = CandleRequest(secid="SBER", timeframe=M10, now=NOW, **{"since": SINCE} | asked)
    return series_ingest(
        source=source(server),
        instrument=instrument_get(secid="SBER"),
        request=request,
        run_id=run.pk,
        refetch=refetch,
    )


def test_a_ticker_without_data_has_no_rows_and_is_no_error(server):
    make.instrument("GMKN")
    report = bring(server, secids=["GMKN"])
    assert (report.rows_received, CandleCoverage.objects.count(), table("GMKN")) == (0, 0, [])


def test_a_restated_bar_stops_the_series_and_brings_all_of_it_anew(server, rows):
    wrong = [dict(row) for row in rows]
    for row in wrong[-300:]:
        row.update({name: row[name] / 2 for name in ("open", "high", "low", "close")})
    extra = dict(rows[10]) | {"begin": "2024-08-12 08:00:00"}  # a bar that ISS takes back later
    server.candles["SBER", 10] = sorted([*wrong, extra], key=lambda row: row["begin"])
    bring(server)
    assert table() != told(rows)
    server.candles["SBER", 10] = [dict(row) for row in rows]
    report = bring(server, since=None)
    assert report.restated_series == ("SBER 10m",)
    assert table() == told(rows)


def test_without_retry_the_faults_come_through(server, monkeypatch):
    """Sabotage: the tests above can fail."""
    server.plan = iss_replies.every(3, RETRIED["429"])
    with pytest.raises(TransientError):
        ingest_candles(
            source=source(server, attempts=1), secids=["SBER"], timeframes=[M10], since=SINCE, now=NOW
        )


def test_without_dedupe_a_repeated_page_changes_what_was_stored(server, rows, monkeypatch):
    """Sabotage: the first page wins only because repeated bars are known again."""
    repeated = [dict(row) for row in rows]
    repeated.insert(350, dict(rows[100]) | {"close": rows[100]["low"]})
    server.candles["SBER", 10] = repeated
    bring(server)
    assert table() == told(rows)
    Candle.objects.all().delete()
    CandleCoverage.objects.all().delete()
    monkeypatch.setattr(SeenBars, "holds", lambda _self, begin_s: np.zeros(begin_s.size, dtype=np.bool_))
    monkeypatch.setattr(series_module, "bars_forget", lambda **_: 0)
    bring(server)
    assert table() != told(rows)


def test_a_client_that_counts_repeated_rows_passes_over_others(server, rows, monkeypatch):
    """Sabotage: `start` by the rows sent instead of by the new ones loses bars."""
    server.plan = iss_replies.every(3, CHANGED["repeated_rows"])

    async def naive(self, path, block, *, params, **_):
        start = 0
        while found := (await self.get(path, {**params, "start": start}))[block]["data"]:
            yield path, [dict(zip(CANDLE_COLUMNS, row, strict=True)) for row in found]
            start += len(found)

    monkeypatch.setattr(IssClient, "pages", naive)
    bring(server)
    assert len(table()) < len(rows)


def test_prices_divided_by_a_split_are_turned_back_on_real_bars(real_data):
    """GMKN's recorded 1h candles are divided by 100 before 2024-04-08; it closed at 15,054 on 2024-04-01."""
    make.instrument("GMKN")
    rows = iss_replies.real_candles(
        real_data,
        "1h_blue_chips_2022_2024.parquet",
        "GMKN",
        interval=60,
        since="2024-03-18",
        till="2024-04-20",
    )
    splits = [{"tradedate": "2024-04-08", "secid": "GMKN", "before": 1, "after": 100}]
    with IssServer(candles={("GMKN", 60): rows}, splits=splits, page_size=100) as server:
        server.plan = iss_replies.mixed(5, 0.3)
        bring(server, secids=["GMKN"], timeframes=[Timeframe.H1], since=make.moscow("2024-03-01"))
    closes = {row[0][:10]: row[4] for row in table("GMKN")}
    assert closes["2024-04-01"] == pytest.approx(15_054, abs=20)
    assert closes["2024-04-08"] == pytest.approx(152.96, abs=0.5)


def test_bad_rows_are_kept_aside_and_the_good_ones_of_their_page_stored(server, rows):
    bad = server.candles["SBER", 10]
    bad[3]["low"], bad[150]["begin"], bad[260]["close"] = 1e9, "2024-08-12 25:00:00", None
    bring(server)
    assert sorted(QuarantinedRow.objects.values_list("reason", flat=True)) == [
        "bad_number", "low_above_high", "unparseable_time",
    ]  # fmt: skip
    good = [row for at, row in enumerate(rows) if at not in {3, 150, 260}]
    assert table() == told(good)


def test_the_source_is_replaced_as_a_whole_only_by_a_refetch(server, rows):
    bring(server)
    server.requests.clear()
    assert series(server, until=make.moscow("2024-08-20")).rows_received == 0
    assert server.requests == []
    whole = series(server, refetch=True)
    assert (whole.rows_unchanged, whole.rows_new) == (len(rows), 0)
    part = replace(CandleRequest(secid="SBER", timeframe=M10, now=NOW), since=make.moscow("2024-08-20"))
    some = series(server, refetch=True, since=part.since, until=make.moscow("2024-08-21"))
    assert 0 < some.rows_unchanged < 100
