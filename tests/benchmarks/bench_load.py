"""The load benchmark: fifty requests a second for a minute on the web server as `manage.py up` starts it.

On the market of `bench_signals`, moved so that its newest bar has just ended, with sixty bars of signals behind it.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import numpy as np
from django.conf import settings
from django.db import connection
from django.test import Client

from market.contracts import Timeframe
from market.models import Instrument
from market.selectors.candles import last_closes
from market.services.candle_write import candles_write
from signals.models import Signal
from tests.benchmarks.bench_signals import BARS, BARS_BEHIND, SHARES, market_now
from tests.benchmarks.figures import Figure
from tests.benchmarks.load_client import Answered, LoadAsk
from tests.market.make import FILE
from tests.signals import builders
from tests.site.test_web_process import ROOT, Served, environment, free_port, wait_until_it_answers
from traderai.accounts.models import User
from traderai.common import clock
from traderai.site.up.run import web_argv

RATE, SECONDS, PEOPLE = 50.0, 60.0, 100
HEATMAP_MS, ANALYSIS_MS = 50.0, 60.0
HORIZONS = ("3d", "5d", "10d")
# Candles that are moved: more than two weeks of them, so that each share has a day before its last one.
CANDLES = 300
_MOVED = """
INSERT INTO signals_signal (instrument_id, timeframe, horizon, bar_begin, as_of, valid_until, action, confidence, strength,
                            proven, source, model_version, trained_until, payload, created_at)
SELECT instrument_id, timeframe, horizon, bar_begin + moved, as_of + moved, valid_until + moved, action, confidence, strength,
       proven, source, model_version, trained_until,
       jsonb_set(payload, '{last_bar_at}', to_jsonb((payload->>'last_bar_at')::timestamptz + moved)), as_of + moved
FROM signals_signal
CROSS JOIN (SELECT %(weeks)s * interval '7 days' - n * interval '1 hour' AS moved FROM generate_series(0, %(behind)s) AS n) m
WHERE (instrument_id, bar_begin) IN (
    SELECT instrument_id, max(bar_begin) FROM signals_signal
    WHERE model_version = 'market-bench' AND bar_begin < %(until)s GROUP BY instrument_id
) AND model_version = 'market-bench'
ON CONFLICT DO NOTHING
"""


def load() -> list[Figure]:
    """Answers of a web server that is asked by a hundred people at once, counted from when each request was due."""
    with tempfile.TemporaryDirectory() as folder, server(Path(folder) / "web.log") as served:
        answers, client_s, server_s = asked(load_ask(served.address), pid=served.pid)
    failed = [one for one in answers if not 200 <= one.status < 300]
    for one in failed[:5]:
        print(f"  {one.kind} after {one.due_s:.1f} s: {one.status} {one.detail}", file=sys.stderr)
    took_s = max(one.due_s + one.latency_s for one in answers)
    print(
        f"  load: {len(answers)} requests, processor of the server {server_s:.1f} s, of the client {client_s:.1f} s"
    )
    return [
        Figure(what="load: requests answered", value=len(answers) / took_s, unit="1/s", at_least=0.98 * RATE),
        Figure(what="load: errors", value=len(failed), unit="", below=1),
        *quantiles(answers, "heatmap", what=f"load: market_heatmap of {SHARES} shares", below=HEATMAP_MS),
        *quantiles(answers, "analysis", what="load: stored analysis", below=ANALYSIS_MS),
        *quantiles(answers, "write", what="load: something written", below=None),
    ]


def quantiles(answers: Sequence[Answered], kind: str, *, what: str, below: float | None) -> Iterator[Figure]:
    """Yield the median and the tails of one kind's latencies; the bound is on the 95th percentile."""
    latencies_ms = [1e3 * one.latency_s for one in answers if one.kind == kind]
    for level in (50, 95, 99):
        value = float(np.percentile(latencies_ms, level))
        yield Figure(what=f"{what}, p{level}", value=value, unit="ms", below=below if level == 95 else None)


def asked(ask: LoadAsk, *, pid: int) -> tuple[list[Answered], float, float]:
    """Ask from a process of its own; return the answers and the seconds of the client's and of the server's processor."""
    before_s = processor_s(pid)
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.load_client"],
        input=json.dumps(asdict(ask)), cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    return [Answered(**one) for one in said["answers"]], said["cpu_s"], processor_s(pid) - before_s


def processor_s(pid: int) -> float:
    """Return the processor's seconds of a server and of its workers."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    fields = [Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split() for one in (pid, *children)]
    return sum(int(own[11]) + int(own[12]) for own in fields) / os.sysconf("SC_CLK_TCK")


def load_ask(address: str) -> LoadAsk:
    """Bring the market up to now and return what is asked of it."""
    market_move()
    now = clock.now()
    shares = Instrument.objects.filter(secid__startswith="MKT").order_by("secid")
    secids = tuple(shares.values_list("secid", flat=True))
    closes = last_closes(timeframe=Timeframe.H1, as_of=now)
    newest = Signal.objects.filter(model_version="market-bench").order_by("-as_of", "-id")
    return LoadAsk(
        address=address,
        rate=RATE,
        seconds=SECONDS,
        people=people_sign_in(),
        secids=secids,
        horizons=HORIZONS,
        signal_ids=tuple(newest.values_list("pk", flat=True)[: 3 * SHARES]),
        prices=tuple(closes[secid].close for secid in secids),
    )


def market_move() -> None:
    """Move the newest bars and signals by whole weeks, so that the last bar has ended within the last week."""
    weeks = (clock.now() - market_now()).days // 7
    for number, instrument in enumerate(Instrument.objects.filter(secid__startswith="MKT").order_by("secid")):
        columns = builders.columns(number, BARS)
        moved = columns.take(np.arange(BARS - CANDLES, BARS))
        moved = dataclasses.replace(moved, begin_s=moved.begin_s + weeks * 7 * 86_400)
        candles_write(instrument_id=instrument.pk, timeframe=Timeframe.H1, columns=moved, origin=FILE)
    with connection.cursor() as cursor:
        cursor.execute(_MOVED, {"weeks": weeks, "behind": BARS_BEHIND, "until": market_now()})
        cursor.execute("ANALYZE signals_signal")
        cursor.execute("ANALYZE market_candle")


def people_sign_in() -> tuple[str, ...]:
    """Return the keys of the sessions of a hundred signed-in users with a capital."""
    keys, before = [], User.objects.count()
    for number in range(PEOPLE):
        client = Client()
        client.force_login(User.objects.create(username=f"load-{before + number}", capital_rub=1_000_000))
        keys.append(client.cookies[settings.SESSION_COOKIE_NAME].value)
    return tuple(keys)


@contextmanager
def server(log_file: Path) -> Iterator[Served]:
    """Serve as `manage.py up` does."""
    port = free_port()
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            web_argv("127.0.0.1", port), cwd=ROOT, env=environment(), stdout=log, stderr=log
        )
        served = Served(address=f"http://127.0.0.1:{port}", pid=process.pid, start_s=0.0)
        try:
            wait_until_it_answers(served, process, log_file)
            yield served
        finally:
            process.terminate()
            process.wait(timeout=15)
