"""`manage.py up --once` without files: on the simulator when ISS is silent, on ISS when it answers.

The small routes run every time, with few shares and a network that learns for one epoch; the full ones are for `make soak`.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
import yaml
from django.test import Client

from market.contracts import Timeframe
from market.models import Candle
from market.selectors.instruments import instrument_list
from market.sources.records import CandleRequest
from market.sources.simulator import simulator_source
from modeling.selectors.versions import version_list
from tests.iss_server import IssServer, security
from tests.journeys.test_worker_journey import broker, database_url  # noqa: F401
from tests.up.processes import ROOT, command
from traderai.accounts.models import User
from traderai.common import clock
from traderai.common.config import PACKAGED_DIR
from traderai.jobs.selectors import job_list
from traderai.jobs.services import job_record

SILENT = "http://127.0.0.1:9/iss"
SMALL_DAYS = 240
FULL_DAYS = 745
FULL_LIMIT_S = 480
STEPS = {"begun", "ingest", "features", "regime", "train", "score"}
# PLZL split inside the full span: the simulator's prices are continuous there, as those are that ISS has divided.
SPLIT = ("PLZL", date(2025, 3, 27), 10.0)


@dataclass
class Route:
    """What one `up --once` did."""

    screen: str
    seconds: float


@pytest.fixture
def up_once(transactional_db, broker, tmp_path):  # noqa: F811
    """Run `up --once` on the test's own database, where the test can look at what it did."""

    def run(**environment: str) -> Route:
        began_s = time.monotonic()
        done = subprocess.run(
            command("up", "--once", "--state-dir", str(tmp_path / "state")),
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "traderai.site.settings.dev",
                "DATABASE_URL": database_url(),
                "REDIS_URL": broker,
                **environment,
            },
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT,
            timeout=2 * FULL_LIMIT_S,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-6000:]
        return Route(screen=done.stdout, seconds=time.monotonic() - began_s)

    return run


@pytest.fixture
def small(tmp_path) -> str:
    """Return a folder of settings that make the main job small: three shares, eight months, one epoch."""
    folder = tmp_path / "config"
    (folder / "recipes").mkdir(parents=True)
    simulator = packaged("simulator.yaml")
    simulator["start"] = str((clock.now() - timedelta(days=SMALL_DAYS)).date())
    simulator["shares"] = simulator["shares"][:3]
    recipe = packaged("recipes/global_swing_v1.yaml")
    recipe["network"] |= {"lookback_bars": 16, "channels": 8}
    recipe["fit"] |= {"max_epochs": 1, "max_windows_per_epoch": 2000, "max_validation_windows": 500}
    recipe["split"] |= {"calibration_folds": 1}
    recipe["evaluation"] |= {"resamples": 100, "explain_rows": 200}
    universe = packaged("universe.yaml")
    universe["universes"]["core_1h_today"] = ["GAZP", "LKOH", "SBER"]
    for name, content in (
        ("simulator.yaml", simulator),
        ("recipes/global_swing_v1.yaml", recipe),
        ("universe.yaml", universe),
    ):
        (folder / name).write_text(yaml.safe_dump(content), encoding="utf-8")
    return str(folder)


def packaged(name: str) -> dict[str, Any]:
    return yaml.safe_load((PACKAGED_DIR / name).read_text(encoding="utf-8"))


@pytest.fixture
def iss() -> Iterator[IssServer]:
    with IssServer() as server:
        yield server


def serve(server: IssServer, secids: list[str], *, days: int) -> None:
    """Fill a server with the simulator's paths under the tickers of real shares."""
    source, now = simulator_source(), clock.now()
    for secid, simulated in zip(secids, source.default_secids(), strict=False):
        request = CandleRequest(
            secid=simulated,
            timeframe=Timeframe.H1,
            now=now - timedelta(minutes=20),
            since=now - timedelta(days=days),
        )
        server.securities.append(security(secid))
        server.candles[secid, 60] = [
            row for page in source.candles(request=request) for row in iss_rows(page.columns)
        ]


def iss_rows(columns: Any) -> list[dict[str, Any]]:
    names = ("open", "high", "low", "close", "volume_shares", "value_rub")
    figures = zip(*(getattr(columns, name).tolist() for name in names), strict=True)
    rows = []
    for begin_s, (open_, high, low, close, volume, value) in zip(
        columns.begin_s.tolist(), figures, strict=True
    ):
        begin = clock.from_epoch_s(begin_s).astimezone(clock.MOSCOW)
        rows.append(
            {
                "open": open_, "high": high, "low": low, "close": close, "volume": volume, "value": value,
                "begin": f"{begin:%Y-%m-%d %H:%M:%S}", "end": f"{begin:%Y-%m-%d %H}:59:59",
            }
        )  # fmt: skip
    return rows


