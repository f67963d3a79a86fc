"""Asking the warm worker for a decision, or what became of some, through Redis: light, because the web asks.

A question is a value in one list, its answer one in a list of its own; both are gone after seconds. Nothing is lost with
them: who got no answer asks again.
"""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias
from uuid import uuid4

import redis
from django.conf import settings

from modeling.contracts.outcomes import DecisionOutcome, Trade, TradeAsked
from signals.contracts import OutcomesAsk, SignalAsk, SignalFacts
from traderai.common import clock
from traderai.common.errors import (
    InputError,
    InvariantError,
    NotFoundError,
    NotReadyError,
    TraderAIError,
    TransientError,
)

WAIT_S: Final = 1.0
# The whole history of a share is labelled for an outcome.
OUTCOMES_WAIT_S: Final = 4.0
_KEPT_FOR: Final = timedelta(seconds=5)
_TIMES: Final = ("bar_begin", "as_of", "valid_until", "trained_until")
Ask: TypeAlias = SignalAsk | OutcomesAsk
Found: TypeAlias = SignalFacts | tuple[DecisionOutcome, ...]
_KINDS: Final = (NotReadyError, InputError, NotFoundError, TransientError, InvariantError)


def signal_ask(ask: SignalAsk, *, wait_s: float = WAIT_S) -> SignalFacts:
    """Return the decision that the worker computes; nothing is stored.

    Raises: TransientError where Redis cannot be reached or nobody answers in time, and what the worker meets.
    """
    return _facts(_answer(ask, wait_s=wait_s))


def outcomes_ask(ask: OutcomesAsk) -> tuple[DecisionOutcome, ...]:
    """Return what became of decisions on a share, in their order, as the worker computes it; nothing is stored.

    Raises: TransientError where Redis cannot be reached or nobody answers within seconds, and what the worker meets.
    """
    return tuple(_outcome(told) for told in _answer(ask, wait_s=OUTCOMES_WAIT_S)["outcomes"])


def _answer(ask: Ask, *, wait_s: float) -> dict[str, Any]:
    number = uuid4().hex
    until_s = clock.now().timestamp() + wait_s
    question = {**asdict(ask), "kind": type(ask).__name__, "number": number, "until_s": until_s}
    try:
        with redis.Redis.from_url(settings.REDIS_URL or "redis://127.0.0.1:0/0") as client:
            with client.pipeline() as pipe:
                pipe.lpush(settings.ONDEMAND_QUEUE, json.dumps(question, default=datetime.isoformat))
                pipe.expire(settings.ONDEMAND_QUEUE, _KEPT_FOR)
                pipe.execute()
            answer = client.blpop([_reply(number)], timeout=wait_s)
    except redis.RedisError as error:
        raise TransientError(f"nothing can be computed on demand, Redis said: {error}") from error
    if answer is None:
        raise TransientError(
            f"{ask.secid} was not computed within {wait_s:.0f} s; ask again, or start manage.py ondemand"
        )
    told: dict[str, Any] = json.loads(answer[1])
    if "error" in told:
        kind = next((own for own in _KINDS if own.__name__ == told["error"]), InvariantError)
        raise kind(told["detail"], code=told["code"], field=told["field"])
    return told


def question_of(content: bytes | str) -> tuple[str, Ask, float]:
    """Return what was asked: the number of the question, the question, and until when (Unix seconds) it is waited for."""
    told = json.loads(content)
    number, until_s, kind = str(told.pop("number")), float(told.pop("until_s")), told.pop("kind", "")
    own = _timed(told, ("moment",))
    if kind == OutcomesAsk.__name__:
        trades = tuple(_trade_asked(each) for each in own["trades"])
        return number, OutcomesAsk(**{**own, "trades": trades}), until_s
    return number, SignalAsk(**own), until_s


def answer_put(client: redis.Redis, number: str, answer: Found | TraderAIError) -> None:
    """Hand an answer, or what stands against one, to who asked."""
    told: dict[str, Any]
    if isinstance(answer, SignalFacts):
        # Not `asdict`: it would copy the payload piece by piece.
        told = {field.name: getattr(answer, field.name) for field in fields(answer)}
    elif isinstance(answer, tuple):
        told = {"outcomes": [asdict(outcome) for outcome in answer]}
    else:
        kind = next(kind.__name__ for kind in (*_KINDS, TraderAIError) if isinstance(answer, kind))
        told = {"error": kind, "detail": answer.detail, "code": answer.code, "field": answer.field}
    with client.pipeline() as pipe:
        pipe.lpush(_reply(number), json.dumps(told, default=datetime.isoformat))
        pipe.expire(_reply(number), _KEPT_FOR)
        pipe.execute()


def _facts(told: dict[str, Any]) -> SignalFacts:
    return SignalFacts(**_timed(told, _TIMES))


def _outcome(told: dict[str, Any]) -> DecisionOutcome:
    trade = None if told["trade"] is None else Trade(**_timed(told["trade"], ("entry_at", "exit_at")))
    return DecisionOutcome(**{**_timed(told, ("window_end_at",)), "trade": trade})


def _trade_asked(told: dict[str, Any]) -> TradeAsked:
    levels = told["own_levels"]
    return TradeAsked(
        bar_begin=datetime.fromisoformat(told["bar_begin"]),
        side=told["side"],
        own_levels=None if levels is None else (levels[0], levels[1]),
    )


def _timed(told: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Return what was told with these moments made from their text."""
    times = {name: datetime.fromisoformat(told[name]) for name in names if told[name] is not None}
    return {**told, **times}


def _reply(number: str) -> str:
    return f"traderai:ondemand:{number}"
