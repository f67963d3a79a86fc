"""Indices of ISS: which there are, who belongs to them, what each member weighs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from market.iss.client import IssClient, Row
from market.iss.parse import MOEX_ISS
from market.iss_config import iss_config
from market.sources.iss_connection import gathered
from market.sources.records import (
    IndexMemberRecord,
    IndexWeightRecord,
    InstrumentPage,
    InstrumentRecord,
    RecordPage,
    RejectedRow,
)

_ANALYTICS = "/statistics/engines/stock/markets/index/analytics"
_TICKERS = ("ticker", "from", "till")
_WEIGHTS = ("tradedate", "ticker", "weight")


def index_page() -> InstrumentPage:
    """Return the indices of iss.yaml as instruments."""
    return InstrumentPage(
        records=tuple(
            InstrumentRecord(
                secid=index.secid,
                name_ru=index.name_ru,
                name_en=index.name_en,
                kind="index",
                board=index.board,
            )
            for index in iss_config().indices
        )
    )


async def member_page(client: IssClient, indices: Iterable[str]) -> RecordPage[IndexMemberRecord]:
    """Return who belonged to the indices when; who still belongs has no last day.

    ISS gives members of today the newest day of the index as their last one.
    """

    async def ask(index: str) -> tuple[str, list[Row]]:
        path = f"{_ANALYTICS}/{index}/tickers"
        return index, await client.rows(path, "tickers", params={}, required=_TICKERS)

    records: list[IndexMemberRecord] = []
    rejected: list[RejectedRow] = []
    for index, rows in await gathered(ask, indices):
        found, bad = _members(index, rows)
        records += found
        rejected += bad
    return RecordPage(place="analytics tickers", records=tuple(records), rejected=tuple(rejected))


async def weight_page(
    client: IssClient, indices: Iterable[str], *, day: date | None = None
) -> RecordPage[IndexWeightRecord]:
    """Return the weights of the indices on a day, on the newest one without it."""

    async def ask(index: str) -> tuple[str, list[Row]]:
        path, rows = f"{_ANALYTICS}/{index}", []
        params: dict[str, str | int] = {} if day is None else {"date": day.isoformat()}
        async for _, page in client.pages(path, "analytics", params=params, required=_WEIGHTS):
            rows += page
        return index, rows

    records: list[IndexWeightRecord] = []
    rejected: list[RejectedRow] = []
    outside = 0
    for index, rows in await gathered(ask, indices):
        # Of several sessions the last one holds the whole day.
        last = max((row.get("tradingsession") or 0 for row in rows), default=0)
        for at, row in enumerate(rows):
            if (row.get("tradingsession") or 0) != last:
                outside += 1
                continue
            try:
                records.append(
                    IndexWeightRecord(
                        index_secid=index,
                        secid=str(row["ticker"]),
                        day=date.fromisoformat(str(row["tradedate"])[:10]),
                        weight_pct=float(row["weight"]),
                        source=MOEX_ISS,
                    )
                )
            except (KeyError, ValueError, TypeError):
                rejected.append(RejectedRow(place=f"analytics {index} {at}", reason="bad_number", raw=row))
    return RecordPage(place="analytics", records=tuple(records), rejected=tuple(rejected), outside=outside)


async def sectors(client: IssClient) -> dict[str, str]:
    """Return the sectors of shares by ticker, told by the newest sector index that they belong to."""
    codes = iss_config().sector_indices
    page = await member_page(client, codes)
    newest: dict[str, IndexMemberRecord] = {}
    for record in page.records:
        known = newest.get(record.secid)
        if known is None or _last_day(record) > _last_day(known):
            newest[record.secid] = record
    return {secid: codes[record.index_secid] for secid, record in newest.items()}


def _members(index: str, rows: Iterable[Row]) -> tuple[list[IndexMemberRecord], list[RejectedRow]]:
    spans: dict[tuple[str, date], date] = {}
    rejected = []
    for at, row in enumerate(rows):
        try:
            key = (str(row["ticker"]), date.fromisoformat(str(row["from"])[:10]))
            till = date.fromisoformat(str(row["till"])[:10])
            if till < key[1]:
                raise ValueError("a span must not end before it begins")
        except (KeyError, ValueError, TypeError):
            rejected.append(RejectedRow(place=f"tickers {index} row {at}", reason="no_span", raw=row))
            continue
        spans[key] = max(till, spans.get(key, till))
    newest = max(spans.values(), default=date.min)
    records = [
        IndexMemberRecord(
            index_secid=index,
            secid=secid,
            member_from=since,
            member_till=None if till == newest else till,
            source=MOEX_ISS,
        )
        for (secid, since), till in spans.items()
    ]
    return records, rejected


def _last_day(record: IndexMemberRecord) -> date:
    return record.member_till or date.max
