"""Reading one file of candles: Parquet or CSV with named columns, Finam's headers among them."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from market.contracts import Timeframe
from market.sources.records import RejectedRow
from traderai.common.errors import InputError

NAMES = {
    "ticker": "secid", "symbol": "secid", "per": "timeframe", "period": "timeframe",
    "datetime": "begin", "timestamp": "begin", "vol": "volume",
}  # fmt: skip
"""Other names of our columns, after `<` and `>` are taken off and letters made small."""

_PRICES = ("open", "high", "low", "close")
_EXTRA = "cells that have no column"
_BOARDS = {"TQBR"}  # odd lots (SMAL) and negotiated deals of other boards must not enter a series
_FINAM_PERIODS = {
    "1": "1m",
    "5": "5m",
    "10": "10m",
    "15": "15m",
    "30": "30m",
    "60": "1h",
    "d": "1d",
    "w": "1w",
}
_DATE_FORMATS = (
    "%Y%m%d%H%M%S",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d",
    "%Y%m%d",
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FileRows:
    """The rows of one series in one file; times are naive Moscow wall clock as stamped."""

    stamp: np.ndarray[tuple[int], np.dtype[np.datetime64]]
    figures: np.ndarray[tuple[int, int], np.dtype[np.float64]]  # (n, 6): open high low close volume value
    rejected: tuple[RejectedRow, ...] = ()
    outside: int = 0


def series_named_by(path: Path, root: Path) -> tuple[str | None, Timeframe | None]:
    """Return ticker and timeframe as `GAZP_5m_2018.csv` or `GAZP/5m/2018.csv` name them."""
    relative = path.relative_to(root)
    words = [word for part in (*relative.parts[:-1], relative.stem) for word in re.split(r"[_\s]", part)]
    secid = next((word for word in words if re.fullmatch(r"[A-Z][A-Z0-9]{0,11}", word)), None)
    for word in words:
        if re.fullmatch(r"\d+[mhdw]|[MHDW]\d+", word):
            try:
                return secid, Timeframe.parse(word)
            except InputError:
                continue
    return secid, None


def read_rows(path: Path, *, root: Path, secid: str, timeframe: Timeframe) -> FileRows | None:
    """Return the file's rows of one series, None where it holds no such series.

    Raises: InputError naming the file if it cannot be read or has no columns of candles.
    """
    if path.suffix == ".parquet":
        return _read_parquet(path, root=root, secid=secid, timeframe=timeframe)
    return _read_csv(path, root=root, secid=secid, timeframe=timeframe)


def _require_columns(path: Path, names: Sequence[str]) -> None:
    missing = [name for name in (*_PRICES, "volume") if name not in names]
    if missing or not {"begin", "date"} & set(names):
        raise InputError(
            f"{path}: columns must be begin (or date and time), open, high, low, close, volume, "
            f"were {', '.join(names)}; rename them or add a rule with `skipped` to file_sources.yaml"
        )


def _read_parquet(path: Path, *, root: Path, secid: str, timeframe: Timeframe) -> FileRows | None:
    try:
        names = pq.read_schema(path).names
        _require_columns(path, names)
        wanted = [("secid", "==", secid)] if "secid" in names else None
        keep = {"secid", "timeframe", "begin", "date", *_PRICES, "volume", "value", "board"}
        table = pq.read_table(path, columns=[name for name in names if name in keep], filters=wanted)
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{path} cannot be read as Parquet ({error}); replace it or take it away") from error
    named_secid, named_timeframe = series_named_by(path, root)
    if wanted is None and named_secid != secid:
        return None
    if "timeframe" in names:
        table = table.filter(pc.equal(table["timeframe"], timeframe.value))
    elif named_timeframe is not timeframe:
        return None
    total = table.num_rows
    if "board" in names:
        table = table.filter(pc.is_in(table["board"], pa.array(sorted(_BOARDS))))
    if not total:
        return None
    return _rows_of_table(table, path=path, outside=total - table.num_rows)


def _rows_of_table(table: pa.Table, *, path: Path, outside: int) -> FileRows:
    def column(name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        if name not in table.column_names:
            return np.full(table.num_rows, np.nan)
        numbers: np.ndarray[tuple[int], np.dtype[np.float64]] = (
            table[name].cast(pa.float64(), safe=False).to_numpy().astype(np.float64)
        )
        return numbers

    try:
        times = table["begin" if "begin" in table.column_names else "date"].cast(
            pa.timestamp("s"), safe=False
        )
        figures = np.column_stack([column(name) for name in (*_PRICES, "volume", "value")])
    except pa.ArrowException as error:
        raise InputError(
            f"{path}: a column has the wrong type ({error}); write numbers and timestamps"
        ) from error
    stamp = times.to_numpy().astype("datetime64[s]")
    missing = np.isnat(stamp)
    rejected = tuple(
        RejectedRow(
            place=f"{path.name}:{row}",
            reason="unparseable_time",
            raw={"row": int(row), "figures": [repr(x) for x in figures[row].tolist()]},
        )
        for row in np.flatnonzero(missing)
    )
    return FileRows(stamp=stamp[~missing], figures=figures[~missing], rejected=rejected, outside=outside)


def _read_csv(path: Path, *, root: Path, secid: str, timeframe: Timeframe) -> FileRows | None:
    named_secid, named_timeframe = series_named_by(path, root)
    stamps: list[datetime] = []
    figures: list[tuple[float, ...]] = []
    rejected: list[RejectedRow] = []
    seen = False
    for line, row in _csv_rows(path):
        if (row.get("secid") or named_secid) != secid or _row_timeframe(
            row, named_timeframe
        ) is not timeframe:
            continue
        seen = True
        stamp = _stamp(row)
        try:
            numbers = tuple(float(row[name]) for name in (*_PRICES, "volume"))
            value = float(row["value"]) if row.get("value") else float("nan")
        except (KeyError, ValueError, TypeError):
            stamp, reason = None, "bad_number"
        else:
            reason = "unparseable_time"
        if _EXTRA in row:
            stamp, reason = None, "too_many_cells"
        if stamp is None:
            rejected.append(RejectedRow(place=f"{path.name}:{line}", reason=reason, raw=dict(row)))
            continue
        stamps.append(stamp)
        figures.append((*numbers, value))
    if not seen:
        return None
    return FileRows(
        stamp=np.array(stamps, dtype="datetime64[s]"),
        figures=np.array(figures, dtype=np.float64).reshape(-1, 6),
        rejected=tuple(rejected),
    )


def _csv_rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            head = stream.readline()
            delimiter = max(";,\t", key=head.count)
            names = [name.strip().strip("<>").lower() for name in head.strip().split(delimiter)]
            names = [NAMES.get(name, name) for name in names]
            _require_columns(path, names)
            for line, cells in enumerate(csv.reader(stream, delimiter=delimiter), start=2):
                if cells:
                    row = dict(zip(names, cells, strict=False))
                    # A row with too many cells has shifted columns: none of its numbers may be believed.
                    yield line, row | ({_EXTRA: repr(cells)} if len(cells) > len(names) else {})
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            f"{path} cannot be read as CSV in UTF-8 ({error}); convert it or take it away"
        ) from error


def _row_timeframe(row: dict[str, str], named: Timeframe | None) -> Timeframe | None:
    code = row.get("timeframe")
    if not code:
        return named
    try:
        return Timeframe.parse(_FINAM_PERIODS.get(code.strip().lower(), code))
    except InputError:
        return None


def _stamp(row: dict[str, str]) -> datetime | None:
    text = (row.get("begin") or "").strip()
    if not text:
        date_text, time_text = (row.get("date") or "").strip(), (row.get("time") or "").strip()
        text = date_text + (time_text.rjust(6, "0") if "-" not in date_text and time_text else "")
        if "-" in date_text and time_text:
            text = f"{date_text} {time_text}"
    for pattern in _DATE_FORMATS:
        try:
            return datetime.strptime(text, pattern)  # noqa: DTZ007  # the exchange writes naive Moscow times
        except ValueError:
            continue
    return None
