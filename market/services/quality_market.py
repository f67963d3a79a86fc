"""Looking across the series of one timeframe: what one share lacks and the others have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from django.db import connection

from market.kernels.quality import group_medians, trailing_median
from market.kernels.quality_calendar import (
    SESSIONS,
    absent_runs,
    days_behind,
    presence_before,
    usual_bars,
)
from market.quality_config import QualityConfig
from market.services.quality_checks import MarketContext, SeriesLook
from market.services.quality_findings import SeriesFindings, day_text, midnight_s, moment_text
from traderai.common.arrays import F64, I64, Bools
from traderai.common.clock import MOSCOW

SESSION_NAMES = ("morning", "main", "evening", "weekend")
_CROWD = 3  # series that can outvote one
_SHARES_MIN = 10  # whose median is called the market's move
# A pause is not a day's move, and a share that hardly trades says nothing about the market.
_PAUSE_MAX_DAYS = 10
_MOVES = """
COPY (
  WITH closes AS (
    SELECT instrument_id, day, close FROM (
      SELECT c.instrument_id, (c.begin AT TIME ZONE 'Europe/Moscow')::date AS day, c.close,
             lead((c.begin AT TIME ZONE 'Europe/Moscow')::date) OVER share AS next_day
      FROM market_candle c JOIN market_instrument i ON i.id = c.instrument_id
      WHERE c.timeframe_min = %(timeframe_min)s AND c.begin <= %(as_of)s AND c.volume_shares > 0
        AND (%(since)s::timestamptz IS NULL OR c.begin >= %(since)s)
        AND i.is_simulated = %(simulated)s AND i.kind <> 'index'
      WINDOW share AS (PARTITION BY c.instrument_id ORDER BY c.begin)
    ) bars WHERE next_day IS DISTINCT FROM day
  ), steps AS (
    SELECT day, close / lag(close) OVER share AS ratio, day - lag(day) OVER share AS pause
    FROM closes WINDOW share AS (PARTITION BY instrument_id ORDER BY day)
  )
  SELECT (day - DATE '1970-01-01')::bigint, ln(ratio) FROM steps
  WHERE ratio > 0 AND pause <= %(pause_max)s ORDER BY day
) TO STDOUT (FORMAT BINARY)
"""
_MOVE_ROW = np.dtype(
    [("fields", ">i2"), ("day_size", ">i4"), ("day", ">i8"), ("move_size", ">i4"), ("move", ">f8")]
)
_DAYS = """
SELECT DISTINCT date - DATE '1970-01-01' FROM market_tradingday
WHERE date <= %(as_of)s::date AND CASE WHEN %(simulated)s THEN is_simulated ELSE is_real END ORDER BY 1
"""


def market_context(
    *, timeframe_min: int, simulated: bool, since: datetime | None, as_of: datetime
) -> MarketContext:
    """Return the days with trading and the median share's log return on each, by the bars of one timeframe."""
    values = {
        "timeframe_min": timeframe_min,
        "simulated": simulated,
        "since": since,
        "as_of": as_of,
        "pause_max": _PAUSE_MAX_DAYS,
    }
    with connection.cursor() as cursor:
        cursor.execute(_DAYS, values)
        days = np.array([row[0] for row in cursor.fetchall()], dtype=np.int64)
        with cursor.copy(_MOVES, values) as copy:
            payload = b"".join(bytes(block) for block in copy)
    rows = np.frombuffer(payload[19 : len(payload) - 2], dtype=_MOVE_ROW)
    moved, counts = np.unique(rows["day"].astype(np.int64), return_counts=True)
    medians = group_medians(rows["move"].astype(np.float64), rows["day"].astype(np.int64))
    medians[counts < _SHARES_MIN] = np.nan
    moves = np.full(days.size, np.nan)
    at = np.searchsorted(days, moved)
    known = (at < days.size) & (days[np.minimum(at, days.size - 1)] == moved) if days.size else at < 0
    moves[at[known]] = medians[known]
    return MarketContext(days=days, moves=moves)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GroupDays:
    """The days of one timeframe's series side by side; rows are series, columns days."""

    days: I64  # every day on which any of the series has a bar
    present: Bools  # (s, d) the series has a bar
    alive: Bools  # (s, d) the day lies between the series' first and last day
    is_open: Bools  # (d,) a trading day by the part of the series that have bars
    is_stray: Bools  # (d,) so few series have bars that these are strays


