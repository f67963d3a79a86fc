"""A champion below its live floor: the previous one is put back, or nobody is heard until staff has looked."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection

from modeling.contracts import ModelVersionFacts
from modeling.contracts.drift import DriftFindings, HitFinding
from modeling.errors import ArtifactBrokenError, PromotionRefusedError
from modeling.fitting.evaluation import plain
from modeling.models import DriftReport, Promotion
from modeling.selectors.shadow import standing_line
from modeling.selectors.versions import champion_get, emission_paused
from modeling.services.live_floor import EVENT, champion_stand_down, live_floor_check
from modeling.services.registry import emission_pause, emission_resume, version_rollback
from modeling.tasks import live_floor_check as live_floor_task
from tests.modeling.registry.maker import NOW, serving
from tests.modeling.registry_config import registry_yaml
from traderai.common import clock

pytestmark = pytest.mark.django_db
LIMIT = 10.0


@pytest.fixture(autouse=True)
def without_shadow(lake: Path):
    with registry_yaml(min_days=0):
        yield


def report(facts: ModelVersionFacts, *lows: float, day: int = 1) -> DriftReport:
    """Store a drift report whose heads have lost so much."""
    hits = tuple(
        HitFinding(
            name=f"p_long_{k}d", grade="drift" if low > LIMIT else "ok", outcomes=57, hit_rate=0.31, expected=0.4,
            low=low, high=0.0, limit=LIMIT,
        )
        for k, low in enumerate(lows, start=1)
    )  # fmt: skip
    at = NOW + timedelta(days=day)
    return DriftReport.objects.create(
        version_id=facts.id, day=at.date(), as_of=at, at=at, grade="drift" if max(lows) > LIMIT else "ok",
        findings=plain(asdict(DriftFindings(days=0, hits=hits))),
    )  # fmt: skip


def checked(day: float) -> str:
    return live_floor_check(now=NOW + timedelta(days=day))


def test_without_a_champion_or_a_report_nothing_is_done():
    assert checked(1) == "unchanged"
    serving("only")
    assert checked(1) == "unchanged"


def test_at_the_limit_a_champion_serves_on():
    facts = serving("only")
    report(facts, LIMIT, 0.0)
    assert checked(1) == "unchanged"
    assert not emission_paused()


def test_below_the_floor_the_previous_champion_serves_again(caplog: pytest.LogCaptureFixture):
    serving("old")
    facts = serving("new", minute=1)
    report(facts, 3.0, 12.34)
    with caplog.at_level(logging.ERROR):
        assert checked(1) == "rolled_back"
        assert checked(1.1) == "unchanged"
    assert champion_get().version == "old"
    row = Promotion.objects.latest("pk")
    assert (row.action, row.by) == ("rollback", "live_floor")
    assert row.reason == "p_long_2d: CUSUM 12.3 above 10.0, hit rate 0.310 of 57, expected 0.400"
    assert [
        record.getMessage().startswith(f"{EVENT}: new rolled back: p_long_2d") for record in caplog.records
    ] == [True]


def test_with_nothing_to_roll_back_to_it_is_silenced_until_staff_resumes_it():
    facts = serving("only")
    report(facts, 12.0)
    assert checked(1) == "paused"
    assert emission_paused()
    assert champion_get() == facts  # it stays who is asked, and says nothing
    assert standing_line(facts) == "silent: model_degraded"
    row = Promotion.objects.latest("pk")
    assert (row.action, row.by, row.version_id) == ("pause", "live_floor", facts.id)
    assert "CUSUM 12.0" in row.reason and "nothing to roll back to" in row.reason
    report(facts, 13.0, day=2)
    assert checked(2) == "unchanged"
    assert emission_resume(by="boss", reason="looked", now=NOW + timedelta(days=2.5)) == facts
    assert not emission_paused()
    assert checked(2.6) == "unchanged"  # the report from before has no say
    with pytest.raises(PromotionRefusedError, match="not paused, so there is nothing to resume"):
        emission_resume(by="boss", reason="again", now=NOW)


def test_after_a_resumption_as_much_again_must_be_lost():
    facts = serving("only")
    report(facts, 12.0)
    checked(1)
    emission_resume(by="boss", reason="looked", now=NOW + timedelta(days=1.5))
    report(facts, 21.0, day=2)
    assert checked(2) == "unchanged"
    report(facts, 22.1, day=3)
    assert checked(3) == "paused"


def test_a_new_head_has_lost_nothing_before_the_resumption():
    facts = serving("only")
    report(facts, 12.0)
    checked(1)
    emission_resume(by="boss", reason="looked", now=NOW + timedelta(days=1.5))
    report(facts, 12.0, 10.5, day=2)
    assert checked(2) == "paused"
    assert "p_long_2d" in Promotion.objects.latest("pk").reason


def test_a_broken_previous_champion_is_not_put_back(lake: Path):
    serving("old")
    facts = serving("new", minute=1)
    (lake / "models" / "old" / "network.onnx").write_bytes(b"other")
    report(facts, 12.0)
    assert checked(1) == "paused"
    assert champion_get().version == "new"
    assert "corrupt" in Promotion.objects.latest("pk").reason


def test_another_version_in_service_is_heard():
    facts = serving("only")
    report(facts, 12.0)
    checked(1)
    serving("better", minute=2000)
    assert not emission_paused()
    assert champion_get().version == "better"


def test_what_was_found_before_it_was_put_into_service_has_no_say():
    first = serving("first")
    report(first, 12.0, day=1)
    serving("second", minute=3 * 24 * 60)
    second = champion_get()
    report(second, 11.0, day=4)
    assert checked(4) == "rolled_back"
    assert champion_get().version == "first"
    assert checked(5) == "unchanged"  # its old report
    report(first, 11.0, day=6)
    assert checked(6) == "paused"


def test_only_the_one_that_serves_is_stood_down():
    old, new = serving("old"), serving("new", minute=1)
    assert champion_stand_down(champion=old, by="t", reason="r", now=NOW) == "unchanged"
    assert not emission_pause(version_id=old.id, by="t", reason="r", now=NOW)
    assert emission_pause(version_id=new.id, by="t", reason="r", now=NOW)
    assert not emission_pause(version_id=new.id, by="t", reason="again", now=NOW)
    assert Promotion.objects.filter(action="pause").count() == 1


def test_a_rollback_away_from_a_version_goes_no_further():
    serving("a")
    serving("b", minute=1)
    last = serving("c", minute=2)
    assert (
        version_rollback(away_from=last.id, by="t", reason="r", now=NOW + timedelta(hours=1)).version == "b"
    )
    with pytest.raises(PromotionRefusedError, match="changed meanwhile"):
        version_rollback(away_from=last.id, by="t", reason="r", now=NOW + timedelta(hours=1))
    assert champion_get().version == "b"


@pytest.mark.django_db(transaction=True)
def test_several_workers_that_find_it_stand_it_down_once():
    for minute, name in enumerate("abc"):
        serving(name, minute=minute)
    facts, together = champion_get(), threading.Barrier(4)

    def found(_worker: int) -> str:
        together.wait()
        try:
            return champion_stand_down(champion=facts, by="t", reason="r", now=NOW + timedelta(hours=1))
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as workers:
        done = sorted(workers.map(found, range(4)))
    assert done == ["rolled_back", "unchanged", "unchanged", "unchanged"]
    assert champion_get().version == "b"
    assert not emission_paused()
    assert Promotion.objects.exclude(action="promote").count() == 1


def test_a_broken_champion_is_not_resumed(lake: Path):
    facts = serving("only")
    emission_pause(version_id=facts.id, by="t", reason="r", now=NOW)
    (lake / "models" / "only" / "network.onnx").write_bytes(b"other")
    with pytest.raises(ArtifactBrokenError, match="corrupt"):
        emission_resume(by="boss", reason="please", now=NOW)
    assert emission_paused()


def test_each_slot_is_silenced_for_itself():
    serving("only")
    light = serving("light", kind="adapter")
    assert emission_pause(version_id=light.id, by="t", reason="r", now=NOW)
    assert (emission_paused(slot="adapters"), emission_paused()) == (True, False)


def test_the_task_is_a_shell(monkeypatch: pytest.MonkeyPatch):
    report(serving("only"), 12.0)
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(days=1))
    live_floor_task()
    assert emission_paused()
