"""What is due when, what the data must be like, and what is kept of an attempt; trainings themselves are elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.contrib.auth.models import Permission
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from features.selectors.catalogue import feature_set_get
from market.configs import universe_config
from market.models import DataQualityReport
from modeling.contracts.retraining import RetrainingConfig, RetrainingFacts, RetrainingJob
from modeling.fitting.adapters import local_columns
from modeling.fitting.recipe import recipe_load
from modeling.models import DriftReport, ModelVersion, RetrainingReport, TrainingRun
from modeling.selectors.configuration import retraining_config_get
from modeling.selectors.retraining import retraining_reports, retraining_text
from modeling.services.retraining import JOBS, KIND, LEASE, retraining_due
from modeling.tasks import retraining_due as retraining_due_task
from tests.market import make
from tests.modeling.ledger_maker import sha
from tests.summary_place import Place, summary_place
from traderai.accounts.models import User
from traderai.common import clock
from traderai.common.config import config_path, parse
from traderai.common.errors import InputError
from traderai.jobs.models import Job
from traderai.jobs.services import job_claim
from traderai.site.celery import queue_of

pytestmark = pytest.mark.django_db
NIGHT = make.moscow("2025-03-03T03:45")
DAY = date(2025, 3, 3)


def packaged() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(config_path("retraining.yaml").read_text())
    return content


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings of one's own: the global model each month and, of the same recipe, the council each week."""
    content = packaged()
    content["jobs"] = {
        "global": {"recipe": "global_swing_v1", "every": "month", "universe": "core"},
        "council": {"recipe": "global_swing_v1", "every": "week"},
    }
    (tmp_path / "retraining.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    monkeypatch.setenv("TRADERAI_CONFIG_DIR", str(tmp_path))
    settings.LAKE_URL = f"file://{tmp_path}/lake"
    return tmp_path


@pytest.fixture
def chat(settings) -> Iterator[Place]:
    with summary_place() as place:
        settings.SUMMARY_WEBHOOK_URL = place.url
        yield place


@pytest.fixture
def market() -> None:
    """The shares of the universe `core`, with hours of the day before, and a report that finds them in order."""
    for secid in universe_config().secids("core"):
        make.write(make.instrument(secid), make.columns(make.hours("2025-02-28")))
    quality(NIGHT - timedelta(minutes=15))


def quality(at: datetime, *unfit: str) -> None:
    DataQualityReport.objects.create(
        created_at=at, as_of=at, scope="s", verdict="warning", findings={"unfit_series": list(unfit)}
    )


def version(name: str = "global-1", *, kind: str = "global", **more: Any) -> ModelVersion:
    fields: dict[str, Any] = {
        "version": name, "kind": kind, "recipe": "r", "feature_set_key": "f@1", "label_set": "l", "timeframe": "1h",
        "horizons": ["3d"], "lookback_bars": 8, "trained_until": NIGHT, "is_simulated": False, "grade": "inform",
        "artifact_key": f"models/{name}", "manifest_sha256": sha(name), "created_at": NIGHT,
    }  # fmt: skip
    return ModelVersion.objects.create(**fields | more)


def ended(job: str, *, period: str, day: date, state: str = "kept", **more: Any) -> RetrainingReport:
    own = ModelVersion.objects.first() or version()
    fields: dict[str, Any] = {
        "job": job, "period": period, "day": day, "state": state, "trigger": "calendar", "version": own,
        "verdict": "inform", "note": "done", "at": NIGHT,
    }  # fmt: skip
    return RetrainingReport.objects.create(**fields | more)


def due(now: datetime = NIGHT) -> RetrainingFacts:
    found = retraining_due(now=now)
    assert found is not None
    return found


def test_the_packaged_jobs_name_recipes_and_universes_that_are_there(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("TRADERAI_CONFIG_DIR")
    config = retraining_config_get()
    assert set(config.jobs) <= set(JOBS)
    assert list(config.jobs) == ["global", "council", "adapters"]
    for name, job in config.jobs.items():
        if job.recipe is None:
            assert (name, job.every) == ("adapters", "week")
            continue
        assert (recipe_load(job.recipe).kind, job.every) == (name, "month")
        plan = recipe_load(job.recipe)
        assert plan.adapters is not None
        columns = feature_set_get(name=plan.feature_set).columns
        assert len(local_columns(plan.adapters, columns)) == len(plan.adapters.features)
        if job.universe is not None:
            assert universe_config().secids(job.universe)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"jobs": {"globl": {"recipe": "r", "every": "month"}}}, "did you mean 'global'"),
        ({"jobs": {"global": {"recipe": "r", "every": "day"}}}, "must be one of week, month"),
        ({"drift_pause_days": 0}, "at least 1"),
        ({"jobs": {"global": {"every": "month"}}}, "every other job names a recipe"),
        ({"jobs": {"adapters": {"recipe": "r", "every": "week"}}}, "have none of their own"),
        ({"jobs": {"adapters": {"universe": "core", "every": "week"}}}, "have none of their own"),
        ({"data": {**packaged()["data"], "max_unfit_frac": 1.5}}, r"lie in \[0, 1\]"),
        ({"data": {**packaged()["data"], "max_bar_age_days": 0.0}}, "must be above 0"),
    ],
)
def test_wrong_settings_say_what_is_wrong(change: dict[str, Any], says: str):
    with pytest.raises(InputError, match=says):
        parse(packaged() | change, RetrainingConfig, where="retraining.yaml")


