"""Training runs say how they ended, also where nobody was left to say it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from modeling.models import TrainingRun
from modeling.services.training_runs import DIED, training_run, training_runs_sweep
from tests.journeys.test_worker_journey import database_url
from tests.modeling.advisory_locks import wait_for_free_locks
from tests.up.processes import ROOT

NOW = datetime(2025, 1, 10, tzinfo=UTC)

# Stores a run and waits inside of it for its end.
RUNNING = """
import sys
from datetime import UTC, datetime
import django
django.setup()
from modeling.models import TrainingRun
from modeling.services.training_runs import training_run
now = datetime(2025, 1, 9, tzinfo=UTC)
new = TrainingRun(recipe="r", config_sha256="c", code_sha256="c", seed=0, as_of=now, started_at=now)
with training_run(new) as run:
    print(run.pk, flush=True)
    sys.stdin.readline()
"""


def new_run() -> TrainingRun:
    return TrainingRun(
        recipe="r", config_sha256="c", code_sha256="c", seed=0, as_of=NOW, started_at=NOW, metrics={}
    )


@pytest.mark.django_db
def test_a_run_is_stored_as_running_and_then_as_done_with_what_it_found():
    with training_run(new_run()) as run:
        stored = TrainingRun.objects.get()
        assert (stored.state, stored.finished_at) == ("running", None)
        run.metrics = {"loss": 0.5}
    stored = TrainingRun.objects.get()
    assert (stored.state, stored.metrics, stored.error) == ("done", {"loss": 0.5}, "")
    assert stored.finished_at is not None and stored.seconds is not None
    assert training_runs_sweep(now=NOW) == ()


@pytest.mark.django_db
def test_an_error_ends_a_run_with_its_reason():
    with pytest.raises(ValueError, match="too little"), training_run(new_run()):
        raise ValueError("too little")
    stored = TrainingRun.objects.get()
    assert (stored.state, stored.error) == ("failed", "ValueError: too little")
    assert training_runs_sweep(now=NOW) == ()


@pytest.fixture
def elsewhere(transactional_db: None) -> Iterator[subprocess.Popen[bytes]]:
    """A process in the middle of a run, on the test's database."""
    process = subprocess.Popen(
        [sys.executable, "-c", RUNNING], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        env=os.environ | {"DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "traderai.site.settings.test"},
    )  # fmt: skip
    with process:
        assert process.stdout is not None
        assert process.stdout.readline().strip()
        yield process
        process.kill()


def test_a_run_whose_process_lives_is_left_alone_and_a_dead_ones_is_marked_failed(
    elsewhere: subprocess.Popen[bytes],
):
    run = TrainingRun.objects.get()
    assert training_runs_sweep(now=NOW) == ()
    assert TrainingRun.objects.get().state == "running"
    elsewhere.send_signal(signal.SIGKILL)
    elsewhere.wait()
    wait_for_free_locks()
    assert training_runs_sweep(now=NOW) == (run.pk,)
    stored = TrainingRun.objects.get()
    assert (stored.state, stored.error, stored.finished_at) == ("failed", DIED, NOW)
    assert training_runs_sweep(now=NOW) == ()
