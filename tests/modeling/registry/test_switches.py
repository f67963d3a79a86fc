"""Promotion and rollback: atomic, audited, never a rejected or broken version."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import IntegrityError, transaction

from modeling.contracts.registry import SLOT_OF_KIND
from modeling.errors import ArtifactBrokenError, PromotionRefusedError
from modeling.models import GateVerdict, LeakAudit, ModelVersion, Promotion, TrainingRun
from modeling.selectors.versions import (
    champion_get,
    leak_audit_passed,
    rollback_target,
    slot_named,
    version_get,
    version_list,
)
from modeling.services.registry import (
    NewVersion,
    version_gate,
    version_promote,
    version_register,
    version_rollback,
)
from tests.modeling.registry.maker import NOW, registered, serving
from tests.modeling.registry_config import registry_yaml
from traderai.common.errors import ConflictError, NotFoundError

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def without_shadow(lake: Path) -> Iterator[None]:
    with registry_yaml(min_days=0):
        yield


def test_a_promotion_switches_and_is_audited():
    first = serving("a")
    second = serving("b", minute=1)
    assert champion_get().version == "b"
    assert version_get(version="a").state == "retired"
    switch = Promotion.objects.latest("at")
    assert (switch.version_id, switch.previous_id, switch.action) == (second.id, first.id, "promote")


def test_promoting_the_champion_again_changes_nothing():
    facts = serving("a")
    version_promote(version_id=facts.id, by="t", reason="again", now=NOW)
    assert Promotion.objects.count() == 1


def test_rollback_puts_the_previous_champion_back_one_step_at_a_time():
    for minute, name in enumerate("abc"):
        serving(name, minute=minute)
    later = NOW + timedelta(hours=1)
    assert version_rollback(by="t", reason="worse", now=later).version == "b"
    assert champion_get().version == "b"
    assert version_rollback(by="t", reason="worse", now=later + timedelta(hours=1)).version == "a"
    with pytest.raises(PromotionRefusedError, match="no earlier champion"):
        version_rollback(by="t", reason="worse", now=later + timedelta(hours=2))
    assert champion_get().version == "a"


def test_rollback_without_history_is_refused():
    assert rollback_target() is None
    with pytest.raises(PromotionRefusedError):
        version_rollback(by="t", reason="x", now=NOW)


def test_a_rejected_version_never_serves():
    facts = registered("bad")
    version_gate(version_id=facts.id, against_id=None, verdict="rejected", numbers={}, now=NOW)
    with pytest.raises(PromotionRefusedError, match="rejected"):
        version_promote(version_id=facts.id, by="t", reason="please", now=NOW)
    with pytest.raises(PromotionRefusedError, match="was rejected"):
        version_gate(version_id=facts.id, against_id=None, verdict="inform", numbers={}, now=NOW)
    assert champion_get() is None


def test_an_unjudged_version_is_refused():
    facts = registered("new")
    with pytest.raises(PromotionRefusedError, match="has not passed its gate"):
        version_promote(version_id=facts.id, by="t", reason="x", now=NOW)


def test_a_verdict_against_a_former_champion_does_not_count():
    waiting = registered("waiting")
    version_gate(version_id=waiting.id, against_id=None, verdict="inform", numbers={}, now=NOW)
    serving("quicker")
    with pytest.raises(PromotionRefusedError, match="judged against another champion"):
        version_promote(version_id=waiting.id, by="t", reason="x", now=NOW)
    assert champion_get().version == "quicker"


def test_what_only_informs_never_replaces_what_is_proven():
    serving("proven", grade="trade")
    with pytest.raises(PromotionRefusedError, match="proven to trade"):
        serving("talker", minute=1)
    assert champion_get().version == "proven"


def test_simulated_never_replaces_real():
    serving("real")
    with pytest.raises(PromotionRefusedError, match="simulated"):
        serving("toy", is_simulated=True, minute=1)
    assert champion_get().version == "real"


@pytest.mark.parametrize("broken", ["network.onnx", "manifest.json"])
def test_a_corrupt_artifact_is_neither_promoted_nor_rolled_back_to(lake: Path, broken: str):
    serving("good")
    serving("better", minute=1)
    path = lake / "models" / "good" / broken
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(ArtifactBrokenError, match="corrupt"):
        version_rollback(by="t", reason="x", now=NOW)
    assert champion_get().version == "better"


def test_a_missing_file_is_not_registered(lake: Path):
    facts = registered("good")
    (lake / "models" / "good" / "network.onnx").unlink()
    with pytest.raises(ArtifactBrokenError, match="train again"):
        registered_again = NewVersion(
            version="other", kind="global", recipe="r", feature_set_key="f", label_set="l", timeframe="1h",
            horizons=("3d",), lookback_bars=8, trained_until=NOW, is_simulated=False,
            artifact_key=facts.artifact_key, manifest_sha256=facts.manifest_sha256, metrics={},
        )  # fmt: skip
        version_register(new=registered_again, run_id=None, now=NOW)
    assert ModelVersion.objects.count() == 1


def test_a_version_never_changes():
    registered("a")
    assert registered("a").version == "a"
    with pytest.raises(ConflictError, match="a version never changes"):
        registered("a", content=b"another")


def test_a_crash_inside_the_switch_leaves_the_old_champion():
    serving("old")
    facts = registered("new")
    version_gate(version_id=facts.id, against_id=champion_get().id, verdict="inform", numbers={}, now=NOW)
    # The audit row must say why; without a reason the database refuses it after both states were set.
    with pytest.raises(IntegrityError, match="modeling_promotion_says_who_and_why"), transaction.atomic():
        version_promote(version_id=facts.id, by="t", reason="", now=NOW)
    assert champion_get().version == "old"
    assert version_get(version="new").state == "candidate"


def test_lists_and_unknown_names():
    assert version_list() == ()
    registered("global-a")
    assert [facts.version for facts in version_list()] == ["global-a"]
    with pytest.raises(NotFoundError, match="did you mean 'global-a'"):
        version_get(version="global-b")
    with pytest.raises(NotFoundError):
        version_promote(version_id=999, by="t", reason="x", now=NOW)


BREAKING = {
    "modeling_modelversion_once": {"version": "a"},
    "modeling_modelversion_kind_known": {"kind": "oracle"},
    "modeling_modelversion_state_known": {"state": "asleep"},
    "modeling_modelversion_grade_known": {"grade": "great"},
    "modeling_modelversion_served_passed": {"state": "champion", "grade": "unjudged"},
    "modeling_modelversion_rejected_out": {"state": "candidate", "grade": "rejected"},
    "modeling_modelversion_manifest_hex": {"manifest_sha256": "xyz"},
    "modeling_modelversion_lookback_positive": {"lookback_bars": 0},
}


@pytest.mark.parametrize(("rule", "change"), BREAKING.items())
def test_the_database_refuses_what_must_never_be(rule: str, change: dict[str, object]):
    registered("a")
    row = ModelVersion.objects.get(pk=registered("b").id)
    for name, value in change.items():
        setattr(row, name, value)
    with pytest.raises(IntegrityError, match=rule):
        row.save()


def test_a_council_competes_with_the_global_version_and_an_adapter_does_not():
    serving("a")
    row = ModelVersion.objects.get(pk=registered("b", kind="adapter").id)
    row.state, row.grade = "champion", "inform"
    row.save()
    assert champion_get(slot="adapters").version == "b"
    assert champion_get().version == "a"
    row.kind = "council"
    with pytest.raises(IntegrityError, match="modeling_modelversion_one_champion"):
        row.save()


def test_each_slot_rolls_back_for_itself():
    serving("a")
    serving("b", kind="council", minute=1)
    serving("light", kind="adapter", minute=2)
    assert rollback_target().version == "a"
    assert rollback_target(slot="adapters") is None
    with pytest.raises(PromotionRefusedError, match="of slot 'adapters'"):
        version_rollback(slot="adapters", by="t", reason="x", now=NOW)
    assert version_rollback(by="t", reason="worse", now=NOW + timedelta(hours=1)).kind == "global"
    assert champion_get(slot="adapters").version == "light"
    assert [row.slot for row in Promotion.objects.order_by("pk")] == [
        "forecast",
        "forecast",
        "adapters",
        "forecast",
    ]


@pytest.mark.parametrize("kind", SLOT_OF_KIND)
def test_the_database_gives_each_kind_its_slot(kind: str):
    facts = registered("a", kind=kind)
    assert ModelVersion.objects.get(pk=facts.id).slot == facts.slot == SLOT_OF_KIND[kind]
    assert slot_named(facts.slot) == facts.slot
    with pytest.raises(NotFoundError, match=f"did you mean '{facts.slot}'"):
        slot_named(facts.slot + "s")


@pytest.mark.parametrize(
    ("rule", "fields"),
    [
        ("modeling_trainingrun_state_known", {"state": "odd", "finished_at": NOW}),
        ("modeling_trainingrun_ended_has_time", {"state": "done"}),
    ],
)
def test_the_database_refuses_odd_runs(rule: str, fields: dict[str, object]):
    with pytest.raises(IntegrityError, match=rule):
        TrainingRun.objects.create(
            recipe="r", config_sha256="c", code_sha256="c", seed=0, as_of=NOW, started_at=NOW, **fields
        )


def test_the_newest_leak_audit_counts_and_an_empty_one_is_refused():
    facts = registered("a")
    assert not leak_audit_passed(version_id=facts.id)
    for passed in (True, False):
        LeakAudit.objects.create(version_id=facts.id, passed=passed, checks=[{"name": "scan"}], at=NOW)
        assert leak_audit_passed(version_id=facts.id) is passed
    with pytest.raises(IntegrityError, match="modeling_leakaudit_has_checks"):
        LeakAudit.objects.create(version_id=facts.id, passed=True, checks=[], at=NOW)


@pytest.mark.parametrize(
    ("rule", "fields"),
    [
        ("modeling_gateverdict_verdict_known", {"verdict": "fine"}),
        ("modeling_gateverdict_not_itself", {"verdict": "inform", "against": "self"}),
    ],
)
def test_the_database_refuses_odd_verdicts(rule: str, fields: dict[str, object]):
    row = ModelVersion.objects.get(pk=registered("a").id)
    if fields.get("against"):
        fields = {**fields, "against": row}
    with pytest.raises(IntegrityError, match=rule):
        GateVerdict.objects.create(version=row, at=NOW, **fields)


@pytest.mark.parametrize(
    ("rule", "fields"),
    [
        ("modeling_promotion_slot_known", {"slot": "throne"}),
        ("modeling_promotion_action_known", {"action": "swap"}),
        ("modeling_promotion_is_a_switch", {"previous": "self"}),
        ("modeling_promotion_says_who_and_why", {"by": ""}),
    ],
)
def test_the_database_refuses_odd_promotions(rule: str, fields: dict[str, object]):
    row = ModelVersion.objects.get(pk=registered("a").id)
    if fields.get("previous"):
        fields = {**fields, "previous": row}
    values = {"slot": "forecast", "action": "promote", "by": "t", "reason": "r", "at": NOW} | fields
    with pytest.raises(IntegrityError, match=rule):
        Promotion.objects.create(version=row, **values)
