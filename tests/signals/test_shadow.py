"""A version in shadow answers on live bars of a real market as it would in service, and nobody hears it."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.test import Client

from modeling.contracts import ModelVersionFacts
from modeling.fitting.recipe import recipe_load
from modeling.models import ModelVersion, Promotion, ShadowAnswer, ShadowReport, TrainingRun
from modeling.selectors.shadow import shadow_list, shadow_progress, version_for_user
from modeling.selectors.versions import champion_get, version_get
from modeling.services.registry import emission_pause, version_promote, version_shadow
from modeling.services.shadows_review import shadows_review
from modeling.tasks import shadows_review as shadows_review_task
from signals.models import Signal
from signals.selectors.by_version import signals_of_version
from signals.selectors.heatmap import HeatmapQuestion, heatmap_get
from signals.selectors.stored import signal_latest
from signals.services.score import signals_score
from signals.services.shadow import EVENT, shadows_score_due
from signals.tasks import shadows_score_due as shadows_score_due_task
from tests.architecture.checks import ROOT, sources
from tests.modeling.registry_config import registry_yaml
from tests.signals import builders
from traderai.accounts.models import User
from traderai.common import clock
from traderai.common.errors import NotFoundError

pytestmark = pytest.mark.django_db
LIVE = builders.last_moment() + timedelta(minutes=20)
SHARES = 8  # with features: six ordinary ones, OLD and THIN
NAME = "global-shadow-1"


@pytest.fixture(autouse=True)
def two_days() -> Iterator[None]:
    with registry_yaml(min_days=2):
        yield


@pytest.fixture
def shadow(champion: ModelVersionFacts) -> ModelVersionFacts:
    facts = builders.candidate(NAME, against=champion)
    return version_shadow(
        version_id=facts.id, by="test", reason="test", now=builders.last_moment(BARS_BEFORE)
    )


BARS_BEFORE = builders.BARS - 9 * 12  # twelve trading days before the last bar


def artifact_file(facts: ModelVersionFacts, name: str, settings) -> Path:
    return Path(settings.LAKE_URL.removeprefix("file://")) / facts.artifact_key / name


def test_it_answers_as_it_would_in_service(shadow: ModelVersionFacts, settings):
    new = shadows_score_due(limit=50, now=LIVE)
    assert new == ShadowAnswer.objects.count() == SHARES * len(builders.HORIZONS)
    assert not Signal.objects.exists()
    assert shadows_score_due(limit=50, now=LIVE) == 0
    assert shadow_progress(version_id=shadow.id).days == 1
    ModelVersion.objects.filter(pk=champion_get().id).update(state="retired")
    ModelVersion.objects.filter(pk=shadow.id).update(state="champion")
    signals_score(now=LIVE)
    for said in ShadowAnswer.objects.all():
        heard = Signal.objects.get(
            instrument_id=said.instrument_id, horizon=said.horizon, bar_begin=said.bar_begin
        )
        assert said.payload == heard.payload
        assert (said.action, said.as_of, said.valid_until) == (heard.action, heard.as_of, heard.valid_until)
        prediction = heard.payload["prediction"]
        assert (said.p_long, said.p_short) == (prediction["p_long"], prediction["p_short"])
        assert said.base_p_long == said.base_p_short == 0.5  # a prior of 0 is a logit


def test_no_user_hears_it(shadow: ModelVersionFacts, client: Client):
    signals_score(now=LIVE)
    client.force_login(User.objects.create_user("trader"))

    def heard() -> list[object]:
        question = {"secid": "SHR0", "horizon": "5d"}
        analysis = client.post("/api/v1/analyze_ticker", question, content_type="application/json")
        heatmap = client.get("/api/v1/market_heatmap", {"horizon": "5d"})
        assert (analysis.status_code, heatmap.status_code) == (200, 200)
        for body in (analysis.content, heatmap.content):
            assert NAME not in body.decode()
        now = heatmap_get(question=HeatmapQuestion(horizon="5d"), as_of=LIVE)
        latest = signal_latest(secid="SHR0", timeframe="1h", horizon="5d", as_of=LIVE)
        assert latest.model_version == champion_get().version
        return [now, latest, without_age(analysis.json()), without_age(heatmap.json())]

    before = heard()
    assert shadows_score_due(limit=50, now=LIVE) > 0
    assert heard() == before
    # Seen to fail: in service it is heard.
    with registry_yaml(min_days=0):
        version_promote(version_id=shadow.id, by="t", reason="r", now=LIVE)
    signals_score(now=LIVE)
    with pytest.raises(AssertionError):
        heard()


def without_age(body: object) -> object:
    if isinstance(body, dict):
        return {key: without_age(value) for key, value in body.items() if key != "data_age_seconds"}
    return [without_age(item) for item in body] if isinstance(body, list) else body


def given_to(users: int) -> list[str]:
    return [version_for_user(user_id=number).version for number in range(users)]


def test_a_test_on_users_gives_some_of_them_the_shadow(
    shadow: ModelVersionFacts, champion: ModelVersionFacts
):
    signals_score(now=LIVE)
    shadows_score_due(limit=50, now=LIVE)
    asked = {"timeframe": "1h", "horizon": "5d", "as_of": LIVE}
    of_champion = signals_of_version(version=champion.version, **asked)
    assert [one.secid for one in of_champion] == sorted(one.secid for one in of_champion)
    assert of_champion[2] == signal_latest(secid=of_champion[2].secid, **asked)
    with pytest.raises(NotFoundError, match="in shadow and answers to nobody"):
        signals_of_version(version=NAME, **asked)
    assert set(given_to(20)) == {champion.version}
    with registry_yaml(min_days=2, share_frac=0.25):
        given = given_to(160)
        assert given == given_to(160)
        assert set(given) == {champion.version, NAME}
        assert 20 <= given.count(NAME) <= 60  # 40 expected, 3.6 standard deviations
        of_shadow = signals_of_version(version=NAME, **asked)
        assert [one.secid for one in of_shadow] == [one.secid for one in of_champion]
        assert {(one.id, one.model_version, one.source) for one in of_shadow} == {(None, NAME, "live")}
        assert of_shadow[2].payload != of_champion[2].payload
        assert signals_of_version(version=NAME, **asked | {"as_of": LIVE - timedelta(days=1)}) == ()
        emission_pause(version_id=champion.id, by="t", reason="r", now=LIVE)
        assert set(given_to(20)) == {champion.version}


# Who may read what shadows answer: those who keep, judge and count it.
READERS = {
    "modeling/models/__init__.py", "modeling/models/shadow.py",
    "modeling/selectors/shadow.py", "modeling/services/shadow_answers.py", "modeling/services/shadows_review.py",
}  # fmt: skip


def test_no_other_source_reads_the_answers():
    found = {
        str(path.relative_to(ROOT))
        for path in sources()
        if "ShadowAnswer" in path.read_text(encoding="utf-8").replace("ShadowSaid", "")
    }
    assert found == READERS


def test_bars_that_have_not_just_closed_are_no_test(shadow: ModelVersionFacts):
    assert shadows_score_due(limit=50, now=LIVE + timedelta(days=1)) == 0
    assert not ShadowAnswer.objects.exists()


def test_the_limit_leaves_the_rest_for_the_next_call(shadow: ModelVersionFacts):
    assert shadows_score_due(limit=3, now=LIVE) == 3 * len(builders.HORIZONS)
    assert shadows_score_due(limit=50, now=LIVE) == (SHARES - 3) * len(builders.HORIZONS)


def test_without_a_shadow_there_is_nothing_to_do(champion: ModelVersionFacts):
    assert shadows_score_due(limit=50, now=LIVE) == 0


def test_a_broken_shadow_is_retired_and_holds_up_nobody(shadow: ModelVersionFacts, settings):
    whole = version_shadow(
        version_id=builders.candidate("global-shadow-22", against=champion_get()).id,
        by="t",
        reason="r",
        now=LIVE,
    )
    artifact_file(shadow, "network.onnx", settings).write_bytes(b"other")
    assert shadows_score_due(limit=50, now=LIVE) == SHARES * len(builders.HORIZONS)
    assert set(ShadowAnswer.objects.values_list("version_id", flat=True)) == {whole.id}
    assert version_get(version=NAME).state == "retired"
    row = Promotion.objects.latest("pk")
    assert (row.action, row.by) == ("retire", "artifact_check")
    assert "corrupt" in row.reason


def test_what_goes_wrong_with_one_is_told_and_holds_up_nobody(
    shadow: ModelVersionFacts, caplog: pytest.LogCaptureFixture
):
    ModelVersion.objects.filter(pk=shadow.id).update(feature_set_key="tech_v0@other")
    with caplog.at_level(logging.WARNING):
        assert shadows_score_due(limit=50, now=LIVE) == 0
    assert f"{EVENT}: {NAME}: " in caplog.text
    assert shadow_list()[0].version == NAME


def with_run(facts: ModelVersionFacts) -> None:
    """Give a version the training that it would have had, so that its outcomes can be read."""
    plan = recipe_load(
        "global_swing_v1",
        overrides=(
            f"feature_set={builders.FEATURE_SET}", f"network.lookback_bars={builders.LOOKBACK}", "label_set=swing_v1",
            f"network.volatility_feature={feature()}",
        ),
    )  # fmt: skip
    run = TrainingRun.objects.create(
        recipe=plan.name, config_sha256="c", code_sha256="c", seed=0, as_of=builders.START, state="done",
        config=json.loads(json.dumps(asdict(plan))), started_at=builders.START, finished_at=builders.START,
    )  # fmt: skip
    ModelVersion.objects.filter(pk=facts.id).update(run=run)


def feature() -> str:
    from features.selectors.catalogue import feature_set_get

    return feature_set_get(name=builders.FEATURE_SET).columns[0]


def answered_days(days: int) -> datetime:
    """Let the shadow answer on the last bar of some days, and return the moment of the last answer."""
    for day in range(days):
        moment = builders.last_moment(BARS_BEFORE + 9 * (day + 1))
        shadows_score_due(limit=50, now=moment + timedelta(minutes=20))
    return moment


def test_outcomes_resolve_and_the_review_decides(shadow: ModelVersionFacts, caplog: pytest.LogCaptureFixture):
    with_run(shadow)
    answered_days(4)
    progress = shadow_progress(version_id=shadow.id)
    assert progress.days == 4
    early = builders.last_moment(BARS_BEFORE + 9 * 4)
    decided = shadows_review(now=early)
    assert [(one.version, one.decided) for one in decided] == [(NAME, "waits")]
    first = ShadowReport.objects.get()
    assert first.grade == "unknown"
    end = builders.last_moment()
    decided = shadows_review(now=end)
    report = ShadowReport.objects.latest("day")
    assert report.days == 4
    assert report.outcomes > first.outcomes
    assert decided[0].decided == {"ok": "promoted", "worse": "retired"}[report.grade]
    assert shadows_review(now=end) == ()
    assert ShadowReport.objects.count() == 2


def test_a_shadow_that_cannot_be_judged_is_told_of_and_waits(
    shadow: ModelVersionFacts, caplog: pytest.LogCaptureFixture
):
    with caplog.at_level(logging.WARNING):
        decided = shadows_review(now=LIVE)
    assert "has no training run" in caplog.text
    assert decided[0].decided == "waits"
    assert not ShadowReport.objects.exists()


def test_the_tasks_are_shells(shadow: ModelVersionFacts, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(clock, "now", lambda: LIVE)
    shadows_score_due_task(limit=2)
    assert ShadowAnswer.objects.count() == 2 * len(builders.HORIZONS)
    shadows_review_task()
    assert version_get(version=NAME).state == "shadow"


def test_promoted_while_it_answers_it_answers_no_more(shadow: ModelVersionFacts):
    with registry_yaml(min_days=0):
        version_promote(version_id=shadow.id, by="t", reason="r", now=LIVE)
    assert shadows_score_due(limit=50, now=LIVE) == 0
