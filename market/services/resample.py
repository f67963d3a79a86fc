"""Making longer bars from shorter stored ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import numpy as np
from django.db import connection, transaction

from market.calendar_config import session_table
from market.contracts import RESAMPLED_ORIGIN, CandleColumns, CandleWriteReport, Timeframe
from market.kernels.adjustment import split_factors
from market.kernels.resampling import (
    DAY_S,
    WEEK_S,
    BarArrays,
    bucket_begins,
    bucket_ends,
    in_shares_of,
    resample,
)
from market.kernels.sessions import session_codes
from market.models import CorporateAction, Instrument, TradingDay
from market.resampling_config import resampling_config
from market.selectors.candle_columns import StoredCandles, candle_columns
from market.services.candle_write import candles_write, series_lock
from market.services.resample_span import feed_states
from market.sources.wall_clock import moscow_to_epoch_s
from traderai.common.arrays import F64, I8, I64, Bools
from traderai.common.clock import MOSCOW, from_epoch_s
from traderai.common.errors import InputError

_COLUMNS = ("open", "high", "low", "close", "volume_shares", "value_rub")
_DAYS_OF = """
SELECT day FROM unnest(%s::int8[]) AS d (day) WHERE EXISTS (
    SELECT 1 FROM market_candle WHERE instrument_id = %s AND timeframe_min = ANY(%s)
    AND begin >= (DATE '1970-01-01' + day::int)::timestamp AT TIME ZONE 'Europe/Moscow'
    AND begin < (DATE '1970-01-01' + day::int + %s)::timestamp AT TIME ZONE 'Europe/Moscow')
