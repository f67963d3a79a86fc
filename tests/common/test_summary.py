"""Summaries reach a real server on this machine, and one that is not there harms nobody."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from tests.summary_place import Place, summary_place
from traderai.common.summary import summary_send

TOKEN = "123:very-secret"


@pytest.fixture
def place() -> Iterator[Place]:
    with summary_place() as made:
        yield made


@pytest.fixture
def configured(place: Place, settings) -> Place:
    settings.SUMMARY_WEBHOOK_URL = f"{place.url}/hook"
    settings.TELEGRAM_API_URL = place.url
    settings.TELEGRAM_SUMMARY_TOKEN, settings.TELEGRAM_SUMMARY_CHAT = TOKEN, "-100"
    return place


def send(text: str = "global: kept") -> tuple[str, ...]:
    return summary_send(event="retraining", text=text, facts={"job": "global"})


def test_nothing_is_sent_anywhere_by_default(place: Place):
    assert send() == ()
    assert place.posted == []


def test_a_webhook_gets_json_and_a_chat_gets_text(configured: Place):
    assert send() == ("webhook", "telegram")
    assert configured.posted == [
        ("/hook", {"event": "retraining", "text": "global: kept", "facts": {"job": "global"}}),
        (f"/bot{TOKEN}/sendMessage", {"chat_id": "-100", "text": "global: kept"}),
    ]


def test_a_chat_gets_no_more_than_it_takes(configured: Place):
    send("x" * 5000)
    assert len(configured.posted[1][1]["text"]) == 4096


@pytest.mark.parametrize("broken", ["status", "nobody", "address"])
def test_a_place_that_takes_nothing_is_logged_without_its_secret(
    configured: Place, settings, caplog: pytest.LogCaptureFixture, broken: str
):
    if broken == "status":
        configured.status = 500
    else:
        settings.SUMMARY_WEBHOOK_URL = {"nobody": "http://127.0.0.1:9/very-secret", "address": "no address"}[
            broken
        ]
        settings.TELEGRAM_API_URL = "http://127.0.0.1:9"
    with caplog.at_level(logging.INFO):
        assert send() == ()
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert "the telegram took no summary" in caplog.text
    assert "very-secret" not in caplog.text


def test_a_sent_summary_tells_no_log_its_address(configured: Place, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.INFO):
        assert send() == ("webhook", "telegram")
    assert "very-secret" not in caplog.text
