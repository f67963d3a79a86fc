"""What the browser tests stand on: a database of their own, a server of their own, Chromium's flags."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from urllib.request import urlopen

import psycopg
from psycopg import sql

from tests.accounts.init_data_maker import BOT_TOKEN

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@dataclass(frozen=True)
class Filled:
    """What the services made once of the rows of the tests; a server reads a copy of it."""

    database_url: str
    lake: Path
    staff_password: str

    def variables(self) -> dict[str, str]:
        """Return where a process finds it."""
        return {
            "DATABASE_URL": self.database_url,
            "LAKE_URL": f"file://{self.lake}",
            "STAFF_PASSWORD": self.staff_password,
        }


@dataclass(frozen=True)
class Site:
    """A server and the rows that it reads and writes."""

    address: str
    staff_password: str
    rows: Filled


@contextmanager
def own_database(purpose: str = "browser", *, like: str | None = None) -> Iterator[str]:
    """Make a database beside the tests' one, empty or like another, and drop it at the end; yield its URL.

    The pages are read by another process, so the rows must be committed: in the tests' own database they would
    stand in the way of every other test. Nobody may be connected to the other one.
    """
    given = os.environ["DATABASE_URL"]
    url = urlsplit(given)
    name = f"{url.path.strip('/')}_{purpose}_{os.getpid()}"
    template = "template1" if like is None else urlsplit(like).path.strip("/")
    with psycopg.connect(given.replace("postgres://", "postgresql://", 1), autocommit=True) as connection:
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        connection.execute(drop)
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        )
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
def filled(folder: Path, *options: str) -> Iterator[Filled]:
    """Fill a database and a lake with the rows of the tests."""
    with own_database("filled") as database_url:
        made = Filled(
            database_url=database_url, lake=folder / "lake", staff_password=secrets.token_urlsafe(12)
        )
        fill(surroundings(made), *options)
        yield made


def surroundings(made: Filled) -> dict[str, str]:
    """Return the environment of a process that reads these rows."""
    settings = {"DJANGO_SETTINGS_MODULE": "traderai.site.settings.dev", "TELEGRAM_BOT_TOKEN": BOT_TOKEN}
    # Tests do a day's work of a user in a minute.
    return {**os.environ, **made.variables(), **settings, "RATE_LIMIT_SCALE": "0"}


@contextmanager
def copied(made: Filled, folder: Path, purpose: str = "browser") -> Iterator[Filled]:
    """Copy the rows, so that who reads them may write, too."""
    with own_database(purpose, like=made.database_url) as database_url:
        yield replace(made, database_url=database_url, lake=shutil.copytree(made.lake, folder / "lake"))


@contextmanager
def served(made: Filled, folder: Path) -> Iterator[Site]:
    """Serve a copy of the rows from a process of its own."""
    with (
        copied(made, folder) as own,
        gunicorn(surroundings(own), folder / "gunicorn.log") as address,
    ):
        yield Site(address=address, staff_password=own.staff_password, rows=own)


@contextmanager
def answering(made: Filled, log_file: Path) -> Iterator[None]:
    """Run the worker that decides while the asker waits, on the rows of a server."""
    command = [sys.executable, "manage.py", "ondemand", "--skip-checks"]
    with log_file.open("w+") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=surroundings(made), stdout=log, stderr=log)
        try:
            deadline_s = time.perf_counter() + 60
            while "ready" not in log_file.read_text():
                assert process.poll() is None and time.perf_counter() < deadline_s, log_file.read_text()
                time.sleep(0.1)
            yield
        finally:
            process.terminate()
            process.wait(timeout=15)
