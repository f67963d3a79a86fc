"""Reads the Redis stream of what is told, as its consumers do: from a place on, waiting for more."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import redis
from django.conf import settings

from signals.contracts import ToldSignal
from traderai.common.errors import TransientError

_FIELD = "told"  # the one field of a message: JSON
_MOMENTS = ("as_of", "valid_until", "emitted_at")
_NAMES = tuple(field.name for field in dataclasses.fields(ToldSignal))
_CONNECT_S = 2.0
_ANSWER_S = 5.0


def told_read(*, place: int, limit: int = 100, wait_s: float = 0.0) -> tuple[ToldSignal, ...]:
    """Return the next signals told after a place, at most `limit`; wait for the first so long, () if none comes.

    The stream keeps the newest alone. Whoever may have been away for longer reads `outbox.told_after` first, and goes
    on here from the last place that it got there.

    Raises: TransientError if Redis cannot be reached.
    """
    name = settings.SIGNALS_STREAM
    try:
        with stream_client(wait_s=wait_s) as client:
            # A block of 0 would wait for ever.
            found = client.xread({name: f"{place}-0"}, count=limit, block=round(1000 * wait_s) or None)
    except redis.RedisError as error:
        raise TransientError(f"what is told could not be read, Redis said: {error}") from error
    return tuple(told_of(message) for _, messages in found for _, message in messages)


def told_place() -> int:
    """Return the place of the newest message, 0 where there is none: whoever wants only what comes begins here.

    Raises: TransientError if Redis cannot be reached.
    """
    try:
        with stream_client() as client:
            newest = newest_message(client)
    except redis.RedisError as error:
        raise TransientError(f"what is told could not be read, Redis said: {error}") from error
    return newest.id if newest else 0


def stream_client(*, wait_s: float = 0.0) -> redis.Redis:
    """Return a client of the stream's Redis that gives up when nothing is answered in time."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        decode_responses=True,
        socket_connect_timeout=_CONNECT_S,
        socket_timeout=_ANSWER_S + wait_s,
    )


def newest_message(client: redis.Redis) -> ToldSignal | None:
    """Return the newest message of the stream; None where there is none."""
    newest: Any = client.xrevrange(settings.SIGNALS_STREAM, count=1)
    return told_of(newest[0][1]) if newest else None


def message_of(told: ToldSignal) -> dict[Any, Any]:
    """Return a message of the stream."""
    plain = {name: getattr(told, name) for name in _NAMES}
    return {_FIELD: json.dumps(plain, default=datetime.isoformat, ensure_ascii=False)}


def told_of(message: Mapping[str, str]) -> ToldSignal:
    """Return what a message of the stream tells."""
    plain = json.loads(message[_FIELD])
    return ToldSignal(**plain | {name: datetime.fromisoformat(plain[name]) for name in _MOMENTS})
