"""The stages that pull what ISS has told since."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from market.contracts import Timeframe
from market.iss.client import IssLimits
from market.iss_config import ScheduledCandles, iss_config
from market.models import CandleCoverage
from market.selectors.candles import candle_list
from market.services import due
from market.services.due import candles_ingest_due, reference_ingest_due
from market.services.ingest import ingest_instruments
from market.sources.iss import IssSource
from tests.iss_server import IssServer, security
from tests.market import make
from tests.market.test_iss import iss_bars
from traderai.jobs.models import Job

pytestmark = pytest.mark.django_db
NOW = make.moscow("2024-07-01T12:20")
HOURLY = ScheduledCandles(timeframe="1h", universe="", every_minutes=60, history_days=1100)


def source(server):
    return IssSource(
        limits=IssLimits(base_url=server.base_url, requests_per_s=1000.0, attempts=2, backoff_s=0.001),
        data_lag=timedelta(minutes=15),
        history=timedelta(days=1100),
        jitter=np.random.default_rng(1),
    )


@pytest.fixture
def planned(monkeypatch):
    """Let the schedule hold what a test names."""

    def plan(*scheduled):
        config = replace(iss_config(), scheduled=scheduled)
        monkeypatch.setattr(due, "iss_config", lambda: config)

    plan(HOURLY)
    return plan


@pytest.fixture
def server(planned):
    rows = iss_bars(make.days_of("2024-05-06", 41))
    with IssServer(candles={("SBER", 60): rows}, securities=[security("SBER"), security("GMKN")]) as made:
        ingest_instruments(source=source(made), secids=["SBER", "GMKN"], now=NOW)
        yield made


def begins(secid="SBER", timeframe=Timeframe.H1):
    candles = candle_list(secid=secid, timeframe=timeframe, as_of=make.moscow("2030-01-01"), limit=10_000)
    return [candle.begin for candle in candles]


def done():
    return sorted(Job.objects.filter(state="done").values_list("business_key", flat=True))


def test_each_share_is_claimed_once_an_hour(server):
    make.instrument("SIM01", is_simulated=True)
    first = candles_ingest_due(limit=50, now=NOW, source=source(server))
    assert first.rows_new == len(begins())
    assert done() == ["GMKN 1h 2024-07-01T09:00Z", "SBER 1h 2024-07-01T09:00Z"]
    assert candles_ingest_due(limit=50, now=NOW, source=source(server)).rows_received == 0
    later = candles_ingest_due(limit=50, now=NOW + timedelta(hours=1), source=source(server))
    assert later.rows_new == 1
    assert begins()[-1] == make.moscow("2024-07-01T12:00")


def test_the_limit_holds_for_all_timeframes_together(server, planned):
    planned(HOURLY, ScheduledCandles(timeframe="10m", universe="", every_minutes=10, history_days=30))
    candles_ingest_due(limit=3, now=NOW, source=source(server))
    assert done() == ["GMKN 10m 2024-07-01T09:00Z", "GMKN 1h 2024-07-01T09:00Z", "SBER 1h 2024-07-01T09:00Z"]
    candles_ingest_due(limit=3, now=NOW, source=source(server))
    assert len(done()) == 4


def test_a_universe_and_a_first_day_bound_what_is_brought(server, planned):
    planned(ScheduledCandles(timeframe="10m", universe="core", every_minutes=10, history_days=7))
    make.instrument("ABRD")
    server.candles["SBER", 10] = [
        bar | {"begin": f"{day} 10:{minute}0:00"}
        for day in make.days_of("2024-06-03", 21)
        for minute, bar in enumerate(iss_bars([day], count=6))
    ]
    candles_ingest_due(limit=50, now=NOW, source=source(server))
    found = begins(timeframe=Timeframe.M10)
    assert found[0] == make.moscow("2024-06-24T10:00")
    assert found[-1] == make.moscow("2024-07-01T10:50")
    assert not [url for url in server.requests if "/ABRD/candles" in url]


@pytest.mark.parametrize(
    ("now", "every", "slot"),
    [
        ("2024-07-01T12:16", 60, "2024-07-01T11:00"),  # the bar 11:00 to 12:00 may still be on its way
        ("2024-07-01T12:17", 60, "2024-07-01T12:00"),
        ("2024-07-01T12:37", 10, "2024-07-01T12:20"),
        ("2024-07-01T00:16", 1440, "2024-06-30T00:00"),
        ("2024-07-01T00:17", 1440, "2024-07-01T00:00"),
    ],
)
def test_an_interval_ends_when_anonymous_data_have_it(now, every, slot):
    assert due._slot(make.moscow(now), every=timedelta(minutes=every)) == make.moscow(slot)


def test_a_series_that_fails_does_not_hold_up_the_others(server):
    server.answer = lambda url: (503, b"") if "/GMKN/" in url else IssServer.answer(server, url)
    report = candles_ingest_due(limit=50, now=NOW, source=source(server))
    assert report.rows_new == len(begins()) > 0
    failed = Job.objects.get(state="failed")
    assert failed.business_key.startswith("GMKN 1h") and "TransientError" in failed.error
    server.answer = lambda url: IssServer.answer(server, url)
    candles_ingest_due(limit=50, now=NOW, source=source(server))
    assert not Job.objects.exclude(state="done").exists()


def test_bars_of_another_source_do_not_hide_that_iss_has_not_been_asked(server):
    make.write(due.instrument_list()[1], make.columns([make.moscow("2024-07-01T11:00")]))
    report = candles_ingest_due(limit=50, now=NOW, source=source(server))
    assert report.rows_new > 300
    assert CandleCoverage.objects.count() == 1


def test_an_exchange_out_of_reach_leaves_everything_as_it_is(settings, caplog, planned):
    settings.ISS_BASE_URL = "http://127.0.0.1:9/iss"
    make.instrument("SBER")
    assert candles_ingest_due(limit=50, now=NOW).rows_received == 0
    assert reference_ingest_due(now=NOW).rows_received == 0
    assert Job.objects.count() == 0
    assert "does not answer" in caplog.text
