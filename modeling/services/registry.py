"""The registry's switches: register, judge, shadow, promote, roll back, silence; light enough for the admin."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from modeling.contracts import Grade, ModelVersionFacts
from modeling.contracts.registry import Slot
from modeling.errors import PromotionRefusedError
from modeling.models import GateVerdict, ModelVersion, Promotion, TrainingRun
from modeling.registry.artifact import artifact_verify
from modeling.selectors.shadow import shadow_needed
from modeling.selectors.versions import champion_get, emission_paused, facts_of, rollback_target
from modeling.services.promotable import require_passed, require_promotable
from traderai.common.errors import ConflictError, NotFoundError
from traderai.common.lake import lake_at


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVersion:
    """What is known of a version when its artifact has been written."""

    version: str
    kind: str
    recipe: str
    feature_set_key: str
    label_set: str
    timeframe: str
    horizons: tuple[str, ...]
    lookback_bars: int
    trained_until: datetime
    is_simulated: bool
    artifact_key: str
    manifest_sha256: str
    metrics: dict[str, Any]


def version_register(*, new: NewVersion, run_id: int | None, now: datetime) -> ModelVersionFacts:
    """Enter a written artifact as a candidate, after checking that the lake holds the very bytes.

    Repeating with the same manifest returns the version that is there; the same name with another manifest is
    a ConflictError.
    """
    artifact_verify(
        lake=lake_at(settings.LAKE_URL), key=new.artifact_key, manifest_sha256=new.manifest_sha256
    )
    run = None if run_id is None else TrainingRun.objects.get(pk=run_id)
    row, created = ModelVersion.objects.get_or_create(
        version=new.version,
        defaults={
            "kind": new.kind,
            "recipe": new.recipe,
            "run": run,
            "feature_set_key": new.feature_set_key,
            "label_set": new.label_set,
            "timeframe": new.timeframe,
            "horizons": list(new.horizons),
            "lookback_bars": new.lookback_bars,
            "trained_until": new.trained_until,
            "is_simulated": new.is_simulated,
            "artifact_key": new.artifact_key,
            "manifest_sha256": new.manifest_sha256,
            "metrics": new.metrics,
            "created_at": now,
        },
    )
    if not created and row.manifest_sha256 != new.manifest_sha256:
        raise ConflictError(
            f"version {new.version!r} is registered with manifest {row.manifest_sha256[:12]}, "
            f"was {new.manifest_sha256[:12]}; a version never changes"
        )
    return facts_of(row)


def version_gate(
    *, version_id: int, against_id: int | None, verdict: Grade, numbers: dict[str, Any], now: datetime
) -> ModelVersionFacts:
    """Store what the gate found and give the version its grade; a rejected one never serves.

    Repeating appends another verdict. A champion or a retired champion keeps its state and cannot be rejected
    here: roll back instead.
    """
    with transaction.atomic():
        row = _locked(version_id)
        if row.state == ModelVersion.State.REJECTED:
            raise PromotionRefusedError(f"{row.version} was rejected; train a new version")
        serves = row.state in (ModelVersion.State.CHAMPION, ModelVersion.State.RETIRED)
        if serves and verdict == "rejected":
            raise PromotionRefusedError(f"{row.version} has served; roll back instead of rejecting it")
        GateVerdict.objects.create(
            version=row, against_id=against_id, verdict=verdict, numbers=numbers, at=now
        )
        row.grade = verdict
        if verdict == "rejected":
            row.state = ModelVersion.State.REJECTED
        row.save(update_fields=["grade", "state"])
    return facts_of(row)


def version_promote(*, version_id: int, by: str, reason: str, now: datetime) -> ModelVersionFacts:
    """Make a candidate or shadow that passed its gate the champion, in one transaction; the old champion retires.

    Repeating for the version in service changes nothing. Refused: a version without a verdict, a rejected one,
    one judged against another champion than today's, one whose artifact is not intact, one that has not yet shown
    in shadow what registry.yaml asks for, or was worse than its base rates there.
    """
    found = _found(version_id)
    _verify(found)
    with transaction.atomic():
        champion = _champion_locked(facts_of(found).slot)
        row = _locked(version_id)
        if row.state == ModelVersion.State.CHAMPION:
            return facts_of(row)
        require_promotable(row, champion)
        _switch(row, champion, Promotion.Action.PROMOTE, by=by, reason=reason, now=now)
    return facts_of(row)


def version_rollback(
    *, slot: Slot = "forecast", away_from: int | None = None, by: str, reason: str, now: datetime
) -> ModelVersionFacts:
    """Put the previous champion back in one step, after checking its artifact.

    Each call goes one champion further back; with none left, or where the version of the id `away_from` serves no
    more, it is a PromotionRefusedError and nothing changes.
    """
    target = rollback_target(slot=slot)
    if target is None:
        raise PromotionRefusedError(f"there is no earlier champion of slot {slot!r} to roll back to")
    _verify(ModelVersion.objects.get(pk=target.id))
    with transaction.atomic():
        champion = _champion_locked(slot)
        again = rollback_target(slot=slot)
        unmoved = again is not None and again.id == target.id
        if champion is None or not unmoved or away_from not in (None, champion.pk):
            raise PromotionRefusedError("the champion changed meanwhile; look and try again")
        row = _locked(target.id)
        _switch(row, champion, Promotion.Action.ROLLBACK, by=by, reason=reason, now=now)
    return facts_of(row)


def version_enter(*, version_id: int, by: str, reason: str, now: datetime) -> ModelVersionFacts:
    """Put a candidate that passed its gate where its way begins: into shadow, or into service where it needs none.

    Repeating and refusals as for `version_shadow` and `version_promote`.
    """
    facts = facts_of(_found(version_id))
    needed = shadow_needed(version=facts, champion=champion_get(slot=facts.slot))
    into = version_shadow if needed else version_promote
    return into(version_id=version_id, by=by, reason=reason, now=now)


def version_shadow(*, version_id: int, by: str, reason: str, now: datetime) -> ModelVersionFacts:
    """Let a candidate that passed its gate answer on live bars unheard.

    Repeating for a version in shadow changes nothing. Refused: as a promotion is, and a version that learned on
    simulated bars, which has no live ones, or of a slot that gives no answers of its own.
    """
    found = _found(version_id)
    _verify(found)
    with transaction.atomic():
        champion = _champion_locked(facts_of(found).slot)
        row = _locked(version_id)
        if row.state == ModelVersion.State.SHADOW:
            return facts_of(row)
        if row.state != ModelVersion.State.CANDIDATE:
            raise PromotionRefusedError(f"only a candidate goes into shadow, {row.version} is {row.state}")
        require_passed(row, champion)
        facts = facts_of(row)
        if row.is_simulated or facts.slot != "forecast":
            kind = f"{'simulated ' * row.is_simulated}{row.kind}"
            raise PromotionRefusedError(
                f"{row.version} is {kind} and has no live answers of its own; promote it"
            )
        row.state = ModelVersion.State.SHADOW
        row.save(update_fields=["state"])
        _audit(row, Promotion.Action.SHADOW, by=by, reason=reason, now=now)
    return facts_of(row)


def version_retire(*, version_id: int, by: str, reason: str, now: datetime) -> ModelVersionFacts:
    """End a shadow that shall not serve; repeating, or for a version in another state, it is refused."""
    with transaction.atomic():
        row = _locked(version_id)
        if row.state != ModelVersion.State.SHADOW:
            raise PromotionRefusedError(f"only a shadow can be retired, {row.version} is {row.state}")
        row.state = ModelVersion.State.RETIRED
        row.save(update_fields=["state"])
        _audit(row, Promotion.Action.RETIRE, by=by, reason=reason, now=now)
    return facts_of(row)


def emission_pause(*, version_id: int, by: str, reason: str, now: datetime) -> bool:
    """Silence a champion: every answer is NO_TRADE `model_degraded` until it is resumed or another one serves.

    Returns whether it was silenced by this call: not if it serves no more or is silent already.
    """
    slot = facts_of(_found(version_id)).slot
    with transaction.atomic():
        champion = _champion_locked(slot)
        if champion is None or champion.pk != version_id or emission_paused(slot=slot):
            return False
        _audit(champion, Promotion.Action.PAUSE, by=by, reason=reason, now=now)
    return True


def emission_resume(*, slot: Slot = "forecast", by: str, reason: str, now: datetime) -> ModelVersionFacts:
    """Let the silenced champion of a slot be heard again, after checking its artifact.

    Refused where none is silent, so that repeating is.
    """
    with transaction.atomic():
        champion = _champion_locked(slot)
        if champion is None or not emission_paused(slot=slot):
            raise PromotionRefusedError(
                f"emission of slot {slot!r} is not paused, so there is nothing to resume"
            )
        _verify(champion)
        _audit(champion, Promotion.Action.RESUME, by=by, reason=reason, now=now)
    return facts_of(champion)


def _found(version_id: int) -> ModelVersion:
    row = ModelVersion.objects.filter(pk=version_id).first()
    if row is None:
        raise NotFoundError(f"no model version with id {version_id}", code="unknown_version")
    return row


def _audit(row: ModelVersion, action: Promotion.Action, *, by: str, reason: str, now: datetime) -> None:
    Promotion.objects.create(
        slot=facts_of(row).slot, version=row, action=action, by=by, reason=reason, at=now
    )


def _verify(row: ModelVersion) -> None:
    artifact_verify(
        lake=lake_at(settings.LAKE_URL), key=row.artifact_key, manifest_sha256=row.manifest_sha256
    )


def _champion_locked(slot: Slot) -> ModelVersion | None:
    # Locking every version of the slot, in one order, also serialises two first promotions.
    rows = list(ModelVersion.objects.select_for_update().filter(slot=slot).order_by("pk"))
    return next((row for row in rows if row.state == ModelVersion.State.CHAMPION), None)


def _locked(version_id: int) -> ModelVersion:
    row = ModelVersion.objects.select_for_update().filter(pk=version_id).first()
    if row is None:
        raise NotFoundError(f"no model version with id {version_id}", code="unknown_version")
    return row


def _switch(
    row: ModelVersion,
    champion: ModelVersion | None,
    action: Promotion.Action,
    *,
    by: str,
    reason: str,
    now: datetime,
) -> None:
    if champion is not None:
        champion.state = ModelVersion.State.RETIRED
        champion.save(update_fields=["state"])
    row.state = ModelVersion.State.CHAMPION
    row.save(update_fields=["state"])
    Promotion.objects.create(
        slot=facts_of(row).slot, version=row, previous=champion, action=action, by=by, reason=reason, at=now
    )
