"""Prices without the gap of a dividend, adjusted forward."""

from __future__ import annotations

import numpy as np

from traderai.common.arrays import F64


def dividend_factor(close: F64, dividend_rub: F64) -> F64:
    """Return the factor that takes the gaps of dividends out of prices, multiplied up from the first bar.

    Shapes: close, dividend_rub (n,); returns (n,), 1 before the first dividend.
    Units:  ratio; price with dividends reinvested = price * factor.
    Causal: out[t] reads the dividends up to t and the closes before them; a later one changes nothing earlier.
    Raises: ValueError if a dividend is negative or not below the close before it.
    Source: total-return adjustment, close before / (close before - dividend) at each ex-date.
    """
    steps = np.ones(close.size)
    for t in np.flatnonzero(dividend_rub):
        before = close[t - 1] if t > 0 else np.inf
        if not 0.0 < dividend_rub[t] < before:
            raise ValueError(
                f"a dividend must be above 0 and below the close before it, was {dividend_rub[t]} after {before}"
            )
        steps[t] = 1.0 if t == 0 else before / (before - dividend_rub[t])
    return np.asarray(np.cumprod(steps), dtype=np.float64)
