"""Drift reports of a version that was trained once for all tests here: stored once a day, told, and alarmed of."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client, override_settings
from django.urls import reverse

pytest.importorskip("keras", reason="training needs Keras")

from modeling.contracts import ModelVersionFacts
from modeling.errors import ArtifactBrokenError
from modeling.fitting.dataset import Dataset
from modeling.models import DriftReport, ModelVersion, Promotion
from modeling.registry import artifact as store
from modeling.selectors.configuration import drift_config_get
from modeling.selectors.drift import drift_lines, drift_reports
from modeling.selectors.versions import champion_get, emission_paused
from modeling.services.drift import EVENT, dataset_drift, drift_check, drift_daily
from modeling.services.fit import Origin, dataset_train
from modeling.services.live_floor import live_floor_check
from modeling.tasks import drift_daily as drift_daily_task
from tests.modeling.synthetic import dataset, quick_label_sets, tiny_recipe
from tests.summary_place import summary_place
from traderai.accounts.models import User
from traderai.common import clock
from traderai.common.clock import from_epoch_s
from traderai.common.config import config_path
from traderai.common.errors import ConflictError, InputError, NotFoundError, NotReadyError

pytestmark = pytest.mark.django_db
NOW = datetime(2025, 1, 10, tzinfo=UTC)
FEATURES = ("ret_1", "std_20", "rsi_14")  # of the recipe's set, so that their families are known


@dataclass(frozen=True)
class Published:
    """A version in service, the dataset it was trained on, and the moment at which all of it is known."""

    facts: ModelVersionFacts
    data: Dataset
    end: datetime

    def shifted(self) -> Dataset:
        values = self.data.values.copy()
        values[self.data.decision_s > self.data.test_start_s, 2] += 9.0
        return replace(self.data, values=values)


@pytest.fixture(scope="module")
def published(
    tmp_path_factory: pytest.TempPathFactory, django_db_setup: None, django_db_blocker: Any
) -> Iterator[Published]:
    """Train once; the tests' own transactions lie within the one that is rolled back at the end."""
    home = tmp_path_factory.mktemp("drift")
    (home / "label_sets.yaml").write_text(quick_label_sets())
    limits = yaml.safe_load(config_path("drift.yaml").read_text()) | {"stretch_days": 8, "least_stretches": 8}
    (home / "drift.yaml").write_text(yaml.safe_dump(limits))
    data = replace(dataset(days=200, planted=True), features=FEATURES)
    recipe = tiny_recipe(
        label_set="quick_v1",
        **{"split.calibration_folds": 1, "fit.max_epochs": 1, "network.volatility_feature": "std_20"},
    )
    with pytest.MonkeyPatch.context() as patch, override_settings(LAKE_URL=f"file://{home}/lake"):
        patch.setenv("TRADERAI_CONFIG_DIR", str(home))
        with django_db_blocker.unblock(), transaction.atomic():
            report = dataset_train(
                plan=recipe, dataset=data, origin=Origin(as_of=NOW, is_simulated=True), seed=0
            )
            end = from_epoch_s(int(data.decision_s.max()) + 3600)
            yield Published(facts=report.version, data=data, end=end)
            transaction.set_rollback(True)


