"""Candles as Parquet objects of the lake, and the manifest that lists them."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from market.contracts import CandleColumns, Timeframe
from market.selectors.candle_columns import StoredCandles
from traderai.common.arrays import I64
from traderai.common.clock import midnight
from traderai.common.errors import InvariantError
from traderai.common.lake import Lake, sha256_hex

FOLDER = "raw_candles"
MANIFEST_KEY = f"{FOLDER}/manifest.json"
_FLOATS = ("open", "high", "low", "close", "volume_shares", "value_rub")
_NAMES = ("begin_s", *_FLOATS, "board", "source")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One object: the candles of one series in one month, of daily and longer bars in one year."""

    key: str
    sha256: str  # of the object
    content_sha256: str  # of the candles in it, whatever wrote them down
    rows: int
    first: str  # begins, Moscow wall clock
    last: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What the lake holds; an object that is not listed here does not count."""

    exported_at: str = ""
    parts: dict[str, Part] = field(default_factory=dict)  # by name, such as 10m/SBER/2024-08
    instruments: dict[str, dict[str, Any]] = field(default_factory=dict)  # by ticker
    sources: dict[str, dict[str, Any]] = field(default_factory=dict)  # by name: kind and priority


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PartRows:
    """The candles of one part, oldest first."""

    columns: CandleColumns
    board: tuple[str, ...]  # of each row
    source: tuple[str, ...]


def part_name(secid: str, timeframe: Timeframe, month: date) -> str:
    """Return the name of the part that a month's candles belong to."""
    yearly = timeframe.minutes >= Timeframe.D1.minutes
    return f"{timeframe.value}/{secid}/{month:%Y}" if yearly else f"{timeframe.value}/{secid}/{month:%Y-%m}"


def part_span(name: str) -> tuple[str, Timeframe, datetime, datetime]:
    """Return the ticker, the timeframe and the first moment inside and after a part."""
    code, secid, period = name.split("/")
    year, month = (int(number) for number in (period if "-" in period else f"{period}-1").split("-"))
    months = 1 if "-" in period else 12
    after = date(year + (month - 1 + months) // 12, (month - 1 + months) % 12 + 1, 1)
    return secid, Timeframe.parse(code), midnight(date(year, month, 1)), midnight(after)


def part_rows(stored: StoredCandles, sources: dict[int, str]) -> PartRows:
    """Return stored candles as the rows of a part."""
    return PartRows(
        columns=stored.columns,
        board=tuple(stored.boards[at] for at in stored.board.tolist()),
        source=tuple(sources[at] for at in stored.source_id.tolist()),
    )


def part_content_sha256(rows: PartRows) -> str:
    """Return the SHA-256 of candles; equal candles have equal ones, whatever file they stand in."""
    digest = hashlib.sha256()
    digest.update(rows.columns.begin_s.astype("<i8").tobytes())
    for name in _FLOATS:
        column = getattr(rows.columns, name).astype("<f8")
        # There are many NaNs; the one that stands for a missing value is always the same here.
        digest.update(np.where(np.isnan(column), np.nan, column).tobytes())
    for words in (rows.board, rows.source):
        digest.update("\n".join(words).encode())
    return digest.hexdigest()


def part_encode(rows: PartRows) -> bytes:
    """Return candles as a Parquet file; a missing value is null."""
    arrays: list[Any] = [pa.array(rows.columns.begin_s * 1_000_000, type=pa.timestamp("us", tz="UTC"))]
    arrays += [pa.array(getattr(rows.columns, name), from_pandas=name == "value_rub") for name in _FLOATS]
    arrays += [pa.array(words).dictionary_encode() for words in (rows.board, rows.source)]
    names = ["begin", *_NAMES[1:]]
    sink = io.BytesIO()
    pq.write_table(pa.table(arrays, names=names), sink, compression="zstd")
    return sink.getvalue()


def part_decode(content: bytes) -> PartRows:
    """Return the candles of a Parquet file; other columns than ours are an InvariantError."""
    table = pq.read_table(pa.BufferReader(content))
    if table.column_names != ["begin", *_NAMES[1:]]:
        raise InvariantError(f"an exported part must have the columns {_NAMES}, was {table.column_names}")
    begin_s: I64 = table["begin"].cast(pa.int64()).to_numpy() // 1_000_000
    return PartRows(
        columns=CandleColumns(
            begin_s=begin_s,
            **{name: table[name].to_numpy().astype(np.float64) for name in _FLOATS},
        ),
        board=tuple(table["board"].to_pylist()),
        source=tuple(table["source"].to_pylist()),
    )


def part_write(lake: Lake, name: str, rows: PartRows, wall_s: I64) -> Part:
    """Store a part under a name of its own content and return its line of the manifest."""
    content_sha256, content = part_content_sha256(rows), part_encode(rows)
    code, secid, period = name.split("/")
    key = f"{FOLDER}/timeframe={code}/secid={secid}/{period}-{content_sha256[:12]}.parquet"
    return Part(
        key=key,
        sha256=lake.write(key, content),
        content_sha256=content_sha256,
        rows=len(rows.columns),
        first=str(np.datetime64(int(wall_s[0]), "s")),
        last=str(np.datetime64(int(wall_s[-1]), "s")),
    )


def manifest_read(lake: Lake) -> Manifest:
    """Return the lake's manifest, an empty one where there is none yet."""
    if not lake.exists(MANIFEST_KEY):
        return Manifest()
    told = json.loads(lake.read(MANIFEST_KEY))
    listed = json.dumps(told["manifest"], sort_keys=True)
    if sha256_hex(listed.encode()) != told["sha256"]:
        raise InvariantError(f"{MANIFEST_KEY} is corrupt; remove it and export anew")
    parts = {name: Part(**part) for name, part in told["manifest"]["parts"].items()}
    return Manifest(**(told["manifest"] | {"parts": parts}))


def manifest_write(lake: Lake, manifest: Manifest) -> None:
    """Replace the lake's manifest, whole."""
    listed = asdict(manifest)
    sha256 = sha256_hex(json.dumps(listed, sort_keys=True).encode())
    lake.write(MANIFEST_KEY, json.dumps({"sha256": sha256, "manifest": listed}, sort_keys=True).encode())


def parts_discard(lake: Lake, before: Iterable[Part], now: Iterable[Part]) -> int:
    """Remove objects that no line of the manifest names any more; return how many."""
    kept = {part.key for part in now}
    gone = [part.key for part in before if part.key not in kept]
    for key in gone:
        lake.delete(key)
    return len(gone)
