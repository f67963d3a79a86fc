"""How far the price goes from the entry until a window ends, whatever barriers a trade would have had."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from modeling.kernels.barriers import PricePath
from traderai.common.arrays import F64, I64


class WindowExcursions(NamedTuple):
    """The highest and the lowest price of each window against its entry; what is best for a long is worst for a short."""

    up_frac: F64  # (n,) at least 0
    down_frac: F64  # (n,) at most 0


def window_excursions(path: PricePath, entry: I64, last: I64) -> WindowExcursions:
    """Return how far each window's prices lie above and below the open of its first bar.

    The excursions of a labelled trade end with its barriers, so that they can tell nothing of levels beyond those.

    Shapes: path of m bars, dividends added; entry, last (n,) the windows' first and last bar; returns (n,) each.
    Units:  fractions of the entry price as it was paid.
    NaN:    none where the path has none.
    Causal: no; a target, which looks forward by design, never beyond the last bar.
    Raises: ValueError for a window that ends before it begins, or outside of the path.
    """
    if entry.shape != last.shape or np.any(last < entry):
        raise ValueError("every window must end at or behind its entry, and have one of each")
    if entry.size and not 0 <= entry.min() <= last.max() < path.open.size:
        raise ValueError(
            f"windows must lie within {path.open.size} bars, were from {entry.min()} to {last.max()}"
        )
    highest = _extremes(path.high, entry, last)
    lowest = -_extremes(-path.low, entry, last)
    opened = path.open[entry]
    price = opened - path.paid[entry]
    return WindowExcursions(up_frac=(highest - opened) / price, down_frac=(lowest - opened) / price)


def _extremes(values: F64, first: I64, last: I64) -> F64:
    """Return the largest value of each window: of two parts of doubled length that cover it."""
    out = np.empty(first.size)
    power = np.floor(np.log2(last - first + 1)).astype(np.int64)
    doubled, length = values, 1
    for step in range(int(power.max(initial=-1)) + 1):
        own = power == step
        out[own] = np.maximum(doubled[first[own]], doubled[last[own] - length + 1])
        if doubled.size <= length:
            break
        doubled = np.maximum(doubled[:-length], doubled[length:])
        length *= 2
    return out