"""
_STORED = """
SELECT (extract(epoch FROM c.begin))::int8, (extract(epoch FROM c.begin AT TIME ZONE 'Europe/Moscow'))::int8
FROM market_candle c JOIN market_candlesource s ON s.id = c.source_id
WHERE c.instrument_id = %s AND c.timeframe_min = %s AND c.begin >= %s AND c.begin < %s AND s.kind = 'resampled'
ORDER BY 1
"""
_REMOVE = """
DELETE FROM market_candle WHERE instrument_id = %s AND timeframe_min = %s
AND begin = ANY(SELECT to_timestamp(unnest(%s::int8[])))
"""


def series_resample(
    *,
    instrument_id: int,
    timeframe_from: Timeframe,
    timeframe_to: Timeframe,
    since: datetime | None = None,
    until: datetime | None = None,
    now: datetime,
) -> CandleWriteReport:
    """Make one series' longer bars from its shorter ones, as traded; all of the span or nothing.

    The span is widened to whole days (weeks for 1w). A bar is made only when its shorter bars are known to be
    whole (`FeedState.known_till`). Days that a better feed of resampling.yaml has bars for are left to that feed, so that the
    order in which feeds are resampled changes nothing. A week across a split is in the shares of its first
    trading day, because whoever reads bars looks for the splits at their begin. Bars of a higher source stay; resampled bars that the
    shorter bars no longer bear out are removed.

    Repeating: changes nothing while the shorter bars stay the same; spans together equal one whole run.
    Raises: InputError where the one timeframe is not made from the other.
    """
    if timeframe_from not in resampling_config().feeds_of(timeframe_to):
        feeds = ", ".join(feed.value for feed in resampling_config().feeds_of(timeframe_to)) or "nothing"
        raise InputError(
            f"{timeframe_to.value} bars can be made from {feeds}, was {timeframe_from.value}; see resampling.yaml",
            code="timeframe_not_made",
            field="timeframe",
        )
    with transaction.atomic():
        # Read under the lock: who reads before and writes after another would put back what the other has mended.
        series_lock(instrument_id=instrument_id, timeframe=timeframe_to)
        states = feed_states(target=timeframe_to, instrument_id=instrument_id).get(instrument_id, ())
        stored = [state.feed for state in states]
        if timeframe_from not in stored:
            return CandleWriteReport()
        at = stored.index(timeframe_from)
        window = _window(timeframe_to, since, until, states[at].known_till(target=timeframe_to, now=now))
        made = _made(instrument_id, timeframe_from, timeframe_to, window, better=stored[:at])
        report = _write(instrument_id, timeframe_to, made)
        removed = _remove_unborne(instrument_id, timeframe_to, made, window, feeds=stored)
    return replace(report, removed=removed)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Window:
    """Which buckets are asked for, and which finer bars tell of them."""

    first_s: int  # Moscow wall clock: buckets from here on
    stop_s: int  # buckets that begin before
    whole_till_s: int  # buckets that end until then are whole
    read_from: datetime
    read_till: datetime


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Made:
    """Longer bars, ready to be written."""

    columns: CandleColumns
    board: I64  # of the last bar in each
    boards: tuple[str, ...]
    days: I64  # the days (of a week: its Monday) that this feed answers for


def _window(
    target: Timeframe, since: datetime | None, until: datetime | None, whole_till: datetime
) -> _Window:
    weekly = target is Timeframe.W1
    first_s = _floor(_wall_s(since), weekly=weekly) if since else 0
    stop_s = -_floor(-_wall_s(until), weekly=False) if until else _wall_s(whole_till)
    if until and weekly:
        stop_s = _floor(stop_s - 1, weekly=True) + WEEK_S
    # A weekend session before a Monday belongs to that Monday's week, a long one may start days earlier.
    lead_s = WEEK_S if weekly and first_s else 0
    return _Window(
        first_s=first_s,
        stop_s=stop_s,
        whole_till_s=_wall_s(whole_till),
        read_from=_moment(first_s - lead_s),
        read_till=min(whole_till, _moment(stop_s)),
    )


def _made(
    instrument_id: int, feed: Timeframe, target: Timeframe, window: _Window, *, better: Sequence[Timeframe]
) -> _Made:
    stored = candle_columns(
        instrument_id=instrument_id, timeframe=feed, since=window.read_from, as_of=window.read_till
    )
    begins = bucket_begins(
        stored.wall_s, stored.trading_day, _sessions(stored, feed, target), minutes=target.minutes
    )
    days = begins // DAY_S
    kept: Bools = (begins >= window.first_s) & (begins < window.stop_s)
    kept &= bucket_ends(begins, minutes=target.minutes) <= window.whole_till_s
    kept &= ~np.isin(days, _days_with_bars(instrument_id, better, target, np.unique(days[kept])))
    bars = BarArrays(**{name: getattr(stored.columns, name)[kept] for name in _COLUMNS})
    if target.minutes > Timeframe.D1.minutes:
        bars = in_shares_of(bars, _shares_factor(instrument_id, stored.trading_day[kept], days[kept]))
    made_s, made = resample(begins[kept], bars)
    last = np.searchsorted(begins[kept], made_s, side="right") - 1
    return _Made(
        columns=CandleColumns(
            begin_s=moscow_to_epoch_s(made_s.astype("datetime64[s]")),
            **{name: getattr(made, name) for name in _COLUMNS},
        ),
        board=stored.board[kept][last],
        boards=stored.boards,
        days=np.unique(days[kept]),
    )


def _sessions(stored: StoredCandles, feed: Timeframe, target: Timeframe) -> I8:
    if target is Timeframe.H4:
        return session_codes(stored.columns.begin_s, session_table(), bar_s=60 * feed.minutes)
    return np.zeros(len(stored), dtype=np.int8)


def _days_with_bars(instrument_id: int, feeds: Sequence[Timeframe], target: Timeframe, days: I64) -> I64:
    """Return those days (for 1w weeks by their Monday) on which one of the feeds has bars."""
    if not feeds or not days.size:
        return np.zeros(0, dtype=np.int64)
    length_days = max(target.minutes // Timeframe.D1.minutes, 1)
    with connection.cursor() as cursor:
        cursor.execute(
            _DAYS_OF, [days.tolist(), instrument_id, [feed.minutes for feed in feeds], length_days]
        )
        return np.array([day for (day,) in cursor.fetchall()], dtype=np.int64)


def _shares_factor(instrument_id: int, trading_day: I64, monday: I64) -> F64:
    """Return by how much the splits up to each bar differ from those up to its week's first trading day."""
    rows = (
        CorporateAction.objects.filter(instrument_id=instrument_id, kind=CorporateAction.Kind.SPLIT)
        .order_by("ex_date", "source")
        .values_list("ex_date", "shares_after_per_before")
    )
    # Two sources may tell of one split: it took place once.
    once = {_day_number(ex_date): float(ratio or 1.0) for ex_date, ratio in rows}
    ex_days = np.array(list(once), dtype=np.int64)
    ratios = np.array(list(once.values()), dtype=np.float64)
    simulated = Instrument.objects.filter(pk=instrument_id, is_simulated=True).exists()
    kept = TradingDay.objects.filter(**{"is_simulated" if simulated else "is_real": True})
    dates = kept.order_by("trading_date").values_list("trading_date", flat=True).distinct()
    calendar = np.array([_day_number(day) for day in dates], dtype=np.int64)
    at = np.searchsorted(calendar, monday)
    known = at < calendar.size
    first_day = trading_day.copy()
    first_day[known] = np.minimum(calendar[at[known]], trading_day[known])
    return split_factors(trading_day, ex_days, ratios) / split_factors(first_day, ex_days, ratios)


