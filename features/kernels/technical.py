"""Returns, trend and oscillators: the scale-free forms of the classic indicators.

Prices are adjusted forward for splits and dividends before they come here (`features.kernels.engine`).
"""

from __future__ import annotations

import numpy as np
import talib
from numba import njit

from features.kernels.rolling import require_window, rolling_highest, rolling_lowest
from traderai.common.arrays import F64


def log_return(close: F64, *, span: int) -> F64:
    """Return the log return over the last `span` bars.

    Shapes: close (n,); returns (n,).
    Units:  natural log of the price ratio.
    NaN:    the first `span` values.
    Causal: out[t] reads bars t - span and t.
    Raises: ValueError if `span` is below 1.
    """
    require_window(span)
    out = np.full(close.size, np.nan)
    logs = np.log(close)
    out[span:] = logs[span:] - logs[:-span]
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
    _require_order(fast, slow)
    return _ratio(atr(high, low, close, window=fast), atr(high, low, close, window=slow))


def price_to_sma(close: F64, *, window: int) -> F64:
    """Return the distance of the close from its simple moving average.

    Shapes: close (n,); returns (n,).
    Units:  fraction of the average.
    NaN:    the first `window - 1` values.
    Causal: out[t] reads bars t - window + 1 to t.
    Raises: ValueError if `window` is below 2.
    Source: TA-Lib SMA.
    """
    require_window(window, least=2)
    return np.asarray(close / talib.SMA(close, timeperiod=window) - 1.0, dtype=np.float64)


def price_to_ema(close: F64, *, window: int) -> F64:
    """Return the distance of the close from its exponential moving average.

    Shapes: close (n,); returns (n,).
    Units:  fraction of the average.
    NaN:    the first `window - 1` values.
    Causal: out[t] reads bars 0 to t (recursive, started by the mean of the first `window` bars).
    Raises: ValueError if `window` is below 2.
    Source: TA-Lib EMA.
    """
    require_window(window, least=2)
    return np.asarray(close / talib.EMA(close, timeperiod=window) - 1.0, dtype=np.float64)


def ema_spread(close: F64, *, fast: int, slow: int) -> F64:
    """Return the distance of the fast exponential average from the slow one.

    Shapes: close (n,); returns (n,).
    Units:  fraction of the slow average.
    NaN:    the first `slow - 1` values.
    Causal: out[t] reads bars 0 to t.
    Raises: ValueError if `fast` is below 2 or not below `slow`.
    Source: TA-Lib EMA.
    """
    _require_order(fast, slow)
    spread = talib.EMA(close, timeperiod=fast) / talib.EMA(close, timeperiod=slow) - 1.0
    return np.asarray(spread, dtype=np.float64)


def macd_histogram_atr(high: F64, low: F64, close: F64, *, window: int) -> F64:
    """Return the MACD histogram (12, 26, 9) in units of the average true range.

    Shapes: high, low, close (n,); returns (n,).
    Units:  average true ranges of `window` bars.
    NaN:    the first 33 values (25 for the slow average, 8 for the signal line), and where the range is zero.
    Causal: out[t] reads bars 0 to t.
    Raises: ValueError if `window` is below 2.
    Source: Appel (2005), Technical Analysis; TA-Lib MACD.
    """
    histogram = talib.MACD(close, fastperiod=12, slowperiod=26, signalperiod=9)[2]
    return _ratio(np.asarray(histogram, dtype=np.float64), atr(high, low, close, window=window))


def adx(high: F64, low: F64, close: F64, *, window: int) -> F64:
    """Return the average directional index: how strong the trend is, whatever its direction.

    Shapes: high, low, close (n,); returns (n,).
    Units:  0 to 100.
    NaN:    the first `2 * window - 1` values, and where nothing has moved.
    Causal: out[t] reads bars 0 to t.
    Raises: ValueError if `window` is below 2.
    Source: Wilder (1978); TA-Lib ADX.
    """
    require_window(window, least=2)
    out = np.asarray(talib.ADX(high, low, close, timeperiod=window), dtype=np.float64)
    return np.where(atr(high, low, close, window=window) > 0.0, out, np.nan)


def directional_spread(high: F64, low: F64, close: F64, *, window: int) -> F64:
    """Return the positive minus the negative directional indicator: the direction of the trend.

    Shapes: high, low, close (n,); returns (n,).
    Units:  -100 to 100.
    NaN:    the first `window` values, and where nothing has moved.
    Causal: out[t] reads bars 0 to t.
    Raises: ValueError if `window` is below 2.
    Source: Wilder (1978); TA-Lib PLUS_DI and MINUS_DI.
    """
    require_window(window, least=2)
    plus = talib.PLUS_DI(high, low, close, timeperiod=window)
    minus = talib.MINUS_DI(high, low, close, timeperiod=window)
    moved = atr(high, low, close, window=window) > 0.0
    return np.where(moved, np.asarray(plus - minus, dtype=np.float64), np.nan)


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
    lowest = rolling_lowest(low, window=window)
    return 100.0 * _ratio(close - lowest, rolling_highest(high, window=window) - lowest)


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
    return _money_flow_index(typical, np.ascontiguousarray(turnover), window)


def _require_order(fast: int, slow: int) -> None:
    require_window(fast, least=2)
    if fast >= slow:
        raise ValueError(f"fast must be below slow, was {fast} and {slow}")


def _ratio(above: F64, below: F64) -> F64:
    """Return a quotient, NaN where the divisor is zero."""
    out = np.full(above.shape, np.nan)
    np.divide(above, below, out=out, where=below != 0.0)
    return out


@njit(nogil=True)
def _rsi(close: F64, window: int) -> F64:
    out = np.full(close.size, np.nan)
    gain = 0.0
    loss = 0.0
    for t in range(1, close.size):
        move = close[t] - close[t - 1]
        up = max(move, 0.0)
        down = max(-move, 0.0)
        if t <= window:
            gain += up / window
            loss += down / window
        else:
            gain += (up - gain) / window
            loss += (down - loss) / window
        if t >= window and gain + loss > 0.0:
            out[t] = 100.0 * gain / (gain + loss)
    return out


@njit(nogil=True)
def _money_flow_index(typical: F64, turnover: F64, window: int) -> F64:
    out = np.full(typical.size, np.nan)
    for t in range(window, typical.size):
        rising = 0.0
        falling = 0.0
        for i in range(t - window + 1, t + 1):
            if typical[i] > typical[i - 1]:
                rising += turnover[i]
            elif typical[i] < typical[i - 1]:
                falling += turnover[i]
        if rising + falling > 0.0:
            out[t] = 100.0 * rising / (rising + falling)
    return out
