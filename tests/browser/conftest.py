"""A served site with real rows and a real Chromium."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from urllib.request import urlopen

import psycopg
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from psycopg import sql

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
SCREENSHOTS = Path(os.environ.get("TRADERAI_SCREENSHOT_DIR") or ROOT / ".state" / "screenshots")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs a browser where there is none, with a message."""
    if Path(CHROMIUM).exists():
        return
    skip = pytest.mark.skip(reason=f"no browser at {CHROMIUM}")
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(skip)


@dataclass(frozen=True)
class Site:
    address: str
    staff_password: str


@contextmanager
def own_database() -> Iterator[str]:
    """Make a database beside the tests' one and drop it at the end; yield its URL.

    The pages are read by another process, so the rows must be committed: in the tests' own database they would
    stand in the way of every other test.
    """
    given = os.environ["DATABASE_URL"]
    url = urlsplit(given)
    name = f"{url.path.strip('/')}_browser_{os.getpid()}"
    with psycopg.connect(given.replace("postgres://", "postgresql://", 1), autocommit=True) as connection:
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        connection.execute(drop)
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield urlunsplit(url._replace(path=f"/{name}"))
        finally:
            connection.execute(drop)


@contextmanager
def gunicorn(environment: dict[str, str], log_file: Path) -> Iterator[str]:
    """Serve on a free port; yield the address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{probe.getsockname()[1]}"
    command = [sys.executable, "-m", "gunicorn", "traderai.site.wsgi:application", "--bind", place,
               "--workers", "1", "--worker-class", "gthread", "--threads", "8"]  # fmt: skip
    with log_file.open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            wait_until_it_answers(f"http://{place}", process, log_file)
            yield f"http://{place}"
        finally:
            process.terminate()
            process.wait(timeout=15)


def wait_until_it_answers(address: str, process: subprocess.Popen[bytes], log_file: Path) -> None:
    deadline_s = time.perf_counter() + 30
    while time.perf_counter() < deadline_s and process.poll() is None:
        with suppress(OSError), urlopen(f"{address}/healthz", timeout=5):
            return
        time.sleep(0.05)
    raise AssertionError(f"the server did not answer: {log_file.read_text()}")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Serve simulated shares with their calls from a process and a database of their own."""
    folder = tmp_path_factory.mktemp("site")
    password = secrets.token_urlsafe(12)
    with own_database() as database_url:
        environment = {
            **os.environ,
            "DATABASE_URL": database_url,
            "LAKE_URL": f"file://{folder / 'lake'}",
            "STAFF_PASSWORD": password,
            "DJANGO_SETTINGS_MODULE": "traderai.site.settings.dev",
        }
        filled = subprocess.run(
            [sys.executable, "-m", "tests.browser.rows"],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert filled.returncode == 0, filled.stdout + filled.stderr
        with gunicorn(environment, folder / "gunicorn.log") as address:
            yield Site(address=address, staff_password=password)


@pytest.fixture(scope="module")
def browser(site: Site) -> Iterator[Browser]:
    """A Chromium; it ends with its module, because Django refuses to work beside a running event loop."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@dataclass
class Reader:
    """One page with what its console said."""

    site: Site
    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str, wait_for: str) -> Page:
        self.page.goto(self.site.address + path)
        self.page.wait_for_selector(wait_for, timeout=15_000)
        return self.page

    def screenshot(self, name: str, *, full: bool = True) -> Path:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        file = SCREENSHOTS / f"{name}.png"
        self.page.wait_for_timeout(300)
        self.page.screenshot(path=file, full_page=full)
        return file

    def findings(self) -> list[str]:
        """Return what axe calls serious or critical."""
        violations = Axe().run(self.page).response["violations"]
        return [
            f"{item['id']}: {item['nodes'][0]['html'][:160]}"
            for item in violations
            if item["impact"] in ("serious", "critical")
        ]


@pytest.fixture
def reader(site: Site, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Reader]:
    """A phone in English and dark, unless `browser_options` says otherwise."""
    marker = request.node.get_closest_marker("browser_options")
    options: dict[str, Any] = {
        "locale": "en-US", "color_scheme": "dark", "viewport": {"width": 390, "height": 844},
    }  # fmt: skip
    options |= getattr(request, "param", None) or (marker.kwargs if marker else {})
    context = browser.new_context(**options, reduced_motion="reduce")
    result = Reader(site=site, context=context, page=context.new_page())
    result.page.on(
        "console",
        lambda said: result.complaints.append(said.text) if said.type in ("error", "warning") else None,
    )
    result.page.on("pageerror", lambda error: result.complaints.append(str(error)))
    yield result
    context.close()
