"""Longer bars: which was the newest known at each own bar, and how far back they tell one history."""

from __future__ import annotations

import itertools
from typing import Final

import numpy as np

from features.kernels.rolling import require_window
from traderai.common.arrays import I64

# Trading days without a bar after which history begins anew: about a month.
HOLE_DAYS: Final = 22


def newest_known(
    own_begin_s: I64,
    own_known_s: I64,
    own_trading_day: I64,
    known_s: I64,
    *,
    start: int = 0,
    stale_days: int,
    stale_s: int = 0,
) -> I64:
    """Return the position of the newest joined bar that had ended when an own bar ended, -1 where there is none.

    A joined bar is stale, and gives -1, when the first own bar that began after it lies `stale_days` trading days and
    more than `stale_s` back: by then a later joined bar should be known, and a number of long ago must not pass for
    today's. A share that has not traded since has no later one to wait for.

    Shapes: own_begin_s, own_known_s, own_trading_day (n,), rising; known_s (m,), rising; returns (n - start,), of the
        own bars from `start` on.
    Units:  seconds since 1970; trading days as ordinals; positions in the joined bars.
    Causal: out[t] reads own bars up to t and joined bars known by then.
    Raises: ValueError if `stale_days` or `stale_s` is negative.
    """
    if stale_days < 0 or stale_s < 0:
        raise ValueError(f"stale_days and stale_s must be at least 0, were {stale_days} and {stale_s}")
    own_rows = np.arange(start, own_begin_s.size)
    none = np.full(own_rows.size, -1, dtype=np.int64)
    if known_s.size == 0 or own_rows.size == 0:
        return none
    at = np.searchsorted(known_s, own_known_s[start:], side="right") - 1
    since_s = known_s[np.maximum(at, 0)]
    # The first own bar that began after the joined bar had ended; its longer bar should be the next one.
    first = np.minimum(np.searchsorted(own_begin_s, since_s, side="left"), own_rows)
    waiting = own_begin_s[first] >= since_s
    days = own_trading_day[start:] - own_trading_day[first]
    stale = waiting & (days >= stale_days) & (own_known_s[start:] - own_begin_s[first] > stale_s)
    return np.where((at < 0) | stale, none, at)


def stretches(trading_day: I64, *, hole_days: int) -> tuple[tuple[int, int], ...]:
    """Return (start, stop) of the stretches of bars that no hole of more than `hole_days` trading days interrupts.

    Bars that are not stored look like a share that did not trade; a change over months is no change of one bar.

    Shapes: trading_day (m,), rising; the stretches cover 0 to m.
    Units:  trading days as ordinals: days on which the exchange was closed make no hole.
    Causal: bars added at the end extend the last stretch or add some; a bar's stretch begins at or before it.
    Raises: ValueError if `hole_days` is below 1.
    """
    require_window(hole_days)
    if trading_day.size == 0:
        return ()
    holes = np.flatnonzero(np.diff(trading_day) > hole_days) + 1
    return tuple(itertools.pairwise([0, *holes.tolist(), int(trading_day.size)]))


def unbroken_from(trading_day: I64, *, first: int, start: int) -> int:
    """Return the first bar from `first` on behind which no hole of more than `HOLE_DAYS` lies up to bar `start`.

    No hole can lie within one calendar month, so that what a month reads of its own bars is all on one side.

    Shapes: trading_day (n,), rising; first <= start <= n, where `start` may be the bar that has yet to come.
    Units:  trading days as ordinals; positions.
    Causal: reads the days up to that of bar `start`.
    """
    days = trading_day[first : start + 1]
    return first + stretches(days, hole_days=HOLE_DAYS)[-1][0] if days.size else first
