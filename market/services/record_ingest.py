"""Bringing records of one kind: pages are written, refused rows kept, and the run is recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from market.contracts import IngestReport
from market.models import IngestionRun
from market.services.quarantine import rows_quarantine
from market.services.write_report import RecordWriteReport
from market.sources.records import RecordPage
from traderai.common import clock


def records_ingest(
    *,
    kind: str,
    source: str,
    pages: Iterable[RecordPage[Any]],
    write: Callable[[RecordPage[Any]], RecordWriteReport],
    now: datetime,
) -> IngestReport:
    """Bring records page by page, each page whole or not at all; an error ends the run and is recorded with it.

    Repeating: changes nothing where the source says the same.
    """
    run = IngestionRun.objects.create(kind=kind, source=source, started_at=now)
    started_s = clock.monotonic_s()
    total = IngestReport(kind=kind, source=source)
    error = ""
    try:
        for page in pages:
            written = write(page)
            quarantined = rows_quarantine(
                run_id=run.pk, source=source, rows=[*page.rejected, *written.rejected]
            )
            total = total.plus(
                IngestReport(
                    kind=kind,
                    source=source,
                    rows_received=len(page.records) + len(page.rejected) + page.outside,
                    rows_new=written.new,
                    rows_changed=written.changed,
                    rows_unchanged=written.unchanged,
                    rows_outside=written.outside + page.outside,
                    rows_quarantined=quarantined,
                )
            )
    except Exception as problem:
        error = f"{type(problem).__name__}: {problem}"[:4000]
        raise
    finally:
        IngestionRun.objects.filter(pk=run.pk).update(
            finished_at=clock.now(),
            detail=f"{clock.monotonic_s() - started_s:.1f} s",
            rows_received=total.rows_received,
            rows_new=total.rows_new,
            rows_changed=total.rows_changed,
            rows_quarantined=total.rows_quarantined,
            error=error,
        )
    return total
