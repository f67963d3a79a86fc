"""`manage.py up` as people use it: real processes, Ctrl-C, kill -9, a busy port, a second one."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import uuid
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.up.processes import ROOT, Running, command, environment, wait_for

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="looks for processes in /proc"
)

DONE = "INSERT INTO jobs_job (kind, business_key, state, attempts, progress_frac, error, started_at, finished_at)"
STEPS = ("begun", "ingest", "features", "regime", "train", "score")


@pytest.fixture(scope="module")
def state():
    folder = Path(tempfile.mkdtemp(prefix="traderai-t-", dir="/var/tmp"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def mark():
    return uuid.uuid4().hex


@pytest.fixture(scope="module")
def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def up(state: Path, port: int, *more: str) -> list[str]:
    return command("up", "--state-dir", str(state), "--port", str(port), *more)


@pytest.fixture(scope="module")
def prepared(state):
    """A database that is migrated and whose main job is done, as a second `make run` finds it."""
    with Running(prepare_argv(state), mark=uuid.uuid4().hex, folder=state) as preparing:
        assert preparing.popen.wait(timeout=90) == 0, preparing.screen()
    return state


def prepare_argv(state: Path) -> list[str]:
    values = ", ".join(f"('main_job', '{step}', 'done', 1, 1.0, '', now(), now())" for step in STEPS)
    program = f"""
import os, subprocess, sys
from pathlib import Path
import psycopg
from traderai.site.up.place import state_open
from traderai.site.up.run import services_start
from traderai.site.up.supervisor import Supervisor
state = Path({str(state)!r})
state_open(state)
with Supervisor() as supervisor:
    env = services_start(supervisor, state)
    subprocess.run([sys.executable, "manage.py", "prepare_database"], env=env, check=True)
    with psycopg.connect(env["DATABASE_URL"]) as connection:
        connection.execute({f"{DONE} VALUES {values}"!r})
"""
    return [*command()[:1], "-c", program]


def test_up_serves_refuses_a_second_one_and_stops_at_ctrl_c(prepared, port, mark):
    with Running(up(prepared, port), mark=mark, folder=prepared) as running:
        running.until_said("Ctrl-C stops everything")
        assert httpx.get(f"http://127.0.0.1:{port}/admin/login/").status_code == 200
        names = " ".join(text for _, text in running.all())
        for part in (
            "gunicorn",
            "celery -A traderai.site.celery worker",
            "celery -A traderai.site.celery beat",
            "manage.py ondemand",
        ):
            assert part in names
        note = prepared / "run" / "services.json"
        assert stat.S_IMODE(note.stat().st_mode) == 0o600
        with psycopg.connect(json.loads(note.read_text())["DATABASE_URL"]) as connection:
            assert (
                connection.execute("SELECT count(*) FROM django_celery_beat_periodictask").fetchone()[0] >= 5
            )

        second = subprocess.run(
            up(prepared, port + 1),
            env=environment("second"),
            capture_output=True,
            text=True,
            cwd=ROOT,
            timeout=30,
        )
        assert second.returncode == 1
        assert (
            f"already runs in {prepared} (process {running.popen.pid}, http://127.0.0.1:{port})"
            in second.stderr
        )

        other = Path(tempfile.mkdtemp(dir="/var/tmp")) / "state"
        busy = subprocess.run(
            up(other, port), env=environment("busy"), capture_output=True, text=True, cwd=ROOT, timeout=30
        )
        assert busy.returncode == 1
        assert f"cannot listen on 127.0.0.1:{port}" in busy.stderr
        assert f"PORT={port + 1}" in busy.stderr
        assert not other.exists()
        other.parent.rmdir()

        # a command of its own finds the running database by the note
        found = subprocess.run(
            command("migrate", "--check"),
            env=environment("x", TRADERAI_STATE_DIR=str(prepared)),
            cwd=ROOT,
            timeout=30,
        )
        assert found.returncode == 0

        running.popen.send_signal(signal.SIGINT)
        assert running.popen.wait(timeout=30) == 0, running.screen()
        wait_for(lambda: not running.all(), timeout_s=5, text=lambda: str(running.all()))
        assert not note.exists()


def test_kill_9_leaves_no_orphans_and_the_next_start_recovers(prepared, port, mark):
    with Running(up(prepared, port), mark=mark, folder=prepared) as running:
        before = running.screen().count("Ctrl-C stops everything")
        wait_for(
            lambda: running.screen().count("Ctrl-C stops everything") > before,
            timeout_s=60,
            text=running.screen,
        )
        with psycopg.connect(
            json.loads((prepared / "run" / "services.json").read_text())["DATABASE_URL"]
        ) as connection:
            connection.execute("CREATE TABLE survivor AS SELECT generate_series(1, 500) AS x")
        assert (
            len(running.all()) >= 8
        )  # up, watchdog, postgres, redis, web and its worker, beat, ondemand, worker and its child
        running.popen.kill()
        running.popen.wait()
        wait_for(lambda: not running.all(), timeout_s=15, text=lambda: str(running.all()))
        assert not (prepared / "run" / "services.json").exists()

    with Running(up(prepared, port), mark=mark, folder=prepared) as running:
        wait_for(lambda: (prepared / "run" / "services.json").exists(), timeout_s=30, text=running.screen)
        url = json.loads((prepared / "run" / "services.json").read_text())["DATABASE_URL"]
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT count(*) FROM survivor").fetchone() == (500,)
        # Ctrl-C in the middle of the start stops as cleanly as later.
        running.popen.send_signal(signal.SIGINT)
        assert running.popen.wait(timeout=30) == 0, running.screen()
        wait_for(lambda: not running.all(), timeout_s=5, text=lambda: str(running.all()))


def test_without_the_watchdog_kill_9_would_leave_orphans(state, mark):
    """The sabotage: what ends the orphans is the watchdog."""
    program = """
