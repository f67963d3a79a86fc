"""What the browser tests stand on: a database of their own, a server of their own, Chromium's flags."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from urllib.request import urlopen

import psycopg
from psycopg import sql

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@dataclass(frozen=True)
class Site:
    address: str
    staff_password: str


@contextmanager
def own_database(purpose: str = "browser") -> Iterator[str]:
    """Make a database beside the tests' one and drop it at the end; yield its URL.

    The pages are read by another process, so the rows must be committed: in the tests' own database they would
    stand in the way of every other test.
    """
    given = os.environ["DATABASE_URL"]
    url = urlsplit(given)
    name = f"{url.path.strip('/')}_{purpose}_{os.getpid()}"
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


def fill(environment: dict[str, str], *options: str) -> None:
    """Fill the database of this environment with the rows of the tests."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.browser.rows", *options],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def served(folder: Path, *options: str) -> Iterator[Site]:
    """Serve the rows of the tests from a process and a database of their own."""
    password = secrets.token_urlsafe(12)
    with own_database() as database_url:
        environment = {
            **os.environ,
            "DATABASE_URL": database_url,
            "LAKE_URL": f"file://{folder / 'lake'}",
            "STAFF_PASSWORD": password,
            "DJANGO_SETTINGS_MODULE": "traderai.site.settings.dev",
        }
        fill(environment, *options)
        with gunicorn(environment, folder / "gunicorn.log") as address:
            yield Site(address=address, staff_password=password)
