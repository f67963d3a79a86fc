"""Publishes the outbox on a Redis stream: whatever happens to either, each message stands there once and in order."""

from __future__ import annotations

import redis
from django.conf import settings
from redis.client import Pipeline

from signals.selectors.outbox import is_told, told_newest
from signals.selectors.stream import message_of, newest_message, stream_client
from traderai.common.errors import TransientError


def signals_publish() -> int:
    """Append to the stream what was told after its last message; return how much that was.

    The stream is its own cursor: a message's id is the emission's, so Redis itself refuses one that is there or was
    overtaken, and nothing has to be remembered of a publishing that was killed. What is appended is decided and
    appended only if nobody else has touched the stream meanwhile. One that was lost, or whose last message this
    outbox does not know (another database's), is made anew of the newest that it may hold. Replayed signals are
    history and not published; what was withdrawn before it was published is not, either.

    Repeating appends nothing.
    Raises: TransientError if Redis cannot be reached.
    """
    try:
        with stream_client() as client:
            appended: int = client.transaction(_append, settings.SIGNALS_STREAM, value_from_callable=True)
    except redis.RedisError as error:
        raise TransientError(f"what is told could not be published, Redis said: {error}") from error
    return appended


def _append(pipe: Pipeline) -> int:
    """Queue what the watched stream lacks."""
    stream, length = settings.SIGNALS_STREAM, settings.SIGNALS_STREAM_LENGTH
    last = newest_message(pipe)
    is_ours = last is not None and is_told(place=last.id, signal_id=last.signal_id)
    told = told_newest(place=last.id if last and is_ours else 0, limit=length)
    pipe.multi()
    if not is_ours:
        pipe.delete(stream)
    for one in told:
        pipe.xadd(stream, message_of(one), id=f"{one.id}-0", maxlen=length, approximate=True)
    return len(told)
