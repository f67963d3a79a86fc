"""Writing order flow and order-book figures: COPY into a staging table, then one upsert of what differs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from market.selectors.tickers import ticker_spans
from market.services.write_report import RecordWriteReport
from market.sources.records import FlowRecord, OrderBookRecord, RecordPage, RejectedRow

_FLOW = ("trades", "buy_volume_lots", "sell_volume_lots", "value_rub", "imbalance", "vwap_rub")
_ORDER_BOOK = (
    "spread_best_bp", "spread_10_levels_bp", "spread_1m_rub_bp", "imbalance_best", "imbalance_book",
)  # fmt: skip


def flow_write(*, page: RecordPage[FlowRecord]) -> RecordWriteReport:
    """Store order flow of known shares; that of others counts as outside.

    A source overwrites what it said before; of two sources the one whose name comes later is believed, so that the
    order of loading does not matter, and what the other says differently is refused.

    Repeating: the same records change nothing. Two writers take turns.
    """
    return _write(page, table="market_tradestatistic", columns=_FLOW)


def order_book_write(*, page: RecordPage[OrderBookRecord]) -> RecordWriteReport:
    """Store order-book figures of known shares, by the rules of `flow_write`.

    Repeating: the same records change nothing. Two writers take turns.
    """
    return _write(page, table="market_orderbookstatistic", columns=_ORDER_BOOK)


def _write(page: RecordPage[Any], *, table: str, columns: tuple[str, ...]) -> RecordWriteReport:
    ids = {secid: span.instrument_id for secid, span in ticker_spans().items()}
    known = [record for record in page.records if record.secid in ids]
    wanted, repeated, rejected = _once(known, ids, page.place)
    counts = {"new": 0, "changed": 0, "unchanged": repeated, "outranked": 0}
    if wanted:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [table])
            _stage(cursor, wanted, ids, table, columns)
            cursor.execute(_compare(table, columns))
            outranked: list[int] = []
            for change, count, ats in cursor.fetchall():
                counts[change] += count
                outranked += ats if change == "outranked" else []
            rejected += [
                _rejected(wanted[at], "told_by_other_source", page.place) for at in sorted(outranked)
            ]
            cursor.execute(_upsert(table, columns))
    return RecordWriteReport(
        new=counts["new"],
        changed=counts["changed"],
        unchanged=counts["unchanged"],
        outside=len(page.records) - len(known),
        rejected=tuple(rejected),
    )


def _once(
    records: Sequence[Any], ids: dict[str, int], place: str
) -> tuple[list[Any], int, list[RejectedRow]]:
    """Return each span once, how many were said twice alike, and those said twice differently."""
    seen: dict[tuple[int, datetime], Any] = {}
    repeated, rejected = 0, []
    for record in records:
        key = (ids[record.secid], record.begin_at)
        if key not in seen:
            seen[key] = record
        elif seen[key] == record:
            repeated += 1
        else:
            rejected.append(_rejected(record, "told_twice_differently", place))
    return list(seen.values()), repeated, rejected


def _stage(
    cursor: Any, records: Sequence[Any], ids: dict[str, int], table: str, columns: tuple[str, ...]
) -> None:
    figures = ", ".join(f"{name} float8" for name in columns)
    cursor.execute(
        f"CREATE TEMPORARY TABLE IF NOT EXISTS {table}_staging "
        f"(at int, instrument_id bigint, begin timestamptz, source text, {figures}) ON COMMIT DELETE ROWS"
    )
    cursor.execute(f"TRUNCATE {table}_staging")
    names = ", ".join(("at", "instrument_id", "begin", "source", *columns))
    with cursor.copy(f"COPY {table}_staging ({names}) FROM STDIN") as copy:
        for at, one in enumerate(records):
            figures_of = (getattr(one, name) for name in columns)
            copy.write_row((at, ids[one.secid], one.begin_at, one.source, *figures_of))
    cursor.execute(f"ANALYZE {table}_staging")


def _compare(table: str, columns: tuple[str, ...]) -> str:
    differs = _differs(columns)
    return (  # constants of this module only
        "SELECT CASE WHEN t.instrument_id IS NULL THEN 'new' "  # noqa: S608
        f"WHEN NOT {differs} THEN 'unchanged' WHEN s.source >= t.source THEN 'changed' "
        "ELSE 'outranked' END AS change, count(*), array_agg(s.at) "
        f"FROM {table}_staging s LEFT JOIN {table} t ON t.instrument_id = s.instrument_id AND t.begin = s.begin "
        "GROUP BY change"
    )


def _upsert(table: str, columns: tuple[str, ...]) -> str:
    names = ", ".join(("instrument_id", "begin", "source", *columns))
    fresh = ", ".join(f"{name} = excluded.{name}" for name in ("source", *columns))
    return (  # constants of this module only
        f"INSERT INTO {table} AS t ({names}) SELECT {names} FROM {table}_staging "  # noqa: S608
        f"ON CONFLICT (instrument_id, begin) DO UPDATE SET {fresh} "
        f"WHERE excluded.source >= t.source AND {_differs(columns, 'excluded')}"
    )


def _differs(columns: tuple[str, ...], told: str = "s") -> str:
    ours, theirs = (", ".join(f"{side}.{name}" for name in columns) for side in ("t", told))
    return f"(({ours}) IS DISTINCT FROM ({theirs}))"


def _rejected(record: Any, reason: str, place: str) -> RejectedRow:
    return RejectedRow(
        place=place, reason=reason, raw={name: str(value) for name, value in asdict(record).items()}
    )
