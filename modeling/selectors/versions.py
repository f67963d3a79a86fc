"""Which versions there are and which one serves; light enough for the web process."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from modeling.contracts import ModelVersionFacts
from modeling.contracts.registry import SLOTS, Slot
from modeling.models import LeakAudit, ModelVersion, Promotion, TrainingRun
from traderai.common.errors import NotFoundError, NotReadyError, did_you_mean

SWITCHES = (Promotion.Action.PROMOTE, Promotion.Action.ROLLBACK)
SILENCES = (Promotion.Action.PAUSE, Promotion.Action.RESUME)
PASSED = (ModelVersion.Grade.INFORM, ModelVersion.Grade.TRADE)

# Asked by every answer about the past: written out, for to build these two took Django longer than to ask them.
_SERVED = """
SELECT * FROM modeling_modelversion WHERE id = (
    SELECT version_id FROM modeling_promotion
    WHERE slot = %(slot)s AND action = ANY(%(switches)s) AND at <= %(as_of)s ORDER BY id DESC LIMIT 1
)
"""
_FIT = """
SELECT v.* FROM modeling_modelversion v LEFT JOIN modeling_trainingrun r ON r.id = v.run_id
WHERE v.slot = %(slot)s AND v.grade = ANY(%(passed)s) AND v.state <> %(rejected)s
  AND v.is_simulated = %(simulated)s AND v.trained_until < %(limit)s
