"""What happens to the simulated market: jumps, reports, halts, spikes of volume and hours without a trade."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from market.simulator.calendar import BarClock, day_number, day_of, trading_date_of
from market.simulator.config import SimulatorConfig
from traderai.common.arrays import F64, I8, I64, Bools

UNTOLD, EVENT, REPORT, MARKET, CHATTER = range(5)
"""What news tell of at a bar: nothing, an event, a scheduled report, an event of all shares, nothing that moves."""

_OPENING_FRAC = 0.4  # of a day's jumps that happen before its first bar
_IN_LINE_FRAC = 0.35  # of its usual size under which a report is called neither good nor bad
_JUMP, _SIZE, _ANGLE, _MINUTE, _TOLD, _TONE, _SPIKE, _HALT, _LENGTH, _IDLE = range(10)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarketEvents:
    """The events of every bar; all arrays have shape (n bars, k shares)."""

    gap_jump: F64  # log jump between the bar before and this one
    move_jump: F64  # log jump inside the bar
    minute: I64  # of the hour at which the jump inside the bar happens and news come out
    told: I8  # UNTOLD, EVENT, REPORT, MARKET or CHATTER
    tone: I8  # what the news say: -1 bad, 0 neither, 1 good
    volume_factor: F64
    halted: Bools
    idle_draw: F64  # uniform: decides over hours without a trade

    @property
    def direction(self) -> I8:
        """What news that tell of something say; 0 where none do."""
        told: I8 = np.where(self.told == CHATTER, 0, self.tone).astype(np.int8)
        return told


def market_events(config: SimulatorConfig, clock: BarClock, stream: np.random.Generator) -> MarketEvents:
    """Draw what happens at each bar.

    A jump of scale s is lognormal with mean 1, so that the price stays a martingale; news come out with it or
    before the market opens, never before a price that could still be traded.

    Shapes: (n,) -> (n, k)
    Units: log prices; minutes
    Causal: bar i depends on the seed and its own draws alone, halts on those of the bars before too
    """
    # One draw for everything: separate draws would not stay the same when bars are appended.
    draws = stream.random((len(clock), len(config.shares) + 1, 10))
    own, market = draws[:, :-1], draws[:, -1:]
    daily = np.array([share.daily_volatility_frac for share in config.shares])
    plan = config.events
    is_jump = own[..., _JUMP] < _per_bar(plan.jump_per_day, clock)
    is_market = market[..., _JUMP] < _per_bar(plan.market_jump_per_day, clock)
    jump = np.where(is_jump, _lognormal(own, plan.jump_scale * daily), 0.0)
    common = np.where(is_market, _lognormal(market, plan.market_jump_scale * daily), 0.0)
    jump = jump + common
    told = np.where(is_jump & (own[..., _TOLD] < plan.told_frac), EVENT, UNTOLD)
    told = np.where(is_market & (market[..., _TOLD] < plan.told_frac), MARKET, told)
    is_chatter = (told == UNTOLD) & (
        1.0 - own[..., _TOLD] < plan.empty_news_per_day * clock.volume_frac[:, None]
    )
    told = np.where(is_chatter & ~is_jump & ~is_market, CHATTER, told)
    tone = np.where(told == MARKET, np.sign(common), np.sign(jump))
    tone = np.where(told == CHATTER, np.floor(3.0 * own[..., _TONE]) - 1.0, tone)
    opens = np.broadcast_to(clock.opens_day[:, None], jump.shape)
    is_spike = own[..., _SPIKE] < plan.volume_spike_per_day * clock.volume_frac[:, None]
    events = MarketEvents(
        gap_jump=np.where(opens, jump, 0.0),
        move_jump=np.where(opens, 0.0, jump),
        minute=np.where(is_market, market[..., _MINUTE] * 60, own[..., _MINUTE] * 60).astype(np.int64),
        told=told.astype(np.int8),
        tone=np.where(told == UNTOLD, 0, tone).astype(np.int8),
        volume_factor=np.where(is_spike, plan.volume_spike_factor, 1.0),
        halted=_halts(config, clock, own, market),
        idle_draw=own[..., _IDLE],
    )
    _report(config, clock, events)
    return events


def report_moments(config: SimulatorConfig, *, since: date, until: date) -> list[tuple[int, date, int, int]]:
    """Return (share, day, hour, minute) of every scheduled report of a span, `until` left out."""
    found = []
    first, end = config.sessions["main"]
    for share in range(len(config.shares)):
        for year in range(since.year, until.year + 1):
            for month in config.events.report_months:
                draw = np.random.default_rng([config.seed, 11, share, year, month]).integers(
                    0, [21, max(end - 1 - first, 1), 60]
                )
                day: date = date(year, month, 5 + int(draw[0]))
                while trading_date_of(config, day) != day:
                    day += timedelta(days=1)
                if since <= day < until:
                    found.append((share, day, first + int(draw[1]), int(draw[2])))
    return found


def _report(config: SimulatorConfig, clock: BarClock, events: MarketEvents) -> None:
    """Put the scheduled reports into their bars."""
    if not len(clock):
        return
    rows = {
        (int(day), int(hour)): row for row, (day, hour) in enumerate(zip(clock.date, clock.hour, strict=True))
    }
    span = {"since": day_of(int(clock.date[0])), "until": day_of(int(clock.date[-1]) + 1)}
    for share, day, hour, minute in report_moments(config, **span):
        row = rows.get((day_number(day), hour))
        if row is None:
            continue
        scale = config.events.report_scale * config.shares[share].daily_volatility_frac
        drawn = np.random.default_rng([config.seed, 12, share, day.toordinal()]).standard_normal()
        events.move_jump[row, share] += scale * drawn - 0.5 * scale**2
        events.minute[row, share] = minute
        events.told[row, share] = REPORT
        events.tone[row, share] = 0 if abs(drawn) < _IN_LINE_FRAC else int(np.sign(drawn))


def _per_bar(per_day: float, clock: BarClock) -> F64:
    """Return the probability at each bar: more before a day's first bar, elsewhere as volume goes."""
    at_bars = (1.0 - _OPENING_FRAC) * clock.volume_frac
    rate: F64 = per_day * np.where(clock.opens_day, _OPENING_FRAC, at_bars)[:, None]
    return rate


def _lognormal(draws: F64, scale: F64) -> F64:
    radius = np.sqrt(-2.0 * np.log(1.0 - draws[..., _SIZE]))
    normal = radius * np.cos(2.0 * np.pi * draws[..., _ANGLE])
    jump: F64 = scale * normal - 0.5 * scale**2
    return jump


def _halts(config: SimulatorConfig, clock: BarClock, own: F64, market: F64) -> Bools:
    plan = config.events
    halted = np.zeros(own.shape[:2], dtype=np.bool_)
    shortest, longest = plan.halt_bars
    for draws, per_day in ((own, plan.halt_per_day), (market, plan.market_halt_per_day)):
        starts = draws[..., _HALT] < per_day * clock.volume_frac[:, None]
        for row, share in zip(*np.nonzero(starts), strict=True):
            length = shortest + int(draws[row, share, _LENGTH] * (longest - shortest + 1))
            columns = slice(share, share + 1) if draws is own else slice(None)
            halted[row : row + length, columns] = True
    return halted
