"""Reading reports on quality, refused rows and runs that brought too little."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Count, Max

from market.models import DataQualityReport, IngestionRun, QuarantinedRow
from traderai.common.errors import NotFoundError
from traderai.common.lake import lake_at


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityReportFacts:
    """One look at the stored data: the verdict, and where the whole report lies."""

    id: int
    created_at: datetime
    as_of: datetime
    scope: str
    verdict: str  # ok, warning or failed
    findings: Mapping[str, Any]  # counts by check and severity, worst series, worst findings
    json_key: str  # in the lake
    html_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineSum:
    """How many rows of a source were refused for one reason."""

    source: str
    reason: str
    rows: int
    example: str  # where the newest of them came from


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """One run of an ingest that is worth a look."""

    id: int
    kind: str
    source: str
    started_at: datetime
    rows_received: int
    rows_expected: int | None
    rows_quarantined: int
    alert: str  # "", warning or failed
    error: str


def quality_report_latest(*, as_of: datetime) -> QualityReportFacts | None:
    """Return the newest report made by `as_of`, None without one."""
    row = DataQualityReport.objects.filter(created_at__lte=as_of).order_by("-created_at", "-pk").first()
    return None if row is None else quality_report_facts(row)


def quality_report_html(*, report_id: int) -> bytes:
    """Return a report's page; it is self-contained and holds no script.

    Raises: NotFoundError if there is no such report or its page is not in the lake.
    """
    row = DataQualityReport.objects.filter(pk=report_id).first()
    if row is None or not row.html_key:
        raise NotFoundError(f"there is no page of a quality report {report_id}; run data_quality")
    return lake_at(settings.LAKE_URL).read(row.html_key)


def quality_report_facts(row: DataQualityReport) -> QualityReportFacts:
    """Return a stored report as facts."""
    return QualityReportFacts(
        id=row.pk,
        created_at=row.created_at,
        as_of=row.as_of,
        scope=row.scope,
        verdict=row.verdict,
        findings=row.findings,
        json_key=row.json_key,
        html_key=row.html_key,
    )


def quarantine_sums(*, as_of: datetime) -> tuple[QuarantineSum, ...]:
    """Return the refused rows of runs that had started by `as_of`, by source and reason, most rows first."""
    sums = (
        QuarantinedRow.objects.filter(run__started_at__lte=as_of)
        .values("source", "reason")
        .annotate(rows=Count("pk"), newest=Max("pk"))
        .order_by("-rows", "source", "reason")
    )
    found = list(sums)
    places = dict(
        QuarantinedRow.objects.filter(pk__in=[one["newest"] for one in found]).values_list("pk", "place")
    )
    return tuple(
        QuarantineSum(
            source=one["source"],
            reason=one["reason"],
            rows=one["rows"],
            example=places.get(one["newest"], ""),
        )
        for one in found
    )


def runs_worth_a_look(*, as_of: datetime, limit: int = 50) -> tuple[RunFacts, ...]:
    """Return the newest runs started by `as_of` that failed or brought fewer rows than expected."""
    rows = IngestionRun.objects.filter(started_at__lte=as_of).exclude(alert="", error="")
    return tuple(
        RunFacts(
            id=row.pk,
            kind=row.kind,
            source=row.source,
            started_at=row.started_at,
            rows_received=row.rows_received,
            rows_expected=row.rows_expected,
            rows_quarantined=row.rows_quarantined,
            alert=row.alert,
            error=row.error,
        )
        for row in rows.order_by("-started_at", "-pk")[:limit]
    )
