"""Learned least edges, from the artifact into the decision and its explanation."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest

from modeling.contracts.thresholds import Thresholds
from modeling.errors import ArtifactBrokenError
from modeling.registry import artifact as store
from modeling.selectors.artifacts import artifact_load
from modeling.selectors.configuration import policy_get
from modeling.selectors.versions import champion_get
from signals.models import Signal
from signals.services.score import signals_score
from tests.signals import builders

NOW = builders.last_moment() + timedelta(days=400)
pytestmark = pytest.mark.django_db
CONFIGURED = asdict(policy_get().regimes["flat"])  # no regime is stored: that of a flat market counts


def said() -> dict[tuple[str, str], dict[str, Any]]:
    """Score anew; return the payloads by share and horizon."""
    builders.forget()
    signals_score(now=NOW)
    rows = Signal.objects.select_related("instrument")
    return {(row.instrument.secid, row.horizon): row.payload for row in rows}


def with_thresholds(champion: Any, **least_edges: float) -> None:
    own = Thresholds(mode="edge", least_edges=least_edges)
    builders.with_files(champion, {store.THRESHOLDS: store.json_bytes(asdict(own))})


def test_a_learned_least_edge_decides_and_is_told(champion):
    before = said()
    edges = {
        key: own["decision"]["edge"]
        for key, own in before.items()
        if own["decision"]["action"] in ("BUY", "SELL")
    }
    assert len(edges) >= 2
    assert all(own["rule"] == CONFIGURED for own in before.values())
    middle = sorted(edges.values())[len(edges) // 2]
    with_thresholds(champion, flat=middle, panic=0.9)
    after = said()
    for key, edge in edges.items():
        kept = after[key]["decision"]["action"] == before[key]["decision"]["action"]
        assert kept == (edge >= middle)
        assert kept or after[key]["decision"]["action"] == "HOLD"
        asked = next(own for own in after[key]["explanation"] if own["code"] == "regime_asks")
        assert asked["params"]["edge_points"] == after[key]["rule"]["min_edge"] == middle
    assert {after[key]["decision"]["action"] for key in edges} > {"HOLD"}
    # Nothing else moves: the sizes, the other sides' rules, the probabilities.
    assert all(own["rule"] == CONFIGURED | {"min_edge": middle} for own in after.values())
    assert all(after[key]["prediction"] == own["prediction"] for key, own in before.items())


def test_without_a_learned_edge_all_is_said_as_before(champion):
    before = said()
    with_thresholds(champion)
    assert said() == before
    # One that is lower than the policy's own is no permission.
    with_thresholds(champion, flat=CONFIGURED["min_edge"] / 2)
    assert said() == before


def test_a_broken_file_is_refused(champion):
    builders.with_files(champion, {store.THRESHOLDS: b'{"mode": "edge", "least_edges": {"storm": 0.1}}'})
    version = champion_get()
    assert version is not None
    with pytest.raises(ArtifactBrokenError, match=r"thresholds\.json.*were of storm"):
        artifact_load(version=version)