def group_days(looks: Sequence[SeriesLook], *, config: QualityConfig) -> GroupDays:
    """Lay the days of the series side by side and tell trading days by the crowd."""
    limits = config.bars
    days = np.unique(np.concatenate([look.days for look in looks]))
    present = np.zeros((len(looks), days.size), dtype=np.bool_)
    alive = np.zeros_like(present)
    for row, look in enumerate(looks):
        present[row, np.searchsorted(days, look.days)] = True
        alive[row, np.searchsorted(days, look.days[0]) : np.searchsorted(days, look.days[-1]) + 1] = True
    living = alive.sum(axis=0)
    part = (present & alive).sum(axis=0) / np.maximum(living, 1)
    usual = trailing_median(part, window=config.window_days, minimum=1)
    usual = np.where(np.isnan(usual), part, usual)
    return GroupDays(
        days=days,
        present=present,
        alive=alive,
        is_open=part >= limits.market_open_frac * usual,
        is_stray=(part < limits.stray_frac * usual) & (living >= limits.stray_min_series),
    )


def group_look(looks: Sequence[SeriesLook], *, group: GroupDays, as_of: datetime, config: QualityConfig) -> SeriesFindings:  # fmt: skip
    """Add to the series' findings what each lacks that the others have; return those of the market as a whole."""
    timeframe = looks[0].key.timeframe
    market = SeriesFindings(secid="", timeframe=timeframe.value, config=config)
    for row, look in enumerate(looks):
        _missing_days(look, group, row, config)
        _stray_days(look, group, row)
        _stale(look, group, config)
    if timeframe.minutes < 1440:
        _few_bars(looks, group, config)
        _missing_sessions(looks, group, config)
        _session_gaps(looks, market, config)
    _store_stale(looks, market, as_of, config)
    return market


def _missing_days(look: SeriesLook, group: GroupDays, row: int, config: QualityConfig) -> None:
    open_at = np.flatnonzero(group.is_open & group.alive[row])
    runs = absent_runs(
        group.present[row, open_at], window=3 * config.window_days, regular_frac=config.bars.regular_frac
    )
    first, after = group.days[open_at][runs[:, 0]], group.days[open_at][runs[:, 1]]
    sizes = (runs[:, 1] - runs[:, 0]).astype(np.float64)
    split = np.array(
        [
            bool(((look.split_days > a) & (look.split_days <= b)).any())
            for a, b in zip(first, after, strict=True)
        ],
        dtype=np.bool_,
    )

    def told(i: int) -> str:
        pause = (
            f"no bar on {sizes[i]:.0f} trading days from {day_text(first[i])}, back on {day_text(after[i])}"
        )
        return f"{pause}; a split lies between" if split[i] else f"{pause}; others traded"

    look.findings.add("missing_days", _midnights(first), sizes, told)


def _stray_days(look: SeriesLook, group: GroupDays, row: int) -> None:
    stray = group.days[group.is_stray & group.present[row]]
    look.findings.add(
        "stray_day",
        _midnights(stray),
        np.ones(stray.size),
        lambda i: f"bars on {day_text(stray[i])}, when almost nobody else has any",
    )


def _stale(look: SeriesLook, group: GroupDays, config: QualityConfig) -> None:
    behind = days_behind(int(look.days[-1]), group.days[group.is_open])
    instrument = look.key.instrument
    if instrument.active and instrument.delisted_on is None and behind > config.bars.stale_days:
        look.findings.add(
            "stale",
            np.array([look.last_s]),
            np.array([float(behind)]),
            lambda _: f"newest bar {moment_text(look.last_s)}; others went on for {behind} trading days",
        )


def _store_stale(looks: Sequence[SeriesLook], market: SeriesFindings, as_of: datetime, config: QualityConfig) -> None:  # fmt: skip
    newest = max(int(look.days[-1]) for look in looks)
    today = as_of.astimezone(MOSCOW).date().toordinal() - 719_163
    workdays = int(np.busday_count(np.datetime64(newest + 1, "D"), np.datetime64(today, "D")))
    if workdays > config.bars.stale_days:
        market.add(
            "stale",
            np.array([midnight_s(newest)]),
            np.array([float(workdays)]),
            lambda _: (
                f"newest bar of all series is of {day_text(newest)}; {workdays} workdays have passed since"
            ),
        )


