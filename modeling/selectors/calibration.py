"""By which calibration a version speaks at a moment; light enough for the web process."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from modeling.contracts import HeadTrust, Recalibrated, ServingArtifact
from modeling.contracts.calibration import CalibrationFacts
from modeling.contracts.levels import HorizonLevels
from modeling.kernels.trust import informed
from modeling.models import WeeklyCalibration
from traderai.common.config import parse


def calibration_list(*, version_id: int) -> tuple[CalibrationFacts, ...]:
    """Return the word of every week on a version's calibration, the oldest first."""
    rows = WeeklyCalibration.objects.filter(version_id=version_id).select_related("version").order_by("as_of")
    return tuple(calibration_facts_of(row) for row in rows)


def calibration_newest(*, version_id: int, as_of: datetime) -> CalibrationFacts | None:
    """Return the calibration by which a version speaks at a moment, None while it is that of its artifact."""
    rows = WeeklyCalibration.objects.filter(version_id=version_id, kept=True, as_of__lte=as_of)
    newest = rows.select_related("version").defer("version__metrics").order_by("-as_of", "-pk").first()
    return None if newest is None else calibration_facts_of(newest)


def artifact_calibrated(*, artifact: ServingArtifact, as_of: datetime) -> ServingArtifact:
    """Return a version's artifact as it speaks at a moment: with the newest calibration kept by then, if any.

    Its evidence stays, but claims no edge of a side that has become a base rate.
    """
    newest = calibration_newest(version_id=artifact.version.id, as_of=as_of)
    if newest is None:
        return artifact
    return replace(
        artifact,
        recalibrated=Recalibrated(trust=newest.trust, as_of=newest.as_of, levels=newest.levels),
        evidence=informed(artifact.evidence, newest.trust),
    )


def calibration_facts_of(row: WeeklyCalibration) -> CalibrationFacts:
    """Return the word of a week as the contract other apps see."""
    where = f"weekly calibration {row.pk}"
    trust: dict[str, HeadTrust] = parse(row.trust, dict[str, HeadTrust], where=where)
    levels: dict[str, HorizonLevels] = parse(row.levels, dict[str, HorizonLevels], where=where)
    return CalibrationFacts(
        version=row.version.version,
        week=row.week,
        as_of=row.as_of,
        kept=row.kept,
        note=row.note,
        trust=trust,
        levels=levels,
        figures=row.figures,
        at=row.at,
    )
