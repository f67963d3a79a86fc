"""What the ranges of versions have learned since their training; light enough for the web process."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from modeling.contracts import ServingArtifact
from modeling.contracts.conformal import ConformalFacts, ConformalState, HorizonRanges
from modeling.models import ConformalState as StoredState
from traderai.common.config import parse


def conformal_states(*, version_id: int) -> tuple[ConformalFacts, ...]:
    """Return all states of a version, the oldest first."""
    rows = StoredState.objects.filter(version_id=version_id).select_related("version").order_by("as_of")
    return tuple(conformal_facts_of(row) for row in rows)


def conformal_newest(*, version_id: int, as_of: datetime) -> ConformalFacts | None:
    """Return the state by which a version's ranges are said at a moment, None while it is that of the artifact."""
    rows = StoredState.objects.filter(version_id=version_id, as_of__lte=as_of).select_related("version")
    newest = rows.order_by("-as_of").first()
    return None if newest is None else conformal_facts_of(newest)


def ranges_get(*, artifact: ServingArtifact, as_of: datetime) -> dict[str, HorizonRanges]:
    """Return by horizon how a version's quantiles are said at a moment; nothing for an artifact from before that."""
    if artifact.ranges is None:
        return {}
    newest = conformal_newest(version_id=artifact.version.id, as_of=as_of)
    if newest is None:
        return artifact.ranges
    return {name: replace(own, state=newest.states[name]) for name, own in artifact.ranges.items()}


def conformal_facts_of(row: StoredState) -> ConformalFacts:
    """Return a stored state as the contract other apps see."""
    states: dict[str, ConformalState] = parse(
        row.states, dict[str, ConformalState], where=f"conformal state {row.pk}"
    )
    return ConformalFacts(version=row.version.version, as_of=row.as_of, outcomes=row.outcomes, states=states)
