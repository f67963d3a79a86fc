"""Recording a run of an ingest: what came, what became of it, what went wrong."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from market.contracts import FileAccount, IngestReport
from market.models import IngestionRun
from market.services.quarantine import rows_quarantine
from market.services.volume_alert import run_check
from market.services.write_report import RecordWriteReport
from market.sources.records import RejectedRow
from traderai.common import clock
from traderai.common.lake import sha256_hex


@dataclass(slots=True, kw_only=True)
class RunLog:
    """A run while it goes on."""

    run_id: int
    kind: str
    source: str
    scope: dict[str, Any] = field(default_factory=dict)
    report: IngestReport = field(init=False)

    def __post_init__(self) -> None:
        self.report = IngestReport(kind=self.kind, source=self.source)

    def add(self, report: IngestReport) -> None:
        """Add what one part of the run did."""
        self.report = self.report.plus(report)

    def quarantine(self, rows: Iterable[RejectedRow]) -> dict[str, int]:
        """Keep refused rows and return how many there were by reason."""
        kept = list(rows)
        rows_quarantine(run_id=self.run_id, source=self.source, rows=kept)
        return dict(Counter(row.reason for row in kept))

    def add_records(
        self,
        *,
        place: str,
        received: int,
        written: RecordWriteReport,
        rejected: Iterable[RejectedRow],
        outside: int = 0,
    ) -> None:
        """Add what became of a page of records: `received` without the rows that could not be read."""
        unreadable = list(rejected)
        reasons = self.quarantine([*unreadable, *written.rejected])
        left_out = {"none_of_ours": written.outside, "not_asked_for": outside}
        self.add_account(
            FileAccount(
                place=place,
                kind=self.kind,
                rows_received=received + len(unreadable) + outside,
                rows_new=written.new,
                rows_changed=written.changed,
                rows_unchanged=written.unchanged,
                outside={reason: rows for reason, rows in left_out.items() if rows},
                quarantined=reasons,
            )
        )

    def add_account(self, account: FileAccount) -> None:
        """Add what became of one file."""
        self.add(
            IngestReport(
                kind=self.kind,
                source=self.source,
                rows_received=account.rows_received,
                rows_new=account.rows_new,
                rows_changed=account.rows_changed,
                rows_unchanged=account.rows_unchanged,
                rows_outranked=account.rows_outranked,
                rows_disagreeing=account.rows_disagreeing,
                rows_outside=sum(account.outside.values()),
                rows_quarantined=sum(account.quarantined.values()),
                by_file=(account,),
            )
        )


def scope_of(source: Any, *, secids: Sequence[str] | None = None) -> dict[str, Any]:
    """Return what a run asked for, as far as runs that asked for other things are not to be compared with it."""
    return {"files": [file.place for file in getattr(source, "files", ())], "secids": sorted(secids or ())}


def scope_sha(scope: dict[str, Any]) -> str:
    """Return the short fingerprint by which runs of one scope are found."""
    return sha256_hex(json.dumps(scope, sort_keys=True).encode())[:16]


@contextmanager
def ingestion_run(
    *, kind: str, source: str, now: datetime, scope: dict[str, Any] | None = None
) -> Iterator[RunLog]:
    """Record a run; what was added before an error counts, and the error is kept.

    When it has ended, a run that brought far fewer rows than the ones before it raises an alert; only runs of the
    same `scope` (plain JSON: what was asked for) are compared.
    """
    run = IngestionRun.objects.create(kind=kind, source=source, started_at=now)
    log = RunLog(run_id=run.pk, kind=kind, source=source, scope=scope or {})
    started = clock.monotonic_s()
    error = ""
    try:
        yield log
    except Exception as problem:
        error = f"{type(problem).__name__}: {problem}"[:4000]
        raise
    finally:
        log.report = replace(log.report, seconds=clock.monotonic_s() - started)
        _close(log, error)
    run_check(run_id=run.pk)


def _close(log: RunLog, error: str) -> None:
    total = log.report
    restated = ", ".join(total.restated_series)
    IngestionRun.objects.filter(pk=log.run_id).update(
        finished_at=clock.now(),
        detail=(f"{total.seconds:.1f} s" + (f"; restated: {restated}" if restated else ""))[:300],
        rows_received=total.rows_received,
        rows_new=total.rows_new,
        rows_changed=total.rows_changed,
        rows_quarantined=total.rows_quarantined,
        scope_sha=scope_sha(log.scope),
        account={"scope": log.scope, "files": [asdict(account) for account in total.by_file]},
        error=error,
    )
