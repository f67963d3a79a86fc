"""Long work in steps that are done once: each finished one leaves a `Job` row, so the next start skips it.

Steps run as commands of their own: the memory of one is given back before the next, and Keras stays out of this process.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings

from traderai.common import clock
from traderai.common.errors import NotReadyError
from traderai.jobs.selectors import job_list
from traderai.jobs.services import job_record
from traderai.site.up.run import NO_CHECKS

BEGUN = "begun"  # recorded before the first step: what lies in the database is this work's own
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: its name and the arguments of `manage.py` that do it, or what does it here within seconds."""

    name: str
    arguments: tuple[str, ...] = ()
    work: Callable[[Say], None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDone:
    """What became of one step."""

    name: str
    seconds: float | None  # None: it was done before


def steps_recorded(kind: str) -> set[str]:
    """Return the names of the steps of a kind of work that are done."""
    return {job.business_key for job in job_list(kind=kind, as_of=clock.now())}


def step_record(kind: str, name: str) -> None:
    """Record a step as done; repeating keeps the first record."""
    now = clock.now()
    job_record(kind=kind, business_key=name, started_at=now, now=now)


def step_do(step: Step, records: set[str], *, kind: str, number: int, of: int, say: Say) -> StepDone:
    """Do a step unless it is among the records, and record it; a failure is a NotReadyError and leaves no record."""
    title = f"[{number}/{of}] {step.name}"
    if step.name in records:
        say(f"{title}: done before")
        return StepDone(name=step.name, seconds=None)
    began_s, began_at = clock.monotonic_s(), clock.now()
    if step.work is None:
        say(f"{title}: manage.py {' '.join(step.arguments)}")
        command_run(*step.arguments, kind=kind, name=step.name)
    else:
        say(title)
        step.work(say)
    job_record(kind=kind, business_key=step.name, started_at=began_at, now=clock.now())
    seconds = clock.monotonic_s() - began_s
    say(f"{title}: {seconds:.1f} s")
    return StepDone(name=step.name, seconds=seconds)


def command_run(*arguments: str, kind: str, name: str) -> None:
    """Run a command of `manage.py` in a process of its own; another exit code than 0 is a NotReadyError."""
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), *arguments, NO_CHECKS]
    code = subprocess.run(command, check=False).returncode
    if code != 0:
        raise NotReadyError(
            f"the step {name} of the {kind.replace('_', ' ')} ended with code {code}; its output stands above. What was "
            "done before it is kept: the next start goes on with this step"
        )
