"""Each scheduled task of the market runs on an empty database as on a full one; the schedule names no other."""

from __future__ import annotations

from datetime import timedelta

import pytest

from market import tasks
from market.models import CalendarDay, DataQualityReport
from tests.market import make
from traderai.common import clock
from traderai.site.celery import app
from traderai.site.schedule import schedule_load

pytestmark = pytest.mark.django_db
OURS = sorted(entry.task for entry in schedule_load().schedules if entry.task.startswith("market."))


@pytest.fixture(autouse=True)
def nowhere(settings, tmp_path):
    settings.LAKE_URL = f"file://{tmp_path}"
    settings.ISS_BASE_URL = "http://127.0.0.1:1/iss"  # nobody answers there


def test_every_task_of_the_market_is_scheduled():
    app.loader.import_default_modules()
    assert sorted(name for name in app.tasks if name.startswith("market.")) == OURS


@pytest.mark.parametrize("name", OURS)
def test_a_task_runs_twice_with_and_without_data(name):
    task = getattr(tasks, name.rpartition(".")[2])
    assert isinstance(task(), dict)
    make.write(make.instrument(), make.columns(make.hours("2024-01-03", count=5)))
    assert isinstance(task(), dict)
    assert isinstance(task(), dict)


def test_what_the_tasks_leave_behind():
    day = (clock.now() - timedelta(days=3)).date().isoformat()
    make.write(make.instrument(), make.columns(make.hours(day, count=5)))
    assert tasks.data_quality_due()["verdict"] == DataQualityReport.objects.get().verdict
    assert tasks.calendar_build()["new"] == CalendarDay.objects.count() > 400
    assert tasks.candles_export_due()["rows"] == 5
