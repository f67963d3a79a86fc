"""What told trades have made: figures with bounds by blocks of days, all together and by group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from market.kernels.sessions import moscow_offset_s
from modeling.kernels.significance import DayDraws, draw_days, ratio_interval
from traderai.common.arrays import F64, I64, Bools

LEAST_TRADES: Final = 10  # of fewer a mean is told without bounds
LEVEL: Final = 0.95
MEAN_BLOCK_DAYS: Final = 14.0  # of the calendar: the longest windows are ten trading days
RESAMPLES: Final = 1000
_SEED: Final = 0
_DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ResolvedTrades:
    """n trades of told signals, of one kind: what was live, replayed or simulated, proven or paper is never mixed."""

    kind: Sequence[tuple[str, bool]]  # (n,) source, and whether it was proven
    decided_s: I64  # (n,)
    exit_s: I64  # (n,)
    hit: Bools  # (n,) the take-profit came first
    break_even: F64  # (n,) chance of that which was needed; NaN where it was not kept
    net_frac: F64  # (n,) after all costs
    r_multiple: F64  # (n,) the same in stops of the order

    def __post_init__(self) -> None:
        if len(set(self.kind)) > 1:
            raise ValueError(
                f"a record is of one source, proven or paper, was of {sorted(set(self.kind))}; make one for each"
            )
        columns = (
            self.decided_s, self.exit_s, self.hit, self.break_even, self.net_frac, self.r_multiple
        )  # fmt: skip
        if {column.shape for column in columns} != {(len(self.kind),)}:
            raise ValueError(f"every column must be ({len(self.kind)},), as there are kinds")
        if not (np.isfinite(self.net_frac).all() and np.isfinite(self.r_multiple).all()):
            raise ValueError("a result is missing or infinite; pass closed trades only")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounded:
    """A mean with one-sided bounds at LEVEL; None where there are too few trades, or days, to tell."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFigures:
    """What some trades made; every trade risks one R, whatever else is open."""

    trades: int
    days: int  # on which one of them was decided
    hit_rate: Bounded  # share that reached the take-profit first
    break_even: float | None  # mean of the chances of that which were needed
    win_rate: Bounded  # share with a net result above 0
    mean_r: Bounded
    net_frac: Bounded
    profit_factor: Bounded  # sum of the R of winners over that of losers; NaN without a loser
    total_r: float
    drawdown_r: float  # deepest fall of their sum below its highest so far, the start included


class RecordCurve(NamedTuple):
    """The sum of R as trades ended."""

    exit_s: I64  # (m,) rising, each moment once
    equity_r: F64  # (m,)


def record_figures(
    trades: ResolvedTrades, groups: Mapping[str, Sequence[str]]
) -> tuple[RecordFigures | None, dict[str, dict[str, RecordFigures]]]:
    """Return the figures of all trades, None without one, and by group of each way to group them.

    `groups` names for each trade its group, such as {"action": ["BUY", "SELL", ...]}. Bounds come from days of the
    calendar drawn in blocks, one draw for all figures, because trades of near days share their windows.

    Shapes: trades of n; each of groups n names.
    Units:  as the fields say.
    NaN:    the profit factor without a loser.
    Causal: reads what the trades hold.
    Raises: ValueError for groups of another length.
    """
    n = len(trades.kind)
    if wrong := [name for name, of in groups.items() if len(of) != n]:
        raise ValueError(f"groups {', '.join(wrong)} must name {n} trades")
    if n == 0:
        return None, {name: {} for name in groups}
    day = (trades.decided_s + moscow_offset_s(trades.decided_s)) // _DAY_S
    day -= day.min()
    draws = _draws(int(day.max()) + 1)
    every = np.ones(n, dtype=np.bool_)
    found = {
        name: {
            own: _figures(trades, np.asarray([each == own for each in of]), day, draws)
            for own in sorted(set(of))
        }
        for name, of in groups.items()
    }
    return _figures(trades, every, day, draws), found


def record_curve(exit_s: I64, r_multiple: F64) -> RecordCurve:
    """Return the sum of R at each moment at which trades ended; those of one moment count together.

    Shapes: both (n,); returns two (m,), a point for each moment.
    Units:  seconds since 1970 UTC; stops.
    Causal: each point reads the trades that had ended by then.
    """
    moments, place = np.unique(exit_s, return_inverse=True)
    sums = np.bincount(place, weights=r_multiple, minlength=moments.size)
    return RecordCurve(moments, np.cumsum(sums, dtype=np.float64))


