"""The own bars that one month of features needs, and what its columns share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from features.kernels.adjust import dividend_factor
from market.contracts import Bars
from traderai.common.arrays import F64, I8, I64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Window:
    """Bars of one share, adjusted forward for splits and dividends. All arrays have shape (n,).

    The scale of the prices is that of the first share ever, times the dividends since the window's first bar: only
    scale-free features may be made of them. What needs the price on the screen reads `traded_close`.
    """

    bar_s: int  # length of a bar
    begin_s: I64
    open: F64
    high: F64
    low: F64
    close: F64
    volume: F64
    turnover: F64
    traded_close: F64  # as traded on that day
    dividend_factor: F64  # in the prices above; without it they are on the scale of the first share ever
    trading_day: I64
    session: I8  # codes of market.kernels.sessions
    memo: dict[str, F64] = field(default_factory=dict)

    def once(self, name: str, make: Callable[[], F64]) -> F64:
        """Return what several columns of this window share; it is made the first time it is asked for.

        The name must say everything that decides the numbers: "atr/14".
        """
        if name not in self.memo:
            self.memo[name] = make()
        return self.memo[name]

    def tail(self, size: int) -> Window:
        """Return the last `size` bars of the window, on the same scale."""
        arrays: dict[str, Any] = {
            field.name: getattr(self, field.name)[-size:]
            for field in fields(self)
            if isinstance(getattr(self, field.name), np.ndarray)
        }
        return replace(self, **arrays, memo={})


def joined_windows(windows: Sequence[Window]) -> Window:
    """Return windows of bars of one length one behind the other, for columns that read few bars back."""
    arrays: dict[str, Any] = {
        one.name: np.concatenate([getattr(window, one.name) for window in windows])
        for one in fields(Window)
        if isinstance(getattr(windows[0], one.name), np.ndarray)
    }
    return replace(windows[0], **arrays, memo={})


def window_of(bars: Bars, *, start: int, stop: int) -> Window:
    """Return the bars `start` to `stop` with the gaps of their dividends taken out.

    Shapes: arrays of (stop - start,).
    Units:  prices in RUB at the window's first bar; scale-free features do not see the scale.
    Causal: a bar of the window reads the bars of the window up to itself.
    Raises: ValueError if a dividend is not below the close before it.
    """
    part = slice(start, stop)
    close = bars.close[part]
    factor = dividend_factor(close, bars.dividend_rub[part])
    return Window(
        bar_s=60 * bars.timeframe.minutes,
        begin_s=np.ascontiguousarray(bars.begin_s[part]),
        open=bars.open[part] * factor,
        high=bars.high[part] * factor,
        low=bars.low[part] * factor,
        close=close * factor,
        volume=np.ascontiguousarray(bars.volume_shares[part]),
        turnover=np.ascontiguousarray(bars.turnover_rub[part]),
        traded_close=close / bars.split_factor[part],
        dividend_factor=factor,
        trading_day=np.ascontiguousarray(bars.trading_day[part]),
        session=np.ascontiguousarray(bars.session[part]),
    )
