"""The newest row of features of every share in Redis: one hash for a set and timeframe, a field a share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

import numpy as np
import redis
from django.conf import settings

from features.contracts import FeatureRow, FeatureSetFacts
from market.contracts import Timeframe
from traderai.common.errors import TransientError

# Rows of a share that is traded no more are of no use; the store has them.
KEPT_FOR = timedelta(days=14)
_BEGIN_BYTES = 8


def rows_put(facts: FeatureSetFacts, timeframe: Timeframe, rows: Sequence[FeatureRow]) -> None:
    """Publish rows; each replaces its share's.

    Raises: TransientError if Redis cannot be reached.
    """
    if not rows:
        return
    content = {
        row.secid: row.begin_s.to_bytes(_BEGIN_BYTES, "little", signed=True) + row.values.tobytes()
        for row in rows
    }
    try:
        with redis.Redis.from_url(settings.REDIS_URL) as client, client.pipeline() as pipe:
            pipe.hset(_key(facts, timeframe), mapping=content)
            pipe.expire(_key(facts, timeframe), KEPT_FOR)
            pipe.execute()
    except redis.RedisError as error:
        raise TransientError(f"features could not be published, Redis said: {error}") from error


def rows_held(facts: FeatureSetFacts, timeframe: Timeframe) -> int:
    """Return of how many shares Redis holds a row.

    Raises: TransientError if Redis cannot be reached.
    """
    try:
        with redis.Redis.from_url(settings.REDIS_URL) as client:
            return int(client.hlen(_key(facts, timeframe)))
    except redis.RedisError as error:
        raise TransientError(f"features could not be counted, Redis said: {error}") from error


def rows_get(facts: FeatureSetFacts, timeframe: Timeframe, secids: Sequence[str]) -> Mapping[str, FeatureRow]:
    """Return the published rows by ticker; shares without one are left out, and all if Redis cannot be reached."""
    if not secids:
        return {}
    try:
        with redis.Redis.from_url(settings.REDIS_URL) as client:
            found = client.hmget(_key(facts, timeframe), list(secids))
    except redis.RedisError:
        return {}
    rows = {}
    for secid, content in zip(secids, found, strict=True):
        if content is None:
            continue
        rows[secid] = FeatureRow(
            secid=secid,
            begin_s=int.from_bytes(content[:_BEGIN_BYTES], "little", signed=True),
            values=np.frombuffer(content, dtype=np.float32, offset=_BEGIN_BYTES),
        )
    return rows


def _key(facts: FeatureSetFacts, timeframe: Timeframe) -> str:
    return f"traderai:features:{facts.key}:{timeframe.value}"
