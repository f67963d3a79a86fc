"""Holding the best of a ranking: cohorts that begin on every day, traded at opens and valued at closes."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numba import njit

from traderai.common.arrays import F64, I64, Bools

_LEAST_TRADE = 1e-12  # of the capital: below it is rounding


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PriceGrid:
    """Daily prices of s shares over d trading days in a row; NaN on days without a bar."""

    day: I64  # (d,) rising, days since 1970-01-01
    open: F64  # (d, s) forward-adjusted, as all prices here
    close: F64  # (d, s)
    dividend_rub: F64  # (d, s) whose ex-date is this day, 0 else
    side_cost_frac: F64  # (d, s) of one side of a trade at the day's open, known the day before

    def __post_init__(self) -> None:
        shape = (self.day.size, *self.open.shape[1:])
        tables = {name: getattr(self, name) for name in ("open", "close", "dividend_rub", "side_cost_frac")}
        if len(shape) != 2 or any(table.shape != shape for table in tables.values()):
            told = ", ".join(f"{name} {table.shape}" for name, table in tables.items())
            raise ValueError(f"day must be (d,) and the tables (d, s), were {self.day.shape} and {told}")
        if np.any(np.diff(self.day) <= 0):
            raise ValueError("day must rise; give each trading day once, in order")
        if np.any(np.isnan(self.open) != np.isnan(self.close)):
            raise ValueError("a day has an open or a close without the other; leave the bar out")
        if np.any(self.open <= 0) or np.any(self.close <= 0) or np.isinf(self.close).any():
            raise ValueError("prices must be above 0 and finite, NaN on days without a bar")
        if not (np.all(self.dividend_rub >= 0) and np.all(self.side_cost_frac >= 0)):
            raise ValueError("dividends and costs must be known and not negative")

    def part(self, first: int, stop: int) -> PriceGrid:
        """Return the days `first` to `stop`."""
        return PriceGrid(**{each.name: getattr(self, each.name)[first:stop] for each in fields(self)})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StaggeredBook:
    """`h` portfolios that each trade every h-th day, one day apart; arrays (h, d)."""

    gross_frac: F64  # of the day, before costs
    cost_frac: F64  # of the capital at the open, at each share's own costs
    traded_frac: F64  # bought plus sold, of the capital at the open
    bought: I64  # (d,) purchases of all portfolios together
    kept: int  # times that a share could not be sold for want of a bar

    def net_frac(self, *, round_trip_bp: float | None = None) -> F64:
        """Return the mean of the portfolios' days (d,) after costs: a flat round trip, or each share's own costs."""
        cost = self.cost_frac if round_trip_bp is None else self.traded_frac * (round_trip_bp / 2e4)
        return np.asarray(((1.0 + self.gross_frac) * (1.0 - cost) - 1.0).mean(axis=0))

    @property
    def turnover_yearly(self) -> float:
        """Bought plus sold in 252 days, over the capital."""
        return float(self.traded_frac.mean() * 252.0)


def top_part_weights(
    starts: I64, share: I64, score: F64, *, shares: int, part: float, min_shares: int
) -> F64:
    """Return equal weights on the `floor(part n)` highest scores of each date, ties at the cut sharing what is left.

    A part of 1 is all of them.

    Shapes: starts (d + 1,) first row of each date and the number of rows; share, score (n,); returns (d, shares).
    NaN:    a row without a score is not among the n; a date with fewer than `min_shares` has no weight at all.
    Causal: a date reads its own rows.
    Raises: ValueError if the part is not within (0, 1] or gives no share at `min_shares`.
    """
    if not 0.0 < part <= 1.0 or int(part * min_shares + 1e-9) < 1:
        raise ValueError(
            f"part must lie within (0, 1] and give a share of min_shares, were {part} and {min_shares}"
        )
    weights = np.zeros((starts.size - 1, shares))
    for date in range(starts.size - 1):
        own = np.arange(starts[date], starts[date + 1])
        own = own[~np.isnan(score[own])]
        if own.size < min_shares:
            continue
        wanted = int(part * own.size + 1e-9)
        cut = np.sort(score[own])[own.size - wanted]
        above, tied = own[score[own] > cut], own[score[own] == cut]
        weights[date, share[above]] = 1.0 / wanted
        weights[date, share[tied]] = (wanted - above.size) / tied.size / wanted
    return weights


def staggered_book(grid: PriceGrid, weights: F64, *, horizon_days: int) -> StaggeredBook:
    """Return what `horizon_days` portfolios make that hold what was weighted highest, each beginning one day later.

    Weights decided at the close of a day are traded at the next day's open, by the portfolio whose turn it is; in
    between it drifts. A dividend goes to who held the share the night before. A share without a bar that day is
    neither bought nor sold; a held one is kept at its last close until it trades again, and what is left is spread
    over the others. One that never trades again is sold at its last close, at cost. Before its first turn and
    where there is nothing to buy, a portfolio is in cash, which earns nothing.

    Shapes: weights (d, s), rows adding up to 1, or to 0 where nothing is decided; the result's arrays (h, d).
    Units:  fractions of the capital.
    Causal: day d reads prices up to d and weights up to d - 1; that a share never trades again is known from the
            last day of the grid.
    Raises: ValueError for weights of another shape, negative ones or rows that add up to something else, or a
            horizon below 1.
    Source: cohorts as Jegadeesh and Titman (1993), Journal of Finance 48, 65-91.
    """
    if weights.shape != grid.open.shape:
        raise ValueError(f"weights must be {grid.open.shape}, were {weights.shape}")
    sums = weights.sum(axis=1)
    if np.any(weights < 0) or not np.all((np.abs(sums - 1.0) < 1e-9) | (sums == 0)):
        raise ValueError("weights must not be negative and add up to 1 on a day, or all be 0")
    if horizon_days < 1:
        raise ValueError(f"horizon_days must be at least 1, was {horizon_days}")
    books = [
        _portfolio(
            grid.open, grid.close, grid.dividend_rub, grid.side_cost_frac, weights, (horizon_days, number)
        )
        for number in range(horizon_days)
    ]
    gross, cost, traded, bought = (np.stack([book[at] for book in books]) for at in range(4))
    return StaggeredBook(
        gross_frac=gross,
        cost_frac=cost,
        traded_frac=traded,
        bought=bought.sum(axis=0).astype(np.int64),
        kept=sum(book[4] for book in books),
    )


@njit(nogil=True, cache=True)
def _portfolio(
    opens: F64, closes: F64, dividend: F64, side_cost: F64, weights: F64, turn: tuple[int, int]
) -> tuple[F64, F64, F64, F64, int]:
    """Return gross result, cost, traded part and purchases of each day of one portfolio, and what it had to keep."""
    days, shares = opens.shape
    horizon, number = turn
    out = np.zeros((4, days))
    held, last = np.zeros(shares), np.ones(shares)  # parts of the capital, and last closes
    final = _final_bars(opens)
    kept = 0
    for day in range(days):
        night = _moved(held, opens[day] + dividend[day], last)
        decided = day > 0 and (day - 1) % horizon == number and weights[day - 1].sum() > 0
        if decided:
            wanted, stuck = _wanted(held, weights[day - 1], opens[day], final > day)
            kept += stuck
            for share in range(shares):
                change = wanted[share] - held[share]
                out[1, day] += abs(change) * side_cost[day, share]
                out[2, day] += abs(change)
                out[3, day] += change > _LEAST_TRADE and held[share] == 0.0
            held = wanted
        inside = _moved(held, closes[day], np.where(np.isnan(opens[day]), last, opens[day]))
        last = np.where(np.isnan(closes[day]), last, closes[day])
        out[0, day] = (1.0 + night) * (1.0 + inside) - 1.0
    return out[0], out[1], out[2], out[3], kept


@njit(nogil=True, cache=True)
def _final_bars(opens: F64) -> I64:
    """Return the last day with a bar of each share, -1 without one."""
    final = np.full(opens.shape[1], -1)
    for day in range(opens.shape[0]):
        for share in range(opens.shape[1]):
            if not np.isnan(opens[day, share]):
                final[share] = day
    return final


@njit(nogil=True, cache=True)
def _moved(held: F64, now: F64, before: F64) -> float:
    """Let the held parts move with their prices; return what the capital made, and leave its parts in `held`."""
    made = 0.0
    for share in range(held.size):
        if held[share] > 0 and not np.isnan(now[share]):
            gain = held[share] * (now[share] / before[share] - 1.0)
            held[share] += gain
            made += gain
    held /= 1.0 + made
    return made


@njit(nogil=True, cache=True)
def _wanted(held: F64, weight: F64, opens: F64, trades_later: Bools) -> tuple[F64, int]:
    """Return the parts after trading towards the weights, and how many held shares had to be kept."""
    after = np.zeros(held.size)
    free, reachable, stuck = 1.0, 0.0, 0
    for share in range(held.size):
        if np.isnan(opens[share]):
            if held[share] > 0 and trades_later[share]:
                after[share] = held[share]
                free -= held[share]
                stuck += 1
        else:
            reachable += weight[share]
    for share in range(held.size):
        if reachable > 0 and not np.isnan(opens[share]):
            after[share] = weight[share] / reachable * free
    return after, stuck
