"""Reading candles from CSV, in chunks: named columns, Finam's headers in any variant."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from market.contracts import Timeframe
from market.sources.candle_rows import FIGURES, RowChunk, Stamps
from market.sources.file_rules import FoundFile
from market.sources.records import RejectedRow
from traderai.common.arrays import F64
from traderai.common.errors import InputError

NAMES = {
    "ticker": "secid", "symbol": "secid", "per": "timeframe", "period": "timeframe",
    "datetime": "begin", "timestamp": "begin", "vol": "volume",
}  # fmt: skip
"""Other names of our columns, after `<` and `>` are taken off and letters made small."""

_CHUNK_ROWS = 100_000
_FINAM_PERIODS = {
    "1": "1m", "5": "5m", "10": "10m", "15": "15m", "30": "30m", "60": "1h", "d": "1d", "w": "1w",
}  # fmt: skip
_DATE_FORMATS = (
    "%Y%m%d%H%M%S",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d",
    "%Y%m%d",
)
_BOM = "utf-8-sig"


@dataclass(slots=True, kw_only=True)
class _Header:
    """Where a file's columns stand."""

    names: list[str]
    delimiter: str
    at: dict[str, int]


@dataclass(slots=True, kw_only=True)
class _Lines:
    """Cells of some lines, by column."""

    numbers: list[int] = field(default_factory=list)
    cells: list[list[str]] = field(default_factory=list)


def csv_chunks(file: FoundFile) -> Iterator[RowChunk]:
    """Yield the rows of a CSV file in chunks.

    Raises: InputError naming the file if it is no CSV in UTF-8 or has no columns of candles.
    """
    try:
        with file.path.open(encoding=_BOM, newline="") as stream:
            header = _header(file, stream.readline())
            lines = _Lines()
            for number, cells in enumerate(csv.reader(stream, delimiter=header.delimiter), start=2):
                if cells:
                    lines.numbers.append(number)
                    lines.cells.append(cells)
                if len(lines.cells) >= _CHUNK_ROWS:
                    yield _chunk(file, header, lines)
                    lines = _Lines()
            if lines.cells:
                yield _chunk(file, header, lines)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            f"{file.path} cannot be read as CSV in UTF-8 ({error}); convert it or take it away"
        ) from error


def _header(file: FoundFile, line: str) -> _Header:
    delimiter = max(";,\t", key=line.count)
    names = [name.strip().strip("<>").lower() for name in line.strip().split(delimiter)]
    names = [NAMES.get(name, name) for name in names]
    missing = [name for name in FIGURES[:5] if name not in names]
    if missing or not {"begin", "date"} & set(names):
        raise InputError(
            f"{file.path}: columns must be begin (or date and time), open, high, low, close, volume, "
            f"were {', '.join(names)}; rename them or add a rule with `skipped` to file_sources.yaml"
        )
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise InputError(f"{file.path}: the columns {', '.join(twice)} stand there twice; take one away")
    at = {name: number for number, name in enumerate(names)}
    if "secid" not in at and file.secid is None:
        raise InputError(
            f"{file.path}: a column secid or the file's name must say the ticker; rename the file"
        )
    if "timeframe" not in at and file.timeframe is None:
        raise InputError(
            f"{file.path}: a column timeframe, the file's name or its rule must say the timeframe; rename the file"
        )
    return _Header(names=names, delimiter=delimiter, at=at)


def _chunk(file: FoundFile, header: _Header, lines: _Lines) -> RowChunk:
    width = len(header.names)
    rows, rejected = [], []
    for number, cells in zip(lines.numbers, lines.cells, strict=True):
        # A row with other than the header's cells has shifted columns: none of its numbers may be believed.
        if len(cells) == width:
            rows.append((number, cells))
        else:
            reason = "too_many_cells" if len(cells) > width else "too_few_cells"
            rejected.append(_rejected(file, header, number, cells, reason))
    figures, stamp, reasons = _figures(header, rows), _stamps(header, rows), [""] * len(rows)
    timeframes: dict[str, Timeframe | None] = {}
    keys = []
    for at, (_, cells) in enumerate(rows):
        timeframe = _timeframe(cells, header, file, timeframes)
        secid = _cell(cells, header, "secid").upper() or file.secid or ""
        keys.append((secid, _cell(cells, header, "board") or file.rule.board, timeframe))
        reasons[at] = _reason(secid, timeframe, bool(np.isnat(stamp[at])), figures[at])
    rejected += [
        _rejected(file, header, *rows[at], reason, keys[at][0]) for at, reason in enumerate(reasons) if reason
    ]
    good = [at for at, reason in enumerate(reasons) if not reason]
    return _coded([keys[at] for at in good], stamp[good], figures[good], tuple(rejected))


