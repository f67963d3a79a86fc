"""Which rows of candles may be believed."""

from __future__ import annotations

import numpy as np

from traderai.common.arrays import F64, I8, I64

REASONS = (
    "",
    "bad_number",
    "price_not_positive",
    "low_above_high",
    "outside_low_high",
    "volume_negative",
    "value_negative",
    "time_off_grid",
    "in_future",
    "duplicate_in_page",
)
"""What a fault code means: `REASONS[code]`; 0 is a good row."""


def candle_faults(
    begin_s: I64, prices: F64, volume_shares: F64, value_rub: F64, *, step_s: int, now_s: int
) -> I8:
    """Return the first fault of each row as an index into `REASONS`, 0 for a good row.

    Of rows with the same begin the first stays, the later ones are duplicates. Begins of bars shorter than a
    day lie on the grid of the timeframe within their hour.

    Shapes: begin_s, volume_shares, value_rub (n,), prices (n, 4) as open, high, low, close -> (n,)
    Units: seconds since 1970 UTC; roubles; shares
    NaN: a price or volume that is not finite is "bad_number"; a NaN value means "the source has none"
    Raises: ValueError if the shapes do not belong together
    """
    n = begin_s.size
    if prices.shape != (n, 4) or volume_shares.shape != (n,) or value_rub.shape != (n,):
        raise ValueError(
            f"prices must have shape ({n}, 4) and volume and value ({n},), "
            f"were {prices.shape}, {volume_shares.shape} and {value_rub.shape}"
        )
    opened, high, low, close = prices.T
    grid_s = min(step_s, 3600)
    checks = (
        ~(np.isfinite(prices).all(axis=1) & np.isfinite(volume_shares)) | np.isinf(value_rub),
        prices.min(axis=1, initial=np.inf) <= 0.0,
        low > high,
        (np.minimum(opened, close) < low) | (np.maximum(opened, close) > high),
        volume_shares < 0.0,
        value_rub < 0.0,
        begin_s % grid_s != 0,
        begin_s > now_s,
        _repeated(begin_s),
    )
    faults = np.zeros(n, dtype=np.int8)
    for code in range(len(checks), 0, -1):
        faults[checks[code - 1]] = code
    return faults


def _repeated(begin_s: I64) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    _, first = np.unique(begin_s, return_index=True)
    repeated = np.ones(begin_s.size, dtype=np.bool_)
    repeated[first] = False
    return repeated
