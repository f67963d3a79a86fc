"""Bars for tests: a seeded random walk with days, gaps, dividends, quiet and empty bars."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from market.calendar_config import session_table
from market.contracts import Bars, CandleColumns, Timeframe
from market.kernels.sessions import session_codes

HOURS_A_DAY = 14
FIRST_BAR_S = int(datetime(2024, 1, 15, 7, tzinfo=UTC).timestamp())
LIVELY_DAY = int(datetime(2025, 3, 3, tzinfo=UTC).timestamp()) // 86_400  # a Monday


def random_bars(n: int, *, seed: int, first_s: int = FIRST_BAR_S) -> Bars:
    """Return n hourly bars, 14 a day on weekdays from 10:00 Moscow, with two dividends and some empty bars."""
    rng = np.random.default_rng(seed)
    day_count = n // HOURS_A_DAY + 1
    calendar = [day for day in range(2 * day_count + 7) if (first_s // 86_400 + day + 3) % 7 < 5][:day_count]
    hours = np.arange(HOURS_A_DAY) * 3_600
    begin_s = np.concatenate([first_s + day * 86_400 + hours for day in calendar])[:n].astype(np.int64)
    trading_day = np.repeat(np.arange(day_count), HOURS_A_DAY)[:n].astype(np.int64)
    moves = rng.normal(0.0, 0.006, n) * (rng.random(n) > 0.1)
    close = 250.0 * np.exp(np.cumsum(moves))
    open_ = np.concatenate([close[:1], close[:-1]]) * np.exp(rng.normal(0.0, 0.002, n))
    high = np.maximum(open_, close) * np.exp(np.abs(rng.normal(0.0, 0.003, n)))
    low = np.minimum(open_, close) * np.exp(-np.abs(rng.normal(0.0, 0.003, n)))
    volume = np.round(rng.lognormal(10.0, 1.0, n)) * (rng.random(n) > 0.02)
    dividend = np.zeros(n)
    for share in (0.35, 0.8):
        day_start = int(share * n) // HOURS_A_DAY * HOURS_A_DAY
        if day_start > 0:
            dividend[day_start] = 9.0
    return Bars(
        secid="TEST", timeframe=Timeframe.H1, begin_s=begin_s, open=open_, high=high, low=low, close=close,
        volume_shares=volume, turnover_rub=volume * close, split_factor=np.ones(n), dividend_rub=dividend,
        trading_day=trading_day, session=session_codes(begin_s, session_table(), bar_s=3_600),
    )  # fmt: skip


def lively_bars(n: int, *, seed: int) -> Bars:
    """Return n hourly bars of 2025 with morning, evening and weekend sessions, halts, a split and two dividends.

    The trading day of a weekend session is the next weekday's.
    """
    rng = np.random.default_rng(seed)
    moments, days, day = [], [], 0
    while len(moments) < 2 * n:
        number = LIVELY_DAY + day
        weekend = (number + 3) % 7 > 4
        hours = range(10, 19) if weekend else range(7, 24)
        moments += [number * 86_400 + (hour - 3) * 3_600 for hour in hours]
        days += [number + (7 - (number + 3) % 7 if weekend else 0)] * len(hours)
        day += 1
    # Trading stops for a few hours now and then: the bars between are missing.
    halted = np.convolve(rng.random(len(moments)) < 0.01, np.ones(4), mode="full")[: len(moments)] > 0
    kept = np.flatnonzero(~halted)[:n]
    begin_s = np.array(moments, dtype=np.int64)[kept]
    trading_day = np.unique(np.array(days)[kept], return_inverse=True)[1].astype(np.int64)
    bars = random_bars(n, seed=seed)
    split = np.where(np.arange(n) < int(0.6 * n), 1.0, 100.0)
    return replace(
        bars,
        begin_s=begin_s,
        trading_day=trading_day,
        session=session_codes(begin_s, session_table(), bar_s=3_600),
        split_factor=split,
    )


def holed_bars(n: int, *, seed: int) -> Bars:
    """Return lively bars with a hole of 40 trading days in the last third, behind which history begins anew."""
    bars = lively_bars(n, seed=seed)
    late = bars.trading_day >= bars.trading_day[2 * n // 3]
    return replace(bars, trading_day=bars.trading_day + 40 * late, begin_s=bars.begin_s + 56 * 86_400 * late)


def spiky_bars(n: int, *, seed: int) -> Bars:
    """Return lively bars with volumes, among them, that make a running sum forget the others."""
    bars = lively_bars(n, seed=seed)
    much = np.where(np.random.default_rng(seed).random(n) < 0.02, 1e12, 1.0)
    return replace(bars, volume_shares=bars.volume_shares * much, turnover_rub=bars.turnover_rub * much)


def stalled_bars(n: int, *, seed: int) -> Bars:
    """Return lively bars of a share that stands still, without a trade, through the third quarter."""
    bars = lively_bars(n, seed=seed)
    stalled = slice(n // 2, 3 * n // 4)
    arrays: dict[str, Any] = {
        name: getattr(bars, name).copy() for name in ("open", "high", "low", "close", "volume_shares")
    }
    for name, values in arrays.items():
        values[stalled] = 0.0 if name == "volume_shares" else bars.close[n // 2 - 1]
    dividend = bars.dividend_rub.copy()
    dividend[stalled] = 0.0
    turnover = arrays["volume_shares"] * arrays["close"]
    return replace(bars, **arrays, turnover_rub=turnover, dividend_rub=dividend)


def flat_bars(n: int, *, seed: int = 1) -> Bars:
    """Return bars of a share that never moves and never trades."""
    bars = random_bars(n, seed=seed)
    same: dict[str, Any] = {name: np.full(n, 100.0) for name in ("open", "high", "low", "close")}
    nothing: dict[str, Any] = {
        name: np.zeros(n) for name in ("volume_shares", "turnover_rub", "dividend_rub")
    }
    return replace(bars, **same, **nothing)


def wild_bars(n: int, *, seed: int) -> Bars:
    """Return bars that jump, stand still and go without volume for long, at prices with few digits."""
    bars = lively_bars(n, seed=seed)
    rng = np.random.default_rng(seed)
    still = rng.random(n) < 0.5
    close = np.where(still, 10.0, np.round(10.0 * np.exp(rng.normal(0.0, 0.7, n)), 1))
    open_ = np.where(still, 10.0, np.round(10.0 * np.exp(rng.normal(0.0, 0.7, n)), 1))
    volume_shares = np.where(rng.random(n) < 0.3, 0.0, np.round(rng.lognormal(2.0, 4.0, n)))
    volume_shares[n // 4 : n // 4 + 90] = 0.0
    close[n // 2 : n // 2 + 120] = open_[n // 2 : n // 2 + 120] = 10.0
    return replace(
        bars, open=open_, close=close, high=np.maximum(open_, close), low=np.minimum(open_, close),
        volume_shares=volume_shares, turnover_rub=volume_shares * close, dividend_rub=np.zeros(n),
    )  # fmt: skip


def with_noise_after(bars: Bars, cut: int, *, seed: int) -> Bars:
    """Return the bars with everything from `cut` on replaced by other prices and volumes."""
    rng = np.random.default_rng(seed)
    size = len(bars) - cut
    body = 40.0 * np.exp(np.cumsum(rng.normal(0.0, 0.2, size)))
    new: dict[str, Any] = {
        "open": body, "close": body * 1.01, "high": body * 1.3, "low": body * 0.6,
        "volume_shares": rng.lognormal(3.0, 3.0, size), "turnover_rub": rng.lognormal(9.0, 3.0, size),
        "dividend_rub": np.zeros(size),
    }  # fmt: skip
    joined: dict[str, Any] = {
        name: np.concatenate([getattr(bars, name)[:cut], tail]) for name, tail in new.items()
    }
    return replace(bars, **joined)


def with_another_future(bars: Bars, cut: int, *, seed: int) -> Bars:
    """Return the bars with everything from `cut` on replaced: times, days, sessions, splits and dividends, too."""
    rng = np.random.default_rng(seed)
    size = len(bars) - cut
    noise = with_noise_after(bars, cut, seed=seed)
    day = int(bars.trading_day[cut - 1]) if cut else 0
    bar_s = 60 * bars.timeframe.minutes
    since = int(bars.begin_s[cut - 1]) if cut else FIRST_BAR_S
    kinds = np.unique(bars.session)
    shift = rng.integers(1, max(2, kinds.size), size)
    new: dict[str, Any] = {
        "begin_s": since + bar_s * np.cumsum(rng.integers(1, 30, size)),
        "trading_day": day + np.cumsum(rng.choice([0, 1, 40], size, p=[0.6, 0.39, 0.01])),
        "session": kinds[(np.searchsorted(kinds, bars.session[cut:]) + shift) % kinds.size],
        "split_factor": rng.choice([0.1, 1.0, 7.0], size),
        "dividend_rub": np.where(rng.random(size) < 0.05, 2.0, 0.0) * (np.arange(size) > 0),
    }
    joined: dict[str, Any] = {
        name: np.concatenate([getattr(bars, name)[:cut], tail.astype(getattr(bars, name).dtype)])
        for name, tail in new.items()
    }
    close = np.maximum(noise.close, np.where(np.arange(len(bars)) < cut, 0.0, 5.0))
    return replace(noise, close=close, high=np.maximum(noise.high, close), **joined)


def candle_columns(bars: Bars) -> CandleColumns:
    """Return the bars as candles on their way into the database."""
    return CandleColumns(
        begin_s=bars.begin_s,
        open=bars.open,
        high=bars.high,
        low=bars.low,
        close=bars.close,
        volume_shares=bars.volume_shares,
        value_rub=bars.turnover_rub,
    )
