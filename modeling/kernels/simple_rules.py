"""Simple rules that a model must beat: the side that each names after a bar, and scores that order shares."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from features.kernels.averages import ema
from features.kernels.rolling import require_window, rolling_highest, rolling_lowest
from features.kernels.technical import require_order, rsi
from market.contracts import Bars
from traderai.common.arrays import F64, I8, Bools

YEAR_BARS: Final = 252  # of daily bars
MONTH_BARS: Final = 21


def always_long(bars: Bars) -> I8:
    """Return 1 after every bar: what buying without any thought would have been.

    Shapes: bars of n -> (n,)
    Causal: reads nothing.
    """
    return np.ones(len(bars), dtype=np.int8)


def ema_cross(bars: Bars, *, fast: int = 20, slow: int = 50) -> I8:
    """Return 1 at the bar where the fast average rises above the slow one, -1 where it falls below, else 0.

    A dividend's gap is in the closes, as it is on anybody's chart.

    Shapes: bars of n -> (n,)
    NaN:    0 while the slow average is not known.
    Causal: out[t] reads bars 0 to t.
    Raises: ValueError if `fast` is below 2 or not below `slow`.
    Source: Brock, Lakonishok and LeBaron (1992), Journal of Finance 47, 1731-1764, with exponential averages.
    """
    require_order(fast, slow)
    require_window(fast, least=2)
    if len(bars) < slow:
        return np.zeros(len(bars), dtype=np.int8)
    gap = ema(bars.close, window=fast) - ema(bars.close, window=slow)
    return _entered(gap > 0, known=np.isfinite(gap)) - _entered(gap < 0, known=np.isfinite(gap))


def breakout(bars: Bars, *, window: int = 20) -> I8:
    """Return 1 at the first close above the highs of the last `window` bars, -1 below their lows, else 0.

    The channel is that of the bars before: a bar cannot hold itself back.

    Shapes: bars of n -> (n,)
    NaN:    0 while the channel is not known.
    Causal: out[t] reads bars t - window - 1 to t.
    Raises: ValueError if `window` is below 2.
    Source: Donchian (1960), High finance in copper, Financial Analysts Journal 16 (6), 133-142.
    """
    require_window(window, least=2)
    if len(bars) <= window:
        return np.zeros(len(bars), dtype=np.int8)
    upper = _one_later(rolling_highest(bars.high, window=window))
    lower = _one_later(rolling_lowest(bars.low, window=window))
    known = np.isfinite(upper)
    return _entered(bars.close > upper, known=known) - _entered(bars.close < lower, known=known)


def rsi_reversal(bars: Bars, *, window: int = 14, low: float = 30.0, high: float = 70.0) -> I8:
    """Return 1 at the bar where the RSI rises back above `low`, -1 where it falls back below `high`, else 0.

    Shapes: bars of n -> (n,)
    NaN:    0 while the index is not known.
    Causal: out[t] reads bars 0 to t.
    Raises: ValueError if `window` is below 2, or `low` is not below `high`.
    Source: Wilder (1978), New Concepts in Technical Trading Systems.
    """
    if not 0.0 < low < high < 100.0:
        raise ValueError(f"low and high must rise within (0, 100), were {low} and {high}")
    index = rsi(bars.close, window=window)
    known = np.isfinite(index)
    return _entered(index >= low, known=known) - _entered(index <= high, known=known)


# Every rule with its usual windows; keys are the names in reports and of primary rules.
RULES: Final[dict[str, Callable[[Bars], I8]]] = {
    "always_long": always_long,
    "ema_cross": ema_cross,
    "breakout": breakout,
    "rsi_reversal": rsi_reversal,
}


def momentum_12_1(bars: Bars) -> F64:
    """Return the move of the last twelve months without the last one.

    Shapes: daily bars of n -> (n,)
    Units:  fraction.
    NaN:    the first 252 rows.
    Causal: out[t] reads the closes t - 252 and t - 21.
    Source: Jegadeesh and Titman (1993), Journal of Finance 48, 65-91.
    """
    out = np.full(len(bars), np.nan)
    out[YEAR_BARS:] = bars.close[YEAR_BARS - MONTH_BARS : -MONTH_BARS] / bars.close[:-YEAR_BARS] - 1.0
    return out


def reversal_1m(bars: Bars) -> F64:
    """Return the move of the last month with its sign turned: high for what has fallen.

    Shapes: daily bars of n -> (n,)
    Units:  fraction.
    NaN:    the first 21 rows.
    Causal: out[t] reads the closes t - 21 and t.
    Source: Jegadeesh (1990), Journal of Finance 45, 881-898.
    """
    out = np.full(len(bars), np.nan)
    out[MONTH_BARS:] = 1.0 - bars.close[MONTH_BARS:] / bars.close[:-MONTH_BARS]
    return out


SCORES: Final[dict[str, Callable[[Bars], F64]]] = {
    "momentum_12_1": momentum_12_1,
    "reversal_1m": reversal_1m,
}


def _entered(inside: Bools, *, known: Bools) -> I8:
    """Return 1 where a condition has become true since the bar before, at which it must have been known."""
    out = np.zeros(inside.size, dtype=np.int8)
    out[1:] = inside[1:] & ~inside[:-1] & known[1:] & known[:-1]
    return out


def _one_later(values: F64) -> F64:
    """Return the values of the bar before."""
    return np.concatenate(([np.nan], values[:-1]))
