"""Versions with small artifacts, as far on their way into service as a test wants them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.conf import settings

from modeling.contracts import ModelVersionFacts
from modeling.registry.artifact import artifact_write
from modeling.selectors.versions import champion_get
from modeling.services.registry import (
    NewVersion,
    version_gate,
    version_promote,
    version_register,
    version_shadow,
)
from traderai.common.lake import lake_at

NOW = datetime(2025, 1, 10, 12, tzinfo=UTC)


def registered(
    name: str, *, kind: str = "global", is_simulated: bool = False, content: bytes = b"network"
) -> ModelVersionFacts:
    key = f"models/{name}"
    sha = artifact_write(
        lake=lake_at(settings.LAKE_URL), key=key, files={"network.onnx": content}, about={"version": name}
    )
    new = NewVersion(
        version=name, kind=kind, recipe="r", feature_set_key="f@1", label_set="l", timeframe="1h",
        horizons=("3d",), lookback_bars=8, trained_until=NOW, is_simulated=is_simulated, artifact_key=key,
        manifest_sha256=sha, metrics={},
    )  # fmt: skip
    return version_register(new=new, run_id=None, now=NOW)


def passed(name: str, *, grade: str = "inform", minute: int = 0, **more) -> ModelVersionFacts:
    """Return a candidate that has passed its gate beside today's champion."""
    facts = registered(name, **more)
    champion = champion_get(slot=facts.slot)
    now = NOW + timedelta(minutes=minute)
    return version_gate(
        version_id=facts.id, against_id=champion.id if champion else None, verdict=grade, numbers={}, now=now
    )


def shadowing(name: str, *, minute: int = 0, **more) -> ModelVersionFacts:
    """Return a version in shadow."""
    facts, now = passed(name, minute=minute, **more), NOW + timedelta(minutes=minute)
    return version_shadow(version_id=facts.id, by="t", reason="test", now=now)


def serving(name: str, *, minute: int = 0, **more) -> ModelVersionFacts:
    """Return a version in service."""
    facts, now = passed(name, minute=minute, **more), NOW + timedelta(minutes=minute)
    return version_promote(version_id=facts.id, by="t", reason="test", now=now)
