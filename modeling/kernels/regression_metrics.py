"""How good predicted numbers are, each beside what a naive forecast would have got."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from modeling.kernels.metrics import quantile_coverage
from traderai.common.arrays import F64, I64


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastErrors:
    """Errors of a forecast and of the naive one on the same rows, in the unit of what was forecast."""

    rows: int
    mse: float  # the unit squared
    rmse: float
    mae: float
    naive_mse: float
    naive_rmse: float
    naive_mae: float
    skill: float  # 1 - mse / naive_mse: 0 is no better than naive, below 0 worse
    mae_skill: float  # 1 - mae / naive_mae


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GroupCoverage:
    """Quantile coverage of each group, such as a tercile of volatility."""

    group: I64  # (g,) rising
    rows: I64  # (g,)
    coverage: F64  # (g, q) share of y at or below each quantile; it should equal the level in every group
    whole: F64  # (q,) of all rows


def forecast_errors(y: F64, predicted: F64, *, naive: F64) -> ForecastErrors:
    """Return the errors of a forecast beside those of a naive forecast of the same rows.

    The naive forecast is the caller's: the last price for a price, 0 or the training mean for a return.

    Shapes: y, predicted, naive (n,).
    Units:  of y.
    NaN:    skill against a naive forecast without an error.
    Raises: ValueError for shapes that differ, missing numbers or no row.
    """
    if y.ndim != 1 or y.size == 0 or not y.shape == predicted.shape == naive.shape:
        raise ValueError(
            "y, predicted and naive must be of one shape (n,) with a row at least, were "
            f"{y.shape}, {predicted.shape} and {naive.shape}"
        )
    if not (np.isfinite(y).all() and np.isfinite(predicted).all() and np.isfinite(naive).all()):
        raise ValueError("a number is missing; drop null rows first")
    mse, naive_mse = float(np.mean((y - predicted) ** 2)), float(np.mean((y - naive) ** 2))
    mae, naive_mae = float(np.mean(np.abs(y - predicted))), float(np.mean(np.abs(y - naive)))
    return ForecastErrors(
        rows=int(y.size),
        mse=mse,
        rmse=float(np.sqrt(mse)),
        mae=mae,
        naive_mse=naive_mse,
        naive_rmse=float(np.sqrt(naive_mse)),
        naive_mae=naive_mae,
        skill=1.0 - mse / naive_mse if naive_mse > 0 else float("nan"),
        mae_skill=1.0 - mae / naive_mae if naive_mae > 0 else float("nan"),
    )


def coverage_by_group(y: F64, quantiles: F64, *, levels: F64, group: I64) -> GroupCoverage:
    """Return the quantile coverage of each group: right on the whole may be wrong where it matters.

    Shapes: y, group (n,); quantiles (n, q); levels (q,) within (0, 1).
    Raises: ValueError for a group of another shape or not of whole numbers, and as `quantile_coverage`.
    """
    if group.shape != y.shape or not np.issubdtype(group.dtype, np.integer):
        raise ValueError(f"group must be whole numbers {y.shape}, was {group.dtype} {group.shape}")
    whole = quantile_coverage(y, quantiles, levels=levels)
    names, rows = np.unique(group, return_counts=True)
    parts = [quantile_coverage(y[group == name], quantiles[group == name], levels=levels) for name in names]
    return GroupCoverage(
        group=names.astype(np.int64), rows=rows.astype(np.int64), coverage=np.array(parts), whole=whole
    )
