"""What the ranges and levels of versions have learned since their training; light enough for the web process."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from django.db.models import QuerySet

from modeling.contracts import ServingArtifact
from modeling.contracts.conformal import ConformalState, HorizonRanges
from modeling.contracts.levels import ConformalFacts, HorizonLevels, LevelState, LevelStates
from modeling.models import ConformalState as StoredState
from traderai.common.config import parse


def conformal_states(*, version_id: int) -> tuple[ConformalFacts, ...]:
    """Return all states of a version, the oldest first."""
    rows = StoredState.objects.filter(version_id=version_id).select_related("version").order_by("as_of")
    return tuple(conformal_facts_of(row) for row in rows)


def conformal_newest(*, version_id: int, as_of: datetime) -> ConformalFacts | None:
    """Return the state by which a version's ranges are said at a moment, None while it is that of the artifact."""
    row = _known(version_id, as_of).first()
    return None if row is None else conformal_facts_of(row)


def ranges_get(*, artifact: ServingArtifact, as_of: datetime) -> dict[str, HorizonRanges]:
    """Return by horizon how a version's quantiles are said at a moment; nothing where they are said as they are."""
    kept = {name: own for name, own in (artifact.ranges or {}).items() if own.kept}
    newest = conformal_newest(version_id=artifact.version.id, as_of=as_of) if kept else None
    if newest is None:
        return kept
    return {name: replace(own, state=newest.states[name]) for name, own in kept.items()}


def levels_get(*, artifact: ServingArtifact, as_of: datetime) -> dict[str, HorizonLevels]:
    """Return by horizon how a version's probabilities are moved at a moment; nothing where they are said as they are.

    They are what the words of the calibration have taught that the artifact speaks by: an older one's are forgotten.
    """
    newer = artifact.recalibrated
    start = artifact.levels if newer is None else newer.levels
    kept = {name: own for name, own in (start or {}).items() if own.kept}
    if not kept:
        return {}
    rows = _known(artifact.version.id, as_of).exclude(levels={})
    row = rows.filter(calibrated_at=None if newer is None else newer.as_of).first()
    if row is None:
        return kept
    levels = conformal_facts_of(row).levels
    return {name: replace(own, sides=dict(levels[name])) for name, own in kept.items()}


def conformal_facts_of(row: StoredState) -> ConformalFacts:
    """Return a stored state as the contract other apps see."""
    where = f"conformal state {row.pk}"
    states: dict[str, ConformalState] = parse(row.states, dict[str, ConformalState], where=where)
    levels: LevelStates = parse(row.levels, dict[str, dict[str, LevelState]], where=where)
    return ConformalFacts(
        version=row.version.version,
        as_of=row.as_of,
        outcomes=row.outcomes,
        states=states,
        levels=levels,
        calibrated_at=row.calibrated_at,
    )


def _known(version_id: int, as_of: datetime) -> QuerySet[StoredState]:
    """Return the states known at a moment, the newest first."""
    rows = StoredState.objects.filter(version_id=version_id, as_of__lte=as_of)
    # Only the version's name is told; its metrics are long.
    return rows.select_related("version").defer("version__metrics").order_by("-as_of")