def _day_number(day: date) -> int:
    return day.toordinal() - 719_163


def _write(instrument_id: int, target: Timeframe, made: _Made) -> CandleWriteReport:
    total = CandleWriteReport()
    for at, board in enumerate(made.boards):
        rows = made.board == at
        if not rows.any():
            continue
        written = candles_write(
            instrument_id=instrument_id,
            timeframe=target,
            columns=made.columns.take(rows),
            origin=RESAMPLED_ORIGIN,
            board=board,
            # The finer bars have marked their days; a week's Monday may be none.
            marks_trading_days=False,
        )
        total = reports_sum(total, written)
    return total


def reports_sum(one: CandleWriteReport, other: CandleWriteReport) -> CandleWriteReport:
    """Return two accounts of writes as one."""
    froms = [moment for moment in (one.touched_from, other.touched_from) if moment]
    tills = [moment for moment in (one.touched_till, other.touched_till) if moment]
    return CandleWriteReport(
        new=one.new + other.new,
        changed=one.changed + other.changed,
        unchanged=one.unchanged + other.unchanged,
        outranked=one.outranked + other.outranked,
        disagreements=one.disagreements + other.disagreements,
        removed=one.removed + other.removed,
        touched_from=min(froms, default=None),
        touched_till=max(tills, default=None),
    )


def _remove_unborne(
    instrument_id: int, target: Timeframe, made: _Made, window: _Window, *, feeds: Sequence[Timeframe]
) -> int:
    """Remove resampled bars that this feed's days do not bear out, and those of days without finer bars."""
    with connection.cursor() as cursor:
        cursor.execute(_STORED, [instrument_id, target.minutes, window.read_from, window.read_till])
        stored = np.array(cursor.fetchall(), dtype=np.int64).reshape(-1, 2)
        wall = stored[:, 1]
        stale: Bools = (wall >= window.first_s) & (wall < window.stop_s)
        stale &= bucket_ends(wall, minutes=target.minutes) <= window.whole_till_s
        stale &= ~np.isin(stored[:, 0], made.columns.begin_s)
        days = np.unique(wall[stale] // DAY_S)
        others = np.setdiff1d(_days_with_bars(instrument_id, feeds, target, days), made.days)
        stale &= ~np.isin(wall // DAY_S, others)
        if not stale.any():
            return 0
        cursor.execute(_REMOVE, [instrument_id, target.minutes, stored[stale, 0].tolist()])
        return int(cursor.rowcount)


def _floor(wall_s: int, *, weekly: bool) -> int:
    day = wall_s // DAY_S
    return (day - (day - 4) % 7 if weekly else day) * DAY_S


def _wall_s(moment: datetime) -> int:
    """Return the Moscow wall clock in seconds as if it were UTC."""
    offset = moment.astimezone(MOSCOW).utcoffset() or timedelta()
    return int(moment.timestamp() + offset.total_seconds())


def _moment(wall_s: int) -> datetime:
    return from_epoch_s(int(moscow_to_epoch_s(np.array([wall_s], dtype="datetime64[s]"))[0]))
