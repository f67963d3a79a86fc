"""Yearly partitions of the candles' table."""

from __future__ import annotations

from django.db import connection, transaction

_ATTACH = """
CREATE TABLE {table} (LIKE market_candle INCLUDING ALL);
WITH moved AS (
    DELETE FROM market_candle_default WHERE begin >= '{year}-01-01 00:00:00+00'
        AND begin < '{after}-01-01 00:00:00+00' RETURNING *
)
INSERT INTO {table} SELECT * FROM moved;
ALTER TABLE market_candle ATTACH PARTITION {table}
    FOR VALUES FROM ('{year}-01-01 00:00:00+00') TO ('{after}-01-01 00:00:00+00');
"""


def partitions_ensure(*, first_year: int, last_year: int) -> tuple[str, ...]:
    """Make the missing yearly partitions and return their names; rows that waited in the default one move over.

    Repeating: makes nothing that is there.
    """
    made = []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('market_candle partitions', 0))")
        for year in range(int(first_year), int(last_year) + 1):
            table = f"market_candle_y{year}"
            cursor.execute("SELECT to_regclass(%s)", [table])
            if cursor.fetchone()[0] is None:
                cursor.execute(_ATTACH.format(table=table, year=year, after=year + 1))
                made.append(table)
    return tuple(made)


def default_partition_rows() -> int:
    """Return how many candles wait in the default partition; it should be empty."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM market_candle_default")
        return int(cursor.fetchone()[0])
