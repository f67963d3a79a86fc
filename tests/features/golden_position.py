"""Where the price stands a second time: bars gathered by day, session and week, written from the formulas."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from market.kernels.sessions import WEEKEND
from tests.features.golden import Frame, Slow
from tests.features.golden_windows import NAN, column, divided, over_windows
from traderai.common.arrays import F64

Rows = list[Any]


def _by(f: Frame, key: Callable[[Any], Hashable], value: Callable[[Any, Rows, list[Rows]], float]) -> F64:
    """Return a value of each bar, its run of bars with one key so far, and the runs before it."""
    out: list[float] = []
    runs: list[Rows] = []
    last: Hashable = None
    for row in f.itertuples():
        if not runs or key(row) != last:
            runs.append([])
            last = key(row)
        runs[-1].append(row)
        out.append(value(row, runs[-1], runs[:-1][-2:]))
    return np.array(out)


def _day(row: Any) -> Hashable:
    return int(row.day)


def _session(row: Any) -> Hashable:
    return row.at.date(), int(row.session)


def _week(row: Any) -> Hashable:
    """Return the ISO week of the trading day; a weekend session belongs to the next regular day."""
    day = row.at.date()
    if row.session == WEEKEND:
        day += timedelta(days=1)
        while day.isoweekday() > 5:
            day += timedelta(days=1)
    year, week, _ = day.isocalendar()
    return year, week


def _highest(rows: Rows) -> float:
    return max(float(row.high) for row in rows)


def _lowest(rows: Rows) -> float:
    return min(float(row.low) for row in rows)


def _day_range(row: Any, run: Rows, before: list[Rows]) -> float:
    return 100 * (_highest(run) - _lowest(run)) / row.close if before else NAN


def _day_position(row: Any, run: Rows, before: list[Rows]) -> float:
    lowest, highest = _lowest(run), _highest(run)
    return (row.close - lowest) / (highest - lowest) if highest > lowest else 0.5


def _gap(row: Any, run: Rows, before: list[Rows]) -> float:
    return math.log(run[0].open / before[-1][-1].close) if before else NAN


def _week_position(row: Any, run: Rows, before: list[Rows]) -> float:
    return divided(row.close - _lowest(run), _highest(run) - _lowest(run)) if before else NAN


def _previous_position(row: Any, run: Rows, before: list[Rows]) -> float:
    if len(before) < 2:
        return NAN
    return divided(row.close - _lowest(before[-1]), _highest(before[-1]) - _lowest(before[-1]))


def _from_open(row: Any, run: Rows, before: list[Rows]) -> float:
    return math.log(row.close / run[0].open) if before else NAN


def _from_close(row: Any, run: Rows, before: list[Rows]) -> float:
    return math.log(row.close / before[-1][-1].close) if before else NAN


def _from_high(row: Any, run: Rows, before: list[Rows]) -> float:
    return math.log(row.close / _highest(before[-1])) if len(before) == 2 else NAN


def _from_low(row: Any, run: Rows, before: list[Rows]) -> float:
    return math.log(row.close / _lowest(before[-1])) if len(before) == 2 else NAN


def _from_highest(f: Frame, window: int) -> Any:
    return (f.close / f.high.rolling(window).max()).map(math.log)


def _from_lowest(f: Frame, window: int) -> Any:
    return (f.close / f.low.rolling(window).min()).map(math.log)


def _since(values: F64) -> F64:
    return over_windows(lambda part: int(np.argmax(part[::-1])), 60, values)


def _round(f: Frame, steps: int) -> F64:
    grid = [Decimal(digit).scaleb(power) for power in range(-9, 9) for digit in (1, 2, 5)]
    out = []
    for traded in f.traded:
        price = round(Decimal(float(traded)), 10)
        step = max(step for step in grid if step * steps <= price)
        nearest = (price / step + Decimal("0.5")).to_integral_value(rounding="ROUND_FLOOR") * step
        out.append(float(10_000 * (price - nearest) / price))
    return np.array(out)


GOLDEN: dict[str, Slow] = {
    "day_range_position": lambda f: _by(f, _day, _day_position),
    **{f"dist_high_{n}": lambda f, n=n: _from_highest(f, n) for n in (20, 60, 250)},  # type: ignore[misc]
    **{f"dist_low_{n}": lambda f, n=n: _from_lowest(f, n) for n in (20, 60, 250)},  # type: ignore[misc]
    "session_gap": lambda f: _by(f, _day, _gap),
    "day_range_pct": lambda f: _by(f, _day, _day_range),
    "week_range_position": lambda f: _by(f, _week, _week_position),
    "prev_range_position": lambda f: _by(f, _day, _previous_position),
    "bars_since_high_60": lambda f: _since(column(f, "high")),
    "bars_since_low_60": lambda f: _since(-column(f, "low")),
    "dist_prev_close": lambda f: _by(f, _day, _from_close),
    "dist_prev_high": lambda f: _by(f, _day, _from_high),
    "dist_prev_low": lambda f: _by(f, _day, _from_low),
    "dist_day_open": lambda f: _by(f, _day, _from_open),
    "dist_session_open": lambda f: _by(f, _session, _from_open),
    "dist_week_open": lambda f: _by(f, _week, _from_open),
    "round_dist_bp": lambda f: _round(f, 50),
    "round_major_dist_bp": lambda f: _round(f, 10),
}
