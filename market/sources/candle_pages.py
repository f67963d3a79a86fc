"""Turning a file's rows of one instrument into pages as traded: whose ticker, which board, which basis, which hours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np

from market.contracts import CandleColumns, CandleOrigin, Timeframe
from market.kernels.adjustment import prices_as_traded
from market.kernels.joining import (
    SPLIT_REASONS,
    boards_taking_over,
    main_boards,
    rows_of_best_ticker,
    split_faults,
)
from market.kernels.sessions import MAIN, OUTSIDE, SessionTable, session_codes
from market.sources.candle_rows import FIGURES, SeriesRows, Stamps
from market.sources.file_rules import FoundFile
from market.sources.records import CandlePage, RejectedRow
from market.sources.wall_clock import moscow_to_epoch_s
from traderai.common.arrays import F64, I8, I64, Bools
from traderai.common.errors import InputError

BOARDS_LEFT_OUT = {
    "SMAL": "odd_lots_board", "SPEQ": "after_hours_board", "EQDP": "dark_pool_board", "TQDP": "dark_pool_board",
    "EQCC": "cleared_deals_board",
}  # fmt: skip
"""Boards beside the order book of round lots; their rows never enter a series."""

_EPOCH = date(1970, 1, 1).toordinal()
_FAR = 10_000_000  # a day after every other
_DAY_MINUTES = 1440


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedSplit:
    """A split as day and ratio."""

    ex_day: int  # days since 1970
    shares_after_per_before: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesReference:
    """What reference data say of one instrument; spans are in days since 1970."""

    secid: str
    tickers: Mapping[str, tuple[int, int]]  # valid from, first day left out
    boards: Mapping[str, tuple[int, int]]  # traded from, last day
    board: str  # its own: the only good one where no spans are recorded
    splits: tuple[DatedSplit, ...] = ()
    is_index: bool = False  # an index is not traded itself: it has no volume of its own


@dataclass(slots=True, kw_only=True)
class ReadSeries:
    """Pages of one instrument and what was left out of them."""

    pages: list[CandlePage] = field(default_factory=list)
    outside: Counter[str] = field(default_factory=Counter)
    rejected: list[RejectedRow] = field(default_factory=list)


def day_of(day: date) -> int:
    """Return a date as days since 1970."""
    return day.toordinal() - _EPOCH


def span_of(first: date | None, last: date | None) -> tuple[int, int]:
    """Return a span of dates as days since 1970; an open end is far away."""
    return (-_FAR if first is None else day_of(first), _FAR if last is None else day_of(last))


def stamps_outside(stamp: Stamps, timeframe: Timeframe, table: SessionTable) -> tuple[int, int]:
    """Return how many bars lie outside all sessions if the stamps are begins, and if they are ends."""
    if timeframe.minutes >= _DAY_MINUTES or not stamp.size:
        return 0, 0
    stamps, counts = np.unique(stamp, return_counts=True)
    begin_s = moscow_to_epoch_s(stamps)
    length_s = timeframe.minutes * 60
    as_begin, as_end = (
        int(counts[session_codes(begin_s - shift, table, bar_s=length_s) == OUTSIDE].sum())
        for shift in (0, length_s)
    )
    return as_begin, as_end


def stamp_convention_check(file: FoundFile, *, outside_begin: int, outside_end: int) -> None:
    """Refuse a file whose stamps fit the exchange's sessions worse as declared than the other way.

    Raises: InputError
    """
    declared, other = (
        (outside_begin, outside_end) if file.rule.stamp == "begin" else (outside_end, outside_begin)
    )
    if declared > other:
        opposite = "end" if file.rule.stamp == "begin" else "begin"
        raise InputError(
            f"{file.path}: its stamps are declared as bar {file.rule.stamp}s, which puts {declared} bars outside the "
            f"exchange's sessions, as bar {opposite}s {other}: set `stamp: {opposite}` in its rule {file.rule.glob!r} "
            "of file_sources.yaml"
        )


def series_read(
    rows: SeriesRows,
    *,
    file: FoundFile,
    reference: SeriesReference,
    table: SessionTable,
    since_s: int | None = None,
    until_s: int | None = None,
) -> ReadSeries:
    """Return the pages of an instrument's rows as traded, one for each board, and an account of the others."""
    read = ReadSeries()
    length = np.timedelta64(rows.timeframe.minutes * 60, "s")
    if file.rule.stamp == "end":
        rows = replace(rows, stamp=rows.stamp - length)
    rows = replace(rows, figures=_without_dust(rows.figures))
    rows = _kept(rows, _inside_span(rows, since_s, until_s), read, "outside_the_span_asked_for")
    rows = _of_best_ticker(rows, reference, read)
    rows = _on_main_board(rows, reference, read)
    if reference.is_index:
        rows = replace(rows, figures=_without_volume(rows))
    rows = _as_traded(rows, file, reference, read)
    rows = _in_sessions(rows, file, reference, table, read)
    read.outside = +read.outside  # without the zeros
    for code in np.unique(rows.board).tolist():
        read.pages.append(_page(rows.take(rows.board == code), rows.boards[code], file))
    return read


def _without_dust(figures: F64) -> F64:
    """Return figures whose prices have the nine decimals that no price step exceeds.

    A file's maker who turned prices by a split left 14830.000000000002, which no exchange has quoted.
    """
    clean = figures.copy()
    clean[:, :4] = np.round(figures[:, :4], 9)
    return clean


def _kept(rows: SeriesRows, good: Bools, read: ReadSeries, reason: str) -> SeriesRows:
    lost = int((~good).sum())
    if not lost:
        return rows
    read.outside[reason] += lost
    return rows.take(good)


