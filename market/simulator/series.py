"""Series of the simulated market in every timeframe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

import numpy as np

from market.contracts import CandleColumns, Timeframe
from market.kernels.resampling import BarArrays, bucket_begins, bucket_ends, in_shares_of, resample
from market.kernels.sessions import SessionTable, session_codes
from market.simulator.calendar import DAY_S, HOUR_S, MOSCOW_S, BarClock
from market.simulator.config import SimulatorConfig
from market.simulator.index import index_basis, index_minutes_of, index_value_rub
from market.simulator.innovations import MINUTES, month_volume_parts, months_of
from market.simulator.minutes import MinuteBars, minute_bars, shared_out
from market.simulator.paths import SimulatedPanel, panel_minutes, prices_on_steps
from traderai.common.arrays import F64, I64

_MINUTE_S = 60


def share_hours(panel: SimulatedPanel, share: int) -> CandleColumns:
    """Return the hourly bars of one share."""
    rows = panel.traded[:, share]
    return CandleColumns(
        begin_s=panel.clock.begin_s[rows],
        open=panel.open[rows, share],
        high=panel.high[rows, share],
        low=panel.low[rows, share],
        close=panel.close[rows, share],
        volume_shares=panel.volume_shares[rows, share],
        value_rub=panel.value_rub[rows, share],
    )


def share_minutes(
    config: SimulatorConfig, panel: SimulatedPanel, share: int, *, since_s: int, until_s: int
) -> CandleColumns:
    """Return the minutes of one share that begin in a span; resampled they give its hourly bars exactly.

    They are made again month by month from the seed: a later moment only appends, another span changes no bar.
    """
    found = []
    for month, rows in _months(panel, since_s, until_s):
        paths = panel_minutes(config, panel, month, rows)
        log_open = panel.log_open[rows]
        begin = np.concatenate([np.zeros_like(paths.path[:, :1]), paths.path[:, :-1]], axis=1)
        opened, high, low, close = (
            prices_on_steps(config, logs + log_open[:, None])[:, :, share]
            for logs in (begin, paths.high, paths.low, paths.path)
        )
        kept = panel.traded[rows, share]
        minutes = minute_bars(
            (opened[kept], high[kept], low[kept], close[kept]),
            month_volume_parts(config, month, share, len(kept))[kept],
            panel.volume_shares[rows, share][kept],
            panel.value_rub[rows, share][kept],
            lot_size=config.shares[share].lot_size,
        )
        found.append(_flat(panel.clock.begin_s[rows][kept], minutes))
    return _within(_joined(found), since_s, until_s)


def index_hours(config: SimulatorConfig, panel: SimulatedPanel) -> CandleColumns:
    """Return the hourly bars of the index; an index has value and no volume."""
    basis = index_basis(config, panel)
    value = index_value_rub(panel, basis)
    found = []
    for month, rows in months_of(panel.clock):
        minutes = index_minutes_of(config, panel, basis, month, rows)
        found.append(
            CandleColumns(
                begin_s=panel.clock.begin_s[rows],
                open=minutes.open[:, 0],
                high=minutes.high.max(axis=1),
                low=minutes.low.min(axis=1),
                close=minutes.close[:, -1],
                volume_shares=np.zeros(rows.stop - rows.start),
                value_rub=value[rows],
            )
        )
    return _joined(found)


def index_minutes(
    config: SimulatorConfig, panel: SimulatedPanel, *, since_s: int, until_s: int
) -> CandleColumns:
    """Return the minutes of the index that begin in a span; an hour's value is shared among its minutes by draw."""
    basis = index_basis(config, panel)
    value = index_value_rub(panel, basis)
    found = []
    for month, rows in _months(panel, since_s, until_s):
        bars = index_minutes_of(config, panel, basis, month, rows)
        parts = month_volume_parts(config, month, len(config.shares), rows.stop - rows.start)
        minutes = MinuteBars(
            traded=np.ones(bars.open.shape, dtype=np.bool_),
            open=bars.open, high=bars.high, low=bars.low, close=bars.close,
            volume_shares=np.zeros(bars.open.shape),
            value_rub=shared_out(parts, np.round(value[rows] * 100.0)[:, None]) / 100.0,
        )  # fmt: skip
        found.append(_flat(panel.clock.begin_s[rows], minutes))
    return _within(_joined(found), since_s, until_s)


