"""What class labels look like, cut by cut: sums that shares add up to, and how far a class lasts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from modeling.kernels.class_labels import ClassLabels
from modeling.kernels.label_profile import summed
from traderai.common.arrays import F64, I8


def class_frame(labels: ClassLabels, conditions: pl.DataFrame, *, horizon_bars: int) -> pl.DataFrame:
    """Return the labelled rows with their class and whether it is that of an earlier row.

    `same_next` compares with the bar before, whose window overlaps for horizons of more than a bar; `same_apart` with
    the row one horizon before, whose window ends where this one begins. Null where that row has no label.

    Shapes: labels and conditions of n rows; one row for each labelled one.
    Units:  forward_frac of the decision's close.
    Causal: labels look forward by design.
    Raises: ValueError if horizon_bars is below 1.
    """
    if horizon_bars < 1:
        raise ValueError(f"horizon_bars must be at least 1, was {horizon_bars}")
    return conditions.with_columns(
        row=pl.Series(np.arange(conditions.height)),
        label=pl.Series(labels.label),
        forward_frac=pl.Series(labels.forward_return),
        same_next=_same(labels.label, labels.labelled.astype(np.float64), 1),
        same_apart=_same(labels.label, labels.labelled.astype(np.float64), horizon_bars),
    ).filter(pl.Series(labels.labelled))


def class_tally(rows: pl.DataFrame, by: Sequence[str], *, classes: Sequence[str]) -> pl.DataFrame:
    """Return the sums of each group: rows, those of each class, forward returns, and pairs that are of one class.

    Shapes: rows as `class_frame`; one row for each group there is, by its key.
    """
    counts = {f"is_{name}": (pl.col("label") == code).cast(pl.Int64) for code, name in enumerate(classes)}
    pairs = {}
    for name in ("same_next", "same_apart"):
        pairs[f"{name}_pairs"] = pl.col(name).is_not_null().cast(pl.Int64)
        pairs[name] = pl.col(name).cast(pl.Int64)
    counted = rows.select(*by, rows=pl.lit(1, dtype=pl.Int64), forward_frac="forward_frac", **counts, **pairs)
    return summed(counted, by)


def followed(rows: pl.DataFrame, side: I8, *, classes: Sequence[str]) -> pl.DataFrame:
    """Return the labelled rows on which a rule has a side: whether the class was the side's, and the move its way.

    Shapes: rows as `class_frame` of n bars; side (n,), 1 long, -1 short, 0 stay out.
    Units:  forward_frac of the decision's close, positive where the rule was right; before costs.
    """
    own = side[rows["row"].to_numpy()].astype(np.int64)
    wanted = np.where(own > 0, len(classes) - 1, 0)
    return rows.with_columns(
        hit=pl.Series(rows["label"].to_numpy() == wanted),
        forward_frac=pl.col("forward_frac") * pl.Series(own),
    ).filter(pl.Series(own != 0))


def followed_tally(rows: pl.DataFrame) -> pl.DataFrame:
    """Return by day the rows of a rule, its hits and the moves its way.

    Shapes: rows as `followed`; day, rows, hits, forward_frac.
    """
    counted = rows.select(
        "day", rows=pl.lit(1, dtype=pl.Int64), hits=pl.col("hit").cast(pl.Int64), forward_frac="forward_frac"
    )
    return summed(counted, ["day"])


def _same(label: I8, labelled: F64, lag: int) -> pl.Series:
    """Return whether the label is that of the row `lag` before, null where one of the two has none."""
    out = np.full(label.size, np.nan)
    if label.size > lag:
        both = (labelled[lag:] > 0) & (labelled[:-lag] > 0)
        out[lag:] = np.where(both, label[lag:] == label[:-lag], np.nan)
    return pl.Series(out, nan_to_null=True).cast(pl.Boolean)