def _inside_span(rows: SeriesRows, since_s: int | None, until_s: int | None) -> Bools:
    good = np.ones(len(rows), dtype=np.bool_)
    if since_s is None and until_s is None:
        return good
    begin_s = moscow_to_epoch_s(rows.stamp)
    if since_s is not None:
        good &= begin_s >= since_s
    if until_s is not None:
        good &= begin_s < until_s
    return good


def _days(rows: SeriesRows) -> I64:
    return rows.stamp.astype("datetime64[D]").astype(np.int64)


def _of_best_ticker(rows: SeriesRows, reference: SeriesReference, read: ReadSeries) -> SeriesRows:
    spans = [reference.tickers[name] for name in rows.tickers]
    valid_from, valid_till = (np.array([span[at] for span in spans], dtype=np.int64) for at in (0, 1))
    # Of tickers that claim the same day the one that came later is today's.
    order = np.argsort(-valid_from, kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(order.size)
    good = rows_of_best_ticker(_days(rows), place[rows.ticker], valid_from[order], valid_till[order])
    return _kept(rows, good, read, "told_under_other_ticker")


def _on_main_board(rows: SeriesRows, reference: SeriesReference, read: ReadSeries) -> SeriesRows:
    for code, board in enumerate(rows.boards):
        if board in BOARDS_LEFT_OUT:
            rows = _kept(rows, rows.board != code, read, BOARDS_LEFT_OUT[board])
    recorded = {name: span for name, span in reference.boards.items() if name not in BOARDS_LEFT_OUT}
    recorded = recorded or {reference.board: span_of(None, None)}
    names = tuple(recorded)
    spans = np.array(list(recorded.values()), dtype=np.int64)
    days = _days(rows)
    main, other = main_boards(days, spans[:, 0], spans[:, 1])
    # A file that names no board tells of the main one.
    known = np.array([names.index(b) if b in names else -2 if b else -1 for b in rows.boards], dtype=np.int64)
    told = known[rows.board]
    rows = replace(rows, boards=names, board=np.where(told == -1, main, told))
    good = (rows.board == main) | (rows.board == other)
    good |= boards_taking_over(days, rows.board, main, spans[:, 0], spans[:, 1])
    lost = rows.board[~good]
    read.outside["board_not_recorded"] += int((lost < 0).sum())
    read.outside["not_on_main_board"] += int((lost >= 0).sum())
    return rows.take(good)


def _without_volume(rows: SeriesRows) -> F64:
    figures = rows.figures.copy()
    figures[np.isnan(figures[:, 4]), 4] = 0.0
    return figures


def _as_traded(rows: SeriesRows, file: FoundFile, reference: SeriesReference, read: ReadSeries) -> SeriesRows:
    through = file.rule.adjusted_through
    applied = (
        ()
        if through is None
        else tuple(s for s in reference.splits if s.ex_day <= day_of(date.fromisoformat(through)))
    )
    rows = rows.take(np.argsort(rows.stamp, kind="stable"))
    for split in reference.splits:
        faults = split_faults(
            _days(rows),
            rows.figures[:, :4],
            split.ex_day,
            split.shares_after_per_before,
            adjusted=split in applied,
        )
        rows = _without(rows, faults, SPLIT_REASONS, reference, file, read)
    if not applied:
        return rows
    figures = rows.figures.copy()
    figures[:, :4] = prices_as_traded(
        figures[:, :4],
        _days(rows),
        np.array([split.ex_day for split in applied], dtype=np.int64),
        np.array([split.shares_after_per_before for split in applied], dtype=np.float64),
    )
    return replace(rows, figures=figures)


def _in_sessions(
    rows: SeriesRows, file: FoundFile, reference: SeriesReference, table: SessionTable, read: ReadSeries
) -> SeriesRows:
    if rows.timeframe.minutes >= _DAY_MINUTES or not len(rows):
        return rows
    codes = session_codes(moscow_to_epoch_s(rows.stamp), table, bar_s=rows.timeframe.minutes * 60)
    faults = np.zeros(len(rows), dtype=np.int8)
    if reference.secid in file.rule.main_session_only:
        faults[codes != MAIN] = 2
    faults[codes == OUTSIDE] = 1
    return _without(
        rows, faults, ("", "outside_sessions", "session_without_this_share"), reference, file, read
    )


def _without(
    rows: SeriesRows,
    faults: I8,
    reasons: tuple[str, ...],
    reference: SeriesReference,
    file: FoundFile,
    read: ReadSeries,
) -> SeriesRows:
    for row in np.flatnonzero(faults).tolist():
        raw = {
            "secid": reference.secid,
            "ticker": rows.tickers[int(rows.ticker[row])],
            "timeframe": rows.timeframe.value,
            "begin": str(rows.stamp[row]),
            **dict(zip(FIGURES, rows.figures[row].tolist(), strict=True)),
        }
        read.rejected.append(RejectedRow(place=file.place, reason=reasons[int(faults[row])], raw=raw))
    return rows.take(faults == 0) if faults.any() else rows


def _page(rows: SeriesRows, board: str, file: FoundFile) -> CandlePage:
    return CandlePage(
        place=file.place,
        origin=CandleOrigin(name=file.place, kind="file", priority=file.rule.priority),
        board=board,
        columns=CandleColumns(
            begin_s=moscow_to_epoch_s(rows.stamp),
            open=rows.figures[:, 0],
            high=rows.figures[:, 1],
            low=rows.figures[:, 2],
            close=rows.figures[:, 3],
            volume_shares=rows.figures[:, 4],
            value_rub=rows.figures[:, 5],
        ),
    )
