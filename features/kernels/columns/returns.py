"""Returns. Columns of own bars: called with the window and the feature's parameters."""

from __future__ import annotations

from typing import Final

from features.kernels import return_shape, rolling, technical
from features.kernels.columns import shared
from features.kernels.columns.column import Column
from features.kernels.window import Window
from traderai.common.arrays import F64


def _log_return(w: Window, span: int) -> F64:
    return w.once(f"log_return/{span}", lambda: technical.change(shared.log_close(w), span=span))


def _power_sum(w: Window, power: int, window: int) -> F64:
    """Return the rolling sum of a power of the one-bar returns."""
    powered = w.once(f"log_return/1/{power}", lambda: _power(w, power))
    return w.once(f"log_return/1/{power}/sum/{window}", lambda: rolling.rolling_sum(powered, window=window))


def _power(w: Window, power: int) -> F64:
    # Multiplied: `**` costs ten times as much.
    returns = out = _log_return(w, 1)
    for _ in range(power - 1):
        out = out * returns
    return out


def _skewness(w: Window, window: int) -> F64:
    s1, s2, s3 = (_power_sum(w, power, window) for power in (1, 2, 3))
    return return_shape.skewness(s1, s2, s3, window=window)


def _excess_kurtosis(w: Window, window: int) -> F64:
    s1, s2, s3, s4 = (_power_sum(w, power, window) for power in (1, 2, 3, 4))
    return return_shape.excess_kurtosis(s1, s2, s3, s4, window=window)


def _autocorrelation(w: Window, window: int) -> F64:
    s1, s2 = (_power_sum(w, power, window) for power in (1, 2))
    return return_shape.autocorrelation(_log_return(w, 1), s1, s2, window=window)


def _variance_ratio(w: Window, window: int, span: int) -> F64:
    s1, s2 = (_power_sum(w, power, window) for power in (1, 2))
    return return_shape.variance_ratio(s1, s2, _log_return(w, span), window=window, span=span)


def _efficiency_ratio(w: Window, window: int) -> F64:
    changes = w.once("absolute_changes", lambda: return_shape.absolute_changes(w.close))
    path = rolling.rolling_sum(changes, window=window)
    return return_shape.efficiency_ratio(w.close, path, window=window)


COLUMNS: Final[dict[str, Column]] = {
    "log_return": _log_return,
    "return_skewness": _skewness,
    "return_kurtosis": _excess_kurtosis,
    "return_autocorrelation": _autocorrelation,
    "return_variance_ratio": _variance_ratio,
    "efficiency_ratio": _efficiency_ratio,
    "up_share": lambda w, **p: return_shape.up_share(w.close, **p),
}
