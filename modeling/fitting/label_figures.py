"""Figures of label reports as plain numbers: bounds, buckets, periods and words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import polars as pl

from market.contracts import Timeframe
from modeling.contracts import Horizon
from modeling.kernels.label_profile import FIGURES, figure_intervals, summed
from modeling.kernels.significance import DayDraws, FigureInterval, draw_days
from traderai.common.arrays import I64

LEVEL: Final = 0.95  # of each bound: 90 % lie between the two
RESAMPLES: Final = 500
LEAST_BLOCK_DAYS: Final = 10.0
_BAR_DAY_MIN: Final = 525  # of a main session
IN_BP: Final = ("gross_frac", "net_frac", "forward_frac")
PERIODS: Final = {"day": "1d", "week": "1w", "month": "1mo"}


def plain(value: float) -> float | None:
    """Return a number for JSON: what is missing is None."""
    return None if value is None or not math.isfinite(value) else float(value)


def bounds(found: FigureInterval) -> dict[str, float | None]:
    """Return a figure with its bounds for JSON."""
    return {"value": plain(found.value), "low": plain(found.low), "high": plain(found.high)}


def shifted(figure: Mapping[str, float | None], by: float) -> dict[str, float | None]:
    """Return a figure less a cost that is the same for every row; bounds move with it."""
    return {name: None if value is None else value - by for name, value in figure.items()}


def horizon_days(name: str, timeframe: Timeframe) -> int:
    """Return on about how many trading days a window of a horizon ends after it began, at least 1."""
    horizon = Horizon.parse(name)
    if horizon.unit == "d":
        return horizon.count
    minutes = horizon.count * (timeframe.minutes if horizon.unit == "bars" else 1)
    a_day = 1440 if timeframe.minutes >= 1440 else _BAR_DAY_MIN
    return max(1, math.ceil(minutes / a_day))


def block_days(name: str, timeframe: Timeframe) -> float:
    """Return the mean block length of a horizon's bootstrap: twice as long as its windows, for they overlap."""
    return max(LEAST_BLOCK_DAYS, 2.0 * horizon_days(name, timeframe))


def days_drawn(days: I64, *, mean_block_days: float) -> DayDraws | None:
    """Return the draws of a horizon's days, the same ones whenever it is asked; None of fewer than 2 days."""
    if days.size < 2:
        return None
    return draw_days(
        days.size,
        level=LEVEL,
        mean_block_days=mean_block_days,
        resamples=RESAMPLES,
        rng=np.random.default_rng(0),
    )


def rates(
    daily: pl.DataFrame, days: I64, draws: DayDraws | None, *, figures: Mapping[str, str] = FIGURES
) -> dict[str, Any]:
    """Return rows, days and bounded figures of a table by day; the returns of a row in basis points."""
    rows = int(daily["rows"].sum())
    out: dict[str, Any] = {"rows": rows, "days": daily["day"].n_unique()}
    found = {} if draws is None else figure_intervals(daily, days, draws, figures=figures)
    for name, column in figures.items():
        figure: dict[str, float | None] = {"value": None, "low": None, "high": None}
        if name in found:
            figure = bounds(found[name])
        elif rows:
            figure["value"] = plain(float(daily[column].sum()) / rows)
        in_bp = name in IN_BP
        key = name.replace("_frac", "_bp") if in_bp else name
        out[key] = {
            each: None if one is None else one * (1e4 if in_bp else 1.0) for each, one in figure.items()
        }
    return out


def plain_rates(table: pl.DataFrame) -> pl.DataFrame:
    """Return a table of sums with the rates of a row beside them, without bounds."""
    rows = pl.col("rows")
    return table.with_columns(
        target_frac=pl.col("targets") / rows,
        win_frac=pl.col("wins") / rows,
        gross_bp=1e4 * pl.col("gross_frac") / rows,
        net_bp=1e4 * pl.col("net_frac") / rows,
        mean_r=pl.col("r") / rows,
    ).select(
        pl.exclude("targets", "wins", "gross_frac", "net_frac", "r"),
    )


def by_period(daily: pl.DataFrame, period: str, *, by: Sequence[str] = ()) -> pl.DataFrame:
    """Return sums by day summed by day, week (its Monday) or month (its first day); the period as a date."""
    begins = pl.from_epoch(pl.col("day"), time_unit="d").dt.truncate(PERIODS[period])
    return summed(daily.with_columns(period=begins).drop("day"), ["period", *by])


def day_text(day: int) -> str:
    """Return a day counted from 1970 as 2024-01-31."""
    return str(np.datetime64(int(day), "D"))


def told(figure: Mapping[str, float | None], *, digits: int = 1, unit: str = "bp") -> str:
    """Return "-12.3 bp [-20.1, -4.5]"; what could not be measured is "n/a"."""
    if figure["value"] is None:
        return "n/a"
    value = f"{figure['value']:+.{digits}f} {unit}".strip()
    if figure["low"] is None or figure["high"] is None:
        return f"{value} [n/a]"
    return f"{value} [{figure['low']:+.{digits}f}, {figure['high']:+.{digits}f}]"
