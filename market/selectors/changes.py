"""Whether anything has been written since an answer about the market was made."""

from __future__ import annotations

from django.db import connection

# A number that the earlier snapshot saw as over is none of those that came after it, in whatever order they ended.
_STATE = """
SELECT pg_current_snapshot()::text, EXISTS (
    SELECT FROM market_marketchange
    WHERE xact >= pg_snapshot_xmin(%(since)s::pg_snapshot)::text::bigint
      AND NOT pg_visible_in_snapshot(xact::text::xid8, %(since)s::pg_snapshot)
)
"""
_NEVER = "1:1:"  # sees nothing as over


def market_state(*, since: str | None = None) -> tuple[str, bool] | None:
    """Return the state of the market's tables, and whether they have been written since an earlier state; one query.

    What is read after a state was asked for is of that state or newer. None inside a transaction: its own writes have
    one number, so that the later ones could not be told from those before.
    """
    if connection.in_atomic_block:
        return None
    with connection.cursor() as cursor:
        cursor.execute(_STATE, {"since": since or _NEVER})
        state, changed = cursor.fetchone()
    return state, since is None or changed
