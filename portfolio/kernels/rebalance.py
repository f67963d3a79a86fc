"""The fewest lots to trade so that a portfolio comes inside its limits, as a mixed-integer linear programme.

All limits are upper bounds on sizes, so every useful trade makes a position smaller: a long is sold, a short bought
back, at most to nothing. What is below a lot cannot be traded and stays.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from portfolio.kernels.risk import portfolio_volatility
from traderai.common.arrays import F64, I64, Bools

LimitCode = Literal["share", "sector", "gross", "short", "cash", "exit_days", "volatility"]
TOLERANCE = 1e-6  # of the capital: a ruble of a million
MAX_CUTS = 20  # of parts of lots, and again of whole ones
MAX_CUTS_OF_COSTS = 8  # then as few lots stay that may cost a little more
SOLVER_SECONDS = 0.5  # of one programme; then the best found stands and says so

_OUT_OF_TIME = 1  # scipy.optimize.milp's status


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Holdings:
    """What is held, in lots; all arrays have shape (n,)."""

    lots: I64  # whole lots, below 0 of a short
    lot_rub: F64  # value of a lot
    odd_rub: F64  # value of the shares below a lot, signed like the position
    cost_rub: F64  # of trading one lot, once
    tradable: Bools  # False: halted, or without a price of today
    sector: I64  # numbers from 0
    exit_cap_rub: F64  # the largest position that can be left in the days allowed; infinity: any
    covariance: F64  # (n, n) of daily returns, 0 where unknown

    @property
    def sign(self) -> F64:
        """1 for longs, -1 for shorts."""
        return np.where(self.lots * self.lot_rub + self.odd_rub < 0.0, -1.0, 1.0)

    def sizes_rub(self, traded: I64 | F64) -> F64:
        """Return the positions without their signs after so many lots of each were traded."""
        sizes: F64 = (np.abs(self.lots) - traded) * self.lot_rub + np.abs(self.odd_rub)
        return sizes


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The most of everything, as fractions of the capital; of cash the least."""

    share_frac: float
    sector_frac: float
    gross_frac: float
    short_frac: float
    cash_frac: float  # left after what the longs are worth; what a short sale brought in is no free cash
    volatility_frac: float | None = None  # of a day; None: no such limit


@dataclass(frozen=True, slots=True, kw_only=True)
class UnkeptLimit:
    """A limit that no trade can keep, with the best that can be reached."""

    code: LimitCode
    at: int | None  # the share's row or the sector's number; None: the whole portfolio
    limit_frac: float
    best_frac: float | None  # None: not known


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rebalancing:
    """What to trade; nothing where the portfolio is inside its limits."""

    traded_lots: I64  # (n,) lots by which each position becomes smaller
    lots: int
    cost_rub: float
    unkept: tuple[UnkeptLimit, ...]  # the others are kept
    is_fewest: bool  # proven; False: the solver ran out of time, and this is the best it found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Row:
    """`start - falls @ traded <= limit`, in fractions of the capital."""

    code: LimitCode
    at: int | None
    start: float
    falls: F64
    limit: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Programme:
    rows: tuple[_Row, ...]
    low: I64
    high: I64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Solution:
    traded: Any  # (n,), whole lots or parts of lots
    is_proven: bool
    is_inside: bool  # False: cuts ran out before the volatility was


def rebalance(holdings: Holdings, limits: Limits, *, capital_rub: float) -> Rebalancing:
    """Return the fewest lots to trade that bring a portfolio inside its limits, of these the cheapest.

    Lots come first, costs second, lexicographically; "inside" is to a millionth of the capital. The limit of volatility is convex: it is cut off by its tangents
    until none is broken (Kelley's method), which leaves out no portfolio that keeps it. Limits that cannot be kept are
    named, brought as near as can be, and the others kept. The capital is what the account is worth before the costs.

    Shapes: holdings of n
    Units: rubles; lots
    NaN: not accepted
    Raises: ValueError if the capital is not above 0 or a number of the holdings is NaN
    Source: J. E. Kelley (1960), The cutting-plane method for solving convex programs, SIAM Journal 8; solved by HiGHS,
            Q. Huangfu, J. A. J. Hall (2018), Mathematical Programming Computation 10
    """
    if not capital_rub > 0.0:
        raise ValueError(f"capital_rub must be above 0, was {capital_rub}")
    numbers = (holdings.lot_rub, holdings.odd_rub, holdings.cost_rub, holdings.exit_cap_rub)
    if any(np.isnan(array).any() for array in numbers) or np.isnan(holdings.covariance).any():
        raise ValueError("holdings must have no NaN; leave out what has no price")
    programme, unkept = _reachable(*_programme(holdings, limits, capital_rub))
    nothing = np.zeros(holdings.lots.size, dtype=np.int64)
    broken_now = programme.low.any() or any(row.start > row.limit + TOLERANCE for row in programme.rows)
    if not broken_now and not _over_volatility(nothing, holdings, limits, capital_rub):
        return Rebalancing(traded_lots=nothing, lots=0, cost_rub=0.0, unkept=tuple(unkept), is_fewest=True)
    found = _lexicographic(programme, holdings, limits, capital_rub)
    if found is None and limits.volatility_frac is not None:
        unkept.append(
            UnkeptLimit(code="volatility", at=None, limit_frac=limits.volatility_frac, best_frac=None)
        )
        found = _lexicographic(programme, holdings, replace(limits, volatility_frac=None), capital_rub)
    if found is None:  # costs of what the other limits ask for use up the cash
        unkept.append(UnkeptLimit(code="cash", at=None, limit_frac=limits.cash_frac, best_frac=None))
        programme = replace(programme, rows=tuple(row for row in programme.rows if row.code != "cash"))
        without = replace(limits, volatility_frac=None)
        found = _lexicographic(programme, holdings, without, capital_rub)
    traded, is_fewest = (nothing, False) if found is None else found
    return Rebalancing(
        traded_lots=traded,
        lots=int(traded.sum()),
        cost_rub=float(traded @ holdings.cost_rub),
        unkept=tuple(unkept),
        is_fewest=is_fewest,
    )


