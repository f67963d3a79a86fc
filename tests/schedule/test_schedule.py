from __future__ import annotations

import pytest
from django.core.management import call_command
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask, PeriodicTasks

from traderai.common.config import parse
from traderai.common.errors import InputError
from traderai.site import schedule
from traderai.site.schedule import Schedule, schedule_load, schedules_sync

TASK = "traderai.jobs.tasks.jobs_sweep"


def plan(*entries, **first):
    rows = entries or ({"name": "Sweep", "task": TASK, "every_s": 60, "expires_s": 50} | first,)
    return parse({"schedules": list(rows)}, Schedule, where="schedule.yaml")


@pytest.fixture
def empty(db):
    PeriodicTask.objects.all().delete()


def test_the_packaged_schedule_names_known_tasks_and_expires_in_time():
    entries = schedule_load().schedules
    assert {entry.task for entry in entries} >= {
        "market.tasks.candles_ingest_due",
        "features.tasks.features_build_due",
        "signals.tasks.signals_score_due",
        TASK,
    }


def test_the_sync_creates_and_repeating_changes_nothing(empty):
    assert schedules_sync(schedule=plan()).created == ("Sweep",)
    changed_at = PeriodicTasks.objects.get().last_update
    again = schedules_sync(schedule=plan())
    assert (again.created, again.unchanged) == ((), ("Sweep",))
    # Nothing was saved: beat need not read everything anew at each start.
    assert PeriodicTasks.objects.get().last_update == changed_at
    row = PeriodicTask.objects.get(name="Sweep")
    assert (row.task, row.interval.every, row.expire_seconds, row.enabled) == (TASK, 60, 50, True)


def test_a_new_file_updates_what_nobody_edited(empty):
    schedules_sync(schedule=plan())
    assert schedules_sync(schedule=plan(every_s=600)).updated == ("Sweep",)
    assert PeriodicTask.objects.get(name="Sweep").interval.every == 600
    assert schedules_sync(schedule=plan(every_s=600)).unchanged == ("Sweep",)


@pytest.mark.parametrize(
    "edit",
    [
        {"enabled": False},
        {"expire_seconds": 7},
        {"task": "market.tasks.candles_ingest_due"},
        {"description": "ours now"},
        {"interval": 900},
    ],
)
def test_what_staff_edited_stays(empty, edit):
    schedules_sync(schedule=plan())
    row = PeriodicTask.objects.get(name="Sweep")
    if "interval" in edit:
        edit = {"interval": IntervalSchedule.objects.create(every=900, period="seconds")}
    for name, value in edit.items():
        setattr(row, name, value)
    row.save()
    assert schedules_sync(schedule=plan(every_s=600)).kept_edited == ("Sweep",)
    row.refresh_from_db()
    assert all(getattr(row, name) == value for name, value in edit.items())


def test_what_left_the_file_is_disabled_and_comes_back_with_it(empty):
    other = {"name": "Other", "task": TASK, "every_s": 60, "expires_s": 50}
    sweep = {"name": "Sweep", "task": TASK, "every_s": 60, "expires_s": 50}
    schedules_sync(schedule=plan(sweep, other))
    assert schedules_sync(schedule=plan(sweep)).disabled == ("Other",)
    assert schedules_sync(schedule=plan(sweep)).disabled == ()
    assert not PeriodicTask.objects.get(name="Other").enabled
    assert schedules_sync(schedule=plan(sweep, other)).updated == ("Other",)
    assert PeriodicTask.objects.get(name="Other").enabled


def test_a_schedule_that_staff_made_is_left_alone(empty):
    hours = IntervalSchedule.objects.create(every=1, period="hours")
    PeriodicTask.objects.create(name="Staff's own", task=TASK, interval=hours)
    report = schedules_sync(schedule=plan())
    assert report.disabled == ()
    assert PeriodicTask.objects.get(name="Staff's own").enabled


def test_a_crontab_is_in_moscow(empty):
    schedules_sync(schedule=plan({"name": "Night", "task": TASK, "cron": "30 19 * * 1-5", "expires_s": 3600}))
    night = CrontabSchedule.objects.get(periodictask__name="Night")
    assert (night.minute, night.hour, night.day_of_week) == ("30", "19", "1-5")
    assert str(night.timezone) == "Europe/Moscow"


def test_the_command_says_what_it_did(empty, capsys):
    call_command("sync_schedules")
    count = len(schedule_load().schedules)
    assert f"{count} created, 0 updated" in capsys.readouterr().out
    call_command("sync_schedules")
    assert f"0 created, 0 updated, {count} unchanged" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("first", "said"),
    [
        ({"expires_s": 60}, "below every_s 60, was 60"),
        ({"expires_s": 0}, "above 0"),
        ({"cron": "* * * * *"}, "either every_s or cron"),
        ({"every_s": None}, "either every_s or cron"),
        ({"every_s": None, "cron": "* *"}, "five fields"),
        ({"evry_s": 5}, "did you mean 'every_s'"),
    ],
)
def test_a_wrong_entry_is_refused(first, said):
    with pytest.raises(InputError) as caught:
        plan(**first)
    assert said in caught.value.detail


def test_two_entries_of_one_name_are_refused():
    entry = {"name": "Sweep", "task": TASK, "every_s": 60, "expires_s": 50}
    with pytest.raises(InputError, match="stands 2 times"):
        plan(entry, entry)


def test_an_unknown_task_is_refused_with_the_nearest(tmp_path, monkeypatch):
    monkeypatch.setenv("TRADERAI_CONFIG_DIR", str(tmp_path))
    (tmp_path / schedule.FILE).write_text(
        "schedules: [{name: x, task: traderai.jobs.tasks.jobs_swep, every_s: 60, expires_s: 5}]"
    )
    with pytest.raises(InputError, match=r"did you mean 'traderai\.jobs\.tasks\.jobs_sweep'"):
        schedule_load()
