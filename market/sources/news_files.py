"""Reading news from files: three archives of known shape and any table with named columns."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from market.news.text import language_of
from market.sources.records import NewsRecord, RecordPage, RejectedRow
from traderai.common import clock
from traderai.common.clock import MOSCOW, midnight
from traderai.common.errors import InputError

Row = dict[str, Any]
_CHANNELS = {
    "markettwits": "markettwits",
    "newssmartlab": "smartlab",
    "World_Sanctions": "world_sanctions",
    None: "rbc_quote",
}
_TITLE_CHARS = 300
_BROKEN = "unparseable line"
_NAMES = {
    "external_id": ("external_id", "id", "item_id"),
    "title": ("title", "headline"),
    "body": ("body", "text", "content"),
    "published_at": ("published_at", "datetime", "date", "time"),
    "tickers": ("tickers", "ticker", "secid", "secids"),
}


def markettwits_of(path: Path) -> RecordPage[NewsRecord]:
    """Read the posts of 2023-11-13 to 2023-12-05, of three channels and one site.

    Their times have no zone. They are Moscow time: of the posts that follow a release whose hour is announced in
    Moscow time ("США - CPI - 16:30мск") each one stands within seconds of it (16:30:12).
    """
    return _page(
        path, _rows(path, ("id_post", "id_channel", "date", "link", "text", "tickers")), _markettwits
    )


def investopit_of(path: Path) -> RecordPage[NewsRecord]:
    """Read posts dated by the day alone: each counts as published at the end of its day in Moscow.

    The tickers of the file were found by a search for words and often mean nothing; they are handed on as told, and
    the source's entry in news_sources.yaml does not trust them.
    """
    return _page(path, _rows(path, ("ticker", "date", "url", "text")), _investopit)


def telegram_of(path: Path) -> RecordPage[NewsRecord]:
    """Read general posts of many channels; their times carry a zone, the channel is part of a post's key."""
    return _page(path, _rows(path, ("message_id", "channel", "date", "text")), _telegram)


def news_table_of(path: Path) -> RecordPage[NewsRecord]:
    """Read a CSV, JSON, JSON-lines or Parquet table with named columns.

    Needed: a time (published_at, datetime or date; without a zone it is Moscow time, a bare date the day's end) and a
    title or a text. Taken where present: id, source (a code of news_sources.yaml), url, modified_at, tickers.
    """
    return _page(path, _table_rows(path), _of_table)


def _page(
    path: Path, rows: Iterable[Row], read: Callable[[Row, datetime], NewsRecord]
) -> RecordPage[NewsRecord]:
    """A row that cannot be read is rejected with its reason; the others are kept."""
    fetched_at = clock.now()
    records: dict[tuple[str, str], NewsRecord] = {}
    rejected: list[RejectedRow] = []
    for number, row in enumerate(rows):
        place = f"{path.name} row {number}"
        try:
            record = read(row, fetched_at)
        except (ValueError, KeyError, TypeError, OverflowError) as problem:
            reason = problem.args[0] if isinstance(problem, _RowError) else "unparseable_row"
            rejected.append(RejectedRow(place=place, reason=reason, raw=_plain(row)))
            continue
        key = (record.source, record.external_id)
        if key in records and records[key] != record:
            rejected.append(RejectedRow(place=place, reason="same_id_other_text", raw=_plain(row)))
            continue
        records[key] = record
    return RecordPage(place=path.name, records=tuple(records.values()), rejected=tuple(rejected))


class _RowError(ValueError):
    """A row that cannot be a news item; its argument is the reason."""


def _markettwits(row: Row, fetched_at: datetime) -> NewsRecord:
    if row["id_channel"] not in _CHANNELS:
        raise _RowError("unknown_channel")
    text, url = _text(row["text"]), str(row["link"] or "")
    return NewsRecord(
        source=_CHANNELS[row["id_channel"]],
        external_id=str(row["id_post"] or url.rsplit("/", 1)[-1]),
        title=_title(text),
        body=text,
        published_at=_moment(row["date"]),
        fetched_at=fetched_at,
        url=url,
        language=language_of(text),
        tickers=tuple(str(ticker) for ticker in row["tickers"] or ()),
    )


