"""Ingesting the candles of one series."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain

import numpy as np

from market.contracts import CandleColumns, CandleWriteReport, IngestReport, InstrumentFacts
from market.kernels.validation import REASONS, candle_faults
from market.models import Candle
from market.services.candle_write import candles_write
from market.services.quarantine import rows_quarantine
from market.sources.records import CandlePage, CandleRequest, RejectedRow, Source
from traderai.common.arrays import I8, I64
from traderai.common.clock import to_epoch_s

_COLUMNS = ("open", "high", "low", "close", "volume_shares", "value_rub")


def series_ingest(
    *, source: Source, instrument: InstrumentFacts, request: CandleRequest, run_id: int
) -> IngestReport:
    """Bring one series page by page; bad rows go to quarantine, good rows of the same page are kept.

    ISS without `since` goes on from the newest stored bar. Where ISS tells that closed bar otherwise than it
    did, it has restated its past: the whole stored span is fetched anew, so that old and new do not mix.

    Repeating: the same bars change nothing. Where pages hold the same bar, the first page wins.
    """
    span = _stored_span(instrument, request, source) if request.since is None else None
    if source.name != "iss" or span is None:
        return _write_pages(source.candles(request=request), source, instrument, request, run_id)
    pages = source.candles(request=replace(request, since=span.newest.begin))
    first = next(pages, None)
    if first is None:
        return IngestReport(kind="candles", source=source.name)
    if _tells_the_same(first.columns, span.newest):
        return _write_pages(chain([first], pages), source, instrument, request, run_id)
    pages.close()
    whole = source.candles(request=replace(request, since=span.oldest_at))
    report = _write_pages(whole, source, instrument, request, run_id)
    return replace(report, restated_series=(f"{request.secid} {request.timeframe.value}",))


@dataclass(frozen=True, slots=True, kw_only=True)
class _StoredSpan:
    """What is stored of a series."""

    oldest_at: datetime
    newest: Candle


def _stored_span(instrument: InstrumentFacts, request: CandleRequest, source: Source) -> _StoredSpan | None:
    rows = Candle.objects.filter(
        instrument_id=instrument.id, timeframe_min=request.timeframe.minutes, source__name=source.name
    )
    newest = rows.order_by("-begin").first()
    oldest = rows.order_by("begin").first()
    if newest is None or oldest is None:
        return None
    return _StoredSpan(oldest_at=oldest.begin, newest=newest)


def _tells_the_same(columns: CandleColumns, stored: Candle) -> bool:
    at = np.flatnonzero(columns.begin_s == to_epoch_s(stored.begin))
    if at.size == 0:
        return False
    told = [float(getattr(columns, name)[at[0]]) for name in _COLUMNS[:-1]]
    return told == [getattr(stored, name) for name in _COLUMNS[:-1]]


def _write_pages(
    pages: Iterable[CandlePage],
    source: Source,
    instrument: InstrumentFacts,
    request: CandleRequest,
    run_id: int,
) -> IngestReport:
    total = IngestReport(kind="candles", source=source.name)
    seen = np.zeros(0, dtype=np.int64)
    for page in pages:
        faults = _faults(page.columns, request)
        rejected = [*page.rejected, *_rejected(page, faults, request)]
        quarantined = rows_quarantine(run_id=run_id, source=source.name, rows=rejected)
        good = page.columns.take(faults == 0)
        fresh = good.take(~np.isin(good.begin_s, seen))
        seen = np.concatenate([seen, fresh.begin_s])
        written = candles_write(
            instrument_id=instrument.id,
            timeframe=request.timeframe,
            columns=fresh,
            origin=page.origin,
            board=page.board,
        )
        total = total.plus(_page_report(page, written, quarantined, overlapping=len(good) - len(fresh)))
    return total


def _faults(columns: CandleColumns, request: CandleRequest) -> I8:
    return candle_faults(
        columns.begin_s,
        np.column_stack([columns.open, columns.high, columns.low, columns.close]),
        columns.volume_shares,
        columns.value_rub,
        step_s=request.timeframe.minutes * 60,
        now_s=to_epoch_s(request.now),
    )


def _rejected(page: CandlePage, faults: I8, request: CandleRequest) -> list[RejectedRow]:
    rows: I64 = np.flatnonzero(faults)
    return [
        RejectedRow(
            place=page.place,
            reason=REASONS[int(faults[row])],
            raw={
                "secid": request.secid,
                "timeframe": request.timeframe.value,
                "begin_s": int(page.columns.begin_s[row]),
                **{name: float(getattr(page.columns, name)[row]) for name in _COLUMNS},
            },
        )
        for row in rows.tolist()
    ]


def _page_report(
    page: CandlePage, written: CandleWriteReport, quarantined: int, *, overlapping: int
) -> IngestReport:
    return IngestReport(
        kind="candles",
        source="",
        rows_received=len(page.columns) + len(page.rejected) + page.unclosed + page.outside,
        rows_new=written.new,
        rows_changed=written.changed,
        rows_unchanged=written.unchanged,
        rows_outranked=written.outranked + overlapping,
        rows_unclosed=page.unclosed,
        rows_outside=page.outside,
        rows_quarantined=quarantined,
    )
