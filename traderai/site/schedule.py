"""The schedule file, and its idempotent way into the database that beat reads.

A row that we wrote carries, in its description, the fingerprint of what we wrote. A row whose values no longer match its
fingerprint was edited by staff, and stays as they left it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from traderai.common.config import fingerprint, load_config
from traderai.common.errors import InputError, did_you_mean
from traderai.site.celery import app

FILE = "schedule.yaml"
_MARK = re.compile(r"schedule\.yaml (?P<sha>[0-9a-f]{64})$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the schedule: a task and when it is woken."""

    name: str
    task: str
    every_s: int | None = None
    cron: str | None = None  # minute hour day-of-month month day-of-week, Europe/Moscow
    expires_s: int

    def __post_init__(self) -> None:
        if (self.every_s is None) == (self.cron is None):
            raise ValueError(f"{self.name!r} needs either every_s or cron, and not both")
        if self.every_s is not None and not 0 < self.expires_s < self.every_s:
            raise ValueError(
                f"expires_s of {self.name!r} must be above 0 and below every_s {self.every_s}, was {self.expires_s}"
            )
        if self.cron is not None and len(self.cron.split()) != 5:
            raise ValueError(f"cron of {self.name!r} must have five fields, was {self.cron!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The whole file."""

    schedules: tuple[Entry, ...]

    def __post_init__(self) -> None:
        names = [entry.name for entry in self.schedules]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"the name {name!r} stands {names.count(name)} times; names must differ")


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncReport:
    """What one sync did, by the names of entries."""

    created: tuple[str, ...]
    updated: tuple[str, ...]
    unchanged: tuple[str, ...]
    kept_edited: tuple[str, ...]  # staff changed them; they stay
    disabled: tuple[str, ...]  # no longer in the file


def schedule_load() -> Schedule:
    """Return the schedule file, every task known to Celery."""
    schedule = load_config(FILE, Schedule)
    app.loader.import_default_modules()
    known = [name for name in app.tasks if not name.startswith("celery.")]
    for entry in schedule.schedules:
        if entry.task not in known:
            raise InputError(f"{FILE}: there is no task {entry.task!r}{did_you_mean(entry.task, known)}")
    return schedule


@transaction.atomic
def schedules_sync(*, schedule: Schedule) -> SyncReport:
    """Bring the database to the schedule, except where staff edited it; repeating changes nothing."""
    done: dict[str, list[str]] = {name: [] for name in SyncReport.__dataclass_fields__}
    rows = {row.name: row for row in PeriodicTask.objects.select_related("interval", "crontab")}
    for entry in schedule.schedules:
        done[_sync_one(entry, rows.get(entry.name))].append(entry.name)
    wanted = {entry.name for entry in schedule.schedules}
    for name, row in rows.items():
        if name not in wanted and row.enabled and _MARK.search(row.description):
            row.enabled = False
            _stamp_and_save(row)
            done["disabled"].append(name)
    return SyncReport(**{name: tuple(names) for name, names in done.items()})


def _sync_one(entry: Entry, row: Any) -> str:
    if row is None:
        _write(entry, PeriodicTask(name=entry.name))
        return "created"
    mark = _MARK.search(row.description)
    if mark is None or mark["sha"] != _sha(row):
        return "kept_edited"
    before = mark["sha"]
    _write(entry, row)
    return "unchanged" if _sha(row) == before else "updated"


def _write(entry: Entry, row: Any) -> None:
    row.task, row.enabled, row.expire_seconds = entry.task, True, entry.expires_s
    row.interval = row.crontab = None
    if entry.every_s is not None:
        row.interval, _ = IntervalSchedule.objects.get_or_create(
            every=entry.every_s, period=IntervalSchedule.SECONDS
        )
    elif entry.cron is not None:
        row.crontab = _crontab(entry.cron)
    _stamp_and_save(row)


def _crontab(text: str) -> Any:
    minute, hour, day, month, weekday = text.split()
    found, _ = CrontabSchedule.objects.get_or_create(
        minute=minute,
        hour=hour,
        day_of_month=day,
        month_of_year=month,
        day_of_week=weekday,
        timezone="Europe/Moscow",
    )
    return found


def _stamp_and_save(row: Any) -> None:
    sha = _sha(row)
    mark = _MARK.search(row.description)
    if row.pk is not None and mark is not None and mark["sha"] == sha:
        return  # a save would make beat read everything again
    row.description = f"Written from schedule.yaml {sha}"
    row.save()


def _sha(row: Any) -> str:
    return fingerprint(
        {
            "task": row.task,
            "interval": None if row.interval is None else [row.interval.every, row.interval.period],
            "crontab": None if row.crontab is None else str(row.crontab),
            "expires_s": row.expire_seconds,
            "enabled": row.enabled,
            "args": row.args,
            "kwargs": row.kwargs,
            "queue": row.queue,
            "one_off": row.one_off,
        }
    )