def _few_bars(looks: Sequence[SeriesLook], group: GroupDays, config: QualityConfig) -> None:
    limits = config.bars
    ratios = np.full(group.present.shape, np.nan)
    usual_by_look = []
    for row, look in enumerate(looks):
        inside = look.counts[:, :SESSIONS].sum(axis=1).astype(np.float64)
        usual = usual_bars(look.days, inside, window=config.window_days, minimum=config.window_min_days)
        usual = np.where(usual >= limits.few_min_bars, usual, np.nan)
        ratios[row, np.searchsorted(group.days, look.days)] = inside / usual
        usual_by_look.append(usual)
    # Among fewer than three a short day of the exchange cannot be told from a gap: rather say it.
    normal = (_column_medians(ratios) >= limits.market_normal_frac) | (
        np.isfinite(ratios).sum(axis=0) < _CROWD
    )
    for row, look in enumerate(looks):
        at = np.searchsorted(group.days, look.days)
        with np.errstate(invalid="ignore"):
            few = np.flatnonzero((ratios[row, at] < limits.few_frac) & normal[at])
        bars = look.counts[few, :SESSIONS].sum(axis=1)
        usual = usual_by_look[row][few]
        look.findings.add(
            "few_bars",
            _midnights(look.days[few]),
            1.0 - bars / usual,
            lambda i, bars=bars, usual=usual: f"{bars[i]} bars where {usual[i]:.0f} are usual",  # type: ignore[misc]
        )


def _missing_sessions(looks: Sequence[SeriesLook], group: GroupDays, config: QualityConfig) -> None:
    limits = config.bars
    for code in range(SESSIONS - 1):  # the weekend's session is a day of its own
        expected = np.zeros(group.present.shape, dtype=np.bool_)
        has = np.zeros(group.present.shape, dtype=np.bool_)
        for row, look in enumerate(looks):
            workdays = np.flatnonzero((look.days + 3) % 7 < 5)
            held = look.counts[workdays, code] > 0
            with np.errstate(invalid="ignore"):
                regular = presence_before(held, window=config.window_days) >= limits.session_regular_frac
            at = np.searchsorted(group.days, look.days[workdays])
            expected[row, at], has[row, at] = regular, held
        crowd = expected.sum(axis=0)
        held_by_most = ((expected & has).sum(axis=0) >= 0.5 * crowd) | (crowd < _CROWD)
        missed = expected & ~has & held_by_most[None, :]
        for row, look in enumerate(looks):
            days = group.days[missed[row]]
            look.findings.add(
                "missing_session",
                _midnights(days),
                np.ones(days.size),
                lambda _, code=code: f"no bar in the {SESSION_NAMES[code]} session, which others traded",  # type: ignore[misc]
            )


def _session_gaps(looks: Sequence[SeriesLook], market: SeriesFindings, config: QualityConfig) -> None:
    limits = config.bars
    step_s = looks[0].key.timeframe.minutes * 60
    found: list[Bools] = []
    for look in looks:
        usual = trailing_median(
            look.gap_s.astype(np.float64), window=config.window_days, minimum=config.window_min_days
        )
        floor = np.maximum(np.maximum(usual, step_s) * limits.gap_usual_ratio, limits.gap_min_minutes * 60)
        with np.errstate(invalid="ignore"):
            found.append(look.gap_s >= floor)
    halts = _halts(looks, found, config)
    for look, gaps in zip(looks, found, strict=True):
        own = np.flatnonzero(gaps & ~np.isin(look.days, halts))
        look.findings.add(
            "session_gap",
            look.gap_at_s[own],
            look.gap_s[own].astype(np.float64),
            lambda i, look=look, own=own: (  # type: ignore[misc]
                f"no bar for {look.gap_s[own[i]] // 60} minutes after {moment_text(int(look.gap_at_s[own[i]]))}"
            ),
        )
    market.add(
        "halt",
        _midnights(halts),
        np.ones(halts.size),
        lambda i: f"on {day_text(halts[i])} most series lack the same stretch: the exchange stood still",
    )


def _halts(looks: Sequence[SeriesLook], found: Sequence[Bools], config: QualityConfig) -> I64:
    """Return the days on which most series that have bars have a gap too."""
    if len(looks) < _CROWD:
        return np.zeros(0, dtype=np.int64)
    days, with_bars = np.unique(np.concatenate([look.days for look in looks]), return_counts=True)
    gap_days = np.concatenate([look.days[gaps] for look, gaps in zip(looks, found, strict=True)])
    with_gap = np.bincount(np.searchsorted(days, gap_days), minlength=days.size)
    halts: I64 = days[(with_gap >= config.bars.halt_frac * with_bars) & (with_bars >= _CROWD)]
    return halts


def _column_medians(ratios: F64) -> F64:
    """Return the median of each column's known figures, NaN for a column without any."""
    medians = np.full(ratios.shape[1], np.nan)
    known = np.isfinite(ratios).any(axis=0)
    if known.any():
        medians[known] = np.nanmedian(ratios[:, known], axis=0)
    return medians


def _midnights(days: I64) -> I64:
    return np.array([midnight_s(int(day)) for day in days], dtype=np.int64)
