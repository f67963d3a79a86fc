"""Checking and writing one page of candles: bad rows apart, good rows of the same page stored."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from market.contracts import CandleWriteReport, Timeframe
from market.kernels.validation import REASONS, candle_faults
from market.services.candle_write import candles_write
from market.sources.records import CandlePage, RejectedRow
from traderai.common.arrays import I64
from traderai.common.clock import to_epoch_s

_COLUMNS = ("open", "high", "low", "close", "volume_shares", "value_rub")


def candle_page_write(
    *,
    page: CandlePage,
    instrument_id: int,
    secid: str,
    timeframe: Timeframe,
    now: datetime,
    marks_trading_days: bool = True,
) -> tuple[CandleWriteReport, tuple[RejectedRow, ...]]:
    """Store a page's good rows and return the bad ones for quarantine.

    Repeating: the same page changes nothing.
    """
    columns = page.columns
    faults = candle_faults(
        columns.begin_s,
        np.column_stack([columns.open, columns.high, columns.low, columns.close]),
        columns.volume_shares,
        columns.value_rub,
        step_s=timeframe.minutes * 60,
        now_s=to_epoch_s(now),
    )
    bad: I64 = np.flatnonzero(faults)
    rejected = tuple(
        RejectedRow(
            place=page.place,
            reason=REASONS[int(faults[row])],
            raw={
                "secid": secid,
                "timeframe": timeframe.value,
                "begin_s": int(columns.begin_s[row]),
                **{name: float(getattr(columns, name)[row]) for name in _COLUMNS},
            },
        )
        for row in bad.tolist()
    )
    report = candles_write(
        instrument_id=instrument_id,
        timeframe=timeframe,
        columns=columns.take(faults == 0) if bad.size else columns,
        origin=page.origin,
        board=page.board,
        marks_trading_days=marks_trading_days,
    )
    return report, rejected
