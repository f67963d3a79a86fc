"""Notices of the exchange."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncGenerator
from datetime import datetime

from market.iss.client import IssClient, Row
from market.iss.parse import block_rows
from market.sources.iss_connection import gathered
from market.sources.records import NewsRecord, RecordPage, RejectedRow
from traderai.common import clock
from traderai.common.clock import MOSCOW
from traderai.common.errors import InputError, InvariantError

SOURCE = "moex"
_LIST = ("id", "title", "published_at", "modified_at")
_AT_ONCE = 50
_TAG = re.compile(r"<[^>]*>")
_BLOCK_END = re.compile(r"<\s*(?:br|/p|/li|/tr|/h\d|/div)\b[^>]*>", re.IGNORECASE)
_SPACES = re.compile(r"[ \t\r\f\v\u00a0]+")
_EMPTY_LINES = re.compile(r"\s*\n\s*")


async def news_pages(client: IssClient, *, since: datetime) -> AsyncGenerator[RecordPage[NewsRecord], None]:
    """Yield the notices that were published or changed since a moment, the oldest first, with their texts.

    The list comes newest first: it is read to the end of the span before the first text is asked for, so that
    whoever stops in the middle has all that is older than what he stored last.
    """
    dated: list[tuple[datetime, Row]] = []
    rejected: list[RejectedRow] = []
    async for place, rows in client.pages("/sitenews", "sitenews", params={}, required=_LIST, key=("id",)):
        fresh = False
        for row in rows:
            try:
                touched = max(
                    _moment(row["published_at"]), _moment(row["modified_at"] or row["published_at"])
                )
            except (KeyError, ValueError, TypeError):
                rejected.append(RejectedRow(place=place, reason="unparseable_time", raw=row))
                continue
            if touched >= since:
                fresh = True
                dated.append((touched, row))
        if not fresh:
            break
    if rejected:
        yield RecordPage(place="sitenews", records=(), rejected=tuple(rejected))
    unique = {row["id"]: row for _, row in sorted(dated, key=lambda one: one[0])}
    waiting = list(unique.values())
    for start in range(0, len(waiting), _AT_ONCE):
        yield await _with_texts(client, waiting[start : start + _AT_ONCE])


async def _with_texts(client: IssClient, rows: list[Row]) -> RecordPage[NewsRecord]:
    async def ask(row: Row) -> NewsRecord | RejectedRow:
        path = f"/sitenews/{row['id']}"
        title = plain_text(str(row["title"] or ""))
        if not title:
            return RejectedRow(place=path, reason="no_title", raw=row)
        try:
            found = block_rows(await client.get(path, {}), "content", required=("body",), place=path)
        except (InvariantError, InputError):
            found = []  # a text that was taken away must not hold up the others
        return NewsRecord(
            source=SOURCE,
            external_id=str(row["id"]),
            title=title,
            body=plain_text(str(found[0]["body"] or "")) if found else "",
            published_at=_moment(row["published_at"]),
            modified_at=_moment(row["modified_at"]) if row["modified_at"] else None,
            fetched_at=clock.now(),
            url=f"https://www.moex.com/n{row['id']}",
            language="ru",
        )

    answers = await gathered(ask, rows)
    return RecordPage(
        place="sitenews",
        records=tuple(one for one in answers if isinstance(one, NewsRecord)),
        rejected=tuple(one for one in answers if isinstance(one, RejectedRow)),
    )


def plain_text(marked: str) -> str:
    """Return the text of a piece of HTML, a line for each of its paragraphs."""
    text = html.unescape(_TAG.sub(" ", _BLOCK_END.sub("\n", marked)))
    return _EMPTY_LINES.sub("\n", _SPACES.sub(" ", text)).strip()


def _moment(text: object) -> datetime:
    return datetime.fromisoformat(str(text)).replace(tzinfo=MOSCOW)
