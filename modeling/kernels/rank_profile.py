"""What rank labels look like: how many shares stand in a rank, how long a rank lasts, what simple scores ordered."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from modeling.kernels.cross_section import cross_section, daily_rank_ic
from traderai.common.arrays import F64, I64

DECILES: Final = 10


def shares_by_day(day: I64) -> pl.DataFrame:
    """Return how many ranked rows each day has.

    Shapes: day (n,) of the ranked rows; returns day, rows.
    """
    return pl.DataFrame({"day": day}).group_by("day").agg(rows=pl.len().cast(pl.Int64)).sort("day")


def rank_persistence(day: I64, share: I64, rank: F64, *, lag_days: int, min_shares: int) -> tuple[I64, F64]:
    """Return for each day the rank correlation of its ranks with those of the same shares `lag_days` days before.

    A day is one on which any share is ranked; with a lag of the horizon the two windows do not overlap.

    Shapes: day, share, rank (n,); returns two (d,), days with a correlation.
    Units:  from -1 to 1.
    NaN:    days with fewer than `min_shares` shares on both days, or equal ranks, are left out.
    Raises: ValueError if lag_days is below 1, and as `daily_rank_ic`.
    """
    if lag_days < 1:
        raise ValueError(f"lag_days must be at least 1, was {lag_days}")
    days, place = np.unique(day, return_inverse=True)
    now = pl.DataFrame({"place": place, "share": share, "rank": rank})
    before = now.select(pl.col("place") + lag_days, "share", earlier="rank")
    both = now.join(before, on=["place", "share"]).sort("place", "share")
    if both.height == 0:
        return np.empty(0, dtype=np.int64), np.empty(0)
    rows = cross_section(
        both["place"].to_numpy().astype(np.int64),
        both["share"].to_numpy().astype(np.int64),
        both["earlier"].to_numpy(writable=True),
        both["rank"].to_numpy(writable=True)[:, None],
        horizons_days=(1,),
    )
    found = daily_rank_ic(rows, horizon_days=1, min_shares=min_shares)
    known = np.isfinite(found.ic)
    return days[found.date[known]], found.ic[known]


def decile_profile(day: I64, score: F64, forward_frac: F64) -> pl.DataFrame:
    """Return the mean return beyond the day's mean in each tenth of the scores, days weighing the same.

    Shapes: (n,); returns decile (1 the lowest scores to 10 the highest), days, excess_frac.
    Units:  fraction over the horizon, before costs.
    NaN:    a tenth that no day fills is left out.
    """
    rows = pl.DataFrame({"day": day, "score": score, "forward": forward_frac})
    order = pl.col("score").rank("ordinal").over("day").cast(pl.Int64) - 1
    placed = rows.with_columns(
        decile=order * DECILES // pl.len().over("day") + 1,
        excess=pl.col("forward") - pl.col("forward").mean().over("day"),
    )
    # Means of lists in the rows' order: those of groups would differ in their last digits from call to call.
    daily = placed.group_by("day", "decile", maintain_order=True).agg(pl.col("excess"))
    by_decile = daily.with_columns(pl.col("excess").list.mean()).group_by("decile", maintain_order=True)
    means = by_decile.agg(days=pl.len(), excess_frac=pl.col("excess"))
    return means.with_columns(pl.col("excess_frac").list.mean()).sort("decile")
