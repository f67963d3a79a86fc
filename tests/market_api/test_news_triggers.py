"""Pushing verdicts on news with a service token."""

from __future__ import annotations

import hashlib
import json
import secrets
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from rest_framework.test import APIClient

from market.models import Instrument, NewsTrigger, RiskAlert
from market.selectors.news import triggers_at
from traderai.common import clock

TOKEN = "correct-horse"
PATH = "/api/v1/news_triggers"


def sha(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@pytest.fixture
def module(settings: LazySettings, shares: list[Instrument]) -> APIClient:
    settings.NEWS_PUSH_TOKENS = [f"mine:{sha(TOKEN)}", f"other:{sha('another')}", "broken", f"BAD:{sha('x')}"]
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {TOKEN}")
    return client


def body(**changed: Any) -> dict[str, Any]:
    at = (clock.now() - timedelta(minutes=5)).isoformat()
    base = {
        "external_id": "1",
        "secid": "sim01",
        "at": at,
        "score": 70,
        "direction": 1,
        "event_type": "dividends",
    }
    return {key: value for key, value in {**base, **changed}.items() if value is not None}


def test_a_verdict_is_stored_and_known_from_now_on(module: APIClient, shares: list[Instrument]):
    before = clock.now()
    response = module.post(PATH, body(why=[{"code": "mine", "p": 0.8}]))
    assert response.status_code == 201
    row = NewsTrigger.objects.get(pk=response.json()["id"])
    assert (row.scorer, row.external_id, row.instrument_id, row.item_id) == ("mine", "1", shares[0].pk, None)
    assert row.known_at >= before > row.at
    assert row.why == [{"code": "mine", "p": 0.8}]
    window = timedelta(hours=1)
    assert triggers_at(secid="SIM01", as_of=before, window=window, scorers=("mine",)) == []
    assert len(triggers_at(secid="SIM01", as_of=row.known_at, window=window, scorers=("mine",))) == 1
    # A module that nobody has named as used moves nothing.
    assert triggers_at(secid="SIM01", as_of=row.known_at, window=window) == []
    assert RiskAlert.objects.count() == 0


def test_the_same_again_changes_nothing_and_another_under_its_id_is_refused(module: APIClient):
    sent = body()
    first, second = module.post(PATH, sent), module.post(PATH, sent)
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json() == {**first.json(), "created": False}
    for changed in ({"score": 71}, {"direction": -1}, {"secid": "SIM02"}, {"version": "2"}):
        refused = module.post(PATH, {**sent, **changed})
        assert refused.status_code == 409
        assert refused.json()["code"] == "external_id_taken"
    assert NewsTrigger.objects.count() == 1


def test_two_modules_have_ids_of_their_own(module: APIClient):
    assert module.post(PATH, body()).status_code == 201
    module.credentials(HTTP_AUTHORIZATION="Bearer another")
    assert module.post(PATH, body()).status_code == 201


def test_nobody_outside_speaks_in_our_own_scorers_name(module: APIClient, settings: LazySettings):
    settings.NEWS_PUSH_TOKENS = [f"rules:{sha(TOKEN)}"]
    assert module.post(PATH, body()).status_code == 422


def test_sectors_and_the_market(module: APIClient):
    assert module.post(PATH, body(secid=None, sector="finance")).status_code == 201
    assert module.post(PATH, body(external_id="2", secid=None, is_market=True)).status_code == 201


@pytest.mark.parametrize(
    "header",
    [None, "Bearer wrong", "Bearer", "Bearer a b", f"Bearer {sha(TOKEN)}", "Bearer x", "Token correct-horse"],
)
def test_without_a_known_token_nothing_is_stored(module: APIClient, header: str | None):
    module.credentials(**({} if header is None else {"HTTP_AUTHORIZATION": header}))
    response = module.post(PATH, body())
    assert response.status_code == 401
    assert response["Content-Type"] == "application/problem+json"
    assert response["WWW-Authenticate"].startswith("Bearer")
    assert NewsTrigger.objects.count() == 0


def test_a_signed_in_user_is_no_module(module: APIClient, settings: LazySettings):
    settings.DEVELOPMENT_USERNAME = "trader"
    module.credentials()
    assert module.post(PATH, body()).status_code == 401
    module.credentials(HTTP_AUTHORIZATION=f"Bearer {TOKEN}")
    settings.DEVELOPMENT_USERNAME = ""
    assert module.get("/api/v1/instruments").status_code == 401


@pytest.mark.parametrize(
    ("changed", "status", "field"),
    [
        ({"score": 101}, 400, "score"),
        ({"score": "NaN"}, 400, "score"),
        ({"direction": 2}, 400, "direction"),
        ({"event_type": "rumour"}, 400, "event_type"),
        ({"external_id": ""}, 400, "external_id"),
        ({"external_id": "x" * 121}, 400, "external_id"),
        ({"external_id": None}, 400, "external_id"),
        ({"at": "yesterday"}, 400, "at"),
        ({"at": "2100-01-01T00:00:00Z"}, 422, "at"),
        ({"secid": None}, 422, "secid"),
        ({"sector": "finance"}, 422, "secid"),
        ({"why": [{}] * 21}, 400, "why"),
        ({"why": ["text"]}, 400, "why.0"),
        ({"why": [{"text": "a\x00b"}]}, 422, "why.0.text"),
        ({"version": "x" * 33}, 400, "version"),
    ],
)
def test_what_is_wrong_is_told_by_its_field(
    module: APIClient, changed: dict[str, Any], status: int, field: str
):
    response = module.post(PATH, body(**changed))
    assert response.status_code == status
    problem = response.json()
    assert field in [one["field"] for one in problem["errors"]]
    assert NewsTrigger.objects.count() == 0


def test_unknown_targets_are_not_found(module: APIClient):
    response = module.post(PATH, body(secid="SIM011"))
    assert (response.status_code, response.json()["code"]) == (404, "unknown_ticker")
    assert "did you mean" in response.json()["detail"]
    response = module.post(PATH, body(secid=None, sector="nothing"))
    assert (response.status_code, response.json()["code"]) == (404, "unknown_sector")


def test_a_body_that_is_no_json_is_refused(module: APIClient):
    response = module.post(PATH, data="{", content_type="application/json")
    assert response.status_code == 400


def test_pushes_are_throttled_by_module(module: APIClient, settings: LazySettings):
    settings.RATE_LIMIT_SCALE = 3 / 120
    # Of their own: what is counted outlives the test.
    names = [f"{place}-{secrets.token_hex(8)}" for place in ("one", "two")]
    settings.NEWS_PUSH_TOKENS = [
        f"{name}:{sha(token)}" for name, token in zip(names, (TOKEN, "another"), strict=True)
    ]
    statuses = [module.post(PATH, body(external_id=str(number))).status_code for number in range(5)]
    assert statuses == [201, 201, 201, 429, 429]
    module.credentials(HTTP_AUTHORIZATION="Bearer another")
    assert module.post(PATH, body()).status_code == 201


def test_a_used_module_raises_alerts(
    module: APIClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Any, shares: list[Instrument]
):
    from market import news_config

    config = (
        "scorers: [rules]\nused: [rules, mine]\nalerts:\n"
        "  - {event_type: accident, direction: -1, severity: critical, hours: 12}\n"
    )
    (tmp_path / "news_scoring.yaml").write_text(config)
    monkeypatch.setenv("TRADERAI_CONFIG_DIR", str(tmp_path))
    news_config.news_scoring_config.cache_clear()
    try:
        module.post(PATH, body(event_type="accident", direction=-1))
        alert = RiskAlert.objects.get()
    finally:
        news_config.news_scoring_config.cache_clear()
    assert (alert.severity, alert.source, alert.instrument_id) == ("critical", "news:mine", shares[0].pk)


def test_a_moment_without_its_offset_is_refused(module: APIClient):
    response = module.post(PATH, body(at="2024-03-01T07:00:00"))
    assert (response.status_code, NewsTrigger.objects.count()) == (400, 0)
    assert "offset" in str(response.json())
    assert module.post(PATH, body(at="2024-03-01T10:00:00+03:00")).status_code == 201
    assert NewsTrigger.objects.get().at.isoformat() == "2024-03-01T07:00:00+00:00"


def test_a_text_cut_inside_an_emoji_is_refused(module: APIClient):
    sent = json.dumps(body(why=[{"title": "Итоги \ud83d"}]))
    response = module.generic("POST", PATH, sent, content_type="application/json")
    assert (response.status_code, NewsTrigger.objects.count()) == (422, 0)
