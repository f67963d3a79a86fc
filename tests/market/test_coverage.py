"""What has been covered is not asked for again, whatever stopped the run before."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import pytest
from django.db import IntegrityError, transaction

from market.contracts import ISS_ORIGIN, Timeframe
from market.iss.client import IssLimits
from market.models import Candle, CandleCoverage, CandleSource, CorporateAction, IngestionRun, TickerChange
from market.selectors.instruments import instrument_get
from market.services.candle_coverage import Covered, coverage_extend, coverage_get, coverage_set, series_of
from market.services.seen_bars import SeenBars
from market.services.series_ingest import series_ingest
from market.services.ticker_changes import ticker_changes_write
from market.sources.iss import IssSource
from market.sources.records import CandleRequest, RecordPage, TickerChangeRecord
from tests import iss_replies
from tests.iss_server import IssServer
from tests.journeys.test_worker_journey import database_url
from tests.market import make
from tests.up.processes import ROOT
from traderai.common.clock import MOSCOW
from traderai.common.errors import TransientError

H1 = Timeframe.H1
NOW = make.moscow("2024-07-01T12:20")


def hour(stamp, close=100.0):
    return {
        "begin": stamp, "end": stamp, "open": close, "close": close, "high": close, "low": close,
        "value": 1.0, "volume": 10,
    }  # fmt: skip


DAYS = make.days_of("2023-01-09", 390)
ROWS = [hour(f"{day} {at:02d}:00:00", 100.0 + n % 7) for n, day in enumerate(DAYS) for at in range(10, 19)]


@dataclass
class Asked:
    """One run and what it asked for."""

    report: object
    spans: list[tuple[str, str]]
    requests: int


@pytest.fixture
def server(db):
    make.instrument("SBER")
    with IssServer(candles={("SBER", 60): [dict(row) for row in ROWS]}, page_size=200) as made:
        yield made


def source(server, **changed):
    limits = {"requests_per_s": 1000.0, "attempts": 2, "backoff_s": 0.001} | changed
    return IssSource(
        limits=IssLimits(base_url=server.base_url, **limits),
        data_lag=timedelta(minutes=15),
        history=timedelta(days=600),
        jitter=np.random.default_rng(1),
    )


def bring(server, since=None, until=None, *, now=NOW, refetch=False, secid="SBER", timeframe=H1):
    server.requests.clear()
    run = IngestionRun.objects.create(kind="candles", source="iss", started_at=now)
    report = series_ingest(
        source=source(server),
        instrument=instrument_get(secid=secid),
        request=CandleRequest(
            secid=secid, timeframe=timeframe, now=now, since=moment(since), until=moment(until)
        ),
        run_id=run.pk,
        refetch=refetch,
    )
    spans = [
        tuple(
            part.split("=")[1][:10] for part in url.split("?")[1].split("&") if part[:4] in {"from", "till"}
        )
        for url in server.requests
        if "/candles" in url and "start=0" in url
    ]
    return Asked(report=report, spans=spans, requests=len(server.requests))


def moment(text):
    return None if text is None else make.moscow(text)


def begins(secid="SBER"):
    rows = Candle.objects.filter(instrument__secid=secid).order_by("begin").values_list("begin", flat=True)
    return [f"{begin.astimezone(MOSCOW):%Y-%m-%d %H:%M:%S}" for begin in rows]


def told(since="", until="2024-07-01 11:30"):
    return [row["begin"] for row in ROWS if since <= row["begin"] < until]


def covered():
    row = CandleCoverage.objects.get()
    return (
        f"{row.covered_from.astimezone(MOSCOW):%Y-%m-%d}",
        f"{row.covered_till.astimezone(MOSCOW):%Y-%m-%d %H}",
    )


def test_a_span_is_asked_for_once_and_then_only_what_lies_around_it(server):
    first = bring(server, "2023-06-01", "2023-09-01")
    assert begins() == told("2023-06-01", "2023-09-01")
    assert covered() == ("2023-06-01", "2023-08-31 19")
    assert bring(server, "2023-06-01", "2023-08-31T18:00").requests == 0
    assert bring(server, "2023-07-01", "2023-08-01").requests == 0
    later = bring(server, "2023-06-01", "2023-10-01")
    assert later.spans == [("2023-08-31", "2023-09-30")]  # from the newest stored bar on
    earlier = bring(server, "2023-05-01", "2023-10-01")
    assert earlier.spans[0] == ("2023-05-01", "2023-06-01")  # up to the oldest stored bar
    assert begins() == told("2023-05-01", "2023-10-01")
    assert first.report.rows_new + later.report.rows_new + earlier.report.rows_new == len(begins())
    assert covered() == ("2023-05-01", "2023-09-29 19")


def test_without_a_span_it_goes_on_to_the_newest_closed_bar(server):
    bring(server, "2023-06-01", "2023-09-01")
    bring(server)
    assert begins() == told("2023-06-01")
    again = bring(server)
    assert (again.report.rows_new, again.report.rows_unchanged, again.requests) == (0, 1, 3)
    assert bring(server, now=NOW + timedelta(hours=1)).report.rows_new == 1


def test_a_long_way_back_is_walked_window_by_window_and_resumes(server):
    bring(server, "2024-05-01")
    stop = [2]

    def dies(url):
        stop[0] -= "/candles" in url and "start=0" in url
        return (404, b"") if stop[0] < 0 else IssServer.answer(server, url)

    server.answer = dies
    with pytest.raises(Exception, match="must have the route"):
        bring(server, "2023-01-01")
    from_day, _ = covered()
    assert "2023-01-01" < from_day < "2024-05-01"
    server.answer = lambda url: IssServer.answer(server, url)
    rest = bring(server, "2023-01-01")
    assert begins() == told()
    assert all(span[0] < from_day for span in rest.spans[:-1])
    assert covered()[0] == "2023-01-01"


def test_a_span_far_from_the_covered_one_is_stored_and_not_taken_for_covered(server):
    bring(server, "2024-05-01")
    bring(server, "2023-02-01", "2023-03-01")
    assert begins() == told("2023-02-01", "2023-03-01") + told("2024-05-01")
    assert covered()[0] == "2024-05-01"
    bring(server, "2023-01-09")
    assert begins() == told()


def test_bars_that_come_late_are_not_missed(server):
    server.candles["SBER", 60] = [row for row in ROWS if row["begin"] < "2024-06-28 16:00:00"]
    bring(server, "2024-06-01")
    server.candles["SBER", 60] = [dict(row) for row in ROWS]
    bring(server, "2024-06-01")
    assert begins() == told("2024-06-01")


def test_an_error_in_the_middle_keeps_what_came_and_the_next_run_goes_on(server):
    server.plan = None
    answer = IssServer.answer

    def ill(url):
        return (503, b"") if "start=1000" in url else answer(server, url)

    server.answer = ill
    with pytest.raises(TransientError):
        bring(server, "2023-01-01")
    assert begins() == told()[:1000]
    server.answer = lambda url: answer(server, url)
    rest = bring(server, "2023-01-01")
    assert begins() == told()
    assert rest.report.rows_new == len(told()) - 1000
    assert rest.report.rows_unchanged == 201  # the last page once more, and the bar before it


@pytest.mark.parametrize("known", [True, False])
def test_after_a_split_every_stored_bar_is_brought_anew(server, known):
    """The split is told weeks later; ISS divides its past, which the newest bar alone would not show."""
    now = make.moscow("2024-06-03T12:20")
    bring(server, "2024-01-01", now=now)
    for row in server.candles["SBER", 60]:
        if row["begin"] < "2024-05-02":
            row.update({name: row[name] * 2 for name in ("open", "high", "low", "close")})
    if known:
        CorporateAction.objects.create(
            instrument_id=instrument_get(secid="SBER").id, kind="split", ex_date=date(2024, 6, 5),
            shares_after_per_before=1.0001, known_at=now, source="manual",
        )  # fmt: skip
    report = bring(server).report
    closes = set(Candle.objects.filter(begin__lt=make.moscow("2024-05-02")).values_list("close", flat=True))
    assert (min(closes) >= 200.0) is known
    assert report.restated_series == (("SBER 1h",) if known else ())
    assert bring(server).report.restated_series == ()


def test_a_restatement_that_is_stopped_goes_on_from_where_it_stopped(server):
    bring(server, "2023-01-01")
    for row in server.candles["SBER", 60]:
        row.update({name: row[name] * 2 for name in ("open", "high", "low", "close")})
    answer = IssServer.answer
    server.answer = lambda url: (503, b"") if "start=1000" in url else answer(server, url)
    with pytest.raises(TransientError):
        bring(server)
    server.answer = lambda url: answer(server, url)
    rest = bring(server)
    assert set(Candle.objects.values_list("close", flat=True)) == {2 * (100.0 + n) for n in range(7)}
    assert rest.report.rows_changed == len(told()) - 1000
    assert len(begins()) == len(told())


def test_the_days_under_a_former_ticker_are_asked_for_under_that_one(server):
    facts = make.instrument("YDEX")
    TickerChange.objects.create(
        instrument_id=facts.id, old_secid="YNDX", new_secid="YDEX", changed_on="2023-07-24", source="test"
    )
    server.candles["YNDX", 60] = [row for row in ROWS if row["begin"] < "2023-06-15"]
    server.candles["YDEX", 60] = [row for row in ROWS if row["begin"] >= "2023-07-01"]
    bring(server, "2023-05-01", secid="YDEX")
    assert begins("YDEX") == told("2023-05-01", "2023-06-15") + told("2023-07-24")
    again = bring(server, "2023-05-01", secid="YDEX")
    assert [url for url in server.requests if "/YNDX/" in url] == []
    assert again.report.rows_new == 0


def test_bars_stored_before_coverage_was_kept_count_as_covered(server):
    bring(server, "2024-01-01")
    CandleCoverage.objects.all().delete()
    again = bring(server)
    assert (again.report.rows_new, again.report.rows_unchanged) == (0, 1)
    assert covered()[0] == "2024-01-01"


def test_another_run_that_began_anew_keeps_the_word(db):
    facts = make.instrument("SBER")
    series = series_of(instrument_id=facts.id, timeframe=H1, origin=ISS_ORIGIN)
    ours = Covered(since=NOW - timedelta(days=9), till=NOW, started_at=NOW - timedelta(days=1))
    theirs = Covered(since=NOW - timedelta(days=5), till=NOW - timedelta(days=4), started_at=NOW)
    coverage_set(series=series, covered=theirs)
    with transaction.atomic():
        assert not coverage_extend(series=series, covered=ours)
        assert coverage_get(series=series) == theirs
        assert coverage_extend(series=series, covered=Covered(since=NOW, till=NOW, started_at=NOW))
    assert coverage_get(series=series) == Covered(since=theirs.since, till=NOW, started_at=theirs.started_at)


def test_coverage_is_one_forward_span_for_each_series(db):
    facts = make.instrument("SBER")
    iss = CandleSource.objects.create(name="iss", kind="iss", priority=1000)
    row = {"instrument_id": facts.id, "timeframe_min": 60, "source": iss, "started_at": NOW}
    CandleCoverage.objects.create(covered_from=NOW, covered_till=NOW, **row)
    with pytest.raises(IntegrityError, match="market_candlecoverage_once"), transaction.atomic():
        CandleCoverage.objects.create(covered_from=NOW, covered_till=NOW, **row)
    backward = row | {"timeframe_min": 10, "covered_from": NOW, "covered_till": NOW - timedelta(hours=1)}
    with pytest.raises(IntegrityError, match="market_candlecoverage_span"), transaction.atomic():
        CandleCoverage.objects.create(**backward)


def test_seen_bars_hold_what_came_and_nothing_else():
    seen = SeenBars(step_s=600)
    drawn = np.random.default_rng(3).integers(1, 2_000_000, size=(20, 50)) * 600
    kept = set()
    for page in drawn:
        assert seen.holds(page).tolist() == [begin in kept for begin in page.tolist()]
        seen.add(page)
        kept |= set(page.tolist())
    assert not seen.holds(drawn[0] + 1).any()
    seen.add(drawn[0] + 1)
    assert not seen.holds(drawn[0] + 1).any()
    assert seen.cells.size < 2_100_000


_RUN = """
import sys
from datetime import datetime, timedelta
import django
django.setup()
import numpy as np
from market.contracts import Timeframe
from market.iss.client import IssLimits
from market.services.ingest import ingest_candles
from market.sources.iss import IssSource
from traderai.common.clock import MOSCOW