def said(*words: str) -> str:
    out = io.StringIO()
    call_command("drift", *words, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def test_days_like_the_training_are_ok_and_told_once_a_day(
    published: Published, loading: list[dict[str, Any]], caplog: pytest.LogCaptureFixture
):
    assert published.facts.state == "champion"
    with caplog.at_level(logging.WARNING):
        facts = drift_check(as_of=published.end, now=NOW)
    assert (facts.version, facts.grade, facts.note) == (published.facts.version, "ok", "")
    assert not caplog.records
    assert facts.findings.features is not None and facts.findings.scores is not None
    assert facts.findings.features.stretches >= 8
    assert {own.name: own.family for own in facts.findings.features.found} == {
        "ret_1": "returns", "std_20": "volatility", "rsi_14": "oscillators",
    }  # fmt: skip
    assert len(facts.findings.hits) == 4
    assert loading[0]["as_of"] == published.end
    assert loading[0]["since"] == published.facts.trained_until
    assert drift_check(as_of=published.end, now=NOW + timedelta(hours=1)) == facts
    assert (
        dataset_drift(facts=published.facts, dataset=published.shifted(), as_of=published.end, now=NOW)
        == facts
    )
    assert (DriftReport.objects.count(), len(loading)) == (1, 1)
    assert drift_reports(as_of=published.end) == (facts,)
    assert drift_reports(as_of=published.end, version="other") == ()
    assert drift_reports(as_of=published.end - timedelta(seconds=1)) == ()  # not known before


def test_a_shifted_feature_is_alarmed_of_once_and_stands_in_the_report(
    published: Published, caplog: pytest.LogCaptureFixture, settings
):
    with caplog.at_level(logging.WARNING), summary_place() as place:
        settings.SUMMARY_WEBHOOK_URL = place.url
        for _ in range(2):
            facts = dataset_drift(
                facts=published.facts, dataset=published.shifted(), as_of=published.end, now=NOW
            )
    assert facts.grade == "drift"
    assert "rsi_14" in facts.drifted
    alarms = [record for record in caplog.records if record.getMessage().startswith(f"{EVENT}: ")]
    assert [record.levelno for record in alarms] == [logging.ERROR]
    assert "rsi_14" in alarms[0].getMessage()
    assert [told["event"] for _, told in place.posted] == [EVENT]
    assert "rsi_14" in place.posted[0][1]["facts"]["drifted"]
    families = {own.family: own for own in facts.findings.families}
    assert (families["oscillators"].drift, families["returns"].drift) == (1, 0)
    text = "\n".join(drift_lines(facts))
    assert f"{published.facts.version} on {facts.day}: drift" in text
    assert "oscillators" in text


def test_lost_hits_are_drift_whatever_the_features_do(published: Published):
    # What was foretold comes no more: the planted pattern has gone.
    late = published.data.decision_s > published.data.test_start_s
    lost = {
        side: np.where(
            late[:, None] & ~np.isnan(getattr(published.data.targets, side)),
            0.0,
            getattr(published.data.targets, side),
        )
        for side in ("p_long", "p_short")
    }
    fallen = replace(published.data, targets=replace(published.data.targets, **lost))
    assert live_floor_check(now=clock.now()) == "unchanged"
    facts = dataset_drift(facts=published.facts, dataset=fallen, as_of=published.end, now=clock.now())
    assert facts.grade == "drift"
    assert facts.drifted
    assert set(facts.drifted) <= {own.name for own in facts.findings.hits}
    # The first champion has none before it: it is silenced.
    assert live_floor_check(now=clock.now()) == "paused"
    assert facts.drifted[0] in Promotion.objects.latest("pk").reason
    assert champion_get() == published.facts and emission_paused()


def test_the_newest_days_too_few_for_a_stretch_are_told(published: Published):
    early = published.facts.trained_until + timedelta(days=3)
    facts = dataset_drift(facts=published.facts, dataset=published.data, as_of=early, now=NOW)
    assert facts.grade == "unknown"
    assert "8 are needed" in facts.note
    before = published.facts.trained_until + timedelta(seconds=1)
    with pytest.raises(NotReadyError, match="no bar with features"):
        dataset_drift(
            facts=published.facts, dataset=published.data, as_of=before - timedelta(days=1), now=NOW
        )
    late = published.end + timedelta(days=3000)  # the look back does not reach the bars
    since = late - timedelta(days=drift_config_get().history_days)
    with pytest.raises(NotReadyError, match=f"no bar with features from {re.escape(since.isoformat())} on"):
        dataset_drift(facts=published.facts, dataset=published.data, as_of=late, now=NOW)
    with pytest.raises(InputError, match="has learned"):
        drift_check(as_of=published.facts.trained_until, now=NOW)
    assert DriftReport.objects.count() == 1


def without_reference(published: Published, lake: store.Lake) -> ModelVersionFacts:
    """Publish the version again as it was before there were references."""
    key = published.facts.artifact_key
    manifest = store.manifest_read(lake=lake, key=key, manifest_sha256=published.facts.manifest_sha256)
    files = {name: lake.read(f"{key}/{name}") for name in manifest["files"] if name != store.DRIFT}
    sha = store.artifact_write(lake=lake, key="models/older", files=files, about={})
    row = ModelVersion.objects.get(pk=published.facts.id)
    row.artifact_key, row.manifest_sha256 = "models/older", sha
    row.save()
    return replace(published.facts, artifact_key="models/older", manifest_sha256=sha)


def test_an_older_artifact_has_no_reference_and_still_loads(published: Published, settings):
    lake = store.Lake(url=settings.LAKE_URL)
    older = without_reference(published, lake)
    assert store.artifact_read(lake=lake, version=older).feature_names == FEATURES
    facts = drift_check(as_of=published.end, now=NOW)
    assert (facts.grade, facts.findings.features) == ("unknown", None)
    assert facts.note.startswith("no reference")
    assert "unknown: no reference" in said("--as-of", f"{published.end:%Y-%m-%d}")


def test_a_reference_that_was_tampered_with_is_refused(published: Published, settings):
    path = Path(settings.LAKE_URL.removeprefix("file://")) / published.facts.artifact_key / store.DRIFT
    whole = path.read_bytes()
    assert json.loads(whole)["stretch_days"] == 8
    try:
        path.write_bytes(whole.replace(b'"stretch_days": 8', b'"stretch_days": 9'))
        with pytest.raises(ArtifactBrokenError, match="corrupt"):
            drift_check(as_of=published.end, now=NOW)
    finally:
        path.write_bytes(whole)
    assert not DriftReport.objects.exists()


def test_features_that_are_defined_otherwise_by_now_are_refused(published: Published):
    ModelVersion.objects.filter(pk=published.facts.id).update(feature_set_key="tech_v1@other")
    with pytest.raises(ConflictError, match="another set by now"):
        drift_check(as_of=published.end, now=NOW)


def test_the_command_prints_the_report_and_the_task_makes_one_a_day(
    published: Published, loading: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
):
    text = said(published.facts.version, "--as-of", f"{published.end:%Y-%m-%d}")
    assert f"{published.facts.version} on {published.end:%Y-%m-%d}: ok" in text
    for part in (
        "features: the newest 8 trading days",
        "scores: ",
        "families",
        "hits of the best scores",
        "CUSUM",
    ):
        assert part in text
    assert drift_check(version=published.facts.version, as_of=published.end, now=NOW).grade == "ok"
    with pytest.raises(CommandError, match="no model version"):
        said("nobody")
    with pytest.raises(NotFoundError):
        drift_check(version="nobody", as_of=NOW, now=NOW)
    monkeypatch.setattr(clock, "now", lambda: published.end + timedelta(days=1))
    drift_daily_task()
    drift_daily_task()
    assert [facts.grade for facts in drift_reports(as_of=NOW)] == ["ok", "ok"]


def test_without_a_version_in_service_there_is_nothing_to_check(published: Published):
    ModelVersion.objects.filter(pk=published.facts.id).update(state="retired")
    assert drift_daily(now=NOW) is None
    with pytest.raises(NotReadyError, match="no version is in service"):
        drift_check(as_of=NOW, now=NOW)


def report_row(published: Published, **changes: Any) -> DriftReport:
    facts = drift_reports(as_of=published.end)[0]
    fields = {
        "version_id": published.facts.id, "day": facts.day + timedelta(days=1), "as_of": facts.as_of, "grade": "ok",
        "findings": {"days": 0}, "at": NOW,
    }  # fmt: skip
    return DriftReport.objects.create(**fields | changes)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"again": True}, "modeling_driftreport_once"),
        ({"grade": "fine"}, "modeling_driftreport_grade_known"),
        ({"grade": "unknown"}, "modeling_driftreport_unknown_says_why"),
    ],
)
def test_the_database_keeps_one_report_a_day_of_a_known_grade(
    published: Published, changes: dict[str, Any], rule: str
):
    facts = dataset_drift(facts=published.facts, dataset=published.data, as_of=published.end, now=NOW)
    assert str(report_row(published)).endswith(": ok")
    day = facts.day if changes.pop("again", False) else facts.day + timedelta(days=2)
    with pytest.raises(IntegrityError, match=rule), transaction.atomic():
        report_row(published, day=day, **changes)


