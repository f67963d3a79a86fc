"""What holding the best tenth makes: portfolios of every model and horizon beside all shares and the index."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from modeling.fitting.cross_data import date_starts
from modeling.fitting.cross_walk import NO_SKILL, RankWalk
from modeling.fitting.evaluation import DayBootstrap, bounds
from modeling.fitting.walk_trades import account_figures, mean_p_value, scaled
from modeling.kernels.cross_section import calendar_years
from modeling.kernels.overlap import newey_west_t, plain_t
from modeling.kernels.performance import TRADING_DAYS_A_YEAR, DailyFractions, equity_curve
from modeling.kernels.significance import sharpe_interval
from modeling.kernels.staggered_portfolio import StaggeredBook, staggered_book, top_part_weights
from traderai.common.arrays import F64, I64

PART: Final = 0.1  # of a date's shares that is held
LEAST_SHARES: Final = 10  # with fewer a tenth is not a share
_LAG_DAYS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One way of ordering shares, over one horizon: what is counted as a trial."""

    model: str
    horizon: str

    @property
    def key(self) -> str:
        """The name in figures."""
        return f"{self.model} {self.horizon}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Books:
    """The portfolios of a walk over its test days."""

    days: I64  # (d,) from the first day on which something could be held
    tops: Mapping[Candidate, StaggeredBook]  # the highest tenth; those without skill among them
    universe: Mapping[
        str, F64
    ]  # by horizon (d,) what all shares made together, traded alike and free of costs
    indices: Mapping[str, DailyFractions]

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """Those that may have an edge: all but who knows nothing."""
        return tuple(each for each in self.tops if each.model != NO_SKILL)

    def excess(self, candidate: Candidate, *, round_trip_bp: float | None = None) -> F64:
        """Return what a portfolio made each day beyond all shares (d,), after costs that they do not pay."""
        return np.asarray(
            self.tops[candidate].net_frac(round_trip_bp=round_trip_bp) - self.universe[candidate.horizon]
        )

    def a_purchase(self, candidate: Candidate) -> float:
        """Return the excess over all shares after configured costs, as a fraction of what was bought."""
        bought = float(self.tops[candidate].traded_frac.mean(axis=0).sum()) / 2.0
        return float(self.excess(candidate).sum()) / bought if bought > 0 else float("nan")


def books_of(walk: RankWalk, *, horizon_days: Mapping[str, int]) -> Books:
    """Return the portfolios of the models' best tenths and of all shares on the test days, without an index."""
    panel = walk.panel
    rows = np.flatnonzero(walk.test)
    starts = date_starts(panel.day[rows])
    decided = panel.day[rows][starts[:-1]]
    first, stop = np.searchsorted(panel.grid.day, [decided[0], decided[-1] + 1])
    grid = panel.grid.part(int(first), int(stop))
    place = np.searchsorted(grid.day, decided)

    def book(score: F64, part: float, horizon: str) -> StaggeredBook:
        weights = np.zeros(grid.open.shape)
        weights[place] = top_part_weights(
            starts,
            panel.share[rows],
            score[rows],
            shares=len(panel.secids),
            part=part,
            min_shares=max(panel.min_shares, LEAST_SHARES),
        )
        return _after_first(staggered_book(grid, weights, horizon_days=horizon_days[horizon]))

    alike = np.zeros(panel.day.size)
    return Books(
        days=grid.day[1:],
        tops={
            Candidate(model=name, horizon=horizon): book(score[:, h], PART, horizon)
            for name, score in walk.scores.items()
            for h, horizon in enumerate(panel.horizons)
        },
        universe={
            horizon: book(alike, 1.0, horizon).net_frac(round_trip_bp=0.0) for horizon in panel.horizons
        },
        indices={},
    )


def _after_first(book: StaggeredBook) -> StaggeredBook:
    """Return the book without the day of the first decision, on which nothing is held yet."""
    return StaggeredBook(
        gross_frac=book.gross_frac[:, 1:],
        cost_frac=book.cost_frac[:, 1:],
        traded_frac=book.traded_frac[:, 1:],
        bought=book.bought[1:],
        kept=book.kept,
    )


def book_figures(
    books: Books, candidate: Candidate, bootstrap: DayBootstrap, *, round_trips_bp: tuple[float, ...]
) -> dict[str, Any]:
    """Return what one portfolio made by itself and beyond all shares, at every cost."""
    book = books.tops[candidate]
    net, excess = book.net_frac(), books.excess(candidate)
    account = DailyFractions(
        net_frac=net, invested_frac=np.ones(net.size), traded_frac=book.traded_frac.mean(axis=0)
    )
    costs = {
        f"{cost:g} bp": excess_figures(books.excess(candidate, round_trip_bp=cost), bootstrap)
        for cost in (0.0, *round_trips_bp)
    }
    return {
        "net": account_figures(account, bootstrap),
        "excess": excess_figures(excess, bootstrap),
        "excess_at": {"gross": costs.pop("0 bp"), **costs},
        "p_value": mean_p_value(excess, books.days, bootstrap),
        "years": _years(books, candidate, bootstrap),
        "cost_yearly_frac": float(book.cost_frac.mean() * TRADING_DAYS_A_YEAR),
        "a_purchase_bp": 1e4 * books.a_purchase(candidate),
        "turnover_yearly": book.turnover_yearly,
        "bought": int(book.bought.sum()),
        "kept": book.kept,
    }


def excess_figures(excess: F64, bootstrap: DayBootstrap) -> dict[str, Any]:
    """Return the yearly excess with bounds, its Sharpe ratio and its t-statistics."""
    return {
        "yearly_frac": scaled(bootstrap.mean(excess, bootstrap.days), TRADING_DAYS_A_YEAR),
        "sharpe": bounds(sharpe_interval(excess, bootstrap.draws)),
        "t_plain": plain_t(excess),
        "t_newey_west": newey_west_t(excess, lag=_LAG_DAYS),
    }


def _years(books: Books, candidate: Candidate, bootstrap: DayBootstrap) -> list[dict[str, Any]]:
    """Return what each calendar year made, and beyond all shares after costs with bounds."""
    net, excess = books.tops[candidate].net_frac(), books.excess(candidate)
    universe, years = books.universe[candidate.horizon], calendar_years(books.days)
    found = []
    for year in np.unique(years):
        own = years == year
        mean = bootstrap.mean(excess[own], books.days[own])
        found.append(
            {
                "year": int(year),
                "excess_frac": scaled(mean, float(own.sum())),
                "net_frac": float(equity_curve(net[own])[-1] - 1.0),
                "universe_frac": float(equity_curve(universe[own])[-1] - 1.0),
            }
        )
    return found
