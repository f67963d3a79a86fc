"""Stored reports of retraining, and how they are told; light enough for the web process."""

from __future__ import annotations

from datetime import datetime

from modeling.contracts.retraining import RetrainingFacts
from modeling.models import RetrainingReport


def retraining_reports(
    *, as_of: datetime, job: str | None = None, limit: int = 30
) -> tuple[RetrainingFacts, ...]:
    """Return the newest reports made by `as_of`, newest first, of one job or of all."""
    rows = RetrainingReport.objects.filter(at__lte=as_of).select_related("version").order_by("-day", "-pk")
    if job is not None:
        rows = rows.filter(job=job)
    return tuple(retraining_facts_of(row) for row in rows[:limit])


def retraining_facts_of(row: RetrainingReport) -> RetrainingFacts:
    """Return a stored report as the contract other apps see."""
    return RetrainingFacts(
        job=row.job,
        period=row.period,
        trigger=row.trigger,  # type: ignore[arg-type]  # the database knows these triggers alone
        day=row.day,
        state=row.state,  # type: ignore[arg-type]  # and these states
        version=None if row.version is None else row.version.version,
        verdict=row.verdict,
        note=row.note,
        figures=row.figures,
        at=row.at,
    )


def retraining_text(facts: RetrainingFacts) -> str:
    """Return a report as one sentence."""
    version = f" ({facts.version})" if facts.version else ""
    words: dict[str, dict[str, int]] = facts.figures.get("users_said", {})
    said = "; ".join(
        f"{name}: {', '.join(f'{kind} {n}' for kind, n in counts.items())}" for name, counts in words.items()
    )
    told = f" Since the last one users said of signals by {said}." if said else ""
    return f"Retraining of {facts.job}, {facts.period}: {facts.state}{version}. {facts.note}{told}"
