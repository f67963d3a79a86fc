"""What `manage.py up` and `manage.py with_services` do, from the first check to the last stop."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg

from traderai.common import clock
from traderai.common.errors import InputError, NotReadyError
from traderai.site.endpoints import SERVICES_FILE
from traderai.site.up import postgres, redis
from traderai.site.up.health import web_answers
from traderai.site.up.place import lock_take, place_choose, port_check, state_open
from traderai.site.up.supervisor import Plan, Stopped, Supervisor

BASE_DIR = Path(__file__).resolve().parents[3]
QUEUES = "ingest,features,training,inference,notify,default"
# `prepare_database` has checked the code: what starts after it need not import every page to check it again, a second each.
NO_CHECKS = "--skip-checks"
_WEB_THREADS = 16  # eight may each keep a stream of signals open, as many again answer all else
# An idle connection waits in no thread; one that is closed too early meets the next request on its way.
_KEEP_ALIVE_S = 30
_GATE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class UpOptions:
    """The arguments of `manage.py up`."""

    state: Path
    host: str = "127.0.0.1"
    port: int = 8000
    data: Path | None = None
    once: bool = False
    demo: bool = False  # a replayed year instead of the main job

    @property
    def url(self) -> str:
        """Where the pages will be."""
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{shown}:{self.port}"


def up(options: UpOptions) -> int:
    """Start everything, do the main job where the database is empty, serve until Ctrl-C; return the exit code.

    Repeating keeps all data. Everything that can be refused is refused before anything is started.
    """
    if options.data is not None and not options.data.is_dir():
        raise InputError(
            f"DATA must be a folder of candle files, was {options.data}, which is none", field="data"
        )
    if not options.once:
        port_check(options.host, options.port)
    state_open(options.state)
    lock = lock_take(options.state, url=options.url)
    try:
        with Supervisor(lock=lock) as supervisor:
            try:
                return _up(options, supervisor)
            except Stopped:
                supervisor.say("stopping")
                return 0
    finally:
        (options.state / SERVICES_FILE).unlink(missing_ok=True)
        os.close(lock)


def _up(options: UpOptions, supervisor: Supervisor) -> int:
    began_s = clock.monotonic_s()
    env = services_start(supervisor, options.state)
    _services_note(supervisor, options.state, env)
    _manage(supervisor, "prepare_database", env=env)
    env["CELERY_SKIP_CHECKS"] = "1"  # as NO_CHECKS
    job = "demo" if options.demo else "main_job"
    data = () if options.data is None else ("--data", str(options.data))
    code = supervisor.run(_plan(job, _manage_argv(job, *data, NO_CHECKS), env, raw=True))
    if code != 0 or options.once:
        return code
    _faces_start(supervisor, options, env)
    supervisor.say(f"ready after {clock.monotonic_s() - began_s:.1f} s:")
    supervisor.say(f"  {options.url}/app/        the market")
    supervisor.say(f"  {options.url}/api/docs/   the API")
    supervisor.say(f"  {options.url}/admin/      for staff")
    supervisor.say("Ctrl-C stops everything")
    supervisor.watch()
    return 0


def services_start(supervisor: Supervisor, state: Path, *, durable: bool = True) -> dict[str, str]:
    """Start the services that no variable names, check the others, and return the children's environment."""
    env = {**os.environ, "TRADERAI_STATE_DIR": str(state), "PYTHONUNBUFFERED": "1"}
    for name, folder in (("NUMBA_CACHE_DIR", "numba"), ("MPLCONFIGDIR", "matplotlib")):
        env.setdefault(name, str(state / "cache" / folder))
    (state / "static").mkdir(exist_ok=True)
    place = None
    if env.get("DATABASE_URL"):
        _database_check(env["DATABASE_URL"])
    else:
        place = place_choose(state, say=supervisor.say)
        env["DATABASE_URL"] = postgres.start(supervisor, place, durable=durable)
    if env.get("REDIS_URL"):
        redis.check(env["REDIS_URL"])
    else:
        place = place or place_choose(state, say=supervisor.say)
        env["REDIS_URL"] = redis.start(supervisor, place, env=env, durable=durable)
    return env