class RecordDays(NamedTuple):
    """The sum of R at the end of each day on which trades ended, with what other luck would have made of it."""

    day: I64  # (m,) Moscow dates rising, days since 1970
    equity_r: F64  # (m,)
    low_r: F64  # (m,) one-sided bounds at LEVEL; NaN where there are too few trades, or days, to tell
    high_r: F64  # (m,)
    fall_r: F64  # (m,) how far it lies below its highest so far, the start included


def record_days(exit_s: I64, r_multiple: F64, *, most: int) -> RecordDays:
    """Return the sum of R by day, at most so many points: evenly spread, the last and the deepest fall among them.

    The band is what the same days would have summed to up to each point, drawn anew in blocks: their spread about
    their own mean, laid about the sum that there was. At the end it is the interval of the whole sum.

    Shapes: both (n,); returns five (m,), m at most `most`.
    Units:  seconds since 1970 UTC; stops.
    NaN:    the band of fewer than LEAST_TRADES trades, or of one day.
    Causal: sums read the trades that had ended by then; the band reads all of them.
    Raises: ValueError for fewer than 2 points.
    """
    if most < 2:
        raise ValueError(f"most must be at least 2, was {most}")
    if exit_s.size == 0:
        nothing = np.zeros(0)
        return RecordDays(np.zeros(0, np.int64), nothing, nothing, nothing, nothing)
    own = (exit_s + moscow_offset_s(exit_s)) // _DAY_S
    first = int(own.min())
    daily = np.bincount(own - first, weights=r_multiple)
    equity = np.cumsum(daily)
    fall = np.maximum.accumulate(np.maximum(equity, 0.0)) - equity
    low, high = np.full(daily.size, np.nan), np.full(daily.size, np.nan)
    draws = _draws(daily.size)
    if draws is not None and exit_s.size >= LEAST_TRADES:
        spread = np.cumsum(daily[draws.rows] - daily.mean(), axis=1) * draws.widening
        below, above = np.quantile(spread, [1.0 - LEVEL, LEVEL], axis=0)
        low, high = equity - above, equity - below
    at = np.unique(own) - first
    if at.size > most:
        even = at[np.linspace(0, at.size - 1, most - 1).round().astype(np.int64)]
        at = np.unique(np.append(even, int(fall.argmax())))
    return RecordDays(at + first, equity[at], low[at], high[at], fall[at])


def _draws(days: int) -> DayDraws | None:
    if days < 2:
        return None
    rng = np.random.default_rng(_SEED)
    return draw_days(days, level=LEVEL, mean_block_days=MEAN_BLOCK_DAYS, resamples=RESAMPLES, rng=rng)


def _figures(trades: ResolvedTrades, own: Bools, day: I64, draws: DayDraws | None) -> RecordFigures:
    r_multiple, needed = trades.r_multiple[own], trades.break_even[own]
    few = int(own.sum()) < LEAST_TRADES

    def ratio(upper: F64, lower: F64, least: float = -np.inf, most: float = np.inf) -> Bounded:
        with np.errstate(invalid="ignore", divide="ignore"):
            value = float(np.divide(upper.sum(), lower.sum()))
        if few or draws is None or not np.isfinite(value):
            return Bounded(value=value if np.isfinite(value) else float("nan"), low=None, high=None)
        d = draws.rows.shape[1]
        sums, counts = (
            np.bincount(day[own], weights=each, minlength=d).astype(np.float64) for each in (upper, lower)
        )
        interval = ratio_interval(sums, counts, draws)
        # Bounds of a share may come out beyond what a share can be: what lies there is impossible, not covered.
        low, high = (float(np.clip(bound, least, most)) for bound in (interval.low, interval.high))
        return Bounded(value=value, low=low, high=high)

    def mean(values: F64) -> Bounded:
        return ratio(values, np.ones(values.size))

    def share(of: Bools) -> Bounded:
        return ratio(of.astype(np.float64), np.ones(of.size), 0.0, 1.0)

    curve = record_curve(trades.exit_s[own], r_multiple).equity_r
    fall = np.maximum.accumulate(np.maximum(curve, 0.0)) - curve
    return RecordFigures(
        trades=int(own.sum()),
        days=int(np.unique(day[own]).size),
        hit_rate=share(trades.hit[own]),
        break_even=float(np.nanmean(needed)) if np.isfinite(needed).any() else None,
        win_rate=share(trades.net_frac[own] > 0),
        mean_r=mean(r_multiple),
        net_frac=mean(trades.net_frac[own]),
        profit_factor=ratio(np.maximum(r_multiple, 0.0), np.maximum(-r_multiple, 0.0), 0.0),
        total_r=float(r_multiple.sum()),
        drawdown_r=float(fall.max()),
    )
