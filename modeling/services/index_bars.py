"""The index that edge reports hold beside what they trade, with dividends and without."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import numpy as np

from market.contracts import Bars, Timeframe
from market.selectors.bars import bars_load
from market.selectors.macro import macro_series
from modeling.fitting.walk_report import INDEX, INDEX_WITH_DIVIDENDS
from modeling.kernels.simulator_market import day_ends_s
from modeling.kernels.splits import DAY_S
from traderai.common.arrays import F64, I64
from traderai.common.errors import NotFoundError

_CLOSE_KNOWN_S: Final = 12 * 3600  # after midnight: by then everybody knows the index's close


def index_bars(days: I64, as_of: datetime) -> dict[str, Bars]:
    """Return the index and the index with dividends over some days, each where it is stored."""
    found = {}
    try:
        bars = bars_load(secid="IMOEX", timeframe=Timeframe.D1, as_of=as_of)
        if len(bars) and np.isin(days, day_of(bars)).any():
            found[INDEX] = bars
        ends_s = day_ends_s(days)
        closes = macro_series(code=INDEX_WITH_DIVIDENDS, moments_s=ends_s + _CLOSE_KNOWN_S, as_of=as_of)
        if np.isfinite(closes).all():
            found[INDEX_WITH_DIVIDENDS] = bars_of_closes(INDEX_WITH_DIVIDENDS, ends_s, closes)
    except NotFoundError:
        return found
    return found


def day_of(bars: Bars) -> I64:
    """Return the Moscow day of daily bars, since 1970."""
    return (bars.known_s - 1 + 3 * 3600) // DAY_S


def bars_of_closes(secid: str, ends_s: I64, closes: F64) -> Bars:
    """Return daily bars of an index of which the closes alone are known: bought at the first close."""
    none, ones = np.zeros(closes.size), np.ones(closes.size)
    return Bars(
        secid=secid,
        timeframe=Timeframe.D1,
        begin_s=ends_s - DAY_S,
        open=closes,
        high=closes,
        low=closes,
        close=closes,
        volume_shares=ones,
        turnover_rub=none,
        split_factor=ones,
        dividend_rub=none,
        trading_day=np.arange(closes.size, dtype=np.int64),
        session=np.zeros(closes.size, dtype=np.int8),
    )