ORDER BY coalesce(r.as_of <= %(as_of)s, false) DESC, v.trained_until DESC, v.id DESC LIMIT 1
"""


def champion_get(*, slot: Slot = "forecast") -> ModelVersionFacts | None:
    """Return the version in service, None while none has passed its gate."""
    row = ModelVersion.objects.filter(slot=slot, state=ModelVersion.State.CHAMPION).first()
    return None if row is None else facts_of(row)


def champion_horizons(*, slot: Slot = "forecast") -> tuple[str, tuple[str, ...]] | None:
    """Return the timeframe and the horizons of the version in service; each request asks this, and no more of it."""
    rows = ModelVersion.objects.filter(slot=slot, state=ModelVersion.State.CHAMPION)
    told = rows.values_list("timeframe", "horizons").first()
    return None if told is None else (told[0], tuple(told[1]))


def champion_at(*, slot: Slot = "forecast", as_of: datetime) -> ModelVersionFacts | None:
    """Return the version that was in service at a moment, by the audit; None where it tells of none by then."""
    return _first(_SERVED, {"slot": slot, "switches": list(SWITCHES), "as_of": as_of})


def version_at(
    *,
    slot: Slot = "forecast",
    as_of: datetime,
    trained_before: datetime | None = None,
    simulated: bool = False,
) -> ModelVersionFacts | None:
    """Return who speaks of a past moment: its champion, else the newest version that has passed its gate.

    Only one that had learned nothing from `trained_before` on (unless given, from `as_of` on) is returned. Where the audit
    knows no champion of that moment, or only one that learned later, it is the one trained longest on the world asked
    for, real or simulated; None where there is none. Those whose gate could not have seen the moment stand first: to
    have passed on bars is to be chosen by them, see `gates_knew`.
    """
    limit = trained_before or as_of
    champion = champion_at(slot=slot, as_of=as_of)
    if champion is not None and champion.trained_until < limit:
        return champion
    told = {"slot": slot, "passed": list(PASSED), "rejected": ModelVersion.State.REJECTED}
    return _first(_FIT, {**told, "simulated": simulated, "limit": limit, "as_of": as_of})


def gates_knew(*, versions: Collection[str]) -> dict[str, datetime]:
    """Return until when the gate of each version could see the market; those without a training of ours are left out."""
    rows = ModelVersion.objects.filter(version__in=versions, run__isnull=False)
    return dict(rows.values_list("version", "run__as_of"))


def first_trained(*, timeframe: str, horizon: str, simulated: bool) -> datetime | None:
    """Return until when the earliest version had learned that passed its gate and speaks of a horizon, None without one.

    Before that moment nobody has a word who had not seen it.
    """
    rows = ModelVersion.objects.filter(timeframe=timeframe, grade__in=PASSED, is_simulated=simulated)
    rows = rows.exclude(state=ModelVersion.State.REJECTED).order_by("trained_until")
    return next((at for at, told in rows.values_list("trained_until", "horizons") if horizon in told), None)


def version_list(*, kind: str | None = None, limit: int = 100) -> tuple[ModelVersionFacts, ...]:
    """Return the newest versions, newest first, whatever their state."""
    rows = ModelVersion.objects.order_by("-created_at", "-id")
    if kind is not None:
        rows = rows.filter(kind=kind)
    return tuple(facts_of(row) for row in rows[:limit])


def version_get(*, version: str) -> ModelVersionFacts:
    """Return one version by its name; an unknown one is a NotFoundError that names the nearest."""
    row = ModelVersion.objects.filter(version=version).first()
    if row is None:
        known = ModelVersion.objects.order_by("-created_at").values_list("version", flat=True)[:200]
        raise NotFoundError(
            f"no model version {version!r}{did_you_mean(version, known)}", code="unknown_version"
        )
    return facts_of(row)


def version_of(model: str) -> ModelVersionFacts:
    """Return the version of that name, or the one that a training run of that number ended with.

    Raises: NotFoundError for an unknown name or run, NotReadyError for a run without a version.
    """
    if not model.isdecimal():
        return version_get(version=model)
    run = TrainingRun.objects.filter(pk=int(model)).first()
    if run is None:
        newest = TrainingRun.objects.order_by("-pk").values_list("pk", flat=True)[:10]
        known = (
            f"the newest are {', '.join(map(str, newest))}"
            if newest
            else "there is none; run manage.py train"
        )
        raise NotFoundError(f"no training run {model}; {known}", code="unknown_run", field="model")
    # A run that fell back to the base published twice; the last is what it ended with.
    row = ModelVersion.objects.filter(run=run).order_by("pk").last()
    if row is None:
        why = f": {run.error}" if run.error else ""
        raise NotReadyError(
            f"training run {run.pk} is {run.state} and published no version{why}; train again",
            code="no_version",
        )
    return facts_of(row)


def leak_audit_passed(*, version_id: int) -> bool:
    """Return whether the newest leak audit of a version passed; without one it has not."""
    newest = LeakAudit.objects.filter(version_id=version_id).order_by("-at", "-id").first()
    return newest is not None and newest.passed


def slot_named(name: str) -> Slot:
    """Return a slot by its name; an unknown one is a NotFoundError that names the nearest."""
    for slot in SLOTS:
        if slot == name:
            return slot
    raise NotFoundError(
        f"slot must be one of {', '.join(SLOTS)}, was {name!r}{did_you_mean(name, SLOTS)}",
        code="unknown_slot",
    )


def emission_paused(*, slot: Slot = "forecast", as_of: datetime | None = None) -> bool:
    """Return whether the champion of a slot must be silent, or had to be at a moment.

    Until it is resumed, or another version is put in service: each switch, pause and resumption is a row of the audit,
    and the newest one holds.
    """
    newest = _audit(slot, (*SWITCHES, *SILENCES), as_of).values_list("action", flat=True).first()
    return newest == Promotion.Action.PAUSE


def slots_paused() -> frozenset[str]:
    """Return the slots whose champions must be silent now: what `emission_paused` says of each, in one query."""
    rows = (
        Promotion.objects.filter(action__in=(*SWITCHES, *SILENCES)).order_by("slot", "-pk").distinct("slot")
    )
    return frozenset(
        slot for slot, action in rows.values_list("slot", "action") if action == Promotion.Action.PAUSE
    )


def rollback_target(*, slot: Slot = "forecast") -> ModelVersionFacts | None:
    """Return the version that a rollback would put back: the newest former champion still fit to serve.

    Versions that were themselves rolled back from are not offered again.
    """
    current = ModelVersion.objects.filter(slot=slot, state=ModelVersion.State.CHAMPION).first()
    if current is None:
        return None
    rolled_back = Promotion.objects.filter(slot=slot, action=Promotion.Action.ROLLBACK).values("previous_id")
    switch = (
        Promotion.objects.filter(slot=slot, action__in=SWITCHES, version__state=ModelVersion.State.RETIRED)
        .exclude(version_id=current.pk)
        .exclude(version_id__in=rolled_back)
        .order_by("-at", "-id")
        .select_related("version")
        .first()
    )
    return None if switch is None else facts_of(switch.version)


def _first(query: str, values: dict[str, Any]) -> ModelVersionFacts | None:
    row = next(iter(ModelVersion.objects.raw(query, values)), None)
    return None if row is None else facts_of(row)


def _audit(slot: Slot, actions: Sequence[Promotion.Action], as_of: datetime | None) -> QuerySet[Promotion]:
    """Return such rows of the audit, of those written by `as_of` where it is given, the newest first."""
    rows = Promotion.objects.filter(slot=slot, action__in=actions).order_by("-pk")
    return rows if as_of is None else rows.filter(at__lte=as_of)


def facts_of(row: ModelVersion) -> ModelVersionFacts:
    """Return a registry row as the contract other apps see."""
    return ModelVersionFacts(
        id=row.pk,
        version=row.version,
        kind=row.kind,
        recipe=row.recipe,
        feature_set_key=row.feature_set_key,
        label_set=row.label_set,
        timeframe=row.timeframe,
        horizons=tuple(row.horizons),
        lookback_bars=row.lookback_bars,
        trained_until=row.trained_until,
        grade=row.grade,
        state=row.state,
        is_simulated=row.is_simulated,
        artifact_key=row.artifact_key,
        manifest_sha256=row.manifest_sha256,
        metrics=row.metrics,
    )
