"""Scoring with adapters beside the version in service: one share is corrected and told so, all others stay."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from features.selectors.catalogue import feature_set_get
from modeling.contracts import ModelVersionFacts
from modeling.registry.adapters import Adapter, Adapters, Correction, adapters_json
from modeling.registry.artifact import ADAPTERS, artifact_write
from modeling.services.registry import NewVersion, version_gate, version_promote, version_register
from signals.models import Signal
from signals.services.analyze import Question, ticker_analyze
from signals.services.score import signals_score
from tests.signals import builders
from traderai.common.clock import to_epoch_s
from traderai.common.lake import lake_at

pytestmark = pytest.mark.django_db
NOW = builders.last_moment() + timedelta(days=400)
OWN = "SHR0"


def correction(feature: str, added: float) -> Correction:
    """Return a correction that adds the same to every logit, but for a bit of what the feature tells."""
    width = 3 + len(builders.HORIZONS)  # both logits, the feature and the horizons
    told = {
        "mean": [0.0] * width,
        "std": [1.0] * width,
        "intercept": added,
        "coefficients": [0.0, 0.0, 0.1, 0, 0, 0],
    }
    return Correction(family="logistic", text=json.dumps(told))


def adapters_of(base: str, *, after: timedelta = timedelta(0)) -> ModelVersionFacts:
    """Put adapters of one share into service that were taught upon a version until the last bar, or later."""
    feature, until = feature_set_get(name=builders.FEATURE_SET).columns[0], builders.last_moment() + after
    own = Adapter(
        secid=OWN, long=correction(feature, 1.5), short=correction(feature, -1.0), share=0.5, days=100
    )
    known_s = to_epoch_s(until)
    found = Adapters(
        features=(feature,), horizons=builders.HORIZONS, by_secid={OWN: own}, learned_until_s=known_s,
        judged_until_s=known_s,
    )  # fmt: skip
    name = f"adapter-{base}"
    sha = artifact_write(
        lake=lake_at(settings.LAKE_URL), key=f"models/{name}", files={ADAPTERS: adapters_json(found)},
        about={"base": base},
    )  # fmt: skip
    new = NewVersion(
        version=name, kind="adapter", recipe="test", feature_set_key=feature_set_get(name=builders.FEATURE_SET).key,
        label_set="swing_v1", timeframe="1h", horizons=builders.HORIZONS, lookback_bars=builders.LOOKBACK,
        trained_until=until, is_simulated=False, artifact_key=f"models/{name}", manifest_sha256=sha, metrics={},
    )  # fmt: skip
    facts = version_register(new=new, run_id=None, now=NOW)
    version_gate(version_id=facts.id, against_id=None, verdict="inform", numbers={}, now=NOW)
    return version_promote(version_id=facts.id, by="t", reason="test", now=NOW)


def said() -> dict[tuple[str, str], dict[str, Any]]:
    """Score and return what is stored by share and horizon; the store is empty again afterwards."""
    signals_score(now=NOW)
    found = {
        (row.instrument.secid, row.horizon): row.payload
        for row in Signal.objects.select_related("instrument")
    }
    builders.forget()
    return found


def test_one_share_is_corrected_and_told_so_and_the_others_stay(champion: ModelVersionFacts):
    before = said()
    facts = adapters_of(champion.version)
    after = said()
    assert before.keys() == after.keys()
    assert {key for key in after if after[key] != before[key]} == {(OWN, name) for name in builders.HORIZONS}
    for name in builders.HORIZONS:
        one, other = before[OWN, name]["prediction"], after[OWN, name]["prediction"]
        assert one["adapter"] is None
        assert other["adapter"] == {
            "version": facts.version,
            "trained_until": facts.trained_until.isoformat(),
            "p_long_before": one["p_long"],
            "p_short_before": one["p_short"],
        }
        assert other["p_long"] > one["p_long"] and other["p_short"] < one["p_short"]
        for kept in ("return_quantiles", "volatility", "direction", "votes"):
            assert other[kept] == one[kept]
        decision = after[OWN, name]["decision"]
        assert decision["p"] == other["p_long" if decision["side"] == "long" else "p_short"]
        # Drivers are of what is shown: some effect is another one than before.
        assert after[OWN, name]["drivers"] != before[OWN, name]["drivers"]
        assert "in_sample" not in after[OWN, name]["warnings"]


def test_what_taught_the_adapter_after_the_decision_is_told(champion: ModelVersionFacts):
    facts = adapters_of(champion.version, after=timedelta(days=5))
    signals_score(now=NOW)
    rows = Signal.objects.select_related("instrument")
    assert {row.instrument.secid for row in rows if "in_sample" in row.payload["warnings"]} == {OWN}
    # Who asks is told of it, too, and of no adapter where none spoke.
    told = {secid: ticker_analyze(question=Question(secid=secid), now=NOW).model for secid in (OWN, "SHR1")}
    assert [told[secid]["adapter_version"] for secid in told] == [facts.version, None]


def test_of_another_version_they_are_silent(champion: ModelVersionFacts):
    before = said()
    adapters_of("global-test-of-yesterday")
    assert said() == before


def test_broken_ones_are_silent_and_the_version_in_service_answers(
    champion: ModelVersionFacts, caplog: pytest.LogCaptureFixture
):
    before = said()
    facts = adapters_of(champion.version)
    folder = Path(settings.LAKE_URL.removeprefix("file://")) / facts.artifact_key
    (folder / ADAPTERS).write_bytes(b"{}")
    assert said() == before
    assert "adapters_silent: adapter-global-test-1: " in caplog.text
    (folder / ADAPTERS).unlink()
    (folder / "manifest.json").unlink()
    assert said() == before
