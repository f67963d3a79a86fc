"""Stored drift reports, and how they are told; light enough for the web process."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from modeling.contracts.drift import DriftFacts, DriftFindings, ShiftGroup
from modeling.models import DriftReport
from traderai.common.config import parse

_SHOWN = 5  # columns of a group that are told although nothing is wrong with them


def drift_reports(*, as_of: datetime, version: str | None = None, limit: int = 30) -> tuple[DriftFacts, ...]:
    """Return the newest reports on what was known at `as_of`, newest first, of one version or of all."""
    rows = DriftReport.objects.filter(as_of__lte=as_of).select_related("version").order_by("-day", "-pk")
    if version is not None:
        rows = rows.filter(version__version=version)
    return tuple(drift_facts_of(row) for row in rows[:limit])


def drift_facts_of(row: DriftReport) -> DriftFacts:
    """Return a stored report as the contract other apps see."""
    findings: DriftFindings = parse(row.findings, DriftFindings, where=f"drift report {row.pk}")
    return DriftFacts(
        version=row.version.version,
        day=row.day,
        as_of=row.as_of,
        grade=row.grade,  # type: ignore[arg-type]  # the database knows these grades alone
        note=row.note,
        findings=findings,
    )


def drift_lines(facts: DriftFacts) -> list[str]:
    """Return a report as text: the grade first, then what moved most."""
    found = facts.findings
    lines = [f"{facts.version} on {facts.day}: {facts.grade}{': ' * bool(facts.note)}{facts.note}"]
    for title, group in (("features", found.features), ("scores", found.scores)):
        if group is not None:
            lines += _group_lines(title, group, found.days)
    if found.families:
        lines += ["families"]
        lines += [
            f"  {own.family:<24} {own.features:>3} features, {own.drift} drift, {own.watch} watch, "
            f"strangest {own.strangest}"
            for own in found.families
        ]
    if found.hits:
        lines += ["hits of the best scores since training, days whose windows do not overlap"]
        lines += [
            f"  {own.name:<24} {own.grade:<5} hit rate {own.hit_rate:.3f}, expected {own.expected:.3f}, of "
            f"{own.outcomes}; CUSUM low {own.low:.1f}, high {own.high:.1f}, limit {own.limit:.1f}"
            for own in found.hits
        ]
    return lines


def _group_lines(title: str, group: ShiftGroup, days: int) -> Iterator[str]:
    yield (
        f"{title}: the newest {days} trading days beside {group.stretches} such stretches; drift above strangeness "
        f"{group.limit:.2f}, falsely in one stretch of {group.stretches + 1} at most"
    )
    for place, own in enumerate(group.found):
        if place < _SHOWN or own.grade != "ok":
            yield (
                f"  {own.name:<24} {own.grade:<5} {own.family:<14} strangeness {own.strangeness:.2f}, PSI "
                f"{own.psi:.3f}, KS {own.ks:.3f} (p {own.ks_p:.4f})"
            )
