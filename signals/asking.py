"""Asking the warm worker for a decision, through Redis: light, because the web asks.

A question is a value in one list, its answer one in a list of its own; both are gone after seconds. Nothing is lost with
them: who got no answer asks again.
"""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import redis
from django.conf import settings

from signals.contracts import SignalAsk, SignalFacts
from traderai.common import clock
from traderai.common.errors import (
    InputError,
    InvariantError,
    NotFoundError,
    NotReadyError,
    TraderAIError,
    TransientError,
)

ASKED: Final = "traderai:ondemand:asked"
WAIT_S: Final = 1.0
_KEPT_FOR: Final = timedelta(seconds=5)
_TIMES: Final = ("bar_begin", "as_of", "valid_until", "trained_until")
_KINDS: Final = (NotReadyError, InputError, NotFoundError, TransientError, InvariantError)


def signal_ask(ask: SignalAsk) -> SignalFacts:
    """Return the decision that the worker computes; nothing is stored.

    Raises: TransientError where Redis cannot be reached or nobody answers within a second, and what the worker meets.
    """
    number = uuid4().hex
    until_s = clock.now().timestamp() + WAIT_S
    question = {**asdict(ask), "moment": ask.moment.isoformat(), "number": number, "until_s": until_s}
    try:
        with redis.Redis.from_url(settings.REDIS_URL or "redis://127.0.0.1:0/0") as client:
            with client.pipeline() as pipe:
                pipe.lpush(ASKED, json.dumps(question))
                pipe.expire(ASKED, _KEPT_FOR)
                pipe.execute()
            answer = client.blpop([_reply(number)], timeout=WAIT_S)
    except redis.RedisError as error:
        raise TransientError(f"nothing can be computed on demand, Redis said: {error}") from error
    if answer is None:
        raise TransientError(
            f"{ask.secid} was not computed within {WAIT_S:.0f} s; ask again, or start manage.py ondemand"
        )
    return _facts(json.loads(answer[1]))


def question_of(content: bytes | str) -> tuple[str, SignalAsk, float]:
    """Return what was asked: the number of the question, the question, and until when (Unix seconds) it is waited for."""
    told = json.loads(content)
    number, until_s = str(told.pop("number")), float(told.pop("until_s"))
    return number, SignalAsk(**{**told, "moment": datetime.fromisoformat(told["moment"])}), until_s


def answer_put(client: redis.Redis, number: str, answer: SignalFacts | TraderAIError) -> None:
    """Hand an answer, or what stands against one, to who asked."""
    told: dict[str, Any]
    if isinstance(answer, SignalFacts):
        # Not `asdict`: it would copy the payload piece by piece.
        told = {field.name: getattr(answer, field.name) for field in fields(answer)}
    else:
        kind = next(kind.__name__ for kind in (*_KINDS, TraderAIError) if isinstance(answer, kind))
        told = {"error": kind, "detail": answer.detail, "code": answer.code, "field": answer.field}
    with client.pipeline() as pipe:
        pipe.lpush(_reply(number), json.dumps(told, default=datetime.isoformat))
        pipe.expire(_reply(number), _KEPT_FOR)
        pipe.execute()


def _facts(told: dict[str, Any]) -> SignalFacts:
    if "error" in told:
        kind = next((own for own in _KINDS if own.__name__ == told["error"]), InvariantError)
        raise kind(told["detail"], code=told["code"], field=told["field"])
    times = {name: datetime.fromisoformat(told[name]) for name in _TIMES if told[name] is not None}
    return SignalFacts(**{**told, **times})


def _reply(number: str) -> str:
    return f"traderai:ondemand:{number}"
