"""Each rule of the tables is tried; facts cannot be changed, and go with their user."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from behavior.models import Feedback, GameAnswer, PreTradeCheck, SignalShown, WeeklyReport
from behavior.selectors.privacy import personal_data
from tests.behavior import coach_maker as make

pytestmark = pytest.mark.django_db
BROKEN = [
    ("behavior_feedback_kind_known", Feedback, {"kind": "boring"}),
    ("behavior_feedback_comment_says_something", Feedback, {"kind": "comment", "comment": ""}),
    ("behavior_signalshown_once", SignalShown, {}),
    ("behavior_signalshown_place_known", SignalShown, {"place": "dream"}),
    ("behavior_gameanswer_once", GameAnswer, {}),
    ("behavior_gameanswer_actions_known", GameAnswer, {"action": "PANIC"}),
    ("behavior_pretradecheck_side_known", PreTradeCheck, {"side": "HOLD"}),
    ("behavior_pretradecheck_verdict_known", PreTradeCheck, {"verdict": "fine"}),
    ("behavior_pretradecheck_figures_positive", PreTradeCheck, {"qty_shares": 0}),
    ("behavior_weeklyreport_once", WeeklyReport, {}),
    ("behavior_weeklyreport_of_a_week_that_is_over", WeeklyReport, {"made_at": make.NOW - timedelta(days=3)}),
    ("behavior_weeklyreport_score_in_0_100", WeeklyReport, {"score": 101}),
]


@pytest.fixture
def rows():
    user, share = make.user(), make.ledger.share()
    signal = make.signal(share)
    week = {
        "begins_at": make.NOW - timedelta(days=8),
        "ends_at": make.NOW - timedelta(days=1),
        "made_at": make.NOW,
    }
    values = {
        Feedback: {"signal": signal, "kind": "useful"},
        SignalShown: {"signal": signal, "place": "ticker"},
        GameAnswer: {"scenario": "s1", "action": "BUY", "model_action": "HOLD"},
        PreTradeCheck: {"instrument": share, "side": "BUY", "qty_shares": 1, "price_rub": 1.0, "verdict": "ok", "said": {}},
        WeeklyReport: {"week": "2024-W10", "payload": {}, "score": 50, **week},
    }  # fmt: skip
    for model, own in values.items():
        model.objects.create(user=user, **own)
    return user, values


@pytest.mark.parametrize(("constraint", "model", "changed"), BROKEN)
def test_the_database_refuses(rows, constraint, model, changed):
    user, values = rows
    if not constraint.endswith("_once"):
        model.objects.filter(user=user).delete()
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        model.objects.create(user=user, **{**values[model], **changed})


@pytest.mark.parametrize("model", [Feedback, SignalShown, GameAnswer, PreTradeCheck])
def test_facts_are_never_changed(rows, model):
    with pytest.raises(IntegrityError, match="is a fact and is never changed"), transaction.atomic():
        model.objects.update(at=make.NOW)


def test_all_goes_with_the_user_and_nothing_of_others(rows):
    user, values = rows
    other = make.user("boris")
    Feedback.objects.create(user=other, **values[Feedback])
    told = personal_data(user_id=user.pk)
    assert {name: len(own) for name, own in told.items()} == dict.fromkeys(told, 1)
    assert told["pre_trade_checks"][0]["secid"] == "AAAA"
    user.delete()
    assert [model.objects.count() for model in values] == [1, 0, 0, 0, 0]
    assert len(personal_data(user_id=other.pk)["feedback"]) == 1