def with_services(command: Sequence[str]) -> int:
    """Run a command with a PostgreSQL and a Redis of its own, thrown away afterwards; return its exit code.

    DATABASE_URL and REDIS_URL of the caller are not used: tests must never meet anybody's data.
    """
    state = Path(tempfile.mkdtemp(prefix="traderai-", dir="/var/tmp"))
    # The services' account walks through; what is inside stays private by its own mode.
    state.chmod(0o711)
    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)
    try:
        with Supervisor() as supervisor:
            supervisor.forget_at_death(state)
            try:
                (state / "run").mkdir()
                env = services_start(supervisor, state, durable=False)
                plan = Plan(
                    name="command",
                    argv=tuple(command),
                    env=env,
                    cwd=Path.cwd(),
                    raw=True,
                    stop_signal=signal.SIGINT,
                )
                code = supervisor.run(plan)
                return code if code >= 0 else 128 - code
            except Stopped:
                return 130
            except FileNotFoundError as error:
                raise InputError(f"there is no command {command[0]!r}") from error
    finally:
        shutil.rmtree(state, ignore_errors=True)


def web_argv(host: str, port: int) -> tuple[str, ...]:
    """Return the web server's command: one process, since memory is what costs, and threads."""
    return (
        sys.executable, "-m", "gunicorn", "traderai.site.wsgi", "--no-control-socket", "--bind", f"{host}:{port}",
        "--worker-class", "gthread", "--threads", str(_WEB_THREADS), "--workers", "1", "--timeout", "60",
        "--graceful-timeout", "5", "--keep-alive", str(_KEEP_ALIVE_S),
    )  # fmt: skip


def worker_argv(queues: str, *, concurrency: int) -> tuple[str, ...]:
    """Return a Celery worker's command."""
    return (
        sys.executable, "-m", "celery", "-A", "traderai.site.celery", "worker", "--queues", queues,
        "--concurrency", str(concurrency), "--pool", "prefork", "--hostname", "up@%h", "--without-gossip",
        "--without-mingle", "--loglevel", "INFO",
    )  # fmt: skip


def beat_argv() -> tuple[str, ...]:
    """Return beat's command; its schedule lies in the database."""
    return (
        sys.executable, "-m", "celery", "-A", "traderai.site.celery", "beat", "--pidfile=", "--loglevel", "INFO",
    )  # fmt: skip


def _faces_start(supervisor: Supervisor, options: UpOptions, env: dict[str, str]) -> None:
    # All start at once and are waited for one after the other.
    web = supervisor.start(_plan("web", web_argv(options.host, options.port), env))
    beat = supervisor.start(_plan("beat", beat_argv(), env))
    worker = supervisor.start(_plan("worker", worker_argv(QUEUES, concurrency=1), env))
    ondemand = supervisor.start(_plan("ondemand", _manage_argv("ondemand", NO_CHECKS), env))
    reachable = "127.0.0.1" if options.host in {"0.0.0.0", "::"} else options.host  # noqa: S104
    supervisor.gate(web, lambda: web_answers(reachable, options.port), timeout_s=_GATE_S)
    supervisor.gate(
        beat, lambda: any("beat: Starting" in line for line in list(beat.last_lines)), timeout_s=_GATE_S
    )
    supervisor.gate(
        worker, lambda: any(" ready." in line for line in list(worker.last_lines)), timeout_s=_GATE_S
    )
    supervisor.gate(
        ondemand, lambda: any(" ready." in line for line in list(ondemand.last_lines)), timeout_s=_GATE_S
    )


def _plan(name: str, argv: tuple[str, ...], env: dict[str, str], *, raw: bool = False) -> Plan:
    return Plan(name=name, argv=argv, env=env, cwd=BASE_DIR, raw=raw)


def _manage_argv(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, str(BASE_DIR / "manage.py"), *arguments)


def _manage(supervisor: Supervisor, *arguments: str, env: dict[str, str]) -> None:
    code = supervisor.run(_plan(arguments[0], _manage_argv(*arguments), env))
    if code != 0:
        raise NotReadyError(
            f"manage.py {' '.join(arguments)} ended with code {code}; its output stands above"
        )


def _services_note(supervisor: Supervisor, state: Path, env: dict[str, str]) -> None:
    """Leave the addresses for other commands of the same user; removed at the stop."""
    path = state / SERVICES_FILE
    half = path.with_suffix(".half")
    content = json.dumps({name: env[name] for name in ("DATABASE_URL", "REDIS_URL")})
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
        stream.write(content)
    half.replace(path)
    supervisor.forget_at_death(path)


def _database_check(url: str) -> None:
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            version = connection.info.server_version // 10_000
    except psycopg.Error as error:
        raise InputError(
            f"DATABASE_URL names a PostgreSQL that does not answer ({str(error).strip()}): start it, correct the "
            "address, or leave DATABASE_URL out to get an embedded one"
        ) from error
    if version < postgres.MAJOR_MIN:
        raise InputError(
            f"PostgreSQL must be {postgres.MAJOR_MIN} or newer, DATABASE_URL names version {version}"
        )
