"""No line of the log holds a secret or tells of a person, whoever wrote it."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from django.conf import LazySettings
from django.test import Client

from tests.accounts.init_data_maker import BOT_TOKEN, opened
from traderai.accounts.models import User
from traderai.common import clock
from traderai.common.logs import logs_configure
from traderai.common.redaction import HIDDEN, redacted_text

SECRETS = ("correct-horse-battery", BOT_TOKEN, "Анна", "10.77.0.9", "vera@example.org", "555123")


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Return what this process writes to the log, in the form that programs read."""
    told, before = io.StringIO(), structlog.get_config()
    logs_configure(as_json=True)
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(told))
    handler = logging.StreamHandler(told)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield told
    root.removeHandler(handler)
    root.setLevel(level)
    structlog.configure(**before)


@pytest.mark.django_db
def test_what_is_sent_to_sign_in_is_in_no_line(log: io.StringIO, settings: LazySettings):
    settings.TELEGRAM_BOT_TOKEN = BOT_TOKEN
    User.objects.create_user("vera", password="correct-horse-battery", email="vera@example.org")
    client = Client(REMOTE_ADDR="10.77.0.9")

    def post(path: str, body: dict[str, Any]) -> Any:
        return client.post(f"/api/v1/auth/{path}", body, content_type="application/json")

    init = opened(555123, at_s=clock.to_epoch_s(clock.now()))
    tokens = [
        post("telegram", {"init_data": init}).json()["token"],
        post("token", {"username": "vera", "password": "correct-horse-battery"}).json()["token"],
    ]
    post("telegram", {"init_data": init})
    post("token", {"username": "vera", "password": "correct-horse-batterie"})
    client.post("/app/login/", {"username": "vera", "password": "correct-horse-batterie"})
    for token in tokens:
        client.get(f"/api/v1/me?token={token}&init_data={init}", headers={"Authorization": f"Token {token}"})
        client.get("/api/v1/nothing", headers={"Authorization": f"Token {token}"})
    lines = log.getvalue()
    assert lines.count("request_finished") >= 8 and "AXES" in lines
    found = [secret for secret in (*SECRETS, *tokens, init, init[-64:], "batterie") if secret in lines]
    assert found == []
    assert all(json.loads(line) for line in lines.splitlines() if line.startswith("{"))


def test_whoever_logs_by_mistake_logs_nothing(log: io.StringIO):
    init = opened(555123)
    token = "tai_" + "0123456789abcdef" * 4
    event = structlog.get_logger("ours")
    event.info(
        "took",
        init_data=init,
        user={"first_name": "Анна", "telegram_id": 555123},
        headers=[{"Cookie": "x9y8"}],
    )
    event.info(f"asked with {init}", password="correct-horse-battery", addresses=("vera@example.org",))
    try:
        raise ValueError(
            f"no token {token} for password='correct-horse-battery' at postgres://me:x9y8@db/one"
        )
    except ValueError:
        event.exception("broke")
        logging.getLogger("theirs").exception("broke with %s and Authorization: Token %s", init, token)
    logging.getLogger("theirs").warning("bot%s/getMe", BOT_TOKEN)
    logging.getLogger("theirs").warning(
        "%s",
        "Key (telegram_id)=(555123) already exists. DETAIL: Failing row contains (1, vera@example.org, x9y8)",
    )
    logging.getLogger("theirs").warning('{"init_data": "x9y8", "password":"x9y8"}')
    logging.getLogger("theirs").warning(
        "tg_555123 has sessionid=x9y8, {'first_name': 'Анна', 'chat_id': 555123}"
    )
    lines = log.getvalue()
    assert [secret for secret in (*SECRETS, token, init[-64:], "x9y8") if secret in lines] == []
    assert lines.count("ValueError") >= 2 and lines.count(HIDDEN) >= 12


@pytest.mark.parametrize(
    "line",
    [
        "GET /api/v1/instruments?cursor=U0JFUg==&page_size=50",
        "the token is unknown, has expired or was ended; sign in again",
        "ondemand_broken: SBER 1h 3d not_proven: 0.41",
        "artifact sha256 " + "0123456789abcdef" * 4 + " was expected",
        "candles_ingest_due[0b5c] succeeded in 0.4s: 12:30:05 2024-03-01",
    ],
)
def test_what_is_no_secret_stays(line: str):
    assert redacted_text(line) == line


@pytest.mark.parametrize(
    "piece", ["w", "a-", "a.", "a_b-", "%41", "token ", "://a:", "hash", "Key (a)=(", "authdate="]
)
def test_a_long_line_costs_no_more_than_its_length(piece: str):
    begin_s = clock.monotonic_s()
    redacted_text(piece * (100_000 // len(piece)))
    assert clock.monotonic_s() - begin_s < 8, "a search that is quadratic takes half a minute"


def test_sabotage_a_log_without_the_processor_is_seen(log: io.StringIO):
    structlog.configure(processors=[structlog.processors.JSONRenderer(ensure_ascii=False)])
    structlog.get_logger("ours").info("took", first_name="Анна")
    assert [secret for secret in SECRETS if secret in log.getvalue()] == ["Анна"]