def stored(secid: str) -> list[tuple[Any, ...]]:
    rows = Candle.objects.filter(instrument__secid=secid).order_by("begin")
    return [
        (f"{begin.astimezone(clock.MOSCOW):%Y-%m-%d %H:%M:%S}", *figures)
        for begin, *figures in rows.values_list(
            "begin", "open", "high", "low", "close", "volume_shares", "value_rub"
        )
    ]


def served(server: IssServer, secid: str) -> list[tuple[Any, ...]]:
    """Return what the server gave, its prices before the split turned back into those of their day."""
    rows = []
    for row in server.candles[secid, 60]:
        factor = SPLIT[2] if secid == SPLIT[0] and row["begin"] < f"{SPLIT[1]}" else 1.0
        prices = (row[name] * factor for name in ("open", "high", "low", "close"))
        rows.append((row["begin"], *prices, row["volume"], row["value"]))
    return rows


def heatmap() -> list[dict[str, Any]]:
    client = Client()
    client.force_login(User.objects.create_user("reader", password="x"))
    answer = client.get("/api/v1/market_heatmap")
    assert answer.status_code == 200, answer.content
    return answer.json()["results"]


def assert_all_simulated(route: Route, rows: list[dict[str, Any]], shares: int) -> None:
    assert f"candles come from simulator: {SILENT} does not answer" in route.screen
    assert "SIMULATED: no figure below comes from a market" in route.screen
    assert "What was found   SIMULATED" in route.screen
    assert "oneDNN" not in route.screen and "absl" not in route.screen
    assert {row["source"] for row in rows} == {"simulated"}
    assert all(row["is_simulated"] and "simulated" in row["warnings"] for row in rows)
    assert len(rows) == shares
    assert all(facts.is_simulated for facts in instrument_list())
    assert {version.is_simulated for version in version_list()} == {True}
    assert {job.business_key for job in job_list(kind="main_job", as_of=clock.now())} == STEPS


def assert_of_iss(route: Route, rows: list[dict[str, Any]], server: IssServer, secids: list[str]) -> None:
    assert f"candles come from iss: {server.base_url} answers" in route.screen
    assert "SIMULATED" not in route.screen
    assert {row["secid"] for row in rows} == set(secids)
    assert not any(row["is_simulated"] for row in rows)
    assert {row["source"] for row in rows} <= {"live", "replay"}
    for secid in secids:
        got, wanted = stored(secid), served(server, secid)
        assert len(got) == len(wanted) > 0
        if secid == SPLIT[0]:
            assert [row[0] for row in got] == [row[0] for row in wanted]
            assert [row[1:] for row in got] == [pytest.approx(row[1:]) for row in wanted]
        else:
            assert got == wanted
    assert set(Candle.objects.values_list("source__name", flat=True)) == {"iss"}


def test_the_simulator_is_taken_when_iss_is_silent(up_once, small):
    route = up_once(ISS_BASE_URL=SILENT, TRADERAI_CONFIG_DIR=small)
    assert_all_simulated(route, heatmap(), shares=3)


def test_iss_is_taken_when_it_answers(up_once, small, iss):
    secids = ["GAZP", "LKOH", "SBER"]
    serve(iss, secids, days=SMALL_DAYS)
    # The route above trains; here it is the candles that count.
    job_record(kind="main_job", business_key="train", started_at=clock.now(), now=clock.now())
    route = up_once(ISS_BASE_URL=iss.base_url, ISS_REQUESTS_PER_SECOND="200", TRADERAI_CONFIG_DIR=small)
    assert_of_iss(route, heatmap(), iss, secids)
    # the sabotage: one figure that the server did not serve is seen
    iss.candles["SBER", 60][5]["close"] += 0.01
    assert stored("SBER") != served(iss, "SBER")


@pytest.mark.soak
def test_the_whole_simulator_takes_less_than_eight_minutes(up_once):
    route = up_once(ISS_BASE_URL=SILENT)
    print(f"simulator, all steps: {route.seconds:.0f} s")
    source = simulator_source()
    listed = [
        record for record in source.instruments(secids=source.default_secids()).records if record.active
    ]
    assert len(listed) >= 15  # one share has been delisted
    assert_all_simulated(route, heatmap(), shares=len(listed))
    assert route.seconds < FULL_LIMIT_S


@pytest.mark.soak
def test_two_years_of_fifteen_shares_of_iss_take_less_than_eight_minutes(up_once, iss):
    secids = packaged("universe.yaml")["universes"]["core_1h_today"]
    serve(iss, secids, days=FULL_DAYS)
    assert len(secids) >= 15
    began_s, before = time.monotonic(), len(iss.requests)
    route = up_once(ISS_BASE_URL=iss.base_url)
    print(f"ISS, all steps: {route.seconds:.0f} s, {len(iss.requests) - before} requests")
    assert_of_iss(route, heatmap(), iss, secids)
    assert max(time.monotonic() - began_s, route.seconds) < FULL_LIMIT_S
