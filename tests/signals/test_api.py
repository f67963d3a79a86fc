"""The API over stored signals: happy path, every error, language, ETag and the number of queries."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.renderers import JSONRenderer

from signals.api import examples, history_examples
from signals.api.heatmap_json import heatmap_json
from signals.api.history_serializers import SaidSignalDetailSerializer
from signals.api.serializers import AnalysisSerializer, HeatmapSerializer
from signals.models import Signal
from signals.selectors.heatmap import HeatmapQuestion, glance_get, heatmap_get
from signals.services.score import signals_score
from tests.signals import builders
from traderai.accounts.models import User
from traderai.common.clock import MOSCOW

NOW = builders.last_moment() + timedelta(days=400)
ANALYZE, HEATMAP = "/api/v1/analyze_ticker", "/api/v1/market_heatmap"
pytestmark = pytest.mark.django_db


@pytest.fixture
def user(db) -> User:
    return User.objects.create_user("trader", password="x", capital_rub=1_000_000)


@pytest.fixture
def client(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def scored(champion) -> None:
    signals_score(now=NOW)


def ask(client: Client, **body: object):
    headers = {"Accept-Language": str(body.pop("language", "en"))}
    return client.post(ANALYZE, body, content_type="application/json", headers=headers)


def test_the_whole_analysis(client, scored):
    row = Signal.objects.filter(action="BUY").select_related("instrument").first()
    answer = ask(client, secid=row.instrument.secid.lower(), horizon=row.horizon)
    assert answer.status_code == 200, answer.content
    body = answer.json()
    decision = row.payload["decision"]
    assert body["signal"] == "BUY" and body["side"] == "long"
    assert body["entry"] == {"low": decision["entry_low_rub"], "high": decision["entry_high_rub"]}
    assert body["take_profit"] > body["price"] > body["stop_loss"]
    assert body["probabilities"]["long"] == decision["p"]
    assert body["break_even_probability"] == body["break_even_probabilities"]["long"] < decision["p"]
    assert body["edge"] == pytest.approx(body["probabilities"]["long"] - body["break_even_probability"])
    assert body["proven"] is False and body["is_simulated"] is False and body["source"] == "replay"
    assert {"paper_signal", "replay", "expired", "stale_data"} <= set(body["warnings"])
    assert body["data_age_seconds"] > 86_400
    assert sum(s["probability"] for s in body["scenarios"]) == pytest.approx(1)
    assert body["scenarios"][0]["low"] is None and body["scenarios"][-1]["high"] is None
    assert body["model"]["version"] == "global-test-1" and body["model"]["grade"] == "inform"
    assert body["as_of"].endswith("+03:00")
    expired, call = body["explanation"].split("to act. ", 1)
    assert expired.startswith("This signal expired at 20") and call.startswith("Buy at ")
    assert len(body["cone"]) == int(row.horizon[:-1]) + 1
    assert set(body) == set(AnalysisSerializer().fields) == set(examples.ANALYSIS)


def test_the_position_fits_the_capital(client, user, scored):
    row = Signal.objects.filter(action="BUY").select_related("instrument").first()
    question = {
        "secid": row.instrument.secid,
        "horizon": row.horizon,
        "at": (row.as_of + timedelta(minutes=1)).isoformat(),
    }
    position = ask(client, **question).json()["position"]
    assert position["shares"] == 10 * position["lots"] > 0
    assert 0 < position["risk_pct"] <= 1.0
    late = {**question, "at": (row.valid_until + timedelta(minutes=1)).isoformat()}
    assert ask(client, **late).json()["position"] is None, "an entry that is gone has no size"
    user.capital_rub = None
    user.save()
    assert ask(client, **question).json()["position"] is None


def test_the_words_follow_the_request_then_the_user(client, user, scored):
    assert "Not" not in ask(client, secid="SHR0", language="ru").json()["explanation"]
    assert "инвестиционной" in ask(client, secid="SHR0", language="ru").json()["explanation"]
    english = ask(client, secid="SHR0", language="en").json()
    assert "investment advice" in english["explanation"] and english["name"] == "Share SHR0"
    plain = client.post(ANALYZE, {"secid": "SHR0"}, content_type="application/json").json()
    assert plain["name"] == "Акция SHR0"
    user.language = "en"
    user.save()
    plain = client.post(ANALYZE, {"secid": "SHR0"}, content_type="application/json").json()
    assert plain["name"] == "Share SHR0"


def test_no_trade_shows_no_figures(client, scored):
    body = ask(client, secid="OLD").json()
    assert body["signal"] == "NO_TRADE" and body["confidence"] is None
    for name in (
        "entry",
        "take_profit",
        "probabilities",
        "break_even_probability",
        "expected_return",
        "position",
    ):
        assert body[name] is None, name
    assert body["scenarios"] == body["cone"] == []
    assert "stale_data" in body["warnings"]


def test_a_past_moment_gets_what_was_said_then(client, champion):
    early = builders.last_moment(builders.BARS - 9)
    signals_score(secids=["SHR0"], now=early)
    signals_score(secids=["SHR0"], now=NOW)
    body = ask(client, secid="SHR0", at=(early + timedelta(minutes=5)).isoformat()).json()
    assert body["as_of"] == early.astimezone(MOSCOW).isoformat()
    assert body["data_age_seconds"] == 300
    assert "expired" not in body["warnings"] and "stale_data" not in body["warnings"]
    assert "expired" not in body["explanation"]
    assert ask(client, secid="SHR0").json()["as_of"] > body["as_of"]


@pytest.mark.parametrize(
    ("body", "status", "code", "words"),
    [
        ({"secid": "SRH0"}, 404, "unknown_ticker", "did you mean 'SHR0'"),
        ({"secid": "SHR0", "horizon": "4d"}, 422, "unknown_horizon", "3d, 5d, 10d"),
        ({"secid": "SHR0", "timeframe": "1d"}, 422, "unknown_timeframe", "1h"),
        ({"secid": "SHR0", "timeframe": "1q"}, 422, "unknown_timeframe", "1m"),
        ({"secid": "SHR0", "at": "2199-01-01T00:00:00+03:00"}, 422, "invalid", "future"),
        ({"secid": "NEW"}, 409, "not_ready", "no signal of NEW"),
        ({"secid": "SHR0", "at": "2024-01-01T00:00:00+03:00"}, 409, "not_ready", "no signal of SHR0"),
        ({}, 400, "invalid", ""),
        ({"secid": "SHR0", "at": "yesterday"}, 400, "invalid", ""),
    ],
)
def test_errors_of_analyze_are_problems_with_a_remedy(client, scored, body, status, code, words):
    answer = ask(client, **body)
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] == code and words in problem["detail"]
    if status == 409:
        assert int(answer["Retry-After"]) > 0


def test_malformed_json_and_strangers_are_refused(client, scored):
    answer = client.post(ANALYZE, "{", content_type="application/json")
    assert answer.status_code == 400 and "JSON" in answer.json()["detail"]
    assert Client().post(ANALYZE, {"secid": "SHR0"}, content_type="application/json").status_code in (
        401,
        403,
    )
    assert Client().get(HEATMAP).status_code in (401, 403)


def test_the_heatmap_holds_every_active_share_with_bars(client, scored):
    builders.share("FRESH", seed=93, bars=30)  # has bars, and no signal yet
    body = client.get(HEATMAP, headers={"Accept-Language": "ru"}).json()
    assert set(body) == set(HeatmapSerializer().fields) == set(examples.HEATMAP)
    rows = {row["secid"]: row for row in body["results"]}
    assert set(rows) == {f"SHR{n}" for n in range(6)} | {"OLD", "THIN", "FRESH"}
    assert set(rows["SHR0"]) == set(examples.HEATMAP["results"][0])
    assert (body["timeframe"], body["horizon"]) == ("1h", "5d")
    assert rows["FRESH"]["signal"] is None and "no_signal" in rows["FRESH"]["warnings"]
    stored = Signal.objects.get(instrument__secid="SHR0", horizon="5d")
    assert rows["SHR0"]["signal"] == stored.action
    assert rows["SHR0"]["edge"] == stored.payload["decision"]["edge"]
    assert rows["SHR0"]["name"] == "Акция SHR0"
    assert rows["SHR0"]["market_cap"] == pytest.approx(1_000_000 * stored.payload["market"]["close_rub"])
    assert rows["SHR0"]["turnover"] > 0 and rows["SHR0"]["change_pct"] is not None
    assert rows["SHR0"]["data_age_seconds"] > 86_400
    assert {"expired", "replay", "stale_data"} <= set(rows["SHR0"]["warnings"])


def test_the_heatmap_filters(client, scored):
    assert [row["secid"] for row in client.get(HEATMAP, {"sector": "it"}).json()["results"]] == ["OLD"]
    none = client.get(HEATMAP, {"signal": "NO_TRADE", "horizon": "3d"}).json()
    assert none["horizon"] == "3d" and {row["signal"] for row in none["results"]} == {"NO_TRADE"}


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ({"sector": "finanse"}, 422, "did you mean 'finance'"),
        ({"horizon": "99d"}, 422, "3d, 5d, 10d"),
        ({"timeframe": "1d"}, 422, "1h"),
        ({"signal": "MAYBE"}, 400, ""),
    ],
)
def test_errors_of_the_heatmap(client, scored, query, status, words):
    answer = client.get(HEATMAP, query)
    assert answer.status_code == status and words in answer.json()["detail"]


def test_an_unchanged_heatmap_is_not_sent_again(client, scored):
    first = client.get(HEATMAP, headers={"Accept-Language": "ru"})
    headers = {"If-None-Match": first["ETag"], "Accept-Language": "ru"}
    assert client.get(HEATMAP, headers=headers).status_code == 304
    assert client.get(HEATMAP, headers={**headers, "Accept-Language": "en"}).status_code == 200
    builders.share("MORE", seed=55, bars=30)
    assert client.get(HEATMAP, headers=headers).status_code == 200


def test_the_text_is_what_the_serializers_say(scored):
    builders.share("FRESH", seed=93, bars=30)  # nothing has been said of it
    for seconds in (0, 7):
        moment = NOW + timedelta(seconds=seconds)
        heatmap = heatmap_get(question=HeatmapQuestion(), as_of=moment)
        glance = glance_get(question=HeatmapQuestion(), as_of=moment)
        for language in ("ru", "en"):
            said = HeatmapSerializer(heatmap, context={"language": language}).data
            etag, text = heatmap_json(glance, language=language, moment=moment, max_data_age_s=7200)
            assert text == JSONRenderer().render(said)
            assert text.count("Акция FRESH".encode()) == (2 if language == "ru" else 1)
            later = heatmap_json(
                glance, language=language, moment=moment + timedelta(seconds=1), max_data_age_s=7200
            )
            assert later[0] == etag and later[1] != text  # a second older


def test_the_heatmap_needs_at_most_eight_queries(client, scored):
    with CaptureQueriesContext(connection) as few:
        assert client.get(HEATMAP).status_code == 200
    assert len(few) <= 8 + 2  # two of them read the session and the user
    for number in range(20, 40):
        builders.share(f"SHR{number}", seed=number, bars=30)
    with CaptureQueriesContext(connection) as more:
        assert len(client.get(HEATMAP).json()["results"]) == 28
    assert len(more) == len(few)


def test_an_analysis_of_a_stored_signal_needs_at_most_four_queries(client, scored):
    ask(client, secid="SHR0")
    with CaptureQueriesContext(connection) as queries:
        assert ask(client, secid="SHR0").status_code == 200
    # Two read the session and the user, one whether the user has seen the signal before.
    assert len(queries) <= 4 + 3


def test_a_newer_signal_of_another_model_is_the_one_shown(client, champion):
    signals_score(now=NOW)
    builders.champion("global-test-22", against=champion)
    signals_score(now=NOW + timedelta(hours=1))
    assert ask(client, secid="SHR0").json()["model"]["version"] == "global-test-22"
    row = next(r for r in client.get(HEATMAP).json()["results"] if r["secid"] == "SHR0")
    shown = Signal.objects.get(instrument__secid="SHR0", horizon="5d", model_version="global-test-22")
    assert (row["signal"], row["confidence"]) == (shown.action, shown.confidence)


def test_simulated_shares_say_so(client, market):
    builders.share("SIM01", seed=5, is_simulated=True)
    builders.features("SIM01")
    builders.champion(is_simulated=True, scaled_on="SIM01")
    signals_score(now=NOW)
    body = ask(client, secid="SIM01").json()
    assert body["is_simulated"] and body["source"] == "simulated" and "simulated" in body["warnings"]
    assert "SIMULATED" in body["explanation"]
    rows = {row["secid"]: row["is_simulated"] for row in client.get(HEATMAP).json()["results"]}
    assert [secid for secid, simulated in rows.items() if simulated] == ["SIM01"]


def test_staff_read_signals_and_change_nothing(client, user, scored):
    user.is_staff = user.is_superuser = True
    user.save()
    row = Signal.objects.first()
    assert client.get("/admin/signals/signal/").status_code == 200
    assert client.get(f"/admin/signals/signal/{row.pk}/change/").status_code == 200
    assert client.get("/admin/signals/signal/add/").status_code == 403
    assert client.post(f"/admin/signals/signal/{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Signal.objects.filter(pk=row.pk).exists()


def test_one_signal_is_shown_whole_in_the_askers_language(client, scored):
    row = Signal.objects.filter(action="BUY").select_related("instrument").first()
    body = client.get(f"/api/v1/signals/{row.pk}", headers={"Accept-Language": "en"}).json()
    assert set(body) == set(SaidSignalDetailSerializer().fields) == set(history_examples.DETAIL)
    analysis, decision = body["analysis"], row.payload["decision"]
    assert analysis["signal_id"] == body["id"] == row.pk
    assert (
        body["entry"]
        == analysis["entry"]
        == {"low": decision["entry_low_rub"], "high": decision["entry_high_rub"]}
    )
    assert body["probability"] == decision["p"] > body["break_even_probability"]
    assert body["edge"] == analysis["edge"] and body["regime"] == (analysis["regime"] or {}).get("name")
    assert analysis["explanation"].startswith("This signal expired at ") and analysis["position"] is None
    assert " Buy at " in analysis["explanation"]
    russian = client.get(f"/api/v1/signals/{row.pk}", headers={"Accept-Language": "ru"}).json()
    assert russian["name"].startswith("Акция") and " Покупать по " in russian["analysis"]["explanation"]
