"""Ingesting the candles of one series."""

from __future__ import annotations

import numpy as np

from market.contracts import CandleColumns, CandleWriteReport, IngestReport, InstrumentFacts
from market.kernels.validation import REASONS, candle_faults
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

    Repeating: the same bars change nothing. Where pages hold the same bar, the first page wins.
    """
    total = IngestReport(kind="candles", source=source.name)
    seen = np.zeros(0, dtype=np.int64)
    for page in source.candles(request=request):
        faults = _faults(page.columns, request)
        rejected = [*page.rejected, *_rejected(page, faults, request)]
        quarantined = rows_quarantine(run_id=run_id, source=source.name, rows=rejected)
        good = page.columns.take(faults == 0)
        fresh = good.take(~np.isin(good.begin_s, seen))
        seen = np.concatenate([seen, fresh.begin_s])
        written = candles_write(
            instrument_id=instrument.id, timeframe=request.timeframe, columns=fresh, source=source.name
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
