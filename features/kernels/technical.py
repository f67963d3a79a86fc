"""Returns, trend and oscillators: the scale-free forms of the classic indicators.

Prices are adjusted forward for splits and dividends before they come here (`features.kernels.engine`).
"""

from __future__ import annotations

import numpy as np
import talib
from numba import njit

from features.kernels import averages, oscillators
from features.kernels.directional import directional_movement
from features.kernels.rolling import require_window, rolling_highest, rolling_lowest, rolling_sum
from traderai.common.arrays import F64


def log_return(close: F64, *, span: int) -> F64:
    """Return the log return over the last `span` bars.

    Shapes: close (n,); returns (n,).
    Units:  natural log of the price ratio.
    NaN:    the first `span` values.
    Causal: out[t] reads bars t - span and t.
    Raises: ValueError if `span` is below 1.
    """
    return change(np.log(close), span=span)


def change(values: F64, *, span: int) -> F64:
    """Return how much values have changed over the last `span` bars.

    Shapes: values (n,); returns (n,).
    Units:  those of the values.
    NaN:    the first `span` values.
    Causal: out[t] reads bars t - span and t.
    Raises: ValueError if `span` is below 1.
    """
    require_window(span)
    out = np.empty(values.size)
    out[:span] = np.nan
    np.subtract(values[span:], values[:-span], out=out[span:])
    return out


def atr(high: F64, low: F64, close: F64, *, window: int) -> F64:
    """Return the average true range with Wilder's smoothing.

    Shapes: high, low, close (n,); returns (n,).
    Units:  those of the prices.
    NaN:    the first `window` values.
    Causal: out[t] reads bars 0 to t (recursive: bars far back hardly weigh).
    Raises: ValueError if `window` is below 2.
    Source: Wilder (1978), New Concepts in Technical Trading Systems; TA-Lib ATR.
    """
    require_window(window, least=2)
    return np.asarray(talib.ATR(high, low, close, timeperiod=window), dtype=np.float64)


def atr_pct(high: F64, low: F64, close: F64, *, window: int) -> F64:
    """Return the average true range in percent of the close.

    Shapes: high, low, close (n,); returns (n,).
    Units:  percent.
    NaN:    the first `window` values.
    Causal: out[t] reads bars 0 to t.
    Raises: ValueError if `window` is below 2.
    Source: `atr`.
    """
    return 100.0 * atr(high, low, close, window=window) / close


def atr_ratio(high: F64, low: F64, close: F64, *, fast: int, slow: int) -> F64:
    """Return the fast average true range over the slow one: above 1 while ranges widen.

    Shapes: high, low, close (n,); returns (n,).
    Units:  ratio.
    NaN:    the first `slow` values, and where the slow range is zero.
    Causal: out[t] reads bars 0 to t.
    Raises: ValueError if `fast` is below 2 or not below `slow`.
    Source: `atr`.
    """
    require_order(fast, slow)
    return _ratio(atr(high, low, close, window=fast), atr(high, low, close, window=slow))


def price_to_sma(close: F64, *, window: int) -> F64:
    """Return the distance of the close from its simple moving average.

    Shapes: close (n,); returns (n,).
    Units:  fraction of the average.
    NaN:    the first `window - 1` values.
    Causal: out[t] reads bars t - window + 1 to t.
    Raises: ValueError if `window` is below 2.
    Source: `averages.sma`.
    """
    return averages.distance(close, averages.sma(close, window=window))


def price_to_ema(close: F64, *, window: int) -> F64:
    """Return the distance of the close from its exponential moving average.

    Shapes: close (n,); returns (n,).
    Units:  fraction of the average.
    NaN:    the first `window - 1` values.
    Causal: out[t] reads bars 0 to t (recursive, started by the mean of the first `window` bars).
    Raises: ValueError if `window` is below 2.
    Source: `averages.ema`.
    """
    return averages.distance(close, averages.ema(close, window=window))


def ema_spread(close: F64, *, fast: int, slow: int) -> F64:
    """Return the distance of the fast exponential average from the slow one.

    Shapes: close (n,); returns (n,).
    Units:  fraction of the slow average.
    NaN:    the first `slow - 1` values.
    Causal: out[t] reads bars 0 to t.
    Raises: ValueError if `fast` is below 2 or not below `slow`.
    Source: `averages.ema`.
    """
    require_order(fast, slow)
    return averages.distance(averages.ema(close, window=fast), averages.ema(close, window=slow))


def macd_histogram_atr(high: F64, low: F64, close: F64, *, window: int) -> F64:
    """Return the MACD histogram (12, 26, 9) in units of the average true range.

    Shapes: high, low, close (n,); returns (n,).
    Units:  average true ranges of `window` bars.
    NaN:    the first 33 values (25 for the slow average, 8 for the signal line), and where the range is not above
            rounding.
    Causal: out[t] reads bars 0 to t.
    Raises: ValueError if `window` is below 2.
    Source: `averages.macd`, `averages.range_unit`.
    """
    unit = averages.range_unit(atr(high, low, close, window=window), close)
    return np.asarray(averages.macd(close)[2] / unit, dtype=np.float64)


