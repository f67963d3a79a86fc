"""The whole route through real PostgreSQL, real Redis and a real Celery worker: ISS speaks, a signal is stored."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import pytest
import redis
from django.core.management import call_command
from django.db import connection

from features.selectors.matrix import feature_matrix_load
from market.contracts import Timeframe
from market.selectors.bars import newest_bars
from signals.selectors.stored import signal_latest
from tests.iss_server import IssServer, security
from tests.up.processes import ROOT
from traderai.common import clock
from traderai.common.errors import TraderAIError
from traderai.jobs.selectors import job_list
from traderai.site.celery import app, queue_of
from traderai.site.endpoints import broker_url

SECIDS = ("SBER", "GAZP")
QUEUES = "ingest,features,training,inference,notify,default"
DAYS = 45


def hourly(secid: str, *, until: datetime) -> list[dict[str, Any]]:
    """Return ISS rows of closed 1h bars of the last trading days; a smooth wave, so nothing looks like an error."""
    rows, level = [], 100.0 if secid == "GAZP" else 250.0
    first = (until.astimezone(clock.MOSCOW) - timedelta(days=DAYS)).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    for hour in range(24 * (DAYS + 1)):
        begin = first + timedelta(hours=hour)
        if (
            begin.weekday() > 4
            or not 10 <= begin.hour <= 18
            or begin + timedelta(hours=1, minutes=20) > until
        ):
            continue
        open_, close = (round(level * (1 + 0.03 * math.sin(i / 17)), 2) for i in (hour, hour + 1))
        high, low = max(open_, close) + 0.1, min(open_, close) - 0.1
        rows.append(
            {
                "open": open_, "close": close, "high": round(high, 2), "low": round(low, 2),
                "volume": 10_000 + 100 * (hour % 7), "value": round(10_000 * close, 2),
                "begin": f"{begin:%Y-%m-%d %H:%M:%S}", "end": f"{begin:%Y-%m-%d %H}:59:59",
            }
        )  # fmt: skip
    return rows


@pytest.fixture
def iss(settings) -> Iterator[IssServer]:
    now = clock.now()
    server = IssServer(
        securities=[security(secid) for secid in SECIDS],
        candles={(secid, 60): hourly(secid, until=now) for secid in SECIDS},
    )
    with server:
        settings.ISS_BASE_URL = server.base_url
        yield server


@pytest.fixture
def broker() -> Iterator[str]:
    """A Redis database that nobody else uses."""
    url = os.environ["REDIS_URL"]
    parts = urlsplit(url)
    url = f"unix://{parts.path}?db=15" if parts.scheme == "unix" else urlunsplit(parts._replace(path="/15"))
    with redis.Redis.from_url(url) as client:
        client.flushdb()
        yield url
        client.flushdb()


def database_url() -> str:
    """Return the address of the test's own database, as the environment of another process has it."""
    facts = connection.settings_dict
    options = facts["OPTIONS"]
    user = quote(facts["USER"]) + (f":{quote(facts['PASSWORD'])}" if facts["PASSWORD"] else "")
    if options.get("host"):
        return f"postgres://{user}@/{facts['NAME']}?host={options['host']}&port={options['port']}"
    return f"postgres://{user}@{facts['HOST']}:{facts['PORT']}/{facts['NAME']}"


@pytest.fixture
def worker(transactional_db, broker, iss, settings, tmp_path) -> Iterator[subprocess.Popen[bytes]]:
    settings.LAKE_URL = f"file://{tmp_path / 'lake'}"
    env = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "traderai.site.settings.test",
        "DATABASE_URL": database_url(),
        "REDIS_URL": broker,
        "LAKE_URL": settings.LAKE_URL,
        "ISS_BASE_URL": iss.base_url,
    }
    command = [sys.executable, "-m", "celery", "-A", "traderai.site.celery", "worker", "--concurrency", "1"]
    command += ["--queues", QUEUES, "--without-gossip", "--without-mingle", "--loglevel", "INFO"]
    log = tmp_path / "worker.log"
    with log.open("wb") as stream:
        running = subprocess.Popen(command, env=env, cwd=ROOT, stdout=stream, stderr=stream)
    try:
        wait_for(lambda: " ready." in log.read_text(errors="replace"), log.read_text)
        running.log = log  # type: ignore[attr-defined]
        yield running
    finally:
        running.terminate()
        running.wait(timeout=30)


def wait_for(what: Callable[[], object], text: Callable[[], str], *, timeout_s: float = 40.0) -> None:
    give_up_s = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < give_up_s, text()[-6000:]
        time.sleep(0.1)


def send(task: str, broker: str) -> None:
    with app.connection_for_write(broker_url(broker)) as link:
        app.send_task(task, connection=link, queue=queue_of(task))


def stored(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except TraderAIError:
        return None


def test_candles_become_signals_through_a_real_worker(worker, broker, iss):
    call_command("ingest", "instruments", source="iss", secids=",".join(SECIDS))
    newest = max(row["begin"] for row in iss.candles["SBER", 60])
    log = worker.log.read_text

    send("market.tasks.candles_ingest_due", broker)
    wait_for(lambda: set(newest_bars(timeframe=Timeframe.H1)) == set(SECIDS), log)
    bars = newest_bars(timeframe=Timeframe.H1)
    assert f"{bars['SBER'].astimezone(clock.MOSCOW):%Y-%m-%d %H:%M:%S}" == newest

    send("features.tasks.features_build_due", broker)

    def features() -> Any:
        return stored(
            lambda: feature_matrix_load(
                feature_set="tech_v1", secid="GAZP", timeframe=Timeframe.H1, as_of=clock.now()
            )
        )

    # They are stored month by month: a part of them may be there before the rest is.
    rows = len(iss.candles["GAZP", 60])
    wait_for(lambda: features() is not None and len(features().begin_s) >= rows, log)
    assert len(features().begin_s) == rows
    assert clock.from_epoch_s(features().begin_s[-1]) == bars["GAZP"]

    def signal(secid: str) -> Any:
        return stored(lambda: signal_latest(secid=secid, timeframe="1h", horizon="5d", as_of=clock.now()))

    send("signals.tasks.signals_score_due", broker)
    wait_for(lambda: signal("SBER") and signal("GAZP"), log)
    # Nothing was trained, so nothing may be advised, and it says why.
    said = signal("SBER")
    assert (said.action, said.confidence, said.model_version, said.proven) == ("NO_TRADE", None, None, False)
    assert "model_missing" in said.payload["decision"]["reasons"]
    assert said.bar_begin == bars["SBER"]

    # Waking every stage again changes nothing: nothing is due any more.
    requests, first = len(iss.requests), signal("SBER").id
    jobs = len(done_jobs())
    for task in (
        "market.tasks.candles_ingest_due",
        "features.tasks.features_build_due",
        "signals.tasks.signals_score_due",
    ):
        send(task, broker)
    wait_for(lambda: log().count("succeeded in") == 6, log)
    assert len(iss.requests) - requests <= 1  # at most the question whether ISS is there
    assert (signal("SBER").id, len(done_jobs())) == (first, jobs)
    assert "Traceback" not in log()


def done_jobs() -> list[str]:
    kinds = ("market.candles_ingest", "features_build", "signals_score")
    return [job.business_key for kind in kinds for job in job_list(kind=kind, as_of=clock.now())]
