"""Reading one file of candles in chunks: Parquet, CSV with named columns (Finam's among them), saved ISS replies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from market.contracts import Timeframe
from market.kernels.joining import lots_as_shares
from market.sources.candle_csv import csv_chunks
from market.sources.candle_json import candles_reply_chunks, history_reply_chunks
from market.sources.candle_rows import FIGURES, RowChunk, Stamps, Survey
from market.sources.file_rules import FoundFile
from market.sources.records import RejectedRow
from traderai.common.arrays import F64, I64, Bools
from traderai.common.errors import InputError

RAW_LOTS = ("volume_lots_raw", "pr_vwap")
_PRICES = FIGURES[:4]


class _Keys(NamedTuple):
    """Names and codes of one column of words."""

    names: tuple[str, ...]
    codes: I64


def chunks_of(
    file: FoundFile, *, wanted: Sequence[frozenset[str]] | None = None
) -> Iterator[tuple[int, RowChunk]]:
    """Yield a file's rows in numbered chunks; with `wanted` only chunks that hold one of its tickers.

    `wanted` gives for each chunk the tickers that are wanted of it.

    Raises: InputError naming the file if it cannot be read or has no columns of candles.
    """
    if file.path.suffix == ".parquet":
        yield from _parquet_chunks(file, wanted)
        return
    reader: Callable[[FoundFile], Iterator[RowChunk]] = csv_chunks
    if "iss_candles" in file.rule.readers:
        reader = candles_reply_chunks
    elif "iss_history" in file.rule.readers:
        reader = history_reply_chunks
    for number, chunk in enumerate(reader(file)):
        if wanted is None or wanted[number] or chunk.rejected:
            yield number, chunk


def survey_of(file: FoundFile, *, outside: Callable[[Stamps, Timeframe], tuple[int, int]]) -> Survey:
    """Return what series a file holds and where; `outside` counts rows outside sessions by either convention."""
    survey = Survey(last_chunk={}, chunks_with=[], rows={}, unreadable=set())
    keys = _parquet_keys(file) if file.path.suffix == ".parquet" else (c for _, c in chunks_of(file))
    for number, chunk in enumerate(keys):
        survey.chunks_with.append(frozenset(chunk.tickers[code] for code in np.unique(chunk.ticker)))
        if chunk.rejected:
            survey.unreadable.add(number)
        survey.last_chunk |= dict.fromkeys(survey.chunks_with[-1], number)
        width = len(chunk.timeframes)
        series, counts = np.unique(chunk.ticker * width + chunk.timeframe, return_counts=True)
        for code, count in zip(series.tolist(), counts.tolist(), strict=True):
            key = (chunk.tickers[code // width], chunk.timeframes[code % width])
            survey.rows[key] = survey.rows.get(key, 0) + count
        for code, timeframe in enumerate(chunk.timeframes):
            as_begin, as_end = outside(chunk.stamp[chunk.timeframe == code], timeframe)
            survey.outside_begin += as_begin
            survey.outside_end += as_end
    return survey


def _parquet_chunks(
    file: FoundFile, wanted: Sequence[frozenset[str]] | None
) -> Iterator[tuple[int, RowChunk]]:
    parquet, names = _opened(file)
    extra = RAW_LOTS if file.rule.volume == "raw_lots" else ()
    keep = [n for n in names if n in {"secid", "timeframe", "begin", "date", "board", *FIGURES, *extra}]
    first_row = 0
    for number in range(parquet.num_row_groups):
        rows = parquet.metadata.row_group(number).num_rows
        if wanted is None or wanted[number]:
            yield number, _chunk(file, _row_group(file, parquet, number, keep), first_row)
        first_row += rows


def _parquet_keys(file: FoundFile) -> Iterator[RowChunk]:
    parquet, names = _opened(file)
    keep = [name for name in names if name in {"secid", "timeframe", "begin", "date"}]
    for number in range(parquet.num_row_groups):
        yield _chunk(file, _row_group(file, parquet, number, keep), 0)


def _opened(file: FoundFile) -> tuple[pq.ParquetFile, list[str]]:
    try:
        parquet = pq.ParquetFile(file.path)
    except (OSError, pa.ArrowException) as error:
        raise _unreadable(file, error) from error
    names = list(parquet.schema_arrow.names)
    needed = [*_PRICES, *(RAW_LOTS if file.rule.volume == "raw_lots" else ("volume",))]
    missing = [name for name in needed if name not in names]
    if missing or not {"begin", "date"} & set(names):
        raise InputError(
            f"{file.path}: columns must be begin (or date), {', '.join(needed)}, "
            f"were {', '.join(names)}; rename them or add a rule with `skipped` to file_sources.yaml"
        )
    if "secid" not in names and file.secid is None:
        raise InputError(
            f"{file.path}: a column secid or the file's name must say the ticker; rename the file"
        )
    if "timeframe" not in names and file.timeframe is None:
        raise InputError(
            f"{file.path}: a column timeframe, the file's name or its rule must say the timeframe; rename the file"
        )
    return parquet, names


def _row_group(file: FoundFile, parquet: pq.ParquetFile, number: int, keep: list[str]) -> pa.Table:
    try:
        return parquet.read_row_group(number, columns=keep)
    except (OSError, pa.ArrowException) as error:
        raise _unreadable(file, error) from error


def _unreadable(file: FoundFile, error: Exception) -> InputError:
    return InputError(f"{file.path} cannot be read as Parquet ({error}); replace it or take it away")


def _chunk(file: FoundFile, table: pa.Table, first_row: int) -> RowChunk:
    tickers = _words(file, table, "secid", file.secid)
    boards = _words(file, table, "board", file.rule.board)
    codes = _words(file, table, "timeframe", file.timeframe.value if file.timeframe else None)
    timeframes, known = _timeframes(codes.names)
    stamp, figures = _stamps(file, table), _figures(file, table)
    named = np.array([bool(name) for name in tickers.names] or [False])[tickers.codes]
    good: Bools = ~np.isnat(stamp) & (known[codes.codes] >= 0) & named
    reasons = np.where(
        np.isnat(stamp), "unparseable_time", np.where(named, "unknown_timeframe", "ticker_missing")
    )
    rejected = tuple(
        (
            tickers.names[tickers.codes[row]],
            RejectedRow(
                place=f"{file.place}:{first_row + row}",
                reason=str(reasons[row]),
                raw={
                    "row": first_row + row,
                    "secid": tickers.names[tickers.codes[row]],
                    "timeframe": codes.names[codes.codes[row]],
                    "stamp": str(stamp[row]),
                    "figures": [repr(figure) for figure in figures[row].tolist()],
                },
            ),
        )
        for row in np.flatnonzero(~good).tolist()
    )
    return RowChunk(
        tickers=tickers.names,
        boards=boards.names,
        timeframes=timeframes,
        ticker=tickers.codes[good],
        board=boards.codes[good],
        timeframe=known[codes.codes][good],
        stamp=stamp[good],
        figures=figures[good],
        rejected=rejected,
    )


def _timeframes(codes: tuple[str, ...]) -> tuple[tuple[Timeframe, ...], I64]:
    """Return the timeframes among the words and for each word its position there, -1 for none."""
    found: list[Timeframe] = []
    known = []
    for code in codes:
        try:
            timeframe = Timeframe.parse(code)
        except InputError:
            known.append(-1)
            continue
        if timeframe not in found:
            found.append(timeframe)
        known.append(found.index(timeframe))
    return tuple(found), np.array(known or [-1], dtype=np.int64)


def _words(file: FoundFile, table: pa.Table, name: str, otherwise: str | None) -> _Keys:
    if name not in table.column_names:
        return _Keys((otherwise or "",), np.zeros(table.num_rows, dtype=np.int64))
    try:
        column = table[name].cast(pa.string()).combine_chunks().dictionary_encode(null_encoding="encode")
    except pa.ArrowException as error:
        raise _wrong_type(file, name, error) from error
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    names = tuple("" if word is None else str(word).strip() for word in column.dictionary.to_pylist())
    return _Keys(names or ("",), column.indices.to_numpy().astype(np.int64))


def _stamps(file: FoundFile, table: pa.Table) -> Stamps:
    name = "begin" if "begin" in table.column_names else "date"
    column = table[name]
    if pa.types.is_timestamp(column.type) and column.type.tz is not None:
        raise InputError(
            f"{file.path}: the column {name} must be naive Moscow wall clock, was of the zone {column.type.tz}; "
            "convert it and take the zone away"
        )
    try:
        times = column.cast(pa.timestamp("s"), safe=False)
    except pa.ArrowException as error:
        raise _wrong_type(file, name, error) from error
    stamps: Stamps = times.to_numpy().astype("datetime64[s]")
    return stamps


def _figures(file: FoundFile, table: pa.Table) -> F64:
    figures = np.full((table.num_rows, len(FIGURES)), np.nan)
    for at, name in enumerate(FIGURES):
        if name in table.column_names:
            figures[:, at] = _numbers(file, table, name)
    if file.rule.volume == "raw_lots" and RAW_LOTS[0] in table.column_names:
        lots, vwap = (_numbers(file, table, name) for name in RAW_LOTS)
        figures[:, 4] = lots_as_shares(lots, figures[:, 5], vwap)
    return figures


def _numbers(file: FoundFile, table: pa.Table, name: str) -> F64:
    try:
        numbers: F64 = table[name].cast(pa.float64(), safe=False).to_numpy().astype(np.float64)
    except pa.ArrowException as error:
        raise _wrong_type(file, name, error) from error
    return numbers


def _wrong_type(file: FoundFile, name: str, error: Exception) -> InputError:
    return InputError(
        f"{file.path}: the column {name} has the wrong type ({error}); write numbers, words and timestamps"
    )
