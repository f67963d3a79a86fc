"""Where what is told is published, and where what is asked on demand waits."""

from __future__ import annotations

import environ

_env = environ.Env()

# The Redis stream of what was told, and about how many messages it keeps: the outbox in PostgreSQL keeps all.
SIGNALS_STREAM: str = _env.str("SIGNALS_STREAM", default="traderai:signals")
SIGNALS_STREAM_LENGTH: int = _env.int("SIGNALS_STREAM_LENGTH", default=10_000)

# The Redis list of what is to be computed while its asker waits; installations that share a Redis need one each.
ONDEMAND_QUEUE: str = _env.str("ONDEMAND_QUEUE", default="traderai:ondemand:asked")
