"""How well scores order the shares of a date: rank correlation with what followed, decay and extreme deciles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numba import njit

from modeling.kernels.overlap import OverlapMean, overlap_mean
from traderai.common.arrays import F64, I8, I64, Bools

SHARE_NUMBER_MAX = 999_999
_USED, _FEW, _CONSTANT = 0, 1, 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CrossSection:
    """Scores of shares and the returns that followed, one row for each date and share, by date."""

    date: I64  # (n,) days since 1970-01-01, never falling; the dates present are taken for trading days in a row
    share: I64  # (n,) the share's number, from 0
    score: F64  # (n,)
    forward_frac: F64  # (n, h) return over each horizon from the entry on; NaN where it is not known
    horizons_days: tuple[int, ...]  # (h,)

    def __post_init__(self) -> None:
        n, h = self.date.size, len(self.horizons_days)
        shapes = (self.date.shape, self.share.shape, self.score.shape, self.forward_frac.shape)
        if n == 0 or shapes != ((n,), (n,), (n,), (n, h)):
            raise ValueError(
                f"date, share and score must be (n,) with a row at least and forward_frac (n, {h}), were {shapes}"
            )
        if len(set(self.horizons_days)) < h or min(self.horizons_days, default=0) < 1:
            raise ValueError(f"horizons_days must be different numbers from 1 up, were {self.horizons_days}")
        if not np.isfinite(self.score).all():
            raise ValueError("a score is missing; drop rows without a score first")
        if np.any(self.forward_frac < -1.0) or np.isinf(self.forward_frac).any():
            raise ValueError("a return is below -1 or infinite; returns are fractions, NaN where not known")
        if np.any(np.diff(self.date) < 0):
            raise ValueError("date must not fall; build the rows with cross_section, which orders them")
        if self.share.min() < 0 or self.share.max() > SHARE_NUMBER_MAX:
            raise ValueError(f"share must be numbers from 0 to {SHARE_NUMBER_MAX}; number the shares")
        twice = _first_repeat(self.date, self.share, np.full(int(self.share.max()) + 1, -1))
        if twice >= 0:
            raise ValueError(
                f"share {self.share[twice]} stands twice on date {self.date[twice]}; keep one row"
            )

    @property
    def starts(self) -> I64:
        """First row of each date, and the number of rows at the end: (d + 1,)."""
        return np.concatenate(([0], np.flatnonzero(np.diff(self.date)) + 1, [self.date.size]))

    def returns(self, horizon_days: int) -> F64:
        """Return the forward returns over a horizon (n,); ValueError if it is not among `horizons_days`."""
        if horizon_days not in self.horizons_days:
            raise ValueError(f"horizon_days must be one of {self.horizons_days}, was {horizon_days}")
        return np.ascontiguousarray(self.forward_frac[:, self.horizons_days.index(horizon_days)])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DailyIc:
    """Rank correlation of scores and forward returns on each date."""

    date: I64  # (d,) every date of the rows, days since 1970-01-01
    ic: F64  # (d,) NaN with too few shares, or scores or returns that are all equal
    shares: I64  # (d,) with a known return
    horizon_days: int
    dates_few: int  # with fewer shares than wanted
    dates_constant: int  # enough shares, but equal scores or returns
    rows_without_return: int


@dataclass(frozen=True, slots=True, kw_only=True)
class YearIc:
    """The rank correlation of one calendar year."""

    year: int
    ic: OverlapMean


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DecileEdge:
    """What the highest (or lowest) scores brought beyond the universe; every date begins a cohort of one horizon."""

    date: I64  # (d,) every date of the rows, days since 1970-01-01
    excess_gross_frac: F64  # (d,) return of the cohort less the universe's mean; NaN with too few shares
    turnover: F64  # (d,) bought plus sold over the cohort's value; 2 if all is replaced
    edge_net_frac: F64  # (d,) what holding it (top) or selling it short (bottom) earned over the universe
    excess_gross: OverlapMean
    edge_net: OverlapMean
    mean_turnover: float
    universe_mean_frac: float  # mean over the dates used
    horizon_days: int
    dates_few: int
    rows_without_return: int


def cross_section(
    date: I64, share: I64, score: F64, forward_frac: F64, *, horizons_days: tuple[int, ...]
) -> CrossSection:
    """Return the rows ordered by date, as every measure here wants them.

    Shapes: date, share, score (n,) in any order; forward_frac (n, h).
    Units:  date in days since 1970-01-01; returns as fractions, after nothing but the market.
    NaN:    a return that is not known.
    Raises: ValueError for shapes that differ, missing scores, infinite returns or a share twice on a date.
    """
    if np.any(np.diff(date) < 0) and date.shape == share.shape == score.shape == forward_frac.shape[:1]:
        order = np.argsort(date, kind="stable")
        date, share, score, forward_frac = date[order], share[order], score[order], forward_frac[order]
    return CrossSection(
        date=date, share=share, score=score, forward_frac=forward_frac, horizons_days=horizons_days
    )


def daily_rank_ic(rows: CrossSection, *, horizon_days: int, min_shares: int) -> DailyIc:
    """Return Spearman's rank correlation of score and forward return on each date, ties at their mean rank.

    A row without a known return takes no part in its date and is counted.

    Shapes: scalars; the result's arrays (d,).
    Units:  from -1 to 1.
    NaN:    dates with fewer than `min_shares` shares, or with equal scores or returns; both are counted.
    Raises: ValueError if min_shares is below 2 or the horizon is not in the rows.
    """
    if min_shares < 2:
        raise ValueError(f"min_shares must be at least 2, was {min_shares}")
    starts, forward = rows.starts, rows.returns(horizon_days)
    ic, state, shares = _rank_ics(starts, rows.score, forward, min_shares)
    return DailyIc(
        date=rows.date[starts[:-1]],
        ic=ic,
        shares=shares,
        horizon_days=horizon_days,
        dates_few=int((state == _FEW).sum()),
        dates_constant=int((state == _CONSTANT).sum()),
        rows_without_return=int(np.isnan(forward).sum()),
    )


def mean_ic(daily: DailyIc) -> OverlapMean:
    """Return the mean daily rank IC with its t-statistics, the overlap of the horizons taken into account.

    Shapes: scalars.
    NaN:    as `overlap_mean`.
    Source: Newey and West (1987), Econometrica 55, 703-708, lag horizon - 1.
    """
    return overlap_mean(daily.ic, horizon_days=daily.horizon_days)


def ic_by_year(daily: DailyIc) -> tuple[YearIc, ...]:
    """Return the mean rank IC of each calendar year of the rows, the first first.

    NaN:    as `overlap_mean`; a year of which no date was used is listed with 0 days.
    """
    years = calendar_years(daily.date)
    return tuple(
        YearIc(year=int(year), ic=overlap_mean(daily.ic[years == year], horizon_days=daily.horizon_days))
        for year in np.unique(years)
    )


def calendar_years(date: I64) -> I64:
    """Return the year of each date.

    Shapes: (n,) -> (n,)
    Units:  days since 1970-01-01.
    """
    return np.asarray(date.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970)


def ic_decay(rows: CrossSection, *, min_shares: int) -> tuple[DailyIc, ...]:
    """Return the daily rank IC of the same scores over each horizon of the rows, in their order.

    Raises: ValueError if min_shares is below 2.
    """
    return tuple(
        daily_rank_ic(rows, horizon_days=horizon, min_shares=min_shares) for horizon in rows.horizons_days
    )


def decile_edge(
    rows: CrossSection,
    *,
    end: Literal["top", "bottom"],
    horizon_days: int,
    min_shares: int,
    cost_per_side_bp: float,
    part: float = 0.1,
) -> DecileEdge:
    """Return what the extreme scores of each date brought beyond the universe's mean, after costs.

    Every date begins a cohort of equal weights in the `floor(part n)` highest (lowest) scores, held for one horizon;
    shares that tie at the cut split what is left. `horizon_days` dates later the cohort is brought to the new
    weights from those it has drifted to: turnover is the sum of the changes of its weights. A first cohort is bought
    whole (1), a last one sold whole (1). `edge_net_frac` is the excess over the universe, of the bottom with its sign
    turned, less turnover times cost; the universe pays none, and borrowing for the short is not charged.

    Shapes: scalars; the result's arrays (d,).
    Units:  fractions over one horizon; cost_per_side_bp basis points of the value traded.
    NaN:    dates with fewer than `min_shares` shares with a known return; they are counted.
    Raises: ValueError for another end, a part outside (0, 0.5], a negative cost, fewer than 1 share in the part at
            `min_shares`, or a horizon that is not in the rows.
    Source: turnover as DeMiguel, Garlappi and Uppal (2009), Review of Financial Studies 22, 1915-1953; cohorts as
            Jegadeesh and Titman (1993), Journal of Finance 48, 65-91.
    """
    _check_decile(end, part, cost_per_side_bp, min_shares)
    starts, forward = rows.starts, rows.returns(horizon_days)
    sign = 1.0 if end == "top" else -1.0
    weight, held, universe = _cohorts(starts, sign * rows.score, forward, min_shares, part)
    used = ~np.isnan(universe)
    scratch = np.zeros(int(rows.share.max()) + 1)
    turnover = _turnovers(starts, rows.share, weight, forward, used, horizon_days, scratch)
    excess = held - universe
    edge = sign * excess - turnover * cost_per_side_bp * 1e-4
    return DecileEdge(
        date=rows.date[starts[:-1]],
        excess_gross_frac=excess,
        turnover=turnover,
        edge_net_frac=edge,
        excess_gross=overlap_mean(excess, horizon_days=horizon_days),
        edge_net=overlap_mean(edge, horizon_days=horizon_days),
        mean_turnover=float(turnover[used].mean()) if used.any() else float("nan"),
        universe_mean_frac=float(universe[used].mean()) if used.any() else float("nan"),
        horizon_days=horizon_days,
        dates_few=int((~used).sum()),
        rows_without_return=int(np.isnan(forward).sum()),
    )


def _check_decile(end: str, part: float, cost_per_side_bp: float, min_shares: int) -> None:
    if end not in ("top", "bottom"):
        raise ValueError(f"end must be top or bottom, was {end!r}")
    if not 0.0 < part <= 0.5:
        raise ValueError(f"part must lie within (0, 0.5], was {part}")
    if not cost_per_side_bp >= 0:
        raise ValueError(f"cost_per_side_bp must not be negative, was {cost_per_side_bp}")
    if int(part * min_shares + 1e-9) < 1:
        raise ValueError(
            f"min_shares must give a share to a part of {part}, was {min_shares}; raise it to {int(np.ceil(1 / part))}"
        )


@njit(nogil=True, cache=True)
def _first_repeat(date: I64, share: I64, last_date_row: I64) -> int:
    """Return the first row whose share stood on its date before, -1 if none; last_date_row holds -1 by share."""
    for row in range(date.size):
        before = last_date_row[share[row]]
        if before >= 0 and date[before] == date[row]:
            return row
        last_date_row[share[row]] = row
    return -1


@njit(nogil=True, cache=True)
def _ranks(values: F64) -> F64:
    """Return ranks about their mean, equal values sharing their mean rank."""
    order = np.argsort(values)
    ranks = np.empty(values.size)
    first = 0
    while first < values.size:
        last = first
        while last + 1 < values.size and values[order[last + 1]] == values[order[first]]:
            last += 1
        for place in range(first, last + 1):
            ranks[order[place]] = (first + last - (values.size - 1)) / 2.0
        first = last + 1
    return ranks


@njit(nogil=True, cache=True)
def _known_rows(first: int, end: int, forward: F64) -> I64:
    """Return the rows from `first` to `end` whose return is known."""
    rows = np.empty(end - first, dtype=np.int64)
    count = 0
    for row in range(first, end):
        if not np.isnan(forward[row]):
            rows[count] = row
            count += 1
    return rows[:count]


@njit(nogil=True, cache=True)
def _rank_ics(starts: I64, score: F64, forward: F64, min_shares: int) -> tuple[F64, I8, I64]:
    """Return of each date the rank correlation, its state and the number of shares with a known return."""
    dates = starts.size - 1
    ic = np.full(dates, np.nan)
    state = np.full(dates, _FEW, dtype=np.int8)
    shares = np.zeros(dates, dtype=np.int64)
    for day in range(dates):
        known = _known_rows(starts[day], starts[day + 1], forward)
        shares[day] = known.size
        if known.size < min_shares:
            continue
        a, b = _ranks(score[known]), _ranks(forward[known])
        product = square_a = square_b = 0.0
        for place in range(known.size):
            product += a[place] * b[place]
            square_a += a[place] ** 2
            square_b += b[place] ** 2
        scale = np.sqrt(square_a * square_b)
        state[day] = _USED if scale > 0 else _CONSTANT
        if scale > 0:
            ic[day] = product / scale
    return ic, state, shares


@njit(nogil=True, cache=True)
def _cohorts(starts: I64, score: F64, forward: F64, min_shares: int, part: float) -> tuple[F64, F64, F64]:
    """Return the weight of each row in its date's cohort, and of each date the cohort's and the mean return."""
    dates = starts.size - 1
    weight = np.zeros(score.size)
    held, universe = np.full(dates, np.nan), np.full(dates, np.nan)
    for day in range(dates):
        known = _known_rows(starts[day], starts[day + 1], forward)
        if known.size < min_shares:
            continue
        wanted = int(part * known.size + 1e-9)
        cut = score[known[np.argsort(score[known])[known.size - wanted]]]
        better = tied = 0
        for row in known:
            better += score[row] > cut
            tied += score[row] == cut
        held[day] = universe[day] = 0.0
        for row in known:
            if score[row] >= cut:
                weight[row] = (1.0 if score[row] > cut else (wanted - better) / tied) / wanted
            held[day] += weight[row] * forward[row]
            universe[day] += forward[row] / known.size
    return weight, held, universe


@njit(nogil=True, cache=True)
def _turnovers(
    starts: I64, share: I64, weight: F64, forward: F64, used: Bools, horizon: int, drifted: F64
) -> F64:
    """Return the traded part of each cohort; `drifted`, all 0, is a place for each share and is left all 0."""
    dates = starts.size - 1
    turnover = np.full(dates, np.nan)
    for day in np.flatnonzero(used):
        before = day - horizon
        traded = 1.0
        if before >= 0 and used[before]:
            _drift(starts[before], starts[before + 1], share, weight, forward, drifted)
            traded = 0.0
            for row in range(starts[day], starts[day + 1]):
                traded += abs(weight[row] - drifted[share[row]])
                drifted[share[row]] = 0.0
            for row in range(starts[before], starts[before + 1]):  # those that have no row today
                traded += drifted[share[row]]
                drifted[share[row]] = 0.0
        if day + horizon >= dates or not used[day + horizon]:
            traded += 1.0
        turnover[day] = traded
    return turnover


@njit(nogil=True, cache=True)
def _drift(first: int, end: int, share: I64, weight: F64, forward: F64, drifted: F64) -> None:
    """Write the weights of a cohort after its returns, all 0 if it lost everything."""
    grown = 0.0
    for row in range(first, end):
        if weight[row] > 0:
            drifted[share[row]] = weight[row] * (1.0 + forward[row])
            grown += drifted[share[row]]
    if grown > 0:
        for row in range(first, end):
            drifted[share[row]] /= grown