def moscow(text):
    return datetime.fromisoformat(text).replace(tzinfo=MOSCOW)

source = IssSource(
    limits=IssLimits(base_url=sys.argv[1], requests_per_s=2000.0), data_lag=timedelta(minutes=15),
    history=timedelta(days=200), jitter=np.random.default_rng(1),
)
ingest_candles(
    source=source, secids=["SBER"], timeframes=[Timeframe.M10],
    since=moscow("2024-08-01"), until=moscow("2025-01-05"), now=moscow("2025-01-10T12:00"),
)
"""


def _start(server: IssServer) -> subprocess.Popen[bytes]:
    settings = {"DJANGO_SETTINGS_MODULE": "traderai.site.settings.dev", "DATABASE_URL": database_url()}
    return subprocess.Popen(
        [sys.executable, "-c", _RUN, server.base_url], cwd=ROOT, env={**os.environ, **settings}
    )


def _rows(secid: str) -> list[tuple[datetime, ...]]:
    figures = ("begin", "open", "high", "low", "close", "volume_shares", "value_rub", "board", "source_id")
    return list(Candle.objects.filter(instrument__secid=secid).order_by("begin").values_list(*figures))


@pytest.mark.realdata
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("page_size", [42, pytest.param(8, marks=pytest.mark.soak)])
def test_hundreds_and_a_thousand_pages_resume_after_a_kill(real_data, page_size):
    """Killed with SIGKILL in the middle, run again: the same table, and only the rest is asked for."""
    rows = iss_replies.real_candles(real_data, "10m_iss_SBER_2024.parquet", "SBER", interval=10)
    for secid in ("SBER", "SBERP"):
        make.instrument(secid)
    with IssServer(candles={("SBER", 10): rows, ("SBERP", 10): rows}, page_size=page_size) as server:
        pages = -(-len(rows) // page_size)
        assert pages > (1000 if page_size == 8 else 200)
        first = _start(server)
        deadline = time.monotonic() + 60
        while len(server.requests) < pages // 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        first.send_signal(signal.SIGKILL)
        assert first.wait(timeout=10) == -signal.SIGKILL
        stored = Candle.objects.count()
        assert len(rows) // 3 < stored < len(rows) - 1000
        server.requests.clear()
        assert _start(server).wait(timeout=90) == 0
        assert len(server.requests) <= pages - stored // page_size + 5
        server.page_size = 500
        bring(
            server,
            "2024-08-01",
            "2025-01-05",
            now=make.moscow("2025-01-10T12:00"),
            secid="SBERP",
            timeframe=Timeframe.M10,
        )
    assert _rows("SBER") == _rows("SBERP")
    assert len(_rows("SBER")) == len(rows)


def test_days_before_a_change_of_ticker_that_is_told_later_are_asked_for(server):
    make.instrument("YDEX")
    server.candles["YNDX", 60] = [row for row in ROWS if row["begin"] < "2023-06-15"]
    server.candles["YDEX", 60] = [row for row in ROWS if row["begin"] >= "2023-07-24"]
    bring(server, "2023-05-01", secid="YDEX")
    assert begins("YDEX") == told("2023-07-24")
    told_change = TickerChangeRecord(
        old_secid="YNDX", new_secid="YDEX", changed_on=date(2023, 7, 24), source="test"
    )
    page = RecordPage(place="changeover", records=(told_change,))
    assert ticker_changes_write(page=page, now=NOW).new == 1
    again = bring(server, "2023-05-01", secid="YDEX")
    assert begins("YDEX") == told("2023-05-01", "2023-06-15") + told("2023-07-24")
    assert again.report.rows_new == len(told("2023-05-01", "2023-06-15"))
    assert again.requests < 10
    # Told again, nothing is forgotten.
    assert ticker_changes_write(page=page, now=NOW).unchanged == 1
    assert bring(server, "2023-05-01", secid="YDEX").report.rows_new == 0
