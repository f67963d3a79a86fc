"""Beat wakes retraining through a real broker and worker; what it cannot do for want of data is said once a day."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from modeling.selectors.retraining import retraining_reports
from tests.journeys.test_worker_journey import broker, database_url, iss, wait_for, worker  # noqa: F401
from tests.up.processes import ROOT
from traderai.common import clock
from traderai.common.config import parse
from traderai.site.schedule import Schedule, schedules_sync

pytestmark = pytest.mark.soak
TASK = "modeling.tasks.retraining_due"


@pytest.fixture
def beat(worker: subprocess.Popen[bytes], broker: str, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:  # noqa: F811
    """A beat that wakes retraining every two seconds."""
    entry = {"name": "Train anew what is due", "task": TASK, "every_s": 2, "expires_s": 1}
    schedules_sync(schedule=parse({"schedules": [entry]}, Schedule, where="schedule.yaml"))
    env = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "traderai.site.settings.test",
        "DATABASE_URL": database_url(),
        "REDIS_URL": broker,
    }
    command = [sys.executable, "-m", "celery", "-A", "traderai.site.celery", "beat", "--loglevel", "INFO"]
    with (tmp_path / "beat.log").open("wb") as stream:
        running = subprocess.Popen(
            [*command, "--pidfile", str(tmp_path / "beat.pid")], env=env, cwd=ROOT, stdout=stream, stderr=stream
        )  # fmt: skip
    yield running
    running.terminate()
    running.wait(timeout=30)


def test_beat_wakes_retraining_which_reports_once_a_day(
    worker: subprocess.Popen[bytes],  # noqa: F811
    beat: subprocess.Popen[bytes],
    tmp_path: Path,
):
    log = worker.log.read_text  # type: ignore[attr-defined]

    def said() -> str:
        return log() + (tmp_path / "beat.log").read_text()

    wait_for(lambda: log().count(f"Task {TASK}") and log().count("succeeded in") >= 3, said, timeout_s=90)
    (report,) = retraining_reports(as_of=clock.now())
    assert (report.job, report.state) == ("global", "refused")
    assert "run manage.py data_quality" in report.note
    assert "Traceback" not in log()
