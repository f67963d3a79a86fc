"""Stored reports."""

from __future__ import annotations

from datetime import datetime, timedelta

from behavior.contracts.report import Week
from behavior.contracts.rows import StoredReport
from behavior.models import WeeklyReport


def report_stored(*, user_id: int, week: str) -> StoredReport | None:
    """Return the stored report of a week, None where none is."""
    row = WeeklyReport.objects.filter(user_id=user_id, week=week).first()
    return None if row is None else _stored(row)


def reports_before(*, user_id: int, week: Week, limit: int) -> tuple[StoredReport, ...]:
    """Return the reports of the last weeks before, at most `limit` of them, the earliest first.

    A week that was asked for once and lies further back is no neighbour: beside this one it would look like one.
    """
    since = week.begins_at - timedelta(days=7 * limit + 1)  # a day for clocks that were changed
    rows = WeeklyReport.objects.filter(user_id=user_id, begins_at__gt=since, begins_at__lt=week.begins_at)
    return tuple(_stored(row) for row in rows.order_by("begins_at"))


def reports_of_weeks_ended(*, since: datetime, until: datetime) -> tuple[tuple[int, StoredReport], ...]:
    """Return the stored reports of weeks that ended in (since, until], each with its user, in order of making."""
    rows = WeeklyReport.objects.filter(ends_at__gt=since, ends_at__lte=until).order_by("made_at", "id")
    return tuple((row.user_id, _stored(row)) for row in rows)


def _stored(row: WeeklyReport) -> StoredReport:
    return StoredReport(
        week=row.week,
        begins_at=row.begins_at,
        ends_at=row.ends_at,
        made_at=row.made_at,
        score=row.score,
        payload=row.payload,
    )
