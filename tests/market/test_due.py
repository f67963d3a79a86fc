"""The stages that pull what ISS has told since."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from market.configs import universe_config
from market.contracts import Timeframe
from market.iss.client import IssLimits
from market.iss_config import ScheduledCandles, iss_config
from market.models import (
    CalendarDay,
    Candle,
    CandleCoverage,
    CandleDisagreement,
    CorporateAction,
    IndexMember,
    IngestionRun,
    Instrument,
    InstrumentBoard,
    NewsItem,
    NewsSource,
)
from market.selectors.candles import candle_list
from market.services import due
from market.services.due import candles_ingest_due, news_ingest_due, reference_ingest_due
from market.services.due_parts import records_ingest
from market.services.ingest import ingest_instruments
from market.sources.iss import IssSource
from tests.iss_server import Fault, IssServer, security
from tests.market import make
from tests.market.test_iss import iss_bars
from tests.market.test_iss_source import history_row
from traderai.common.errors import TransientError
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


def test_daily_bars_come_from_the_candles_and_from_the_history(server, planned):
    daily = {"timeframe": "1d", "universe": "", "every_minutes": 1440, "history_days": 90}
    planned(ScheduledCandles(**daily), ScheduledCandles(**daily, source="iss_history"))
    server.history["SBER"] = [history_row("2024-06-28", 300.0, SECID="SBER")]
    server.candles["SBER", 24] = [
        bar | {"begin": f"{bar['begin'][:10]} 00:00:00"}
        for bar in iss_bars(["2024-06-27", "2024-06-28"], count=1)
    ]
    candles_ingest_due(limit=50, now=NOW, source=source(server))
    assert done() == [
        "GMKN 1d 2024-06-30T21:00Z", "GMKN 1d iss_history 2024-06-30T21:00Z",
        "SBER 1d 2024-06-30T21:00Z", "SBER 1d iss_history 2024-06-30T21:00Z",
    ]  # fmt: skip
    rows = Candle.objects.order_by("begin").values_list("close", "source__name")
    assert list(rows) == [(100.5, "iss"), (300.0, "iss/history")]
    assert CandleDisagreement.objects.get().close == 100.5


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
    assert news_ingest_due(now=NOW).rows_received == 0
    assert Job.objects.count() == 0
    assert "does not answer" in caplog.text


def reference_server(made):
    made.changeover = [{"action_date": "2024-06-20", "old_secid": "GMKN", "new_secid": "GMKX"}]
    made.securities = [security("SBER"), security("GMKX", LOTSIZE=100)]
    made.splits = [{"tradedate": "2024-06-20", "secid": "SBER", "before": 1, "after": 10}]
    made.members = {"IMOEX": [{"ticker": "SBER", "from": "2020-01-01", "till": "2024-06-28"}]}
    made.days = [
        {"tradedate": day, "stock_workday": is_open, "stock_trade_session_date": None, "stock_reason": reason}
        for day, is_open, reason in (("2024-07-01", 1, "N"), ("2024-11-04", 0, "H"))
    ]
    described = {"columns": list(BOARD), "data": [list(BOARD.values())]}
    for secid in [*universe_config().secids("core"), "GMKX"]:
        made.recorded[f"/securities/{secid}"] = json.dumps({"boards": described}).encode()
    # Today's replacement: the old ticker was on its board yesterday for the last time.
    ended = {"columns": list(BOARD), "data": [list((BOARD | {"is_traded": 0}).values())]}
    made.recorded["/securities/GMKN"] = json.dumps({"boards": ended}).encode()


BOARD = {
    "boardid": "TQBR", "market": "shares", "engine": "stock", "is_primary": 1, "is_traded": 1,
    "history_from": "2014-06-09", "history_till": "2024-06-28", "listed_from": None, "listed_till": None,
}  # fmt: skip


def test_reference_data_come_once_a_day_and_one_part_does_not_hold_up_the_others(server):
    reference_server(server)
    server.plan = lambda _n, path: Fault(status=404) if "/index/analytics/" in path else None
    reference_ingest_due(now=NOW, source=source(server))
    states = dict(Job.objects.values_list("business_key", "state"))
    assert {key.split()[0]: state for key, state in states.items()} == {
        "tickers": "done", "indices": "done", "instruments": "failed", "boards": "done", "terms": "done",
        "actions": "done", "members": "failed", "weights": "failed", "calendar": "done",
    }  # fmt: skip
    assert {key.split()[1] for key in states} == {"2024-07-01"}
    server.plan = None
    reference_ingest_due(now=NOW + timedelta(minutes=10), source=source(server))
    assert set(Job.objects.values_list("state", flat=True)) == {"done"}
    asked = len(server.requests)
    reference_ingest_due(now=NOW + timedelta(minutes=20), source=source(server))
    reference_ingest_due(now=make.moscow("2024-07-02T04:50"), source=source(server))
    assert len(server.requests) == asked
    assert Instrument.objects.get(secid="GMKX").lot_size == 100
    assert not Instrument.objects.filter(secid="GMKN").exists()
    assert (
        CorporateAction.objects.get(instrument__secid="SBER", ex_date="2024-06-20").shares_after_per_before
        == 10.0
    )
    assert not CalendarDay.objects.get(date="2024-11-04").is_open
    assert InstrumentBoard.objects.filter(instrument__secid="GMKX", traded_from="2014-06-09").exists()
    assert IndexMember.objects.get(instrument__secid="SBER").member_till is None
    assert Instrument.objects.filter(kind="index").count() == len(iss_config().indices)


def test_a_split_that_was_told_today_brings_the_bars_of_before_anew(server):
    candles_ingest_due(limit=50, now=make.moscow("2024-06-19T12:20"), source=source(server))
    reference_server(server)
    server.splits = [{"tradedate": "2024-06-20", "secid": "SBER", "before": 1, "after": 10}]
    for bar in server.candles["SBER", 60]:
        if bar["begin"] >= "2024-06-20":
            bar.update({name: bar[name] / 10 for name in ("open", "high", "low", "close")})
        elif bar["begin"] < "2024-06-01":
            bar.update({name: bar[name] * 2 for name in ("open", "high", "low", "close")})
    reference_ingest_due(now=NOW, source=source(server))
    report = candles_ingest_due(limit=50, now=NOW, source=source(server))
    assert report.restated_series == ("SBER 1h",)
    assert sorted(set(Candle.objects.values_list("close", flat=True))) == [10.05, 100.5, 201.0]


def test_notices_are_read_every_five_minutes_from_the_newest_on(server):
    server.news = [
        {"id": 7, "tag": "site", "title": "О торгах", "body": "<p>Текст</p>",
         "published_at": "2024-07-01 11:00:00", "modified_at": "2024-07-01 11:00:00"}
    ]  # fmt: skip
    assert news_ingest_due(now=NOW, source=source(server)).rows_new == 1
    assert news_ingest_due(now=NOW + timedelta(minutes=4), source=source(server)).rows_received == 0
    item = NewsItem.objects.get()
    assert (item.source.code, item.title, item.published_at) == (
        "moex",
        "О торгах",
        make.moscow("2024-07-01T11:00"),
    )
    server.news.insert(
        0, server.news[0] | {"id": 8, "published_at": "2024-07-01 12:21:00", "modified_at": None}
    )
    again = news_ingest_due(now=NOW + timedelta(minutes=5), source=source(server))
    assert (again.rows_new, again.rows_unchanged) == (1, 1)
    NewsSource.objects.filter(code="moex").update(active=False)
    asked = len(server.requests)
    assert news_ingest_due(now=NOW + timedelta(hours=1), source=source(server)).rows_received == 0
    assert len(server.requests) == asked


def test_a_run_that_failed_is_recorded_with_its_error(server):
    with pytest.raises(TransientError):
        records_ingest(kind="boards", source="iss", pages=broken(), write=lambda page: page, now=NOW)
    run = IngestionRun.objects.get(kind="boards")
    assert "TransientError" in run.error and run.finished_at is not None


def broken():
    raise TransientError("gone")
    yield
