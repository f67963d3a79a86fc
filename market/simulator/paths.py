"""Correlated prices with fat tails, clustering volatility and a day's rhythm, deterministic by seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from market.simulator.calendar import BarClock, day_number
from market.simulator.config import SimulatorConfig
from market.simulator.corporate import CorporateEvents, corporate_events, listed_span
from market.simulator.edges import EdgeInputs, PlantedDrift, planted_drift
from market.simulator.events import MarketEvents, market_events
from market.simulator.innovations import (
    Mixing,
    garch_variance,
    mixing,
    month_extremes,
    month_innovations,
    months_of,
)
from market.simulator.minutes import HourMoves, MinutePaths, minute_paths
from traderai.common.arrays import F32, F64, I8, Bools

_LARGEST_MOVE = 6.0  # in standard deviations: what moves more brings no more volume
_SPELL_BARS = 60.0  # how long raised volume lasts


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimulatedPanel:
    """Hourly bars of all simulated shares as traded; figures have shape (n bars, k shares)."""

    clock: BarClock
    open: F64
    high: F64
    low: F64
    close: F64
    volume_shares: F64
    value_rub: F64
    traded: Bools  # False where a share has no bar: not listed, halted, or nobody traded
    log_open: F64  # before it is rounded to the price step
    moves: HourMoves  # of (n, k): with them minutes are made again
    mixed: Mixing
    events: MarketEvents
    corporate: CorporateEvents
    patterns: tuple[I8, ...]  # per planted edge, see market.simulator.edges

    def __len__(self) -> int:
        return len(self.clock)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Hours:
    """How hours move before splits and dividends; arrays have shape (n, k), log returns."""

    events: MarketEvents
    mixed: Mixing
    months: list[tuple[int, slice, F32]]  # with what moves their minutes
    gap: F64
    move: F64
    moves: HourMoves
    value_rub: F64
    planted: PlantedDrift


def simulated_panel(config: SimulatorConfig, clock: BarClock) -> SimulatedPanel:
    """Return prices and volumes for the bars of a calendar.

    Without planted edges prices are martingales, dividends included, from minute to minute and across shares: no
    rule can earn on them before costs.

    Shapes: clock (n,) -> (n, k)
    Units: roubles as traded; shares in whole lots
    NaN: none; what was not traded says `traded`
    Causal: bar i depends on the seed and on bars up to i alone; a longer calendar only appends
    """
    hours = _hours(config, clock)
    start = np.log([share.price_rub for share in config.shares])
    log_close = start + np.cumsum(hours.gap + hours.move, axis=0)
    corporate = corporate_events(config, clock, log_close)
    log_open = log_close + corporate.level - hours.move
    ends = [_ends(config, hours.moves, month, rows, drawn) for month, rows, drawn in hours.months]
    nothing = np.zeros((0, len(config.shares)))
    high, low, last, mean = (
        np.concatenate([nothing, *(end[at] for end in ends)]) + log_open for at in range(4)
    )
    opened, high, low, close, mean = (
        prices_on_steps(config, logs) for logs in (log_open, high, low, last, mean)
    )
    lots = np.array([share.lot_size for share in config.shares], dtype=np.float64)
    volume = np.maximum(np.round(hours.value_rub / mean / lots), 1.0) * lots
    return SimulatedPanel(
        clock=clock, open=opened, high=high, low=low, close=close, volume_shares=volume,
        value_rub=np.round(volume * mean, 2), traded=_traded(config, clock, hours.events), log_open=log_open,
        moves=hours.moves, mixed=hours.mixed, events=hours.events, corporate=corporate,
        patterns=hours.planted.patterns,
    )  # fmt: skip


def panel_minutes(config: SimulatorConfig, panel: SimulatedPanel, month: int, rows: slice) -> MinutePaths:
    """Return the minutes of a month's hours again, as the panel's hours were made of them.

    Shapes: -> (h, 60, k)
    Units: log returns since the hour's open
    """
    innovations = month_innovations(config, panel.mixed, month, rows)
    return minute_paths(
        panel.moves.rows(rows), innovations, month_extremes(config, month, rows.stop - rows.start)
    )


def _hours(config: SimulatorConfig, clock: BarClock) -> _Hours:
    streams = [np.random.default_rng(seed) for seed in np.random.SeedSequence(config.seed).spawn(6)]
    n, k = len(clock), len(config.shares)
    events = market_events(config, clock, streams[5])
    mixed = mixing(config, n, streams)
    months = [
        (month, rows, month_innovations(config, mixed, month, rows)) for month, rows in months_of(clock)
    ]
    z = np.concatenate([np.zeros((0, k)), *(drawn.sum(axis=1, dtype=np.float64) for _, _, drawn in months)])
    spells = np.sqrt(garch_variance(z, config))
    daily = np.array([share.daily_volatility_frac for share in config.shares])
    calm = daily * np.sqrt(clock.variance_frac[:, None] * (1.0 - config.overnight_frac))
    calm_gap = np.broadcast_to(daily * np.sqrt(config.overnight_frac), (n, k))
    sigma, gap_sigma = calm * spells, calm_gap * spells * clock.opens_day[:, None]
    gap = gap_sigma * streams[3].standard_normal((n, k)) - 0.5 * gap_sigma**2 + events.gap_jump
    move = sigma * z - 0.5 * sigma**2 * mixed.variance + events.move_jump
    value = _values(config, clock, z + events.move_jump / sigma, events, streams[4])
    inputs = EdgeInputs(
        hour=clock.hour, opens_day=clock.opens_day, move=move, gap=gap, gap_sigma=calm_gap,
        value_rub=value, news=events.direction,
    )  # fmt: skip
    planted = planted_drift(config, inputs)
    moves = HourMoves(
        sigma=sigma, variance=mixed.variance, drift=planted.drift, jump=events.move_jump,
        jump_minute=events.minute,
    )  # fmt: skip
    return _Hours(
        events=events, mixed=mixed, months=months, gap=gap, move=move + planted.drift, moves=moves,
        value_rub=value, planted=planted,
    )  # fmt: skip


def _ends(
    config: SimulatorConfig, moves: HourMoves, month: int, rows: slice, drawn: F32
) -> tuple[F64, F64, F64, F64]:
    """Return highest, lowest, last and mean log price of each hour against its open."""
    paths = minute_paths(moves.rows(rows), drawn, month_extremes(config, month, rows.stop - rows.start))
    return paths.high.max(axis=1), paths.low.min(axis=1), paths.path[:, -1], paths.path.mean(axis=1)


def _values(
    config: SimulatorConfig, clock: BarClock, z: F64, events: MarketEvents, stream: np.random.Generator
) -> F64:
    """Return what is traded in roubles: the hour's part of a day, more in moves, spells and spikes."""
    # One draw for both: two would not stay the same when bars are appended.
    draws = stream.standard_normal((*z.shape, 2))
    lasts = np.exp(-1.0 / _SPELL_BARS)
    fresh = np.sqrt(1.0 - lasts**2) * draws[..., 0]
    spell = np.zeros_like(fresh)
    for i in range(len(fresh)):
        spell[i] = fresh[i] + (lasts * spell[i - 1] if i else 0.0)
    size = np.minimum(np.abs(z), _LARGEST_MOVE)
    noise = config.volume_noise * draws[..., 1] + config.volume_spell * spell
    spread = config.volume_noise**2 + config.volume_spell**2
    turnover = np.array([share.daily_turnover_rub for share in config.shares])
    value: F64 = turnover * clock.volume_frac[:, None] * events.volume_factor
    value = value * np.exp(config.volume_slope * (size - 0.74) + noise - 0.5 * spread)
    return value


def prices_on_steps(config: SimulatorConfig, log_prices: F64) -> F64:
    """Return prices on their steps; rounding is monotone, so that low <= open, close <= high survives it.

    Shapes: (..., k) -> (..., k)
    Units: log prices as traded -> roubles
    """
    steps = np.array([share.price_step_rub for share in config.shares])
    # Nine decimals undo binary dust.
    prices: F64 = np.round(np.maximum(np.round(np.exp(log_prices) / steps), 1.0) * steps, 9)
    return prices


def _traded(config: SimulatorConfig, clock: BarClock, events: MarketEvents) -> Bools:
    """Return who has a bar: listed, not halted, and with a trade in it."""
    traded = ~events.halted
    for at, share in enumerate(config.shares):
        first, last = listed_span(config, share)
        traded[:, at] &= (clock.date >= day_number(first)) & (clock.date <= day_number(last))
        if share.idle_frac:
            # Fewer trades in quiet hours: the chance of none falls with what an average hour would bring.
            usual = clock.volume_frac * len(config.hours)
            traded[:, at] &= events.idle_draw[:, at] >= share.idle_frac**usual
    return traded
