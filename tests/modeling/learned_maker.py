"""Published versions whose ranges and levels all serve, whatever their folds found of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace

from django.conf import settings

from modeling.contracts import ModelVersionFacts
from modeling.contracts.levels import LEVEL_SIDES
from modeling.models import ModelVersion
from modeling.registry import artifact as store
from traderai.common.lake import lake_at


def all_kept(facts: ModelVersionFacts, **changes: object) -> ModelVersionFacts:
    """Publish a version again with all that it has learned in service; `changes` are of its levels."""
    artifact = store.artifact_read(lake=lake_at(settings.LAKE_URL), version=facts)
    assert artifact.ranges is not None and artifact.levels is not None
    ranges = {name: replace(own, kept=True) for name, own in artifact.ranges.items()}
    levels = {
        name: replace(own, **{"kept": LEVEL_SIDES, **changes})  # type: ignore[arg-type]
        for name, own in artifact.levels.items()
    }
    return with_files(facts, {store.CONFORMAL: plain_bytes(ranges), store.LEVELS: plain_bytes(levels)})


def with_files(facts: ModelVersionFacts, changes: Mapping[str, bytes | None]) -> ModelVersionFacts:
    """Publish a version again with other files; those that are None are left out."""
    lake, key = lake_at(settings.LAKE_URL), f"{facts.artifact_key}-again"
    manifest = store.manifest_read(lake=lake, key=facts.artifact_key, manifest_sha256=facts.manifest_sha256)
    files = {name: lake.read(f"{facts.artifact_key}/{name}") for name in manifest["files"]} | changes
    own = {name: content for name, content in files.items() if content is not None}
    sha = store.artifact_write(lake=lake, key=key, files=own, about={})
    ModelVersion.objects.filter(pk=facts.id).update(artifact_key=key, manifest_sha256=sha)
    return replace(facts, artifact_key=key, manifest_sha256=sha)


def plain_bytes(by_horizon: Mapping[str, object]) -> bytes:
    """Return facts by horizon as an artifact holds them."""
    return store.json_bytes({name: asdict(own) for name, own in by_horizon.items()})  # type: ignore[call-overload]
