"""Shadows: answers that nobody hears, and the way through them into service."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from market.models import Instrument
from modeling.contracts import ModelVersionFacts
from modeling.contracts.shadow import AbConfig, ShadowConfig, ShadowSaid
from modeling.errors import PromotionRefusedError
from modeling.models import ModelVersion, Promotion, ShadowAnswer, ShadowReport
from modeling.selectors.configuration import registry_config_get
from modeling.selectors.shadow import (
    shadow_list,
    shadow_missing,
    shadow_progress,
    shadow_report,
    shadow_said,
    standing_line,
)
from modeling.selectors.versions import champion_get, rollback_target, version_get
from modeling.services.registry import version_enter, version_promote, version_retire, version_shadow
from modeling.services.shadow_answers import shadow_answers_record
from modeling.services.shadows_review import shadow_decide
from tests.modeling.registry.maker import NOW, passed, serving, shadowing
from tests.modeling.registry_config import registry_yaml

pytestmark = pytest.mark.django_db
DAYS = 3


@pytest.fixture(autouse=True)
def three_days(lake: Path) -> Iterator[None]:
    with registry_yaml(min_days=DAYS, min_trades=2, max_wait_days=20):
        yield


@pytest.fixture
def share() -> Instrument:
    return Instrument.objects.create(secid="SHR0", name_ru="А", name_en="A", lot_size=1)


def answer(share: Instrument, day: int, **changes: object) -> ShadowSaid:
    at = NOW + timedelta(days=day)
    plain = ShadowSaid(
        instrument_id=share.pk, timeframe="1h", horizon="3d", bar_begin=at - timedelta(hours=1), as_of=at,
        valid_until=at + timedelta(hours=2), action="HOLD", confidence=40, strength="", p_long=0.5, p_short=0.4,
        base_p_long=0.4, base_p_short=0.4, payload={"decision": {}},
    )  # fmt: skip
    return replace(plain, **changes)


def answers(facts: ModelVersionFacts, share: Instrument, days: int = DAYS, **changes: object) -> int:
    said = [answer(share, day, **changes) for day in range(days)]
    return shadow_answers_record(version_id=facts.id, answers=said, now=NOW)


def report(
    facts: ModelVersionFacts, grade: str = "ok", *, day: int = DAYS, **changes: object
) -> ShadowReport:
    at = NOW + timedelta(days=day)
    fields = {
        "as_of": at, "at": at, "grade": grade, "outcomes": 40, "days": 3, "log_loss": 0.66, "base_log_loss": 0.67,
        "excess_low": -0.02, "excess_high": 0.01,
    }  # fmt: skip
    return ShadowReport.objects.create(version_id=facts.id, day=at.date(), **fields | changes)


def test_the_packaged_configuration_is_whole():
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("TRADERAI_CONFIG_DIR")
        config = registry_config_get()
    assert config.shadow.min_days > 0
    assert config.ab.share_frac == 0.0


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"min_days": -1}, "must not be below 0"),
        ({"min_days": 0}, "min_trades 0 where min_days is"),
        ({"max_wait_days": 3}, "max_wait_days must be above min_days 3, was 3"),
    ],
)
def test_a_senseless_shadow_is_refused(changes: dict[str, int], told: str):
    with pytest.raises(ValueError, match=told):
        ShadowConfig(**{"min_days": 3, "min_trades": 2, "max_wait_days": 20} | changes)


def test_a_test_on_more_than_half_of_the_users_is_refused():
    with pytest.raises(ValueError, match="share_frac must lie within"):
        AbConfig(share_frac=0.6)


def test_the_first_version_and_a_simulated_one_serve_at_once():
    assert serving("toy", is_simulated=True).state == "champion"
    assert serving("toy-2", is_simulated=True, minute=1).state == "champion"
    assert serving("real", minute=2).state == "champion"  # what was made up defends nothing
    with pytest.raises(PromotionRefusedError, match="has not been in shadow"):
        serving("next", minute=3)
    assert champion_get().version == "real"
    assert version_get(version="next").state == "candidate"


def test_what_passed_enters_service_or_shadow():
    def entered(name: str, **more: bool) -> str:
        return version_enter(version_id=passed(name, **more).id, by="t", reason="r", now=NOW).state

    assert entered("toy", is_simulated=True) == "champion"
    assert entered("first") == "champion"
    assert entered("second") == "shadow"
    assert entered("light", kind="adapter") == "champion"
    with registry_yaml(min_days=0):
        assert entered("third") == "champion"


def test_a_shadow_is_no_champion_and_is_audited():
    serving("old")
    facts = shadowing("new", minute=1)
    assert facts.state == "shadow"
    assert version_shadow(version_id=facts.id, by="t", reason="again", now=NOW) == facts
    assert champion_get().version == "old"
    assert shadow_list() == (facts,)
    assert shadow_list(slot="adapters") == ()
    row = Promotion.objects.latest("pk")
    assert (row.action, row.version_id, row.previous_id, row.reason) == ("shadow", facts.id, None, "test")
    assert shadow_progress(version_id=facts.id).since == row.at
    assert rollback_target() is None


def test_only_what_passed_and_has_live_answers_goes_into_shadow(lake: Path):
    serving("old")
    with pytest.raises(PromotionRefusedError, match="simulated"):
        shadowing("toy", is_simulated=True)
    with pytest.raises(PromotionRefusedError, match="light is adapter and has no live answers"):
        shadowing("light", kind="adapter")
    rejected = passed("bad", grade="rejected")
    with pytest.raises(PromotionRefusedError, match="only a candidate goes into shadow, bad is rejected"):
        version_shadow(version_id=rejected.id, by="t", reason="x", now=NOW)
    assert shadow_list() == ()


def test_answers_are_kept_once_and_only_of_a_shadow(share: Instrument):
    serving("old")
    facts = shadowing("new")
    assert answers(facts, share) == DAYS
    assert answers(facts, share, action="BUY", p_long=0.9) == 0
    assert set(ShadowAnswer.objects.values_list("action", "p_long")) == {("HOLD", 0.5)}
    assert shadow_said(version_id=facts.id) == {share.pk: answer(share, DAYS - 1).bar_begin}
    assert answers(version_get(version="old"), share) == 0
    with (
        pytest.raises(DatabaseError, match="answer is never changed"),
        transaction.atomic(),
    ):
        ShadowAnswer.objects.update(p_long=0.9)
    assert str(ShadowAnswer.objects.first()).endswith("3d HOLD")


def test_days_and_trades_are_counted_by_moscow_days_and_shares(share: Instrument):
    serving("old", grade="trade")
    facts = shadowing("new", grade="trade")
    for hour in (0, 1):  # two bars of one day are one trade
        at = NOW + timedelta(hours=hour)
        same_day = answer(share, 0, action="BUY", bar_begin=at - timedelta(hours=1), as_of=at)
        shadow_answers_record(version_id=facts.id, answers=[same_day], now=NOW)
    late = NOW.replace(hour=22)  # past midnight in Moscow
    next_day = answer(share, 0, bar_begin=late - timedelta(hours=1), as_of=late, valid_until=late)
    shadow_answers_record(version_id=facts.id, answers=[next_day], now=NOW)
    progress = shadow_progress(version_id=facts.id)
    assert (progress.days, progress.trades) == (2, 1)
    assert shadow_missing(version=facts) == ("2 of 3 trading days with live answers", "1 of 2 live trades")
    assert len(shadow_missing(version=replace(facts, grade="inform"))) == 1


def test_a_promotion_waits_until_the_shadow_has_served_and_was_judged(share: Instrument):
    serving("old", grade="trade")
    facts = shadowing("new", grade="trade")

    def refused(told: str) -> None:
        with pytest.raises(PromotionRefusedError, match=told):
            version_promote(version_id=facts.id, by="t", reason="please", now=NOW)
        assert champion_get().version == "old"

    refused("still in shadow: 0 of 3 trading days with live answers and 0 of 2 live trades")
    answers(facts, share)
    refused("still in shadow: 0 of 2 live trades")
    answers(facts, share, horizon="5d", action="SELL")
    refused("have not been judged on two days yet")
    report(facts, "unknown", day=1, log_loss=None, base_log_loss=None)
    refused("have not been judged on two days yet")
    report(facts, "worse", day=2, excess_low=0.0123)
    refused("log loss 0.6600, base 0.6700, the difference above 0.0123 on 3 days")
    report(facts, "ok", day=3)
    assert version_promote(version_id=facts.id, by="t", reason="served", now=NOW).state == "champion"
    assert rollback_target().version == "old"


def test_the_review_promotes_what_served_well(share: Instrument):
    serving("old")
    facts = shadowing("new")
    assert shadow_decide(version=facts, now=NOW).decided == "waits"
    answers(facts, share)
    waits = shadow_decide(version=facts, now=NOW)
    assert (waits.decided, waits.reason) == ("waits", "no live answer has an outcome on two days yet")
    report(facts)
    decided = shadow_decide(version=facts, now=NOW + timedelta(days=DAYS))
    assert (decided.decided, champion_get().version) == ("promoted", "new")
    row = Promotion.objects.latest("pk")
    assert (row.action, row.by) == ("promote", "shadows_review")
    assert "log loss 0.6600, base 0.6700" in row.reason


@pytest.mark.parametrize(
    ("grade", "days_later", "told"),
    [
        ("worse", DAYS, "worse than its base rates: log loss 0.6600"),
        ("unknown", 21, "not through in 20 days: no live answer has an outcome"),
    ],
)
def test_the_review_retires_what_did_not(share: Instrument, grade: str, days_later: int, told: str):
    serving("old")
    facts = shadowing("new")
    answers(facts, share)
    report(facts, grade, **({} if grade == "worse" else {"log_loss": None, "base_log_loss": None}))
    decided = shadow_decide(version=facts, now=NOW + timedelta(days=days_later))
    assert decided.decided == "retired"
    assert decided.reason.startswith(told)
    assert version_get(version="new").state == "retired"
    assert champion_get().version == "old"
    row = Promotion.objects.latest("pk")
    assert (row.action, row.by, row.version_id) == ("retire", "shadows_review", facts.id)
    assert rollback_target() is None  # it has never served
    with pytest.raises(PromotionRefusedError, match="only a shadow can be retired"):
        version_retire(version_id=facts.id, by="t", reason="again", now=NOW)


def test_a_shadow_that_was_overtaken_or_broken_is_retired(share: Instrument, lake: Path):
    serving("old")
    slow, quick, broken = (shadowing(name) for name in ("slow", "quick", "broken"))
    for facts in (slow, quick, broken):
        answers(facts, share)
        report(facts)
    (lake / "models" / "broken" / "network.onnx").write_bytes(b"other")
    assert "corrupt" in shadow_decide(version=broken, now=NOW).reason
    assert shadow_decide(version=quick, now=NOW).decided == "promoted"
    overtaken = shadow_decide(version=slow, now=NOW)
    assert overtaken.decided == "retired"
    assert "judged against another champion than today's (quick)" in overtaken.reason
    assert champion_get().version == "quick"


def test_how_a_version_stands_is_told_in_a_line(share: Instrument):
    old = serving("old")
    facts = shadowing("new")
    answers(facts, share)
    assert standing_line(old) == ""
    assert standing_line(facts) == "3 of 3 days, 0 trades, not judged yet"
    report(facts)
    assert standing_line(facts) == "3 of 3 days, 0 trades, log loss 0.6600, base 0.6700: ok"
    told = shadow_report(version_id=facts.id)
    assert told is not None
    assert (told.version, told.grade, told.outcomes, told.excess_high) == ("new", "ok", 40, 0.01)


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("modeling_shadowanswer_once", {}),
        ("modeling_shadowanswer_action_known", {"action": "WAIT", "horizon": "5d"}),
        ("modeling_shadowanswer_p_in_0_1", {"p_long": 1.2, "horizon": "5d"}),
        ("modeling_shadowanswer_p_in_0_1", {"p_long": None, "horizon": "5d"}),
        ("modeling_shadowanswer_times_in_order", {"valid_until": NOW - timedelta(hours=2), "horizon": "5d"}),
    ],
)
def test_the_database_refuses_odd_answers(share: Instrument, rule: str, changes: dict[str, object]):
    serving("old")
    facts = shadowing("new")
    answers(facts, share)
    fields = asdict(answer(share, 0, **changes))
    with pytest.raises(IntegrityError, match=rule), transaction.atomic():
        ShadowAnswer.objects.create(version_id=facts.id, created_at=NOW, **fields)


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("modeling_shadowreport_once", {"day": DAYS}),
        ("modeling_shadowreport_grade_known", {"grade": "fine"}),
        ("modeling_shadowreport_graded_has_figures", {"log_loss": None}),
    ],
)
def test_the_database_refuses_odd_reports(rule: str, changes: dict[str, object]):
    serving("old")
    facts = shadowing("new")
    assert str(report(facts)).endswith(": ok")
    with pytest.raises(IntegrityError, match=rule), transaction.atomic():
        report(facts, **{"day": 9} | changes)


def test_a_retired_or_serving_version_is_never_half_a_shadow(share: Instrument):
    serving("old")
    facts = shadowing("new")
    with pytest.raises(IntegrityError, match="modeling_modelversion_served_passed"), transaction.atomic():
        ModelVersion.objects.filter(pk=facts.id).update(grade="unjudged")