def _programme(
    holdings: Holdings, limits: Limits, capital_rub: float
) -> tuple[_Programme, list[UnkeptLimit]]:
    """Return bounds and rows; what one share alone must shrink by is a bound, not a row."""
    high = np.where(holdings.tradable, np.abs(holdings.lots), 0)
    sizes = holdings.sizes_rub(np.zeros_like(high)) / capital_rub
    lot = holdings.lot_rub / capital_rub
    low, unkept = np.zeros_like(high), []
    caps: tuple[tuple[LimitCode, F64], ...] = (
        ("share", np.full(high.size, limits.share_frac)),
        ("exit_days", holdings.exit_cap_rub / capital_rub),
    )
    for code, cap in caps:
        over = np.maximum(sizes - cap - TOLERANCE, 0.0)
        wanted = np.ceil(np.divide(over, lot, out=np.where(over > 0, np.inf, 0.0), where=lot > 0))
        unkept += [
            UnkeptLimit(
                code=code,
                at=int(at),
                limit_frac=float(cap[at]),
                best_frac=float(sizes[at] - lot[at] * high[at]),
            )
            for at in np.flatnonzero(wanted > high)
        ]
        low = np.maximum(low, np.minimum(wanted, high).astype(np.int64))
    rows = _shared_rows(holdings, limits, capital_rub, sizes, lot)
    return _Programme(rows=rows, low=low, high=high), unkept


def _shared_rows(
    holdings: Holdings, limits: Limits, capital_rub: float, sizes: F64, lot: F64
) -> tuple[_Row, ...]:
    is_short = holdings.sign < 0.0
    groups: list[tuple[LimitCode, int | None, Bools, float]] = [
        ("sector", int(code), holdings.sector == code, limits.sector_frac)
        for code in np.unique(holdings.sector)
    ]
    groups.append(("gross", None, np.ones(is_short.size, dtype=np.bool_), limits.gross_frac))
    groups.append(("short", None, is_short, limits.short_frac))
    rows = [
        _Row(
            code=code, at=at, start=float(sizes[inside].sum()), falls=np.where(inside, lot, 0.0), limit=limit
        )
        for code, at, inside, limit in groups
    ]
    # Cash falls short of its floor by as much as the longs exceed the rest; every trade is paid from it.
    freed = np.where(is_short, 0.0, lot) - holdings.cost_rub / capital_rub
    invested = float(sizes[~is_short].sum())
    rows.append(_Row(code="cash", at=None, start=invested, falls=freed, limit=1.0 - limits.cash_frac))
    return tuple(rows)


def _reachable(programme: _Programme, unkept: list[UnkeptLimit]) -> tuple[_Programme, list[UnkeptLimit]]:
    """Name the rows that no trade can keep, and ask of them no more than can be reached."""
    rows, found = [], list(unkept)
    for row in programme.rows:
        most = np.where(row.falls > 0.0, programme.high, programme.low)
        best = row.start - float(row.falls @ most)
        if best > row.limit + TOLERANCE:
            told = (row.limit, best) if row.code != "cash" else (1.0 - row.limit, 1.0 - best)
            found.append(UnkeptLimit(code=row.code, at=row.at, limit_frac=told[0], best_frac=told[1]))
        rows.append(replace(row, limit=max(row.limit, best)))
    return replace(programme, rows=tuple(rows)), found


