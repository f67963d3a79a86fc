"""What barrier labels look like, cut by cut: sums that shares add up to, so that one share is in memory at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Final

import numpy as np
import polars as pl

from market.contracts import Bars
from market.kernels.sessions import moscow_offset_s
from modeling.contracts import DIRECTIONS
from modeling.kernels.label_windows import ROW_STATES, RowInputs
from modeling.kernels.labels import EXIT_REASONS, BarrierOutcomes
from modeling.kernels.significance import DayDraws, FigureInterval, figure_interval
from traderai.common.arrays import F64, I8, I64

SUMS: Final = ("rows", "targets", "wins", "gross_frac", "net_frac", "r")
# Figures of a cut: which sum over its rows.
FIGURES: Final = {
    "target_frac": "targets",
    "win_frac": "wins",
    "gross_frac": "gross_frac",
    "net_frac": "net_frac",
    "mean_r": "r",
}
CUTS: Final = ("regime", "hour", "volatility", "spread", "liquidity")
BINS_PER_R: Final = 100
MOST_R: Final = 50.0
# Upper edges of buckets, each double (tenfold) the one before, so that reports of any timeframe can be compared.
VOLATILITY_EDGES_FRAC: Final = (0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064)
SPREAD_EDGES_BP: Final = (2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
TURNOVER_EDGES_RUB: Final = (1e4, 1e5, 1e6, 1e7, 1e8, 1e9)
_DAY_S = 86_400
_QUANTITIES: Final = ("r", "mfe_r", "mae_r")


def row_conditions(bars: Bars, inputs: RowInputs, regime: I8) -> pl.DataFrame:
    """Return what was known of each row at its decision, in buckets.

    `day` is the Moscow day on which the bar began, since 1970; `hour` that of the decision on Moscow's clock, -1 where
    a bar is a day or longer. A bucket is the number of edges that the value reaches, -1 where it is not known.

    Shapes: bars of n; regime (n,) codes, -1 where not known; returns n rows: day, hour, regime, volatility (ATR(14)
            over the close), spread (estimated, of 100 bars), liquidity (median turnover of a bar of 100).
    Causal: row t reads bars up to t.
    """
    begin_s, known_s = bars.begin_s, bars.known_s
    local_s = known_s + moscow_offset_s(known_s)
    long_bars = bars.timeframe.minutes >= 1440
    return pl.DataFrame(
        {
            "day": ((begin_s + moscow_offset_s(begin_s)) // _DAY_S).astype(np.int32),
            "hour": np.full(len(bars), -1, np.int8)
            if long_bars
            else (local_s % _DAY_S // 3600).astype(np.int8),
            "regime": regime.astype(np.int8),
            "volatility": _bucket(inputs.atr_frac, VOLATILITY_EDGES_FRAC),
            "spread": _bucket(inputs.spread_frac * 1e4, SPREAD_EDGES_BP),
            "liquidity": _bucket(inputs.median_turnover_rub, TURNOVER_EDGES_RUB),
        }
    )


def trade_frame(outcomes: BarrierOutcomes, side: I8, conditions: pl.DataFrame) -> pl.DataFrame:
    """Return the labelled rows on which a rule has a side, with what became of that side.

    Shapes: outcomes and conditions of n rows; side (n,), 1 long, -1 short, 0 stay out.
    Units:  gross_frac and net_frac of the entry price; r, mfe_r and mae_r in stops.
    Causal: outcomes look forward by design; conditions and sides must not.
    """
    rows = np.flatnonzero(outcomes.labelled & (side != 0))
    longs = side[rows] > 0
    stop = outcomes.stop_loss_frac[rows]

    def taken(name: str) -> F64:
        return np.asarray(
            np.where(longs, getattr(outcomes.long, name)[rows], getattr(outcomes.short, name)[rows])
        )

    return conditions[rows].with_columns(
        target=pl.Series(taken("label"), dtype=pl.Int8),
        gross_frac=pl.Series(taken("gross_frac")),
        net_frac=pl.Series(taken("net_frac")),
        r=pl.Series(taken("r_multiple")),
        mfe_r=pl.Series(taken("mfe_frac") / stop),
        mae_r=pl.Series(taken("mae_frac") / stop),
        bars_held=pl.Series(taken("bars_held"), dtype=pl.Int32),
        exit_reason=pl.Series(taken("exit_reason"), dtype=pl.Int8),
    )


def tally(trades: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """Return the sums of each group: rows, take-profits, net wins, gross, net and R.

    Shapes: trades as `trade_frame`; one row for each group there is, by its key.
    """
    counted = trades.select(
        *by,
        rows=pl.lit(1, dtype=pl.Int64),
        targets=pl.col("target").cast(pl.Int64),
        wins=(pl.col("net_frac") > 0).cast(pl.Int64),
        gross_frac="gross_frac",
        net_frac="net_frac",
        r="r",
    )
    return summed(counted, by)


def distribution(trades: pl.DataFrame) -> pl.DataFrame:
    """Return how many rows lie in each hundredth of an R, by quantity and exit reason; bars held by the bar.

    Shapes: trades as `trade_frame`; returns quantity (r, mfe_r, mae_r, bars_held), exit_reason, bin, rows.
    Units:  a bin is the floor of 100 times the value, at most 50 R away from 0; of bars_held the number itself.
    """
    parts = [
        trades.select(
            quantity=pl.lit(name),
            exit_reason="exit_reason",
            bin=(pl.col(name).clip(-MOST_R, MOST_R) * BINS_PER_R + 1e-6).floor().cast(pl.Int32),
        )
        for name in _QUANTITIES
    ]
    parts.append(trades.select(quantity=pl.lit("bars_held"), exit_reason="exit_reason", bin="bars_held"))
    keys = ["quantity", "exit_reason", "bin"]
    return pl.concat(parts).group_by(keys).agg(rows=pl.len().cast(pl.Int64)).sort(keys)


def added(tables: Iterable[pl.DataFrame], by: Sequence[str]) -> pl.DataFrame:
    """Return tables of sums added up group by group: what the rows of all shares together would have given.

    Shapes: tables with the columns `by` and sums; returns one row for each group there is, by its key.
    Raises: ValueError without a table.
    """
    parts = list(tables)
    if not parts:
        raise ValueError("there must be a table to add up, there is none")
    return summed(pl.concat(parts), by)


def summed(rows: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """Return the sums of all other columns, group by group; the same rows give the same bits.

    The rows of a group are added in their order. `group_by().sum()` adds what its threads found in the order in which
    they finish, so its last digits differ from one call to the next.

    Shapes: rows with the columns `by` and numbers; one row for each group there is, by its key.
    NaN:    stays; what is null is left out.
    Source: polars issue 25163
    """
    lists = rows.group_by(by, maintain_order=True).agg(pl.all())
    return lists.with_columns(pl.exclude(by).list.sum()).sort(by)


def binned_quantiles(counts: pl.DataFrame, shares: Sequence[float]) -> list[float | None]:
    """Return quantiles of counted bins: the bin in which the wanted row lies.

    Shapes: counts with bin and rows; shares within [0, 1].
    Units:  of the bins.
    NaN:    None without a row.
    """
    ordered = counts.group_by("bin").agg(pl.col("rows").sum()).sort("bin")
    if ordered.height == 0:
        return [None for _ in shares]
    reached = ordered["rows"].cum_sum().to_numpy()
    wanted = np.ceil(np.asarray(shares) * reached[-1]).clip(1, reached[-1])
    return [float(ordered["bin"][int(at)]) for at in np.searchsorted(reached, wanted)]


def coverage(row_state: I8) -> dict[str, int]:
    """Return how many rows are in each state, labelled ones first; states that no row is in are left out.

    Shapes: (n,)
    """
    counts = np.bincount(row_state, minlength=len(ROW_STATES))
    return {name: int(count) for name, count in zip(ROW_STATES, counts, strict=True) if count}


def direction_counts(outcomes: BarrierOutcomes, conditions: pl.DataFrame) -> pl.DataFrame:
    """Return how many rows are of each class of direction, by day.

    Shapes: outcomes and conditions of n rows; returns day, direction, rows.
    """
    known = pl.DataFrame({"day": conditions["day"], "direction": outcomes.direction})
    known = known.filter(pl.Series(outcomes.labelled & (outcomes.direction >= 0)))
    return known.group_by("day", "direction").agg(rows=pl.len().cast(pl.Int64)).sort("day", "direction")


def figure_intervals(
    daily: pl.DataFrame, days: I64, draws: DayDraws, *, figures: Mapping[str, str] = FIGURES
) -> dict[str, FigureInterval]:
    """Return figures of a row with block-bootstrap bounds, whole days drawn: rows of near bars overlap.

    Shapes: daily with day, rows and the sum of each figure, a row for each day with rows; days (d,) rising, those
            that the draws are of.
    Units:  of the sums, a row.
    NaN:    as `ratio_interval`, whose figures these are.
    Raises: ValueError if the table holds a day that is not among the days.
    """
    own_days = daily["day"].to_numpy()
    at = np.searchsorted(days, own_days)
    if own_days.size and (at.max() >= days.size or np.any(days[at] != own_days)):
        raise ValueError("a table's days must be among the days drawn; draw from the days of all rows")
    sums = daily.select("rows", *figures.values()).to_numpy().astype(np.float64)
    # One product for all figures, over the days with rows alone: the others would add zeros.
    resampled = draws.weights[:, at] @ sums
    total = sums.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        drawn, value = resampled[:, 1:] / resampled[:, :1], total[1:] / total[0]
    return {
        name: figure_interval(float(value[place]), drawn[:, place], draws)
        for place, name in enumerate(figures)
    }


def bucket_names(cut: str, regimes: Sequence[str]) -> dict[int, str]:
    """Return the words for the codes of a cut.

    Raises: ValueError for an unknown cut.
    """
    if cut == "hour":
        return {-1: "whole day", **{hour: f"{hour:02d}:00" for hour in range(24)}}
    if cut == "regime":
        return {-1: "not known", **dict(enumerate(regimes))}
    edges: Mapping[str, list[str]] = {
        "volatility": [f"{100 * edge:g} %" for edge in VOLATILITY_EDGES_FRAC],
        "spread": [f"{edge:g} bp" for edge in SPREAD_EDGES_BP],
        "liquidity": [_rubles(edge) for edge in TURNOVER_EDGES_RUB],
    }
    if cut not in edges:
        raise ValueError(f"cut must be one of {', '.join(CUTS)}, was {cut!r}")
    told = edges[cut]
    between = [f"{low} to {high}" for low, high in pairwise(told)]
    return dict(enumerate(["not known", f"below {told[0]}", *between, f"{told[-1]} and more"], start=-1))


def direction_name(code: int) -> str:
    """Return the word for a class of direction."""
    return DIRECTIONS[code]


def exit_name(code: int) -> str:
    """Return the word for an exit reason."""
    return EXIT_REASONS[code]


def _bucket(values: F64, edges: tuple[float, ...]) -> I8:
    found = np.searchsorted(np.array(edges), values, side="right").astype(np.int8)
    found[np.isnan(values)] = -1
    return found


def _rubles(amount: float) -> str:
    for unit, name in ((1e9, "bn"), (1e6, "m"), (1e3, "k")):
        if amount >= unit:
            return f"{amount / unit:g} {name} RUB"
    return f"{amount:g} RUB"
