"""The newest calibration kept by the bar's end is the one that scoring speaks by, and the stored signal says so."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from modeling.contracts import HeadTrust, ModelVersionFacts
from modeling.models import WeeklyCalibration
from modeling.selectors.artifacts import artifact_load
from signals.models import Signal
from signals.services.score import signals_score
from tests.signals import builders

NOW = builders.last_moment() + timedelta(days=400)
pytestmark = pytest.mark.django_db


def said() -> dict[str, object]:
    """Score one share anew and return its payload."""
    builders.forget()
    signals_score(secids=["SHR1"], now=NOW)
    payload: dict[str, object] = Signal.objects.get(horizon="5d").payload
    return payload


def calibrated(champion: ModelVersionFacts, as_of: datetime, *, kept: bool = True, **changes: float) -> None:
    own = artifact_load(version=champion).trust
    trust: dict[str, HeadTrust] = {name: replace(item, **changes) for name, item in own.items()}
    WeeklyCalibration.objects.create(
        version_id=champion.id, week=f"{as_of:%G-W%V}", as_of=as_of, kept=kept, note="n", figures={}, at=NOW,
        trust=json.loads(json.dumps({name: asdict(item) for name, item in trust.items()})) if kept else {},
    )  # fmt: skip


def logit(p: float) -> float:
    return float(np.log(p / (1.0 - p)))


def test_the_newest_kept_one_known_at_the_bar_is_spoken_by(champion: ModelVersionFacts):
    plain, last = said(), builders.last_moment()
    assert plain["calibrated_at"] is None
    calibrated(champion, last - timedelta(days=20), p_long_shift=-3.0)
    calibrated(champion, last - timedelta(days=13), p_long_shift=0.4)
    calibrated(champion, last - timedelta(days=6), kept=False)  # the one before stands
    calibrated(champion, last + timedelta(days=1), p_long_shift=-3.0)  # not known yet
    after = said()
    assert after["calibrated_at"] == (last - timedelta(days=13)).isoformat()
    before, now = (own["prediction"] for own in (plain, after))
    assert logit(now["p_long"]) == pytest.approx(logit(before["p_long"]) + 0.4, abs=1e-9)
    assert {**now, "p_long": before["p_long"]} == before
    assert after["warnings"] == plain["warnings"] and "in_sample" not in after["warnings"]


def test_a_side_without_trust_claims_no_edge(champion: ModelVersionFacts):
    calibrated(champion, builders.last_moment() - timedelta(days=2), p_long_trust=0.0, p_short_trust=0.0)
    found = said()
    assert found["prediction"]["p_long"] == 0.5
    assert found["decision"]["action"] not in ("BUY", "SELL")