def _coded(
    keys: list[tuple[str, str, Timeframe | None]],
    stamp: Stamps,
    figures: F64,
    rejected: tuple[tuple[str, RejectedRow], ...],
) -> RowChunk:
    tickers = tuple(dict.fromkeys(key[0] for key in keys))
    boards = tuple(dict.fromkeys(key[1] for key in keys))
    timeframes = tuple(dict.fromkeys(key[2] for key in keys if key[2] is not None))
    places = [{name: at for at, name in enumerate(names)} for names in (tickers, boards, timeframes)]
    codes = np.array(
        [[places[0][k[0]], places[1][k[1]], places[2][k[2]]] for k in keys], dtype=np.int64
    ).reshape(-1, 3)
    return RowChunk(
        tickers=tickers,
        boards=boards,
        timeframes=timeframes,
        ticker=codes[:, 0],
        board=codes[:, 1],
        timeframe=codes[:, 2],
        stamp=stamp,
        figures=figures,
        rejected=rejected,
    )


def _reason(secid: str, timeframe: Timeframe | None, no_time: bool, figures: F64) -> str:
    if not secid:
        return "ticker_missing"
    if timeframe is None:
        return "unknown_timeframe"
    # Only the value may be absent; infinities are refused with the other bad rows, later.
    if np.isnan(figures[:5]).any():
        return "bad_number"
    return "unparseable_time" if no_time else ""


def _rejected(
    file: FoundFile, header: _Header, number: int, cells: list[str], reason: str, secid: str = ""
) -> tuple[str, RejectedRow]:
    raw = dict(zip(header.names, cells, strict=False)) | {"line": " ".join(cells)}
    secid = secid or (_cell(cells, header, "secid").upper() or file.secid or "")
    return secid, RejectedRow(place=f"{file.place}:{number}", reason=reason, raw=raw)


def _cell(cells: list[str], header: _Header, name: str) -> str:
    at = header.at.get(name)
    return cells[at].strip() if at is not None and at < len(cells) else ""


def _figures(header: _Header, rows: list[tuple[int, list[str]]]) -> F64:
    figures = np.full((len(rows), len(FIGURES)), np.nan)
    for column, name in enumerate(FIGURES):
        at = header.at.get(name)
        if at is None:
            continue
        texts = [cells[at] for _, cells in rows]
        try:
            if any("_" in text for text in texts):
                raise ValueError  # Python reads 1_000 as a number
            figures[:, column] = np.array(texts, dtype=np.float64)
        except ValueError:
            figures[:, column] = [_number(text) for text in texts]
    return figures


def _number(text: str) -> float:
    try:
        return float("nan") if "_" in text else float(text)
    except ValueError:
        return float("nan")


def _stamps(header: _Header, rows: list[tuple[int, list[str]]]) -> Stamps:
    texts = [_stamp_text(cells, header) for _, cells in rows]
    try:
        if all(len(text) == 19 for text in texts):
            return np.array(texts, dtype="datetime64[s]")
    except ValueError:
        pass  # one of them is no time: look at each
    return np.array([_stamp(text) for text in texts], dtype="datetime64[s]")


def _stamp_text(cells: list[str], header: _Header) -> str:
    text = _cell(cells, header, "begin")
    if text:
        return text
    day, clock = _cell(cells, header, "date"), _cell(cells, header, "time")
    if "-" in day or not clock:
        return f"{day} {clock}" if clock else day
    if len(day) == 8 and clock.isdigit() and len(clock) <= 6:
        clock = clock.rjust(6, "0")
        return f"{day[:4]}-{day[4:6]}-{day[6:]}T{clock[:2]}:{clock[2:4]}:{clock[4:]}"
    return f"{day} {clock}"


def _stamp(text: str) -> datetime | None:
    for pattern in _DATE_FORMATS:
        try:
            return datetime.strptime(text, pattern)  # noqa: DTZ007  # the exchange writes naive Moscow times
        except ValueError:
            continue
    return None


def _timeframe(
    cells: list[str], header: _Header, file: FoundFile, known: dict[str, Timeframe | None]
) -> Timeframe | None:
    code = _cell(cells, header, "timeframe")
    if not code:
        return file.timeframe
    if code not in known:
        try:
            known[code] = Timeframe.parse(_FINAM_PERIODS.get(code.lower(), code))
        except InputError:
            known[code] = None
    return known[code]
