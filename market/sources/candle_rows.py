"""Rows of candles on their way out of a file: unchecked, as stamped, in the order of the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from market.contracts import Timeframe
from market.sources.records import RejectedRow
from traderai.common.arrays import F64, I64

Stamps = npt.NDArray[np.datetime64]
FIGURES = ("open", "high", "low", "close", "volume", "value")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RowChunk:
    """Some rows of a file; `ticker`, `board` and `timeframe` are positions in the tuples of names."""

    tickers: tuple[str, ...]
    boards: tuple[str, ...]
    timeframes: tuple[Timeframe, ...]
    ticker: I64
    board: I64
    timeframe: I64
    stamp: Stamps  # naive Moscow wall clock
    figures: F64  # (n, 6) as in FIGURES
    rejected: tuple[tuple[str, RejectedRow], ...] = ()  # with their tickers, "" where none can be read

    def __len__(self) -> int:
        return int(self.stamp.size)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeriesRows:
    """The rows of one timeframe that a file holds of one group of tickers, in the order of the file."""

    group: int
    timeframe: Timeframe
    tickers: tuple[str, ...]
    boards: tuple[str, ...]
    ticker: I64
    board: I64
    stamp: Stamps
    figures: F64

    def __len__(self) -> int:
        return int(self.stamp.size)

    def take(self, rows: npt.NDArray[np.bool_] | I64) -> SeriesRows:
        """Return the rows of a mask or of positions."""
        return replace(
            self,
            ticker=self.ticker[rows],
            board=self.board[rows],
            stamp=self.stamp[rows],
            figures=self.figures[rows],
        )


@dataclass(slots=True, kw_only=True)
class Survey:
    """What a first look at a file's keys has found."""

    last_chunk: dict[str, int]  # by ticker
    chunks_with: list[frozenset[str]]  # the tickers of each chunk
    rows: dict[tuple[str, Timeframe], int]  # by series
    unreadable: set[int]  # chunks with rows that cannot be read
    outside_begin: int = 0  # intraday rows outside all sessions if stamps are begins
    outside_end: int = 0  # the same if they are ends


def grouped(
    chunks: Iterator[tuple[int, RowChunk]], *, groups: Mapping[str, int], last_chunk: Mapping[str, int]
) -> Iterator[SeriesRows]:
    """Yield each series whole as soon as no later chunk can add to it; rows of tickers without a group are left out.

    A file in the order of its tickers thus never lies in memory whole.
    """
    last_of: dict[int, int] = {}
    for ticker, group in groups.items():
        if ticker in last_chunk:
            last_of[group] = max(last_of.get(group, -1), last_chunk[ticker])
    waiting: dict[tuple[int, Timeframe], list[SeriesRows]] = {}
    for number, chunk in chunks:
        for piece in _pieces(chunk, groups):
            waiting.setdefault((piece.group, piece.timeframe), []).append(piece)
        ready = [key for key in waiting if last_of[key[0]] <= number]
        for key in ready:
            yield _joined(waiting.pop(key))
    for pieces in waiting.values():
        yield _joined(pieces)


def _pieces(chunk: RowChunk, groups: Mapping[str, int]) -> Iterator[SeriesRows]:
    group_of = np.array([groups.get(ticker, -1) for ticker in chunk.tickers] or [-1], dtype=np.int64)
    if not len(chunk):
        return
    group = group_of[chunk.ticker]
    key = np.where(group < 0, -1, group * len(chunk.timeframes) + chunk.timeframe)
    order = np.argsort(key, kind="stable")
    keys, first = np.unique(key[order], return_index=True)
    ends = [*first[1:].tolist(), key.size]
    for value, begin, end in zip(keys.tolist(), first.tolist(), ends, strict=True):
        if value < 0:
            continue
        rows = order[begin:end]
        yield SeriesRows(
            group=value // len(chunk.timeframes),
            timeframe=chunk.timeframes[value % len(chunk.timeframes)],
            tickers=chunk.tickers,
            boards=chunk.boards,
            ticker=chunk.ticker[rows],
            board=chunk.board[rows],
            stamp=chunk.stamp[rows],
            figures=chunk.figures[rows],
        )


def _joined(pieces: list[SeriesRows]) -> SeriesRows:
    tickers = tuple(sorted({piece.tickers[code] for piece in pieces for code in np.unique(piece.ticker)}))
    boards = tuple(sorted({piece.boards[code] for piece in pieces for code in np.unique(piece.board)}))
    return SeriesRows(
        group=pieces[0].group,
        timeframe=pieces[0].timeframe,
        tickers=tickers,
        boards=boards,
        ticker=np.concatenate([_recoded(piece.ticker, piece.tickers, tickers) for piece in pieces]),
        board=np.concatenate([_recoded(piece.board, piece.boards, boards) for piece in pieces]),
        stamp=np.concatenate([piece.stamp for piece in pieces]),
        figures=np.concatenate([piece.figures for piece in pieces]),
    )


def _recoded(codes: I64, names: tuple[str, ...], into: tuple[str, ...]) -> I64:
    place = {name: at for at, name in enumerate(into)}
    table: I64 = np.array([place.get(name, -1) for name in names], dtype=np.int64)
    recoded: I64 = table[codes]
    return recoded
