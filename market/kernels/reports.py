"""What was known of a company's reports at any moment: the newest figure, twelve months, year on year."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from traderai.common.arrays import F64, I64, Bools


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reports:
    """Reports of one figure in any order; all arrays have shape (n,).

    `quarter` counts quarters since the year 0 (a year is told by its last one) or, where no figure is summed, any
    number that rises with the period's end; `expires_s` is the moment from which the report counts as missing.
    """

    quarter: I64
    is_year: Bools
    known_s: I64
    expires_s: I64
    value: F64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Steps:
    """A figure as it became known: `value` holds from `known_s` to the next step, at most until `expires_s`."""

    known_s: I64
    expires_s: I64
    value: F64


def latest_steps(reports: Reports) -> Steps:
    """Return the newest period's figure after each report; a restated figure replaces the one before.

    Shapes: (n,) -> (at most n,)
    NaN: not accepted
    Causal: a step depends on reports known by then alone
    """
    steps: list[tuple[int, int, float]] = []
    best: tuple[int, bool] | None = None
    for at in _by_known(reports):
        key = (int(reports.quarter[at]), bool(reports.is_year[at]))
        if best is None or key >= best:
            best = key
            steps.append((int(reports.known_s[at]), int(reports.expires_s[at]), float(reports.value[at])))
    return _steps(steps)


def trailing_year_steps(reports: Reports) -> Steps:
    """Return the sum over the newest twelve months after each report: four quarters on end, or a year.

    The later end counts, of a year and its four quarters the year; an incomplete year is never summed.

    Shapes: (n,) -> (n,)
    NaN: not accepted; steps before any complete twelve months are NaN
    Causal: a step depends on reports known by then alone
    """
    years: dict[int, tuple[float, int]] = {}
    quarters: dict[int, tuple[float, int]] = {}
    steps: list[tuple[int, int, float]] = []
    for at in _by_known(reports):
        into = years if reports.is_year[at] else quarters
        into[int(reports.quarter[at])] = (float(reports.value[at]), int(reports.expires_s[at]))
        value, expires_s = _trailing_year(years, quarters)
        steps.append((int(reports.known_s[at]), expires_s, value))
    return _steps(steps)


def same_quarter_growth_steps(reports: Reports) -> Steps:
    """Return the newest quarter's change against the same quarter a year before after each report.

    Shapes: (n,) -> (n,)
    Units: percent
    NaN: where the quarter a year before is unknown or not positive; years are left out
    Causal: a step depends on reports known by then alone
    """
    quarters: dict[int, float] = {}
    steps: list[tuple[int, int, float]] = []
    newest, expires_s = -1, 0
    for at in _by_known(reports):
        if reports.is_year[at]:
            continue
        quarter = int(reports.quarter[at])
        quarters[quarter] = float(reports.value[at])
        if quarter >= newest:
            newest, expires_s = quarter, int(reports.expires_s[at])
        base = quarters.get(newest - 4, 0.0)
        growth = 100.0 * (quarters[newest] / base - 1.0) if base > 0 else float("nan")
        steps.append((int(reports.known_s[at]), expires_s, growth))
    return _steps(steps)


def values_at(steps: Steps, moments_s: I64) -> F64:
    """Return what was known at each moment.

    Shapes: (m,) -> (m,)
    Units: seconds since 1970 UTC
    NaN: before the first step and where the figure has become too old
    Causal: moment i depends on steps known by then alone
    """
    values = np.full(moments_s.size, np.nan)
    at = np.searchsorted(steps.known_s, moments_s, side="right") - 1
    known = at >= 0
    fresh = known.copy()
    fresh[known] = moments_s[known] < steps.expires_s[at[known]]
    values[fresh] = steps.value[at[fresh]]
    return values


def _trailing_year(
    years: dict[int, tuple[float, int]], quarters: dict[int, tuple[float, int]]
) -> tuple[float, int]:
    year = max(years, default=-1)
    for quarter in sorted((q for q in quarters if q > year), reverse=True):
        if all(quarter - back in quarters for back in range(4)):
            total = sum(quarters[quarter - back][0] for back in range(4))
            return total, quarters[quarter][1]
    return years.get(year, (float("nan"), 0))


def _by_known(reports: Reports) -> list[int]:
    order: list[int] = np.lexsort((reports.is_year, reports.quarter, reports.known_s)).tolist()
    return order


def _steps(steps: list[tuple[int, int, float]]) -> Steps:
    """Return the steps; of several at one moment the last stays."""
    last = {known_s: (expires_s, value) for known_s, expires_s, value in steps}
    return Steps(
        known_s=np.array(list(last), dtype=np.int64),
        expires_s=np.array([expires_s for expires_s, _ in last.values()], dtype=np.int64),
        value=np.array([value for _, value in last.values()], dtype=np.float64),
    )
