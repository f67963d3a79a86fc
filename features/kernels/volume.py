"""Volume and liquidity."""

from __future__ import annotations

import numpy as np
from numba import njit

from features.kernels.rolling import require_window, rolling_mean, rolling_robust_z
from features.kernels.technical import log_return
from traderai.common.arrays import F64


def volume_ratio(volume: F64, *, window: int) -> F64:
    """Return the volume over the mean volume of the last `window` bars, this one included.

    Shapes: volume (n,); returns (n,).
    Units:  ratio.
    NaN:    the first `window - 1` values, and windows without volume.
    Causal: out[t] reads bars t - window + 1 to t.
    Raises: ValueError if `window` is below 1.
    """
    mean = rolling_mean(volume, window=window)
    out = np.full(volume.shape, np.nan)
    np.divide(volume, mean, out=out, where=mean > 0.0)
    return out


def volume_robust_z(volume: F64, *, window: int) -> F64:
    """Return the robust z-score of the log of 1 + volume.

    Shapes: volume (n,); returns (n,).
    Units:  robust standard deviations.
    NaN:    the first `window - 1` values, and windows whose MAD is zero.
    Causal: out[t] reads bars t - window + 1 to t.
    Raises: ValueError if `window` is below 2.
    Source: `features.kernels.rolling.rolling_robust_z`.
    """
    return rolling_robust_z(np.log1p(volume), window=window)


def turnover_ratio(turnover: F64, *, fast: int, slow: int) -> F64:
    """Return the mean turnover of the last `fast` bars over that of the last `slow` bars.

    Shapes: turnover (n,) RUB; returns (n,).
    Units:  ratio.
    NaN:    the first `slow - 1` values, and windows without turnover.
    Causal: out[t] reads bars t - slow + 1 to t.
    Raises: ValueError if `fast` is below 1 or not below `slow`.
    """
    if fast >= slow:
        raise ValueError(f"fast must be below slow, was {fast} and {slow}")
    mean = rolling_mean(turnover, window=slow)
    out = np.full(turnover.shape, np.nan)
    np.divide(rolling_mean(turnover, window=fast), mean, out=out, where=mean > 0.0)
    return out


def amihud_illiquidity(close: F64, turnover: F64, *, window: int) -> F64:
    """Return the log of 1 + basis points of price move per RUB million of turnover.

    Shapes: close, turnover (n,); returns (n,).
    Units:  log(1 + bp per RUB million), the summed moves of the window over its summed turnover.
    NaN:    the first `window` values, and windows without turnover.
    Causal: out[t] reads bars t - window to t.
    Raises: ValueError if `window` is below 1.
    Source: Amihud (2002), Journal of Financial Markets 5, 31-56, as a ratio of sums (zero-turnover bars allowed).
    """
    require_window(window)
    moves_bp = 1e4 * np.abs(log_return(close, span=1))
    return _amihud_illiquidity(moves_bp, turnover / 1e6, window)


@njit(nogil=True)
def _amihud_illiquidity(moves_bp: F64, turnover_mln: F64, window: int) -> F64:
    out = np.full(moves_bp.size, np.nan)
    for t in range(window, moves_bp.size):
        moves = 0.0
        turnover = 0.0
        for i in range(t - window + 1, t + 1):
            moves += moves_bp[i]
            turnover += turnover_mln[i]
        if turnover > 0.0:
            out[t] = np.log1p(moves / turnover)
    return out