def _investopit(row: Row, fetched_at: datetime) -> NewsRecord:
    text, url = _text(row["text"]), str(row["url"])
    return NewsRecord(
        source="investopit",
        external_id=f"{row['ticker']}/{url.rsplit('/', 1)[-1]}",
        title=_title(text),
        body=text,
        published_at=_moment(row["date"]),
        fetched_at=fetched_at,
        url=url,
        language=language_of(text),
        tickers=(str(row["ticker"]),),
    )


def _telegram(row: Row, fetched_at: datetime) -> NewsRecord:
    text = _text(row["text"])
    return NewsRecord(
        source="telegram",
        external_id=f"{row['channel']}/{row['message_id']}",
        title=_title(text),
        body=text,
        published_at=_moment(row["date"]),
        fetched_at=fetched_at,
        language=language_of(text),
    )


def _of_table(row: Row, fetched_at: datetime) -> NewsRecord:
    if _BROKEN in row:
        raise _RowError("unparseable_json")
    found = {
        ours: next((row[name] for name in names if row.get(name)), None) for ours, names in _NAMES.items()
    }
    title, body = str(found["title"] or "").strip(), str(found["body"] or "").strip()
    text = _text(body or title)
    if found["published_at"] is None:
        raise _RowError("no_time")
    published_at = _moment(found["published_at"])
    tickers = found["tickers"] or ()
    modified = row.get("modified_at")
    return NewsRecord(
        source=str(row.get("source") or "table"),
        external_id=str(found["external_id"] or f"{published_at.isoformat()} {_title(text)}")[:120],
        title=title or _title(text),
        body=body,
        published_at=published_at,
        fetched_at=fetched_at,
        modified_at=_moment(modified) if modified else None,
        url=str(row.get("url") or ""),
        language=language_of(text),
        tickers=tuple(tickers.replace(",", " ").split() if isinstance(tickers, str) else map(str, tickers)),
    )


def _text(value: object) -> str:
    text = str(value or "").replace("\x00", "").strip()
    if not text:
        raise _RowError("no_text")
    return text


def _title(text: str) -> str:
    return text.split("\n", 1)[0].strip()[:_TITLE_CHARS] or text[:_TITLE_CHARS]


def _moment(value: object) -> datetime:
    """Return a moment; without a zone it is Moscow's, a bare day means its end."""
    if isinstance(value, str):
        text = value.strip()
        try:
            # 20240301 too: as a time it would be known from the day's beginning.
            value = date.fromisoformat(text)
        except ValueError:
            value = datetime.fromisoformat(text)
    if isinstance(value, datetime):
        return (value if value.tzinfo is not None else value.replace(tzinfo=MOSCOW)).astimezone(UTC)
    if isinstance(value, date):
        return midnight(value + timedelta(days=1)).astimezone(UTC)
    raise _RowError("unparseable_time")


def _rows(path: Path, columns: tuple[str, ...]) -> list[Row]:
    have = pq.read_schema(path).names
    missing = [name for name in columns if name not in have]
    if missing:
        raise InputError(f"{path.name} must have the columns {', '.join(missing)}, had {', '.join(have)}")
    return list(pq.read_table(path, columns=list(columns)).to_pylist())


def _table_rows(path: Path) -> list[Row]:
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return list(pq.read_table(path).to_pylist())
    if suffix in (".json", ".jsonl"):
        return _json_rows(path)
    if suffix == ".csv":
        return list(
            pacsv.read_csv(path, parse_options=pacsv.ParseOptions(newlines_in_values=True)).to_pylist()
        )
    raise InputError(f"a table of news must be .csv, .json, .jsonl or .parquet, was {path.name}")


def _json_rows(path: Path) -> list[Row]:
    content = path.read_text(encoding="utf-8-sig")
    try:
        if path.suffix.lower() == ".jsonl":
            # Not splitlines: U+2028 and its like stand inside of texts.
            rows = [_json_line(line) for line in content.split("\n") if line.strip()]
        else:
            rows = json.loads(content)
    except ValueError as error:
        raise InputError(f"{path.name} must hold JSON: {error}") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InputError(f"{path.name} must hold a list of objects, one a news item")
    return rows


def _json_line(line: str) -> Row:
    try:
        row = json.loads(line)
    except ValueError:
        row = None
    return row if isinstance(row, dict) else {_BROKEN: line}


def _plain(row: Row) -> Row:
    return {
        key: value if isinstance(value, (int, float, bool)) else str(value)[:2000]
        for key, value in row.items()
    }