def _lexicographic(
    programme: _Programme, holdings: Holdings, limits: Limits, capital_rub: float
) -> tuple[I64, bool] | None:
    """Return the lots traded and whether they are proven to be the fewest; None where no trade keeps the limits."""
    cuts: list[_Row] = []
    ones = np.ones(holdings.lots.size)
    first = _solved(programme, cuts, ones, holdings, limits, capital_rub, most_cuts=MAX_CUTS)
    if first is None:
        return None
    if not first.is_inside:
        return _nearest_inside(first.traded, programme, holdings, limits, capital_rub), False
    fewest = _Row(code="gross", at=None, start=-float(first.traded.sum()), falls=-ones, limit=0.0)
    rows = (*programme.rows, fewest)
    cheapest = replace(programme, rows=rows)
    cheaper = _solved(
        cheapest, cuts, holdings.cost_rub, holdings, limits, capital_rub, most_cuts=MAX_CUTS_OF_COSTS
    )
    if cheaper is None or not cheaper.is_inside:
        return first.traded, first.is_proven
    return cheaper.traded, first.is_proven


def _solved(
    programme: _Programme,
    cuts: list[_Row],
    objective: F64,
    holdings: Holdings,
    limits: Limits,
    capital_rub: float,
    *,
    most_cuts: int,
) -> _Solution | None:
    """Solve, cut off what breaks the limit of volatility, and solve again; `cuts` grows. None where nothing is inside.

    Parts of lots go first: that is quick, and leaves little for the whole ones to break.
    """
    for _ in range(most_cuts if limits.volatility_frac is not None else 0):
        parts = _milp(programme, cuts, objective, whole=False)
        if parts is None:
            return None
        if not _over_volatility(parts.traded, holdings, limits, capital_rub):
            break
        cuts.append(_tangent(parts.traded, holdings, limits, capital_rub))
    found = None
    for _ in range(most_cuts):
        found = _milp(programme, cuts, objective, whole=True)
        if found is None or not _over_volatility(found.traded, holdings, limits, capital_rub):
            return found
        cuts.append(_tangent(found.traded, holdings, limits, capital_rub))
    return None if found is None else replace(found, is_inside=False)


def _milp(programme: _Programme, cuts: list[_Row], objective: F64, *, whole: bool) -> _Solution | None:
    # Imported when needed: the portfolio that keeps its limits, the common case, pays nothing for it.
    from scipy.optimize import Bounds, LinearConstraint, milp

    rows = (*programme.rows, *cuts)
    result: Any = milp(
        objective / max(float(np.abs(objective).max()), 1e-12),
        integrality=np.full(objective.size, int(whole)),
        bounds=Bounds(programme.low, programme.high),
        constraints=LinearConstraint(
            np.array([row.falls for row in rows]), lb=np.array([row.start - row.limit for row in rows])
        ),
        options={"mip_rel_gap": 0.0, "time_limit": SOLVER_SECONDS},
    )
    if result.x is None and result.status == _OUT_OF_TIME:  # everything out is inside whatever can be kept
        return _Solution(traded=programme.high, is_proven=False, is_inside=True)
    if result.x is None:
        return None
    traded = np.rint(result.x).astype(np.int64) if whole else result.x
    return _Solution(traded=traded, is_proven=bool(result.status == 0), is_inside=True)


def _nearest_inside(
    traded: I64, programme: _Programme, holdings: Holdings, limits: Limits, capital_rub: float
) -> I64:
    """Return the first portfolio inside the volatility on the way from the one found to nothing at all.

    Volatility is convex, so it falls below its limit once on that way.
    """
    rest: I64 = programme.high - traded
    low, high = 0.0, 1.0
    for _ in range(30):
        middle = (low + high) / 2.0
        tried = traded + np.ceil(middle * rest).astype(np.int64)
        over = _over_volatility(tried, holdings, limits, capital_rub)
        low, high = (middle, high) if over else (low, middle)
    nearest: I64 = traded + np.ceil(high * rest).astype(np.int64)
    return nearest


def _over_volatility(traded: I64 | F64, holdings: Holdings, limits: Limits, capital_rub: float) -> bool:
    if limits.volatility_frac is None:
        return False
    positions = holdings.sign * holdings.sizes_rub(traded) / capital_rub
    return portfolio_volatility(positions, holdings.covariance) > limits.volatility_frac + TOLERANCE


def _tangent(traded: I64 | F64, holdings: Holdings, limits: Limits, capital_rub: float) -> _Row:
    """Return the tangent of the volatility at a portfolio: no other lies below it."""
    sign = holdings.sign
    positions = sign * holdings.sizes_rub(traded) / capital_rub
    slope = holdings.covariance @ positions / portfolio_volatility(positions, holdings.covariance)
    start = sign * holdings.sizes_rub(np.zeros_like(holdings.lots)) / capital_rub
    return _Row(
        code="volatility",
        at=None,
        start=float(slope @ start),
        falls=slope * sign * holdings.lot_rub / capital_rub,
        limit=limits.volatility_frac or 0.0,
    )
