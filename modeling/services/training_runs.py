"""Training runs: each says that it runs, and how it ended; a killed one is found by its lock and marked failed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime

from django.db import transaction

from modeling.models import TrainingRun
from traderai.common import clock
from traderai.jobs.services import advisory_lock

DIED = "its process died: it was killed, ran out of memory or the machine went down; train again"


@contextmanager
def training_run(run: TrainingRun) -> Iterator[TrainingRun]:
    """Store a new run as running while inside; after that as done, or as failed with the error that left it.

    What the caller sets on the run while inside is stored at the end. While inside, the process holds a lock of the
    run, which PostgreSQL frees when the process dies.
    """
    began_s = clock.monotonic_s()
    with ExitStack() as held:
        # Locked before anyone can see the row: a running row whose lock is free belongs to a dead process.
        with transaction.atomic():
            run.state = TrainingRun.State.RUNNING
            run.save()
            held.enter_context(advisory_lock(_lock_name(run)))
        try:
            yield run
        except Exception as error:
            run.error = f"{type(error).__name__}: {error}"
            _end(run, TrainingRun.State.FAILED, began_s)
            raise
        _end(run, TrainingRun.State.DONE, began_s)


def training_runs_sweep(*, now: datetime) -> tuple[int, ...]:
    """Mark the runs of dead processes as failed and return their ids; repeating finds nothing."""
    dead = []
    for run in TrainingRun.objects.filter(state=TrainingRun.State.RUNNING).order_by("pk"):
        with advisory_lock(_lock_name(run)) as is_free:
            # The run may have ended since it was read.
            own = TrainingRun.objects.filter(pk=run.pk, state=TrainingRun.State.RUNNING)
            if is_free and own.update(state=TrainingRun.State.FAILED, error=DIED, finished_at=now):
                dead.append(run.pk)
    return tuple(dead)


def _lock_name(run: TrainingRun) -> str:
    return f"training run {run.pk}"


def _end(run: TrainingRun, state: TrainingRun.State, began_s: float) -> None:
    run.state = state
    run.finished_at = clock.now()
    run.seconds = clock.monotonic_s() - began_s
    run.save()
