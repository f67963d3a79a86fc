"""What columns of several families share: made once a window. A name says everything that decides the numbers."""

from __future__ import annotations

import numpy as np

from features.kernels import averages, rolling, spells, technical
from features.kernels.window import Window
from traderai.common.arrays import F64, I64


def atr(w: Window, window: int) -> F64:
    """Return the average true range."""
    return w.once(f"atr/{window}", lambda: technical.atr(w.high, w.low, w.close, window=window))


def log_close(w: Window) -> F64:
    """Return the log of the close."""
    return w.once("log/close", lambda: np.log(w.close))


def log_open(w: Window) -> F64:
    """Return the log of the open."""
    return w.once("log/open", lambda: np.log(w.open))


def log_high(w: Window) -> F64:
    """Return the log of the high."""
    return w.once("log/high", lambda: np.log(w.high))


def log_low(w: Window) -> F64:
    """Return the log of the low."""
    return w.once("log/low", lambda: np.log(w.low))


def log_volume(w: Window) -> F64:
    """Return the log of 1 + volume."""
    return w.once("log/volume", lambda: np.log1p(w.volume))


def ret_1(w: Window) -> F64:
    """Return the one-bar log return."""
    return w.once("log_return/1", lambda: technical.change(log_close(w), span=1))


def return_std(w: Window, window: int) -> F64:
    """Return the standard deviation of one-bar log returns."""
    return w.once(f"log_return/1/std/{window}", lambda: rolling.rolling_std(ret_1(w), window=window))


def sma(w: Window, window: int) -> F64:
    """Return the simple moving average."""
    return w.once(f"sma/{window}", lambda: averages.sma(w.close, window=window))


def close_std(w: Window, window: int) -> F64:
    """Return the standard deviation of closes."""
    return w.once(f"std/{window}", lambda: rolling.rolling_std(w.close, window=window))


def day_high(w: Window) -> F64:
    """Return the high of the trading day so far."""
    return w.once("day/high", lambda: spells.spell_highest(w.high, w.trading_day))


def day_low(w: Window) -> F64:
    """Return the low of the trading day so far."""
    return w.once("day/low", lambda: -spells.spell_highest(-w.low, w.trading_day))


def previous_high(w: Window) -> F64:
    """Return the high of the trading day before."""
    return w.once("day/previous_high", lambda: spells.previous_highest(w.high, w.trading_day))


def previous_low(w: Window) -> F64:
    """Return the low of the trading day before."""
    return w.once("day/previous_low", lambda: -spells.previous_highest(-w.low, w.trading_day))


def adjusted_turnover(w: Window) -> F64:
    """Return the turnover on the scale of price times volume: the dividends' factor is in the prices alone."""
    return w.once("adjusted_turnover", lambda: w.turnover * w.dividend_factor)


def moscow_day(w: Window) -> I64:
    """Return the Moscow date of each bar, days since 1970."""
    made = w.once("moscow_day", lambda: spells.moscow_day(w.begin_s, bar_s=w.bar_s).astype(np.float64))
    return made.astype(np.int64)


def week(w: Window) -> I64:
    """Return the week of each bar's trading day."""
    made = w.once(
        "week", lambda: spells.week_spells(moscow_day(w), w.session, bar_s=w.bar_s).astype(np.float64)
    )
    return made.astype(np.int64)
