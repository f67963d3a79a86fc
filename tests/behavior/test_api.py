"""The coach over HTTP: happy paths, every error, both languages, and never another user's data."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client, override_settings

from behavior.api import examples
from behavior.api.serializers import FeedbackSerializer, PreTradeSerializer, WeeklyReportSerializer
from behavior.contracts.rows import GameAnswerFacts
from behavior.models import Feedback, PreTradeCheck, SignalShown, WeeklyReport
from behavior.services.check import CheckQuestion, pre_trade_check
from behavior.services.record import game_answer_record, signal_shown
from modeling.models import SignalWord
from signals.models import Review
from tests.behavior import coach_maker as make
from tests.portfolio import ledger_maker as ledger
from traderai.common import clock
from traderai.common.errors import ConflictError, InputError

CHECK, REPORT = "/api/v1/pre_trade_check", "/api/v1/user_weekly_report"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: make.NOW)


@pytest.fixture
def anna():
    return make.user(capital_rub=1_000_000)


@pytest.fixture
def client(anna):
    client = Client()
    client.force_login(anna)
    return client


def ask(client, **body):
    headers = {"Accept-Language": str(body.pop("language", "en"))}
    body = {"secid": "AAAA", "side": "BUY"} | body
    return client.post(CHECK, body, content_type="application/json", headers=headers)


def test_a_check_by_history(client):
    make.share()
    body = ask(client, qty=100, qty_unit="lots", stop=97.0).json()
    assert body["verdict"] == "ok" and body["price"] == 100.0 and body["price_is_given"] is False
    cost = 1000 * 100 * 2 * (0.0003 + 0.0004 + 0.0001 + 0.0001 + 0.5 * 0.01 / 100)
    assert body["cost"] == pytest.approx(cost)
    assert body["loss_at_stop"] == {
        "rub": pytest.approx(3000 + cost),
        "pct": pytest.approx((3000 + cost) / 1e4),
    }
    bad = body["loss_bad_case"]
    assert bad["basis"] == "history" and bad["days"] == 5 and bad["n_moves"] > 300 and bad["rub"] > 2000
    # 10 000 of planned loss over 3 and costs a share, in lots of ten; half of it where the regime is unknown.
    assert body["sane_size"] == {"lots": 156, "shares": 1560}
    assert [one["code"] for one in body["reasons"]] == ["no_signal"]
    assert PreTradeCheck.objects.get().verdict == "ok"


def test_a_check_by_the_signal_s_quantiles(client):
    make.signal(make.share())
    body = ask(client, qty=100, language="ru").json()
    assert body["loss_bad_case"]["basis"] == "signal"
    assert body["loss_bad_case"]["rub"] == pytest.approx(100 * 100 * 0.06 + body["cost"])
    assert {one["code"] for one in body["reasons"]} == {"with_signal", "no_stop"}
    assert body["verdict_text"] == "Осторожно" and body["signal"]["action"] == "BUY"
    short = ask(client, side="SELL", qty=100).json()
    assert short["loss_bad_case"]["rub"] == pytest.approx(100 * 100 * 0.07 + short["cost"])


@pytest.mark.parametrize("heat", ["panic", "euphoria"])
def test_a_hard_warning_in_the_heat(client, heat):
    make.signal(make.share(), "SELL")
    assert ask(client, qty=10, stop=97.0).json()["verdict"] == "caution"
    make.regime(heat)
    body = ask(client, qty=10, stop=97.0).json()
    assert body["verdict"] == "hard_warning" and body["regime"] == heat
    assert "against_strong_in_heat" in {one["code"] for one in body["reasons"]}
    assert body["sane_size"] == {"lots": 0, "shares": 0}


def test_a_hard_warning_for_abnormal_risk(client):
    make.share()
    body = ask(client, qty=12_000, stop=97.0).json()
    assert body["verdict"] == "hard_warning" and body["loss_at_stop"]["pct"] > 3


def test_an_unknown_capital_is_asked_for(client, anna):
    make.share()
    type(anna).objects.update(capital_rub=None)
    body = ask(client, qty=100, stop=97.0).json()
    assert "capital_unknown" in {one["code"] for one in body["reasons"]} and body["verdict"] == "caution"
    assert body["loss_at_stop"]["pct"] is None and body["loss_bad_case"]["pct"] is None
    assert body["position_pct"] is None and body["sane_size"] is None and body["loss_at_stop"]["rub"] > 300


def test_capitals_of_accounts_are_told_too(client, anna):
    make.share()
    type(anna).objects.update(capital_rub=None)
    ledger.account(anna, capital_rub=500_000)
    assert ask(client, qty=100, stop=97.0).json()["capital"] == 500_000
    ledger.account(anna, "second")
    assert ask(client, qty=100, stop=97.0).json()["capital"] is None


def test_an_old_price_is_said_to_be_old(client, monkeypatch):
    make.share()
    assert "price_old" not in {one["code"] for one in ask(client, qty=1, qty_unit="lots").json()["reasons"]}
    monkeypatch.setattr(clock, "now", lambda: make.NOW + timedelta(days=42))
    (old,) = (
        one
        for one in ask(client, qty=1, qty_unit="lots", language="ru").json()["reasons"]
        if one["code"] == "price_old"
    )
    assert (old["level"] == "caution" and "дня назад" in old["text"]) or "дней назад" in old["text"]
    given = ask(client, qty=1, qty_unit="lots", price=100.0).json()["reasons"]
    assert "price_old" not in {one["code"] for one in given}


def test_an_amount_buys_whole_lots(client):
    make.share()
    assert ask(client, amount=10_999, stop=97.0).json()["shares"] == 100


def test_a_position_that_is_there_is_closed(client, anna):
    row = make.share()
    ledger.trade(ledger.account(anna), row, "BUY", 100, 90.0, "2024-03-11T12:00")
    body = ask(client, side="SELL", qty=100).json()
    assert body["opens_shares"] == 0 and body["loss_bad_case"]["rub"] == 0 and body["cost"] > 0


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"qty": 10, "stop": 101.0}, 422, "stop"),
        ({"qty": 10, "amount": 5}, 422, "qty"),
        ({}, 422, "qty"),
        ({"qty": 1.5}, 422, "qty"),
        ({"qty": 0}, 422, "qty"),
        ({"amount": 5}, 422, "amount"),
        ({"qty": 1, "price": 0}, 422, "price"),
        ({"qty": 1, "stop": "nan"}, 400, "stop"),
        ({"qty": "inf"}, 400, "qty"),
        ({"qty": 1, "price": "nan"}, 400, "price"),
        ({"amount": "inf"}, 400, "amount"),
        ({"amount": 1e300, "price": 1e-300}, 422, "qty"),
        ({"qty": 1e13}, 422, "qty"),
        ({"qty": -1}, 400, "qty"),
        ({"qty": 1, "side": "HOLD"}, 400, "side"),
        ({"qty": 1, "qty_unit": "tons"}, 400, "qty_unit"),
        ({"qty": 1, "secid": "AAAB"}, 404, None),
    ],
)
def test_bad_questions_change_nothing(client, body, status, field):
    make.share(days=10)
    answer = ask(client, **body)
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    if field is not None:
        assert (
            field in [one["field"] for one in answer.json().get("errors", [])]
            or field in answer.json()["detail"]
        )
    assert not PreTradeCheck.objects.exists()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 0.0, -1.0])
@pytest.mark.parametrize("field", ["qty", "amount_rub", "price_rub", "stop_rub"])
def test_what_is_no_number_is_refused_by_the_service_too(anna, field, value):
    given = {"qty": 1.0} | {field: value}
    question = CheckQuestion(secid="AAAA", side="BUY", **given)
    with pytest.raises(InputError, match="must be a number above 0"):
        pre_trade_check(user_id=anna.pk, capital_rub=None, question=question, now=make.NOW)


def test_without_prices_the_price_is_asked_for(client):
    ledger.share()
    assert ask(client, qty=10).status_code == 409
    body = ask(client, qty=10, price=50.0).json()
    assert body["loss_bad_case"] is None and "no_history" in {one["code"] for one in body["reasons"]}


def test_feedback_is_stored_once_and_signals_that_are_not_there_are_404(client, anna):
    signal = make.signal(make.share(days=10))
    path = f"/api/v1/signals/{signal.pk}/feedback"
    first = client.post(path, {"kind": "useful"}, content_type="application/json")
    assert first.status_code == 200, first.content
    assert client.post(path, {"kind": "useful"}, content_type="application/json").json() == first.json()
    assert client.post(path, {"kind": "comment"}, content_type="application/json").status_code == 422
    assert client.post(path, {"kind": "bad"}, content_type="application/json").status_code == 400
    assert Feedback.objects.get().user_id == anna.pk
    word = SignalWord.objects.get()
    assert (word.kind, word.model_version, word.secid) == ("useful", signal.model_version, "AAAA")
    said = client.post(path, {"kind": "comment", "comment": "call me"}, content_type="application/json")
    assert said.status_code == 200 and SignalWord.objects.count() == 1
    nowhere = f"/api/v1/signals/{signal.pk + 1}/feedback"
    assert client.post(nowhere, {"kind": "wrong"}, content_type="application/json").status_code == 404
    Review.objects.create(signal=signal, verdict="rejected", note="x", by="staff")
    assert client.post(path, {"kind": "wrong"}, content_type="application/json").status_code == 404


def test_the_report_in_both_languages_and_never_another_s(client, anna):
    make.week_of_trades(ledger.account(anna), make.share())
    english = client.get(REPORT, headers={"Accept-Language": "en"}).json()
    assert english["week"] == make.WEEK and english["decisions"] == 2
    titles = {one["kind"]: one["title"] for one in english["mistakes"]}
    assert titles["averaging_down"] == "Adding to a loser"
    russian = client.get(REPORT, {"week": make.WEEK}, headers={"Accept-Language": "ru"}).json()
    assert {one["title"] for one in russian["mistakes"]} >= {"Докупка к убытку"}
    # What an older version has stored is made again.
    row = WeeklyReport.objects.get(week=make.WEEK)
    row.payload = {key: row.payload[key] for key in row.payload if key not in ("closed", "format")}
    row.save()
    again = client.get(REPORT, headers={"Accept-Language": "en"}).json()
    assert again | {"page_url": ""} == english | {"page_url": ""}
    boris = signed_in("boris")
    assert boris.get(REPORT).json()["decisions"] == 0
    assert client.get(REPORT, {"week": "x"}).status_code == 422
    assert client.get(REPORT, {"week": "2030-W01"}).status_code == 409


def test_a_position_without_a_stop_is_not_said_to_risk_nothing(client, anna):
    ledger.trade(ledger.account(anna), make.share(), "BUY", 6000, 100.0, "2024-03-05T11:05")
    mistakes = client.get(REPORT, headers={"Accept-Language": "en"}).json()["mistakes"]
    (large,) = [one for one in mistakes if one["kind"] == "position_too_large"]
    assert "no stop bounded its loss" in large["findings"][0]["text"]


@pytest.mark.parametrize("path", [CHECK, REPORT, "/api/v1/signals/1/feedback"])
def test_nobody_without_a_sign_in(path):
    method = Client().get if path == REPORT else Client().post
    assert method(path, content_type="application/json").status_code == 401


def test_what_was_shown_and_answered_is_written_once(anna):
    signal = make.signal(make.share(days=10))
    assert signal_shown(user_id=anna.pk, signal_id=signal.pk, place="ticker", now=make.NOW)
    assert not signal_shown(user_id=anna.pk, signal_id=signal.pk, place="list", now=make.NOW)
    assert SignalShown.objects.get().place == "ticker"
    answer = GameAnswerFacts(
        scenario="s1", action="BUY", model_action="HOLD", regime="flat", r_multiple=1.0, model_r_multiple=None,
        took_s=9.0, answered_at=make.NOW,
    )  # fmt: skip
    assert game_answer_record(user_id=anna.pk, answer=answer) == game_answer_record(
        user_id=anna.pk, answer=answer
    )
    with pytest.raises(ConflictError, match="one answer"):
        game_answer_record(
            user_id=anna.pk,
            answer=type(answer)(**{**{n: getattr(answer, n) for n in answer.__slots__}, "action": "SELL"}),
        )


def test_examples_have_the_shape_of_answers():
    for serializer, example in (
        (FeedbackSerializer, examples.FEEDBACK),
        (PreTradeSerializer, examples.PRE_TRADE),
        (WeeklyReportSerializer, examples.WEEK),
    ):
        assert set(serializer().fields) == set(example)


class TestPage:
    def test_in_both_languages_without_a_script(self, client, anna):
        make.week_of_trades(ledger.account(anna), make.share())
        english = client.get("/app/report/?lang=en")
        text = english.content.decode()
        assert english.status_code == 200 and "Adding to a loser" in text and "What habits cost" in text
        assert "<script" not in text and "style=" not in text and "onclick" not in text
        assert "unsafe-inline" not in english["Content-Security-Policy"]
        russian = client.get("/app/report/").content.decode()
        assert (
            'lang="ru"' in russian
            and "Докупка к убытку" in russian
            and "−9 605".replace(" ", "\xa0") in russian
        )

    def test_charts_of_several_weeks(self, client, anna):
        make.week_of_trades(ledger.account(anna), make.share())
        client.get("/app/report/?week=2024-W09")
        text = client.get("/app/report/?week=2024-W10").content.decode()
        assert text.count("<svg") >= 3 and "2024-W09" in text
        assert WeeklyReport.objects.count() == 2

    def test_signed_in_only_and_errors_are_said(self, client):
        assert Client().get("/app/report/").status_code == 302
        with override_settings(DEVELOPMENT_USERNAME="dev"):
            assert Client().get("/app/report/?week=2024-W10").status_code == 200
            assert Client(REMOTE_ADDR="10.0.0.7").get("/app/report/").status_code == 302
        wrong = client.get("/app/report/?week=nonsense")
        assert wrong.status_code == 404 and "ISO" in wrong.content.decode()
        assert client.post("/app/report/").status_code == 405

    def test_the_address_of_a_report_opens_it_for_minutes_without_a_sign_in(self, client, anna, monkeypatch):
        make.week_of_trades(ledger.account(anna), make.share())
        address = client.get(REPORT, headers={"Accept-Language": "en"}).json()["page_url"]
        path, stranger = address.removeprefix("http://testserver"), Client()
        assert path.startswith(f"/app/report/?week={make.WEEK}&lang=en&token=")
        assert "Adding to a loser" in stranger.get(path).content.decode()
        assert (
            "Adding to a loser" in signed_in("boris").get(path).content.decode()
        )  # whoever signed in there last
        # It opens nothing else: another week, a changed word, an account that was shut, or too late.
        assert stranger.get(path.replace(make.WEEK, "2024-W09")).status_code == 302
        assert stranger.get(path[:-1] + ("A" if path[-1] != "A" else "B")).status_code == 302
        assert stranger.get("/app/report/?token=nonsense").status_code == 302
        anna.is_active = False
        anna.save()
        assert stranger.get(path).status_code == 302
        anna.is_active = True
        anna.save()
        monkeypatch.setattr(clock, "now", lambda: make.NOW + timedelta(minutes=11))
        assert stranger.get(path).status_code == 302


def signed_in(name):
    client = Client()
    client.force_login(make.user(name))
    return client
