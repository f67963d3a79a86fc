"""Faults put into good bars on purpose, so that the checks of data quality can be seen to find them."""

from __future__ import annotations

from dataclasses import fields
from typing import Literal

import numpy as np

from market.contracts import CandleColumns
from traderai.common.arrays import I64

FaultKind = Literal["duplicate", "gap", "spike", "ohlc", "zero_volume", "missed_split"]
FAULT_KINDS: tuple[FaultKind, ...] = ("duplicate", "gap", "spike", "ohlc", "zero_volume", "missed_split")


def plant_fault(
    columns: CandleColumns, kind: FaultKind, *, count: int, size: float, stream: np.random.Generator
) -> tuple[CandleColumns, I64]:
    """Return bars with faults and the begins of the bars that are faulty now, or gone.

    duplicate: a bar stands twice; gap: bars are missing; spike: high and close leave the others behind by `size`
    times; ohlc: the low lies above the high; zero_volume: nothing was traded; missed_split: all prices from a bar on
    are divided by `size` and no split says so.

    Shapes: bars (n,) -> (n + count,) for duplicate, (n - count,) for gap, else (n,)
    Units: begins in seconds since 1970 UTC
    Raises: ValueError if there are fewer than count + 2 bars or `size` does not exceed 1
    """
    n = len(columns)
    if count < 1 or n < count + 2 or not size > 1.0:
        raise ValueError(f"count must lie in 1..{n - 2} and size above 1, were {count} and {size}")
    # The first and the last bar stay: without neighbours a fault could not be told from the market.
    rows = np.sort(stream.choice(np.arange(1, n - 1), size=count, replace=False))
    if kind == "duplicate":
        return columns.take(np.sort(np.concatenate([np.arange(n), rows]))), columns.begin_s[rows]
    if kind == "gap":
        return columns.take(np.setdiff1d(np.arange(n), rows)), columns.begin_s[rows]
    values = {field.name: getattr(columns, field.name).copy() for field in fields(columns)}
    if kind == "spike":
        values["close"][rows] *= size
        values["high"][rows] = np.maximum(values["high"][rows], values["close"][rows])
    elif kind == "ohlc":
        values["low"][rows] = values["high"][rows] * size
    elif kind == "zero_volume":
        values["volume_shares"][rows] = 0.0
        values["value_rub"][rows] = 0.0
    else:
        rows = rows[:1]
        for name in ("open", "high", "low", "close"):
            values[name][rows[0] :] /= size
        values["volume_shares"][rows[0] :] *= size
    return CandleColumns(**values), columns.begin_s[rows]