def adx(high: F64, low: F64, close: F64, *, window: int) -> F64:
    """Return the average directional index: how strong the trend is, whatever its direction.

    Shapes: high, low, close (n,); returns (n,).
    Units:  0 to 100.
    NaN:    the first `2 * window - 1` values, and where nothing has moved.
    Causal: out[t] reads bars 0 to t.
    Raises: ValueError if `window` is below 2.
    Source: `directional.directional_movement`.
    """
    return np.asarray(directional_movement(high, low, close, window=window)[2], dtype=np.float64)


def directional_spread(high: F64, low: F64, close: F64, *, window: int) -> F64:
    """Return the positive minus the negative directional indicator: the direction of the trend.

    Shapes: high, low, close (n,); returns (n,).
    Units:  -100 to 100.
    NaN:    the first `window` values, and where nothing has moved.
    Causal: out[t] reads bars 0 to t.
    Raises: ValueError if `window` is below 2.
    Source: `directional.directional_movement`.
    """
    plus, minus, _ = directional_movement(high, low, close, window=window)
    return np.asarray(plus - minus, dtype=np.float64)


def rsi(close: F64, *, window: int) -> F64:
    """Return the relative strength index with Wilder's smoothing.

    Shapes: close (n,); returns (n,).
    Units:  0 to 100.
    NaN:    the first `window` values, and until the first move of a price that has never moved.
    Causal: out[t] reads bars 0 to t.
    Raises: ValueError if `window` is below 2.
    Source: Wilder (1978). TA-Lib's RSI is 0 where nothing has moved; here that is unknown.
    """
    require_window(window, least=2)
    return _rsi(np.ascontiguousarray(close), window)


def stochastic_k(high: F64, low: F64, close: F64, *, window: int) -> F64:
    """Return where the close lies in the range of the last `window` bars.

    Shapes: high, low, close (n,); returns (n,).
    Units:  0 (at the low) to 100 (at the high).
    NaN:    the first `window - 1` values, and windows without a range.
    Causal: out[t] reads bars t - window + 1 to t.
    Raises: ValueError if `window` is below 2.
    Source: Lane (1984); the unsmoothed %K.
    """
    highest = rolling_highest(high, window=window)
    return 100.0 * oscillators.range_position(close, highest, rolling_lowest(low, window=window))


def money_flow_index(high: F64, low: F64, close: F64, turnover: F64, *, window: int) -> F64:
    """Return the share of the turnover that came on bars with a rising typical price.

    Shapes: high, low, close, turnover (n,); returns (n,).
    Units:  0 to 100.
    NaN:    the first `window` values, and windows in which no turnover came on a moving price.
    Causal: out[t] reads bars t - window to t.
    Raises: ValueError if `window` is below 1.
    Source: Quong and Soudack (1989), with the exchange's turnover for typical price times volume.
    """
    require_window(window)
    typical = (high + low + close) / 3.0
    move = change(typical, span=1)
    # Prices that differ by less are one price: the mean of three is rounded.
    least = averages.SAME_FRAC * typical
    rising = rolling_sum(np.where(move > least, turnover, 0.0 * move), window=window)
    falling = rolling_sum(np.where(move < -least, turnover, 0.0 * move), window=window)
    total = rising + falling
    total[total <= 0.0] = np.nan
    return 100.0 * rising / total


def require_order(fast: int, slow: int) -> None:
    """Refuse two windows of which the fast one is not the shorter one.

    Raises: ValueError if `fast` is below 2 or not below `slow`.
    """
    require_window(fast, least=2)
    if fast >= slow:
        raise ValueError(f"fast must be below slow, was {fast} and {slow}")


def _ratio(above: F64, below: F64) -> F64:
    """Return a quotient, NaN where the divisor is zero."""
    out = np.full(above.shape, np.nan)
    np.divide(above, below, out=out, where=below != 0.0)
    return out


@njit(nogil=True, cache=True, error_model="numpy")
def _rsi(close: F64, window: int) -> F64:
    out = np.full(close.size, np.nan)
    weight = 1.0 / window
    gain = 0.0
    loss = 0.0
    for t in range(1, close.size):
        move = close[t] - close[t - 1]
        up = weight * max(move, 0.0)
        down = weight * max(-move, 0.0)
        # The first averages are plain means of `window` moves.
        fade = 1.0 if t <= window else 1.0 - weight
        gain = fade * gain + up
        loss = fade * loss + down
        if t >= window and gain + loss > 0.0:
            out[t] = 100.0 * gain / (gain + loss)
    return out