def test_staff_sees_reports_and_changes_none(published: Published, client: Client):
    dataset_drift(facts=published.facts, dataset=published.shifted(), as_of=published.end, now=NOW)
    row = DriftReport.objects.get()
    page = reverse("admin:modeling_driftreport_change", args=[row.pk])
    clerk = User.objects.create_user("clerk", is_staff=True)
    client.force_login(clerk)
    listed = reverse("admin:modeling_driftreport_changelist")
    assert client.get(listed).status_code == 403
    clerk.user_permissions.set(Permission.objects.filter(codename="view_driftreport"))
    assert listed in client.get(reverse("admin:index")).content.decode()
    assert "rsi_14" in client.get(listed).content.decode()
    shown = client.get(page).content.decode()
    assert "families" in shown and "rsi_14" in shown
    client.force_login(User.objects.create_superuser("boss"))
    assert client.post(page, {"grade": "ok"}).status_code == 403
    assert (
        client.post(reverse("admin:modeling_driftreport_delete", args=[row.pk]), {"post": "yes"}).status_code
        == 403
    )
    assert client.get(reverse("admin:modeling_driftreport_add")).status_code == 403
    row.refresh_from_db()
    assert row.grade == "drift"


def test_the_packaged_limits_are_whole(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("TRADERAI_CONFIG_DIR", raising=False)
    assert drift_config_get().stretch_days == 20
