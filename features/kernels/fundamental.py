"""What reports and dividends said at some moments: newest figures, changes, ages, dividends ahead and behind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from market.kernels.reports import Reports
from traderai.common.arrays import F64, I64, Bools

_EPOCH_ORDINAL = 719_163
_OLDEST_BEFORE = 4  # quarters between two reports that are told as one change
_UNKNOWN = -(2**40)
_YEAR_DAYS = 365


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReportSteps:
    """One figure of a company after each report; all arrays have shape (n,), `known_s` rises strictly.

    Of a flow the figure is that of twelve months. What is unknown is NaN, as a day or a quarter -2**40.
    """

    known_s: I64
    expires_s: I64
    quarter: I64  # in which the newest period ends, counted since the year 0
    end_day: I64  # on which it ends, days since 1970
    first_known_s: I64  # from when on a figure of that period was known
    value: F64
    before_quarter: I64  # of the period before, at most four quarters earlier
    before: F64
    year_before: F64  # of the same quarter a year earlier


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReportDays:
    """The same at some moments; all arrays have shape (d,)."""

    quarter: I64
    end_day: I64
    first_known_s: I64
    value: F64
    before_quarter: I64
    before: F64
    year_before: F64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dividends:
    """Dividends and splits of a share; arrays of shape (k,) and (j,)."""

    ex_day: I64  # first day without the dividend, days since 1970
    known_s: I64
    amount_rub: F64  # for one share of the ex-day
    split_day: I64
    split_known_s: I64
    split_ratio: F64  # shares after for one before


def report_steps(reports: Reports, *, is_flow: bool) -> ReportSteps:
    """Return the newest figure, the one before and the one of a year before after each report.

    A flow counts as twelve months: a year, else four quarters on end; its periods are quarters and years. Of
    everything else the newest figure of a quarter stands for it. A restated figure replaces the one before it.

    Shapes: (n,) -> (at most n,)
    Units:  those of the figure.
    NaN:    what no report known by then tells; a period more than four quarters before is not "before".
    Causal: a step reads reports known by then alone.
    """
    seen = _Flow() if is_flow else _Stock()
    first_known: dict[int, int] = {}
    rows: dict[int, tuple[float, ...]] = {}
    for at in np.lexsort((reports.is_year, reports.quarter, reports.known_s)).tolist():
        known_s = int(reports.known_s[at])
        seen.add(
            int(reports.quarter[at]),
            is_year=bool(reports.is_year[at]),
            value=float(reports.value[at]),
            expires_s=int(reports.expires_s[at]),
        )
        if not seen.figures:
            continue
        newest = max(seen.figures)
        first_known.setdefault(newest, known_s)
        earlier = [quarter for quarter in seen.figures if newest - _OLDEST_BEFORE <= quarter < newest]
        before = max(earlier, default=_UNKNOWN)
        end_day, expires_s, value = seen.figures[newest]
        rows[known_s] = (
            expires_s, newest, end_day, first_known[newest], value, before,
            seen.value_of(before), seen.value_of(newest - 4),
        )  # fmt: skip
    return _steps_of(rows)


def report_days(steps: ReportSteps, moments_s: I64) -> ReportDays:
    """Return what was known of a figure at each moment.

    Shapes: (m,) -> (m,)
    Units:  seconds since 1970 UTC
    NaN:    before the first report and where the newest has become too old
    Causal: moment i reads steps known by then alone
    """
    at = np.searchsorted(steps.known_s, moments_s, side="right") - 1
    fresh = at >= 0
    fresh[fresh] = moments_s[fresh] < steps.expires_s[at[fresh]]
    return ReportDays(
        quarter=_taken(steps.quarter, at, fresh),
        end_day=_taken(steps.end_day, at, fresh),
        first_known_s=_taken(steps.first_known_s, at, fresh),
        value=_taken_or_nan(steps.value, at, fresh),
        before_quarter=_taken(steps.before_quarter, at, fresh),
        before=_taken_or_nan(steps.before, at, fresh),
        year_before=_taken_or_nan(steps.year_before, at, fresh),
    )


def relative_change(now: F64, before: F64) -> F64:
    """Return the change between two figures of any sign against the mean of their sizes.

    Shapes: (n,), (n,) -> (n,)
    Units:  percent, -200 to 200; 200 or -200 where the sign changes
    NaN:    where a figure is missing or both are 0
    """
    size = np.abs(now) + np.abs(before)
    return 200.0 * quotient(now - before, size)


def quotient(numerator: F64, denominator: F64) -> F64:
    """Return the quotient where the denominator is positive.

    Shapes: (n,), (n,) -> (n,)
    NaN:    where a figure is missing or the denominator is not positive
    """
    made = np.full(numerator.shape, np.nan)
    np.divide(numerator, denominator, out=made, where=denominator > 0)
    return made


def ratio_step(upper: ReportDays, lower: ReportDays) -> F64:
    """Return the change of a quotient of two figures between their newest report and the one before.

    Shapes: (d,)
    Units:  those of the quotient
    NaN:    where a figure is missing, a divisor is not positive, or the two stand for different quarters
    """
    same = (upper.quarter == lower.quarter) & (upper.before_quarter == lower.before_quarter)
    change = quotient(upper.value, lower.value) - quotient(upper.before, lower.before)
    return np.where(same, change, np.nan)


def age_days(day: I64, since_day: I64) -> F64:
    """Return whole days from one day to another.

    Shapes: (d,), (d,) -> (d,)
    NaN:    where the earlier day is unknown
    """
    return np.where(since_day > _UNKNOWN, (day - since_day).astype(np.float64), np.nan)


def newest_known_s(reports: list[ReportDays]) -> I64:
    """Return when the newest period of several figures became known, at each moment.

    Shapes: k times (d,) -> (d,), -2**40 where none is known
    Units:  seconds since 1970 UTC
    """
    ends = np.stack([one.end_day for one in reports])
    known = np.stack([one.first_known_s for one in reports])
    newest: I64 = np.where(ends == ends.max(axis=0), known, 2**62).min(axis=0)
    return np.where(ends.max(axis=0) > _UNKNOWN, newest, _UNKNOWN)


def days_to_dividend(dividends: Dividends, day: I64, moments_s: I64) -> F64:
    """Return the days until the next ex-date that has been announced.

    Shapes: (d,), (d,) -> (d,)
    Units:  days, at least 1
    NaN:    where none has been announced
    Causal: a dividend counts from `known_s` on
    """
    return _next_ex_day(dividends, day, moments_s) - day


def days_since_dividend(dividends: Dividends, day: I64, moments_s: I64) -> F64:
    """Return the days since the last ex-date.

    Shapes: (d,), (d,) -> (d,)
    Units:  days, 0 on the ex-date
    NaN:    where no earlier dividend is known
    Causal: a dividend counts from `known_s` on
    """
    past = _known(dividends, moments_s) & (dividends.ex_day <= day[:, None])
    last = np.where(past, dividends.ex_day.astype(np.float64), -np.inf).max(axis=1, initial=-np.inf)
    return np.where(np.isfinite(last), day - last, np.nan)


def announced_rub_forward(dividends: Dividends, day: I64, moments_s: I64) -> F64:
    """Return what has been announced for the next ex-date, for one of the first shares.

    Shapes: (d,), (d,) -> (d,)
    Units:  RUB per share on the scale of the first shares, by the splits known at the moment
    NaN:    where no dividend of the share has ever been known; 0 where none is announced
    Causal: dividends and splits count from the moment at which they were known
    """
    known = _known(dividends, moments_s)
    is_next = known & (dividends.ex_day == _next_ex_day(dividends, day, moments_s)[:, None])
    total = _row_sums(np.where(is_next, _amounts_forward(dividends, moments_s), 0.0))
    return np.where(known.any(axis=1), total, np.nan)


def paid_years(dividends: Dividends, day: I64, moments_s: I64, *, years: int) -> F64:
    """Return in which share of the last years a dividend was paid.

    Years of 365 days are counted back from the moment, no further than to the first ex-date.

    Shapes: (d,), (d,) -> (d,)
    Units:  0 to 1
    NaN:    where the first known ex-date is less than two years ago
    Causal: a dividend counts from `known_s` on
    """
    ages, counts = _ages(dividends, day, moments_s)
    in_year = np.floor_divide(ages, _YEAR_DAYS)
    span = np.minimum(_first_ages(ages, counts) // _YEAR_DAYS, years)
    paid = np.zeros(day.size)
    for year in range(years):
        paid += (counts & (in_year == year)).any(axis=1) & (year < span)
    return np.where(span >= 2, paid / np.maximum(span, 1.0), np.nan)


def dividend_change(dividends: Dividends, day: I64, moments_s: I64) -> F64:
    """Return the dividends of the last 365 days against those of the 365 days before.

    Shapes: (d,), (d,) -> (d,)
    Units:  percent of the mean of both, -200 to 200
    NaN:    where the first known ex-date is less than two years ago, and where both years had none
    Causal: dividends and splits count from the moment at which they were known
    """
    ages, counts = _ages(dividends, day, moments_s)
    amounts = _amounts_forward(dividends, moments_s)
    in_year = np.floor_divide(ages, _YEAR_DAYS)
    newer = _row_sums(np.where(counts & (in_year == 0), amounts, 0.0))
    older = _row_sums(np.where(counts & (in_year == 1), amounts, 0.0))
    long_enough = _first_ages(ages, counts) >= 2 * _YEAR_DAYS
    return np.where(long_enough, relative_change(newer, older), np.nan)


class _Flow:
    """Years and quarters of a flow, and the twelve months that end with each quarter."""

    def __init__(self) -> None:
        self._quarters: dict[int, tuple[float, int]] = {}
        self._years: dict[int, tuple[float, int]] = {}
        self.figures: dict[int, tuple[int, int, float]] = {}

    def add(self, quarter: int, *, is_year: bool, value: float, expires_s: int) -> None:
        (self._years if is_year else self._quarters)[quarter] = (value, expires_s)
        for end in (quarter,) if is_year else range(quarter, quarter + 4):
            if end in self._years:
                value, expires_s = self._years[end]
            elif all(end - back in self._quarters for back in range(4)):
                value = sum(self._quarters[end - back][0] for back in range(4))
                expires_s = self._quarters[end][1]
            else:
                continue
            self.figures[end] = (_quarter_end_day(end), expires_s, value)

    def value_of(self, quarter: int) -> float:
        return self.figures[quarter][2] if quarter in self.figures else float("nan")


class _Stock:
    """The newest figure of each quarter, by the day at which its period ended."""

    def __init__(self) -> None:
        self._best: dict[int, tuple[int, bool]] = {}
        self.figures: dict[int, tuple[int, int, float]] = {}

    def add(self, end_ordinal: int, *, is_year: bool, value: float, expires_s: int) -> None:
        end = date.fromordinal(end_ordinal)
        quarter = end.year * 4 + (end.month - 1) // 3
        if (end_ordinal, is_year) >= self._best.get(quarter, (0, False)):
            self._best[quarter] = (end_ordinal, is_year)
            self.figures[quarter] = (end_ordinal - _EPOCH_ORDINAL, expires_s, value)

    def value_of(self, quarter: int) -> float:
        return self.figures[quarter][2] if quarter in self.figures else float("nan")


def _quarter_end_day(quarter: int) -> int:
    following = quarter + 1
    return date(following // 4, following % 4 * 3 + 1, 1).toordinal() - 1 - _EPOCH_ORDINAL


def _steps_of(rows: dict[int, tuple[float, ...]]) -> ReportSteps:
    """Return the steps; of several at one moment the last stays."""
    columns = list(zip(*rows.values(), strict=True)) or [()] * 8
    expires_s, quarter, end_day, first_known_s, value, before_quarter, before, year_before = columns
    return ReportSteps(
        known_s=np.array(list(rows), dtype=np.int64),
        expires_s=np.array(expires_s, dtype=np.int64),
        quarter=np.array(quarter, dtype=np.int64),
        end_day=np.array(end_day, dtype=np.int64),
        first_known_s=np.array(first_known_s, dtype=np.int64),
        value=np.array(value, dtype=np.float64),
        before_quarter=np.array(before_quarter, dtype=np.int64),
        before=np.array(before, dtype=np.float64),
        year_before=np.array(year_before, dtype=np.float64),
    )


def _taken(column: I64, at: I64, fresh: Bools) -> I64:
    out = np.full(at.size, _UNKNOWN, dtype=np.int64)
    out[fresh] = column[at[fresh]]
    return out


def _taken_or_nan(column: F64, at: I64, fresh: Bools) -> F64:
    out = np.full(at.size, np.nan)
    out[fresh] = column[at[fresh]]
    return out


def _known(dividends: Dividends, moments_s: I64) -> Bools:
    known: Bools = dividends.known_s <= moments_s[:, None]
    return known


def _next_ex_day(dividends: Dividends, day: I64, moments_s: I64) -> F64:
    ahead = _known(dividends, moments_s) & (dividends.ex_day > day[:, None])
    first = np.where(ahead, dividends.ex_day.astype(np.float64), np.inf).min(axis=1, initial=np.inf)
    return np.where(np.isfinite(first), first, np.nan)


def _amounts_forward(dividends: Dividends, moments_s: I64) -> F64:
    """Return each dividend at each moment in roubles of the first shares, by the splits known then: (d, k)."""
    amounts = np.repeat(dividends.amount_rub[None, :], moments_s.size, axis=0)
    for split_day, known_s, ratio in zip(
        dividends.split_day, dividends.split_known_s, dividends.split_ratio, strict=True
    ):
        counts = (known_s <= moments_s)[:, None] & (split_day <= dividends.ex_day)
        amounts = np.where(counts, amounts * ratio, amounts)
    return amounts


def _ages(dividends: Dividends, day: I64, moments_s: I64) -> tuple[I64, Bools]:
    """Return the days since each ex-date and whether it has come and is known: (d, k)."""
    ages: I64 = day[:, None] - dividends.ex_day
    return ages, _known(dividends, moments_s) & (ages >= 0)


def _first_ages(ages: I64, counts: Bools) -> I64:
    oldest: I64 = np.where(counts, ages, -1).max(axis=1, initial=-1)
    return oldest


def _row_sums(table: F64) -> F64:
    """Return the sums of the rows, left to right: zeros behind change no bit."""
    if table.shape[1] == 0:
        return np.zeros(table.shape[0])
    sums: F64 = np.cumsum(table, axis=1)[:, -1]
    return sums
