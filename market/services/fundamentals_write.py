"""Writing companies' figures: every value with the moment from which it was known, restated ones beside the old."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from market.selectors.tickers import ticker_spans
from market.services.write_report import RecordWriteReport
from market.sources.records import FundamentalRecord, RecordPage, RejectedRow
from traderai.common import clock

_STAGING = """
CREATE TEMPORARY TABLE IF NOT EXISTS market_fundamental_staging (
    at int, instrument_id bigint, metric text, period text, period_end date, value float8,
    known_at timestamptz, source text, change text
) ON COMMIT DELETE ROWS
"""
# Told already: by the value in force when this one is said to have become known, or by the newest one of the source.
# A value that differs from the stored one of the very same moment is a restatement, known from now on; one that was
# a restatement before is none again, as three lists that disagree would else restate each other at every run.
_COMPARE = """
UPDATE market_fundamental_staging s SET
    change = CASE WHEN told.value IS NOT DISTINCT FROM s.value OR newest.value IS NOT DISTINCT FROM s.value
                  THEN 'unchanged'
                  WHEN told.known_at = s.known_at AND EXISTS (
                      SELECT 1 FROM market_fundamentalmetric f
                      WHERE f.instrument_id = k.instrument_id AND f.metric = k.metric AND f.period = k.period
                        AND f.source = k.source AND f.known_at > k.known_at AND f.value = k.value)
                  THEN 'unchanged' WHEN told.known_at = s.known_at THEN 'restated' WHEN newest.value IS NULL
                  THEN 'new' ELSE 'changed' END
FROM market_fundamental_staging k
LEFT JOIN LATERAL (
    SELECT f.value, f.known_at FROM market_fundamentalmetric f
    WHERE f.instrument_id = k.instrument_id AND f.metric = k.metric AND f.period = k.period
      AND f.source = k.source AND f.known_at <= k.known_at ORDER BY f.known_at DESC LIMIT 1) told ON true
LEFT JOIN LATERAL (
    SELECT f.value FROM market_fundamentalmetric f
    WHERE f.instrument_id = k.instrument_id AND f.metric = k.metric AND f.period = k.period
      AND f.source = k.source ORDER BY f.known_at DESC LIMIT 1) newest ON true
WHERE k.at = s.at
"""
_ANY_STORED = """
SELECT EXISTS (SELECT 1 FROM market_fundamental_staging s JOIN market_fundamentalmetric f
    ON f.instrument_id = s.instrument_id AND f.metric = s.metric AND f.period = s.period AND f.source = s.source)
"""
_INSERT = """
INSERT INTO market_fundamentalmetric (instrument_id, metric, period, period_end, value, known_at, source)
SELECT s.instrument_id, s.metric, s.period, s.period_end, s.value,
       CASE WHEN s.change = 'restated' THEN greatest(%(now)s, interval '1 second' + (
           SELECT max(f.known_at) FROM market_fundamentalmetric f
           WHERE f.instrument_id = s.instrument_id AND f.metric = s.metric AND f.period = s.period
             AND f.source = s.source)) ELSE s.known_at END, s.source
FROM market_fundamental_staging s WHERE s.change IS DISTINCT FROM 'unchanged'
"""


def fundamentals_write(
    *, page: RecordPage[FundamentalRecord], now: datetime | None = None
) -> RecordWriteReport:
    """Store figures of known companies; those of others count as outside.

    A figure that its source tells otherwise than before becomes a row of its own, known from the moment the source
    gives, or from `now` (default: the clock) where it gives the old one: what was known before stays as it was.

    Repeating: the same figures change nothing. Two writers take turns.
    """
    ids = {secid: span.instrument_id for secid, span in ticker_spans().items()}
    known = [record for record in page.records if record.secid in ids]
    wanted, repeated, rejected = _once(known, ids)
    counts = {"new": 0, "changed": 0, "restated": 0, "unchanged": repeated}
    if wanted:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('market_fundamentalmetric', 0))")
            _stage(cursor, wanted, ids)
            cursor.execute(_ANY_STORED)
            if cursor.fetchone()[0]:
                cursor.execute(_COMPARE)
            cursor.execute(
                "SELECT coalesce(change, 'new'), count(*) FROM market_fundamental_staging GROUP BY change"
            )
            for change, count in cursor.fetchall():
                counts[change] += count
            cursor.execute(_INSERT, {"now": now or clock.now()})
    return RecordWriteReport(
        new=counts["new"],
        changed=counts["changed"] + counts["restated"],
        unchanged=counts["unchanged"],
        outside=len(page.records) - len(known),
        rejected=tuple(rejected),
    )


def _once(
    records: Sequence[FundamentalRecord], ids: dict[str, int]
) -> tuple[list[FundamentalRecord], int, list[RejectedRow]]:
    """Return each figure once, how many were said twice alike, and those said twice differently."""
    seen: dict[tuple[Any, ...], FundamentalRecord] = {}
    repeated, rejected = 0, []
    for record in records:
        key = (ids[record.secid], record.metric, record.period, record.source, record.known_at)
        if key not in seen:
            seen[key] = record
        elif seen[key].value == record.value:
            repeated += 1
        else:
            raw = {name: str(value) for name, value in asdict(record).items()}
            rejected.append(RejectedRow(place=record.place, reason="told_twice_differently", raw=raw))
    return list(seen.values()), repeated, rejected


def _stage(cursor: Any, records: Sequence[FundamentalRecord], ids: dict[str, int]) -> None:
    cursor.execute(_STAGING)
    cursor.execute("TRUNCATE market_fundamental_staging")
    columns = "at, instrument_id, metric, period, period_end, value, known_at, source"
    with cursor.copy(f"COPY market_fundamental_staging ({columns}) FROM STDIN") as copy:
        for at, one in enumerate(records):
            copy.write_row(
                (
                    at,
                    ids[one.secid],
                    one.metric,
                    one.period,
                    one.period_end,
                    one.value,
                    one.known_at,
                    one.source,
                )
            )
    cursor.execute("ANALYZE market_fundamental_staging")
