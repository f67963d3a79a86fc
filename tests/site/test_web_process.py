"""The web process stays small: memory, start, and what it must never load."""

from __future__ import annotations

import json
import os
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

import pytest
from django.db import connection

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {
    "talib", "numba", "pandas", "polars", "xgboost", "lightgbm", "sklearn", "keras", "tensorflow", "torch",
    "onnxruntime", "matplotlib", "scipy",
}  # fmt: skip
START_LIMIT_S = 3.0
MEMORY_LIMIT_MB = 250
PAGES = (
    "/app/",
    "/admin/login/",
    "/api/docs/",
    "/api/schema/",
    "/api/v1/instruments",
    "/api/v1/market_heatmap",
)

# Everything that any address can reach is imported once the resolver has been walked.
LOADED = """
import json, sys
import django.urls
import traderai.site.wsgi
def walk(resolver):
    for pattern in getattr(resolver, "url_patterns", []):
        walk(pattern)
walk(django.urls.get_resolver())
{extra}
print(json.dumps(sorted({{name.split(".")[0] for name in sys.modules}})))
"""


def environment() -> dict[str, str]:
    """Return an environment in which a process of its own uses the tests' database."""
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "traderai.site.settings.dev",
        "DATABASE_URL": urlunsplit(url),
    }


def loaded_modules(extra: str = "") -> set[str]:
    code = LOADED.format(extra=extra)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_no_heavy_library_is_loaded():
    assert loaded_modules() & HEAVY == set()


def test_the_check_of_libraries_can_fail():
    assert "talib" in loaded_modules("import talib") & HEAVY


@dataclass
class Served:
    address: str
    pid: int
    start_s: float

    def get(self, path: str) -> int:
        with urlopen(self.address + path, timeout=10) as response:
            response.read()
            return int(response.status)

    def memory_mb(self) -> dict[int, float]:
        """Return the resident memory of the server and of its worker by process id."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return {pid: resident_mb(pid) for pid in (self.pid, *map(int, children))}


def resident_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise AssertionError(f"process {pid} has no VmRSS")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def gunicorn(log_file: Path) -> Iterator[Served]:
    """Serve from a process of its own; the start is measured from its creation to its first answer."""
    address = f"http://127.0.0.1:{free_port()}"
    command = [
        sys.executable, "-m", "gunicorn", "traderai.site.wsgi:application", "--bind", address.removeprefix("http://"),
        "--workers", "1", "--worker-class", "gthread", "--threads", "4",
    ]  # fmt: skip
    begin_s = time.perf_counter()
    with log_file.open("wb") as log:
        server = subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=log, stderr=log)
        try:
            result = Served(address=address, pid=server.pid, start_s=0.0)
            wait_until_it_answers(result, server, log_file)
            result.start_s = time.perf_counter() - begin_s
            yield result
        finally:
            server.terminate()
            server.wait(timeout=15)


def wait_until_it_answers(served: Served, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline_s = time.perf_counter() + 30
    while time.perf_counter() < deadline_s:
        assert server.poll() is None, f"the server ended: {log.read_text()}"
        with suppress(OSError):
            served.get("/healthz")
            return
        time.sleep(0.025)
    raise AssertionError(f"the server did not answer in 30 s: {log.read_text()}")


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_the_web_process_is_small_and_starts_fast(transactional_db: None, tmp_path: Path):
    starts_s = []
    # Other work on the machine may slow a start down, nothing can speed it up: the best of three counts.
    while len(starts_s) < 3 and (not starts_s or min(starts_s) >= START_LIMIT_S):
        with gunicorn(tmp_path / "gunicorn.log") as served:
            starts_s.append(served.start_s)
            for path in PAGES:
                assert served.get(path) == 200, path
            memory = served.memory_mb()
    print(f"web process: start {min(starts_s):.2f} s, resident memory {max(memory.values()):.0f} MB")
    assert len(memory) >= 2, "the worker process is missing"
    assert max(memory.values()) < MEMORY_LIMIT_MB, memory
    assert min(starts_s) < START_LIMIT_S, starts_s