def longer_bars(
    clock: BarClock,
    columns: CandleColumns,
    timeframe: Timeframe,
    *,
    table: SessionTable,
    splits: Sequence[tuple[int, float]] = (),
    closed_by_s: int,
) -> CandleColumns:
    """Return the bars of a longer timeframe that had closed at a moment, exactly as stored hours are resampled.

    A week across a split is in the shares of its Monday, because whoever reads bars looks for splits at their begin.

    Shapes: columns (m,) -> (k,)
    Units: splits as (first day in new shares, days since 1970; shares after for one before)
    Causal: a bar is made when everything that belongs to it has happened
    """
    wall_s = columns.begin_s + MOSCOW_S
    trading_day = clock.trading_day[np.searchsorted(clock.date, wall_s // DAY_S)]
    bar_s = HOUR_S if timeframe.minutes > Timeframe.H1.minutes else _MINUTE_S
    session = session_codes(columns.begin_s, table, bar_s=bar_s)
    begins = bucket_begins(wall_s, trading_day, session, minutes=timeframe.minutes)
    bars = BarArrays(**{field.name: getattr(columns, field.name) for field in fields(BarArrays)})
    if timeframe.minutes > Timeframe.D1.minutes:
        bars = in_shares_of(bars, _factor(splits, trading_day) / _factor(splits, begins // DAY_S))
    begins, made = resample(begins, bars)
    closed = bucket_ends(begins, minutes=timeframe.minutes) <= closed_by_s + MOSCOW_S
    result = CandleColumns(
        begin_s=begins - MOSCOW_S, **{field.name: getattr(made, field.name) for field in fields(BarArrays)}
    )
    return result.take(closed)


def _factor(splits: Sequence[tuple[int, float]], day: I64) -> F64:
    """Return the product of the splits up to each day."""
    factor = np.ones(day.size)
    for since, ratio in splits:
        factor[day >= since] *= ratio
    return factor


def _months(panel: SimulatedPanel, since_s: int, until_s: int) -> list[tuple[int, slice]]:
    """Return the months that touch a span."""
    begin_s = panel.clock.begin_s
    return [
        (month, rows)
        for month, rows in months_of(panel.clock)
        if begin_s[rows.stop - 1] + HOUR_S > since_s and begin_s[rows.start] < until_s
    ]


def _flat(begin_s: I64, minutes: MinuteBars) -> CandleColumns:
    begins = begin_s[:, None] + _MINUTE_S * np.arange(MINUTES)
    names = (field.name for field in fields(CandleColumns) if field.name != "begin_s")
    return CandleColumns(
        begin_s=begins[minutes.traded], **{name: getattr(minutes, name)[minutes.traded] for name in names}
    )


def _joined(found: list[CandleColumns]) -> CandleColumns:
    nothing: F64 = np.zeros(0)
    empty = CandleColumns(
        begin_s=np.zeros(0, dtype=np.int64), open=nothing, high=nothing, low=nothing, close=nothing,
        volume_shares=nothing, value_rub=nothing,
    )  # fmt: skip
    return CandleColumns(
        **{
            field.name: np.concatenate([getattr(part, field.name) for part in (empty, *found)])
            for field in fields(CandleColumns)
        }
    )


def _within(columns: CandleColumns, since_s: int, until_s: int) -> CandleColumns:
    return columns.take((columns.begin_s >= since_s) & (columns.begin_s < until_s))