import time, os, signal
from pathlib import Path
from traderai.site.up.supervisor import Plan, Supervisor
with Supervisor() as supervisor:
    child = supervisor.start(Plan(name="child", argv=("sleep", "60"), env=dict(os.environ), cwd=Path("/")))
    if os.environ.get("SABOTAGE"):
        supervisor._watchdog.kill()
        supervisor._watchdog.wait()
    print("started", flush=True)
    time.sleep(60)
"""
    for sabotage, left in (("", 0), ("1", 1)):
        (state / "screen.log").unlink(missing_ok=True)
        argv = [*command()[:1], "-c", program]
        with Running(argv, mark=mark, folder=state, SABOTAGE=sabotage) as running:
            running.until_said("started")
            running.popen.kill()
            running.popen.wait()
            if left:
                signal_free = [text for _, text in running.all()]
                assert ["sleep 60" in text for text in signal_free] == [True]
            else:
                wait_for(lambda: not running.all(), timeout_s=10, text=lambda: str(running.all()))


def test_a_child_that_ends_ends_everything(state, mark):
    program = """
import os
from pathlib import Path
from traderai.common.errors import NotReadyError
from traderai.site.up.supervisor import Plan, Supervisor
try:
    with Supervisor() as supervisor:
        for name, script in (("lasting", "sleep 60"), ("brief", "echo last words; exit 7")):
            supervisor.start(Plan(name=name, argv=("sh", "-c", script), env=dict(os.environ), cwd=Path("/")))
        supervisor.watch()
except NotReadyError as error:
    print("SAID", error)
"""
    (state / "screen.log").unlink(missing_ok=True)
    with Running([*command()[:1], "-c", program], mark=mark, folder=state) as running:
        assert running.popen.wait(timeout=20) == 0
        assert "SAID brief ended with code 7" in running.screen()
        assert "| last words" in running.screen()
        assert running.all() == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--data", "/nowhere"], "DATA must be a folder of candle files, was /nowhere"),
        (["--state-dir", "/proc/1/state"], "the state directory /proc/1/state cannot be written"),
    ],
)
def test_what_can_be_refused_is_refused_before_anything_starts(tmp_path, arguments, said):
    run = subprocess.run(
        command("up", "--state-dir", str(tmp_path / "state"), "--once", *arguments),
        env=environment("refused"), capture_output=True, text=True, cwd=ROOT, timeout=30,
    )  # fmt: skip
    assert run.returncode == 1
    assert said in run.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("variable", "url"),
    [("DATABASE_URL", "postgres://x:y@127.0.0.1:9/z"), ("REDIS_URL", "redis://127.0.0.1:9/0")],
)
def test_a_service_that_is_named_and_does_not_answer_is_said(state, variable, url):
    run = subprocess.run(
        command("up", "--state-dir", str(state), "--once"),
        env=environment("silent", **{variable: url}), capture_output=True, text=True, cwd=ROOT, timeout=30,
    )  # fmt: skip
    assert run.returncode == 1
    assert f"{variable} names" in run.stderr
    assert "does not answer" in run.stderr


def test_with_services_hands_on_the_exit_code_and_leaves_nothing(state):
    script = 'test -n "$REDIS_URL" && echo "$DATABASE_URL" && echo "$TRADERAI_STATE_DIR" && exit 3'
    run = subprocess.run(
        command("with_services", "--", "sh", "-c", script),
        env=environment("services", DATABASE_URL="postgres://never@127.0.0.1:9/used"),
        capture_output=True, text=True, cwd=ROOT, timeout=60,
    )  # fmt: skip
    assert run.returncode == 3, run.stderr
    url, folder = run.stdout.split()
    assert url.startswith("postgres://traderai:")
    assert not os.path.lexists(folder)


def test_a_command_without_a_database_says_what_to_do(tmp_path, mark):
    lacking = environment(mark, TRADERAI_STATE_DIR=str(tmp_path))
    done = subprocess.run(command("models", "list"), env=lacking, cwd=ROOT, text=True, capture_output=True)
    assert done.returncode == 1 and done.stderr.startswith("no database: leave `make run` running")
    assert "Traceback" not in done.stderr
