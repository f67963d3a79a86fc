"""Benchmarks of the route from candles to answers, on the simulator's sixteen shares of 1h bars.

Each takes what the one before it left in the database, as the stages do. The network that scores is a small one of the
tests: what is measured is reading, deciding, storing and answering, not learning.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from django.core.management import call_command
from django.test import Client

from features.contracts import BuildReport
from features.services.build import features_build
from market.contracts import Timeframe
from market.selectors.bars import bars_load, newest_bars
from market.selectors.instruments import traded_list
from modeling.kernels.label_windows import row_inputs
from modeling.kernels.labels import barrier_labels
from modeling.selectors.label_sets import barrier_set_get
from signals.services.score import signals_score
from tests.benchmarks.figures import Figure
from tests.signals import builders
from tests.site.test_web_process import MEMORY_LIMIT_MB, PAGES, START_LIMIT_S, gunicorn
from traderai.accounts.models import User
from traderai.common import clock

FEATURE_SET = "tech_v1"
LABEL_SET = "swing_v1"
ANSWERS = 400


def ingest() -> list[Figure]:
    seconds = seconds_of(
        lambda: call_command("ingest", "all", source="simulator", timeframes="1h", stdout=io.StringIO())
    )
    return [Figure(what="candles made, checked and written", value=stored_bars() / seconds, unit="rows/s")]


def features() -> list[Figure]:
    begins = newest_bars(timeframe=Timeframe.H1)
    # The newest bar is not known at its begin, so it is left for the update; one share is not traded any more.
    before = max(begins.values())
    traded = tuple(
        facts.secid
        for facts in traded_list(timeframe=Timeframe.H1, active_only=False)
        if begins[facts.secid] == before
    )

    def build(now: datetime) -> BuildReport:
        return features_build(feature_set=FEATURE_SET, timeframe=Timeframe.H1, secids=traded, now=now)

    built, updated, again = build(before), build(clock.now()), build(clock.now())
    assert not built.failed
    assert (updated.months_built, again.months_built) == (len(traded), 0)
    return [
        Figure(
            what=f"features {FEATURE_SET} built and stored", value=built.rows / built.seconds, unit="bars/s"
        ),
        Figure(what=f"features of one new bar, {len(traded)} shares", value=updated.seconds, unit="s"),
        Figure(what="features when nothing is new", value=again.seconds, unit="s"),
    ]


def labels() -> list[Figure]:
    spec, now = barrier_set_get(name=LABEL_SET), clock.now()
    series = [
        bars_load(secid=secid, timeframe=Timeframe.H1, as_of=now)
        for secid in newest_bars(timeframe=Timeframe.H1)
    ]
    inputs = [row_inputs(bars, cost_frac=0.001) for bars in series]
    barrier_labels(series[0], spec, spec.horizons[0], inputs[0])  # compiles

    def label_all() -> None:
        for bars, own in zip(series, inputs, strict=True):
            for horizon in spec.horizons:
                barrier_labels(bars, spec, horizon, own)

    seconds = min(seconds_of(label_all) for _ in range(3))
    n = sum(len(bars.begin_s) for bars in series) * len(spec.horizons)
    return [
        Figure(
            what=f"labels {LABEL_SET}, both sides, per bar and horizon", value=1e9 * seconds / n, unit="ns"
        )
    ]


def shares() -> list[str]:
    return [facts.secid for facts in traded_list(timeframe=Timeframe.H1)]


def score() -> list[Figure]:
    now = clock.now()
    features_build(feature_set=builders.FEATURE_SET, timeframe=Timeframe.H1, now=now)
    builders.champion(is_simulated=True, scaled_on="SIM01", at=now, trained_until=now - timedelta(days=200))
    signals_score(secids=["SIM01"], now=now)  # compiles
    secids = sorted(set(shares()) - {"SIM01"})
    began_s = clock.monotonic_s()
    report = signals_score(secids=secids, now=now)
    seconds = clock.monotonic_s() - began_s
    assert {signal.secid for signal in report.signals} == set(secids) and not report.not_ready
    return [
        Figure(what="signals decided, explained and stored", value=len(report.signals) / seconds, unit="1/s")
    ]


def answers() -> list[Figure]:
    client = Client()
    client.force_login(User.objects.create_user("bench", password="x", capital_rub=1_000_000))
    secids = shares()

    def analyze(number: int) -> None:
        body = {"secid": secids[number % len(secids)], "horizon": ("3d", "5d", "10d")[number % 3]}
        answer = client.post("/api/v1/analyze_ticker", body, content_type="application/json")
        assert answer.status_code == 200 and answer.json()["model"], answer.content

    def heatmap(_number: int) -> None:
        answer = client.get("/api/v1/market_heatmap")
        assert answer.status_code == 200 and len(answer.json()["results"]) == len(secids), answer.content

    return [
        Figure(what="analyze_ticker from a stored signal, p95", value=p95_ms(analyze), unit="ms", below=15.0),
        Figure(what=f"market_heatmap of {len(secids)} shares, p95", value=p95_ms(heatmap), unit="ms"),
    ]


def web_process() -> list[Figure]:
    starts_s: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(3):
            with gunicorn(Path(folder) / "web.log") as served:
                starts_s.append(served.start_s)
                for path in PAGES:
                    assert served.get(path) == 200, path
                memory_mb = max(served.memory_mb().values())
    return [
        Figure(
            what="web process: start to the first answer, best of 3",
            value=min(starts_s),
            unit="s",
            below=START_LIMIT_S,
        ),
        Figure(
            what="web process: resident memory after its pages",
            value=memory_mb,
            unit="MB",
            below=MEMORY_LIMIT_MB,
        ),
    ]


def p95_ms(ask: Callable[[int], None], *, answers: int = ANSWERS) -> float:
    for number in range(20):
        ask(number)
    return 1e3 * float(np.quantile([seconds_of(lambda n=n: ask(n)) for n in range(answers)], 0.95))


def seconds_of(act: Callable[[], object]) -> float:
    began_s = clock.monotonic_s()
    act()
    return clock.monotonic_s() - began_s


def stored_bars() -> int:
    now = clock.now()
    return sum(
        len(bars_load(secid=secid, timeframe=Timeframe.H1, as_of=now).begin_s)
        for secid in newest_bars(timeframe=Timeframe.H1)
    )
