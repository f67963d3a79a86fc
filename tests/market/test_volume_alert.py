from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import pytest

from market.models import IngestionRun
from market.services.ingest_run import scope_sha
from market.services.volume_alert import run_check
from traderai.common.errors import NotFoundError

pytestmark = pytest.mark.django_db
MONDAY = datetime(2024, 6, 3, 18, tzinfo=UTC)


def ran(rows, *, at, error="", **changed):
    return IngestionRun.objects.create(
        **{"kind": "candles", "source": "iss", "started_at": at, "finished_at": at, "rows_received": rows, "error": error}
        | changed
    )  # fmt: skip


def weeks(*rows, **changed):
    """Plant one run each Monday before MONDAY, the oldest first."""
    for back, count in enumerate(reversed(rows), start=1):
        ran(count, at=MONDAY - timedelta(weeks=back), **changed)


def checked(rows, **changed):
    run = ran(rows, at=MONDAY, **changed)
    alert = run_check(run_id=run.pk)
    stored = IngestionRun.objects.get(pk=run.pk)
    assert stored.alert == alert
    return alert, stored.rows_expected


@pytest.mark.parametrize(
    ("rows", "alert"),
    [(1000, ""), (5000, ""), (700, ""), (699, "warning"), (300, "warning"), (299, "failed"), (0, "failed")],
)
def test_too_few_rows_warn_and_far_too_few_fail(rows, alert):
    weeks(990, 1000, 1010)
    assert checked(rows) == (alert, 1000)


def test_first_runs_have_no_expectation():
    weeks(1000, 1000)
    assert checked(0) == ("", None)
    IngestionRun.objects.all().delete()
    assert checked(0) == ("", None)


def test_one_odd_run_does_not_move_the_expectation():
    weeks(1000, 1000, 5, 1000, 90_000)
    assert checked(650) == ("warning", 1000)


def test_only_the_newest_like_runs_count():
    weeks(*[50_000] * 6, *[1000] * 10)
    assert checked(900) == ("", 1000)


@pytest.mark.parametrize(
    "unlike",
    [
        {"source": "files"},
        {"kind": "actions"},
        {"error": "OSError: disk"},
        {"finished_at": None},
        {"scope_sha": scope_sha({"timeframes": ["1d"]})},
    ],
)
def test_runs_of_another_kind_do_not_count(unlike):
    weeks(1000, 1000, 1000, **unlike)
    assert checked(10) == ("", None)


def test_runs_that_were_asked_for_the_same_count():
    scope = scope_sha({"secids": [], "timeframes": ["1h"]})
    weeks(1000, 1000, 1000, scope_sha=scope)
    weeks(20_000, 20_000, 20_000, scope_sha=scope_sha({"secids": ["SBER"], "timeframes": ["1h"]}))
    weeks(90_000, 90_000, 90_000)
    assert checked(600, scope_sha=scope_sha({"timeframes": ["1h"], "secids": []})) == ("warning", 1000)


def test_another_weekday_does_not_count():
    for back in range(1, 15):
        day = MONDAY - timedelta(days=back)
        ran(10_000 if day.weekday() < 5 else 100, at=day)
    assert checked(10) == ("", None)  # two Mondays only
    ran(10_000, at=MONDAY - timedelta(weeks=3))
    assert checked(10) == ("failed", 10_000)


def test_the_weekday_is_moscows():
    late = datetime(2024, 6, 2, 22, tzinfo=UTC)  # Sunday in London, Monday in Moscow
    for back in range(1, 4):
        ran(1000, at=late - timedelta(weeks=back))
    assert checked(10) == ("failed", 1000)


def test_runs_that_came_later_do_not_count_and_repeating_changes_nothing():
    weeks(1000, 1000, 1000)
    run = ran(600, at=MONDAY)
    assert run_check(run_id=run.pk) == "warning"
    for ahead in range(8):  # the first of them started in the same moment
        ran(100, at=MONDAY + timedelta(weeks=ahead))
        ran(100, at=MONDAY)
    before = IngestionRun.objects.order_by("pk").values()
    assert run_check(run_id=run.pk) == "warning"
    assert list(before) == list(IngestionRun.objects.order_by("pk").values())


def test_a_handful_of_rows_alarms_nobody():
    weeks(10, 10, 10)
    assert checked(0) == ("", 10)


def test_an_alarm_is_logged_by_its_severity(caplog):
    weeks(1000, 1000, 1000)
    with caplog.at_level(logging.WARNING, logger="market.services.volume_alert"):
        checked(999)
        assert not caplog.records
        checked(500)
        checked(5)
    assert [record.levelname for record in caplog.records] == ["WARNING", "ERROR"]
    assert "brought 5 rows where" in caplog.records[1].getMessage()


def test_a_run_that_is_not_there_is_said():
    with pytest.raises(NotFoundError, match="was 77"):
        run_check(run_id=77)