def test_weeks_begin_on_monday_and_belong_to_the_year_of_their_thursday():
    week = RetrainingJob(recipe="r", every="week")
    assert [week.period(date(2024, 12, day)) for day in (29, 30)] == ["2024-W52", "2025-W01"]
    assert week.period(date(2025, 1, 5)) == "2025-W01"
    assert RetrainingJob(recipe="r", every="month").period(date(2025, 1, 5)) == "2025-01"


def test_without_a_report_on_the_data_nothing_is_trained_and_tomorrow_it_is_tried_again(chat: Place):
    first, second = due(), due()
    assert [(own.job, own.period, own.state) for own in (first, second)] == [
        ("global", "2025-03", "refused"),
        ("council", "2025-W10", "refused"),
    ]
    assert (first.version, first.verdict, first.trigger) == (None, "", "calendar")
    assert "of the last 36 hours is needed, there is none; run manage.py data_quality" in first.note
    assert retraining_due(now=NIGHT + timedelta(hours=1)) is None
    assert not TrainingRun.objects.exists()
    assert [text["text"] for _, text in chat.posted] == [retraining_text(first), retraining_text(second)]
    assert chat.posted[0][1]["facts"] | {"figures": {}} == {
        "job": "global", "period": "2025-03", "trigger": "calendar", "day": "2025-03-03", "state": "refused",
        "version": None, "verdict": "", "note": first.note, "figures": {}, "at": NIGHT.isoformat(),
    }  # fmt: skip
    assert {job.state for job in Job.objects.filter(kind=KIND)} == {"done"}
    again = due(NIGHT + timedelta(days=1))
    assert (again.job, again.period, again.day) == ("global", "2025-03", date(2025, 3, 4))
    assert retraining_reports(as_of=NIGHT + timedelta(days=2), job="global") == (again, first)
    assert retraining_reports(as_of=NIGHT, limit=1) == (second,)


def test_an_old_report_on_the_data_is_none(market: None):
    assert "the newest is of 2025-03-03 00:30 UTC" in due(NIGHT + timedelta(days=2)).note


def test_shares_that_are_not_fit_for_use_are_told_by_name(market: None):
    quality(NIGHT, "SBER 1h", "GAZP 1d", "AAAA 1h")  # the job does not read the other two
    assert due().state == "failed"  # one of nine may be unfit: trained, and there are no features
    RetrainingReport.objects.all().delete()
    quality(NIGHT, "SBER 1h", "GAZP 1h")
    refused = due(NIGHT + timedelta(days=1))
    assert refused.state == "refused"
    assert "2 of 9 shares are not fit for use, at most 20% may be: GAZP, SBER" in refused.note


def test_bars_that_stopped_are_not_learned_from(market: None):
    late = NIGHT + timedelta(days=12)
    quality(late)
    assert "a bar of the last 12 days is needed, the newest is of 2025-02-28 09:00 UTC" in due(late).note


