"""Longer bars from shorter ones, exactly: first, highest, lowest, last, sum.

Everything here counts in Moscow wall-clock seconds (`wall_s`: as if the wall clock were UTC), because the exchange's
buckets begin at hours and days of that clock.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from traderai.common.arrays import F64, I8, I64, Bools

DAY_S = 86_400
WEEK_S = 7 * DAY_S
_HOUR_MIN, _DAY_MIN, _WEEK_MIN = 60, 1440, 10_080
_LENGTHS_MIN = (5, 10, 15, 30, 60, 240, _DAY_MIN, _WEEK_MIN)
_MONDAY_DAY = 4  # 1970-01-05 was a Monday
_OUTSIDE = -1
# Ten thousandths of a rouble: finer than any value the exchange tells, coarser than what the order of adding changes.
_VALUE_DECIMALS = 4
_PRICE_DECIMALS = 9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BarArrays:
    """Bars as arrays of shape (n,), oldest first."""

    open: F64
    high: F64
    low: F64
    close: F64
    volume_shares: F64
    value_rub: F64  # NaN where the source has none


def bucket_begins(wall_s: I64, trading_day: I64, session: I8, *, minutes: int) -> I64:
    """Return for each bar the begin of the longer bar that it belongs to.

    Up to an hour buckets start with the hour and know no sessions: the exchange's own 10-minute and hourly bars
    hold the opening auction together with what follows it in the same bucket. Buckets of four hours start with the
    day and are cut where the session changes: the first part begins with the bucket, each later part with the
    hour of its first bar (a border inside a bucket's first hour therefore cuts nothing). A bar outside any session (an auction between two) goes with the session that
    follows it in its bucket, else with the one before. A day is the Moscow calendar date with all its sessions.
    A week begins on the Monday of the week of the bar's trading day, so that a weekend session which belongs to
    Monday's trading day stands in the week after it. No bucket but a week mixes days.

    Shapes: wall_s, trading_day, session (n,), wall_s rising -> (n,)
    Units: Moscow wall-clock seconds; trading_day in days since 1970; session as in `market.kernels.sessions`;
        the result in Moscow wall-clock seconds
    Causal: up to a day, a bar's bucket depends on bars of the same bucket alone; in a week on the bar alone
    Raises: ValueError for a length that is none of 5, 10, 15, 30, 60, 240, 1440, 10080
    """
    if minutes not in _LENGTHS_MIN:
        raise ValueError(f"minutes must be one of {_LENGTHS_MIN}, was {minutes}")
    if minutes == _WEEK_MIN:
        return (trading_day - (trading_day - _MONDAY_DAY) % 7) * DAY_S
    begins = wall_s - wall_s % (minutes * 60)
    if minutes <= _HOUR_MIN or minutes == _DAY_MIN or not wall_s.size:
        return begins
    return _cut_at_sessions(wall_s, begins, session)


def bucket_ends(begins: I64, *, minutes: int) -> I64:
    """Return when each bucket ends: nothing that happens later belongs to it.

    A part of a four-hour bucket that was cut at a session's border ends with the whole bucket.

    Shapes: begins (n,) as `bucket_begins` returns them -> (n,)
    Units: Moscow wall-clock seconds
    Causal: looks at nothing but the begins
    """
    length_s = minutes * 60
    if minutes == _WEEK_MIN:
        return begins + WEEK_S
    return begins - begins % length_s + length_s


def in_shares_of(bars: BarArrays, factor: F64) -> BarArrays:
    """Return bars in other shares: prices times `factor`, volumes divided by it; value stays.

    `factor` is the bar's product of splits divided by the one wanted (1.0 changes nothing). Changed prices are
    rounded to nine decimals, finer than any price step.

    Shapes: bars and factor (n,)
    Units: new shares for one old share, inverted for consolidations
    NaN: a missing value stays
    Raises: ValueError if a factor is not a positive number
    """
    if not (np.isfinite(factor).all() and (factor > 0).all()):
        raise ValueError("factor must be positive numbers")
    changed = factor != 1.0

    def price(column: F64) -> F64:
        return np.where(changed, np.round(column * factor, _PRICE_DECIMALS), column)

    return BarArrays(
        open=price(bars.open),
        high=price(bars.high),
        low=price(bars.low),
        close=price(bars.close),
        volume_shares=bars.volume_shares / factor,
        value_rub=bars.value_rub.copy(),
    )


def resample(begins: I64, bars: BarArrays) -> tuple[I64, BarArrays]:
    """Return one bar for each bucket: first open, highest high, lowest low, last close, summed volume and value.

    Sums of value are rounded to a ten thousandth of a rouble: the order of adding leaves no trace in them.

    Shapes: begins (n,) not falling, the bucket of each bar; bars (n,) -> begins (k,) rising, bars (k,)
    Units: as handed in
    NaN: a bucket has a value only if each of its bars has one; prices and volumes must be numbers
    Causal: a bucket's bar depends on its own bars alone
    Raises: ValueError if begins fall, or if a price or a volume is missing
    """
    if (np.diff(begins) < 0).any():
        raise ValueError("bars must come oldest first, and no bucket twice")
    for name in ("open", "high", "low", "close", "volume_shares"):
        if not np.isfinite(getattr(bars, name)).all():
            raise ValueError(f"{name} must be numbers")
    if not begins.size:
        return begins, bars
    first = np.flatnonzero(np.concatenate([[True], np.diff(begins) > 0]))
    last = np.concatenate([first[1:], [begins.size]]) - 1
    value_rub: F64 = np.add.reduceat(bars.value_rub, first).round(_VALUE_DECIMALS)
    return begins[first], BarArrays(
        open=bars.open[first],
        high=np.maximum.reduceat(bars.high, first),
        low=np.minimum.reduceat(bars.low, first),
        close=bars.close[last],
        volume_shares=np.add.reduceat(bars.volume_shares, first),
        value_rub=value_rub,
    )


def _cut_at_sessions(wall_s: I64, begins: I64, session: I8) -> I64:
    belongs = _session_within_bucket(begins, session)
    new_bucket = np.concatenate([[True], np.diff(begins) > 0])
    new_part = new_bucket | np.concatenate([[False], np.diff(belongs) != 0])
    first = np.flatnonzero(new_part)
    part_begins = np.where(new_bucket[first], begins[first], wall_s[first] - wall_s[first] % 3600)
    cut: I64 = part_begins[np.cumsum(new_part) - 1]
    return cut


def _session_within_bucket(begins: I64, session: I8) -> I8:
    """Return sessions in which bars outside any have that of the next bar of their bucket, else of the one before."""
    inside: Bools = session != _OUTSIDE
    at = np.arange(session.size)
    following = np.minimum.accumulate(np.where(inside, at, session.size)[::-1])[::-1]
    before = np.maximum.accumulate(np.where(inside, at, -1))
    filled = session.copy()
    for source in (before, following):  # the last one that fits wins
        fits = (source >= 0) & (source < session.size)
        known = np.where(fits, source, 0)
        take = ~inside & fits & (begins[known] == begins)
        filled[take] = session[known[take]]
    return filled