def test_without_shares_there_is_nothing_to_learn_from(folder: Path):
    content = yaml.safe_load((folder / "retraining.yaml").read_text())
    content["jobs"] = {"global": {"recipe": "global_swing_v1", "every": "month"}}
    (folder / "retraining.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    quality(NIGHT)
    assert "has no share to learn from" in due().note


def test_a_failure_is_kept_with_its_reason_and_leaves_the_champion(market: None):
    champion = version(state="champion")
    failed = due()
    assert (failed.state, failed.version) == ("failed", None)
    assert "NotReadyError: none of 9 instruments has tech_v1 features" in failed.note
    job = Job.objects.get(kind=KIND)
    assert (job.business_key, job.state, job.error) == ("global:2025-03:2025-03-03", "failed", failed.note)
    assert ModelVersion.objects.get(state="champion") == champion
    assert due(NIGHT + timedelta(days=1)).day == DAY + timedelta(days=1)


def test_what_is_done_switched_off_or_claimed_is_not_due(folder: Path):
    ended("global", period="2025-03", day=date(2025, 3, 1))
    assert due().job == "council"
    assert retraining_due(now=NIGHT) is None
    RetrainingReport.objects.filter(job="council").delete()
    assert retraining_due(now=NIGHT) is None  # the unit of today is done
    tomorrow = NIGHT + timedelta(days=1)
    key = "council:2025-W10:2025-03-04"
    assert job_claim(kind=KIND, business_key=key, now=tomorrow, lease=LEASE) is not None
    assert retraining_due(now=tomorrow) is None  # another worker is at it
    assert due(tomorrow + LEASE + timedelta(seconds=1)).job == "council"  # and has died
    content = yaml.safe_load((folder / "retraining.yaml").read_text())
    content["jobs"]["council"]["enabled"] = False
    (folder / "retraining.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    assert retraining_due(now=NIGHT + timedelta(days=2)) is None
    assert due(make.moscow("2025-04-01T03:45")).period == "2025-04"


def drifted(own: ModelVersion, day: date, grade: str = "drift") -> None:
    findings: dict[str, Any] = {"days": 0}
    DriftReport.objects.create(
        version=own, day=day, as_of=NIGHT - timedelta(hours=20), grade=grade, note="n", findings=findings, at=NIGHT
    )  # fmt: skip


@pytest.mark.parametrize(
    ("reported", "grade", "kind", "asked"),
    [
        (DAY - timedelta(days=1), "drift", "global", True),
        (DAY - timedelta(days=1), "drift", "council", True),
        (DAY - timedelta(days=1), "watch", "global", False),
        (DAY - timedelta(days=2), "drift", "global", False),  # nobody knows how it is by now
    ],
)
def test_a_drift_of_the_version_in_service_asks_for_its_kind(
    reported: date, grade: str, kind: str, asked: bool
):
    drifted(version(kind=kind, state="champion"), reported, grade)
    for job, period in (("global", "2025-03"), ("council", "2025-W10")):
        ended(job, period=period, day=DAY - timedelta(days=7))
    if asked:
        found = due()
        assert (found.job, found.trigger, found.period) == (kind, "drift", "drift-2025-03-03")
    assert retraining_due(now=NIGHT) is None


def test_a_drift_asks_once_in_seven_days():
    drifted(version(state="champion"), DAY)
    ended("council", period="2025-W10", day=DAY)
    ended("global", period="2025-03", day=DAY - timedelta(days=6))
    assert retraining_due(now=NIGHT) is None
    RetrainingReport.objects.filter(job="global").update(day=DAY - timedelta(days=7))
    assert due().trigger == "drift"


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("modeling_retrainingreport_once_a_day", {"period": "2025-04"}),
        ("modeling_retrainingreport_state_known", {"state": "lost", "version": None, "verdict": ""}),
        ("modeling_retrainingreport_trigger_known", {"trigger": "moon"}),
        ("modeling_retrainingreport_verdict_known", {"verdict": "great"}),
        ("modeling_retrainingreport_ended_has_version", {"version": None}),
        ("modeling_retrainingreport_ended_has_version", {"verdict": ""}),
        ("modeling_retrainingreport_ended_has_version", {"state": "failed"}),
        ("modeling_retrainingreport_says_why", {"note": ""}),
    ],
)
def test_the_database_refuses_odd_reports(rule: str, changes: dict[str, Any]):
    assert str(ended("global", period="2025-03", day=DAY)) == "global 2025-03 on 2025-03-03: kept"
    day = DAY if rule.endswith("once_a_day") else DAY + timedelta(days=1)
    with pytest.raises(IntegrityError, match=rule), transaction.atomic():
        ended("global", **({"period": "2025-03", "day": day} | changes))


def test_staff_sees_reports_and_changes_none(client: Client):
    row = ended("global", period="2025-03", day=DAY)
    clerk = User.objects.create_user("clerk", is_staff=True)
    client.force_login(clerk)
    listed = reverse("admin:modeling_retrainingreport_changelist")
    assert client.get(listed).status_code == 403
    clerk.user_permissions.set(Permission.objects.filter(codename="view_retrainingreport"))
    assert listed in client.get(reverse("admin:index")).content.decode()
    assert "2025-03" in client.get(listed).content.decode()
    page = reverse("admin:modeling_retrainingreport_change", args=[row.pk])
    assert "done" in client.get(page).content.decode()
    client.force_login(User.objects.create_superuser("boss"))
    assert client.post(page, {"state": "switched"}).status_code == 403
    delete = reverse("admin:modeling_retrainingreport_delete", args=[row.pk])
    assert client.post(delete, {"post": "yes"}).status_code == 403
    assert client.get(reverse("admin:modeling_retrainingreport_add")).status_code == 403


def test_the_task_is_woken_at_night_in_the_queue_of_trainings(monkeypatch: pytest.MonkeyPatch):
    schedule = yaml.safe_load(config_path("schedule.yaml").read_text())["schedules"]
    woken = [entry for entry in schedule if entry["task"] == retraining_due_task.name]
    assert [entry["cron"].split()[1] for entry in woken] == ["3-6"]
    assert queue_of(retraining_due_task.name) == "training"
    monkeypatch.setattr(clock, "now", lambda: NIGHT.astimezone(UTC))
    retraining_due_task()
    assert RetrainingReport.objects.get().job == "global"
