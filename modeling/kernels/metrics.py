"""How good predictions are: ranking, probabilities, quantiles and volatility."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from market.kernels.proportions import wilson_interval
from traderai.common.arrays import F64, I64

TOP_SHARES = (0.002, 0.005, 0.01, 0.05)

_CLIP = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reliability:
    """A reliability table: equal-mass bins of predicted probability against what happened."""

    p_mean: F64  # (bins,) mean prediction in each bin
    happened: F64  # (bins,) share of positives
    rows: F64  # (bins,)
    ece: float  # expected calibration error: mean gap, weighted by rows


@dataclass(frozen=True, slots=True, kw_only=True)
class TopPrecision:
    """What came of the highest scores; never shown without the rows and the base rate behind it."""

    share: float  # of all rows that was wanted
    score_min: float  # the lowest score taken; every row that ties with it is taken too
    rows: int  # taken
    precision: float  # share of positives among them
    low: float  # Wilson's 95 % interval of the precision
    high: float
    base_rate: float  # share of positives among all rows


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PrecisionRecall:
    """Points of the precision-recall curve, from the highest threshold to the lowest."""

    score_min: F64  # (k,) rows at or above it are called positive
    rows: I64  # (k,) called positive
    precision: F64  # (k,)
    recall: F64  # (k,)
    base_rate: float


def roc_auc(y: F64, score: F64) -> float:
    """Return the probability that a positive scores above a negative, ties counting half.

    Shapes: y, score (n,); y of 0 and 1.
    NaN:    NaN if only one class is present.
    Raises: ValueError for other labels, missing scores or shapes that differ.
    Source: Mann and Whitney (1947); Fawcett (2006), Pattern Recognition Letters 27.
    """
    _check_binary(y, score)
    positives = float(y.sum())
    negatives = y.size - positives
    if positives == 0 or negatives == 0:
        return float("nan")
    _, rows, hits = _threshold_steps(y, score)
    misses = rows - hits
    above = (
        hits - np.diff(hits, prepend=0.0) / 2
    )  # positives above a negative of this step, ties counting half
    return float(np.sum(np.diff(misses, prepend=0.0) * above) / (positives * negatives))


def pr_auc(y: F64, score: F64) -> float:
    """Return average precision: precision summed over the steps of recall, ties taken together.

    Shapes: y, score (n,); y of 0 and 1.
    NaN:    NaN without a positive.
    Raises: ValueError for other labels, missing scores or shapes that differ.
    """
    _check_binary(y, score)
    if y.sum() == 0:
        return float("nan")
    _, rows, hits = _threshold_steps(y, score)
    return float(np.sum(np.diff(hits / hits[-1], prepend=0.0) * hits / rows))


def pr_auc_lift(y: F64, score: F64) -> float:
    """Return average precision over the base rate: 1 is no skill.

    Shapes: y, score (n,); y of 0 and 1.
    NaN:    NaN without a positive.
    """
    average = pr_auc(y, score)
    return average / float(y.mean()) if np.isfinite(average) else average


def precision_at_top(
    y: F64, score: F64, *, shares: tuple[float, ...] = TOP_SHARES
) -> tuple[TopPrecision, ...]:
    """Return the precision of the highest scores, one entry for each share of the rows.

    A share of n rows means the `ceil(share n)` highest scores and all that tie with the lowest of them, so that the
    order of the rows decides nothing: of constant scores every row is taken and the precision is the base rate.

    Shapes: y, score (n,); y of 0 and 1.
    Units:  shares, precisions and base rate are fractions of 1.
    Raises: ValueError for shares outside (0, 1], other labels, missing scores, shapes that differ or no row.
    """
    _check_binary(y, score)
    _check_rows(y)
    if not all(0.0 < share <= 1.0 for share in shares):
        raise ValueError(f"shares must lie within (0, 1], were {shares}")
    thresholds, rows, hits = _threshold_steps(y, score)
    found = []
    for share in shares:
        wanted = math.ceil(share * y.size - 1e-9)  # 0.07 * 100 is a little above 7
        step = int(np.searchsorted(rows, wanted))
        low, high = wilson_interval(int(hits[step]), int(rows[step]))
        found.append(
            TopPrecision(
                share=share,
                score_min=float(thresholds[step]),
                rows=int(rows[step]),
                precision=float(hits[step] / rows[step]),
                low=low,
                high=high,
                base_rate=float(y.mean()),
            )
        )
    return tuple(found)


def precision_recall_curve(y: F64, score: F64, *, points: int = 200) -> PrecisionRecall:
    """Return at most `points` points of the precision-recall curve, dense where few rows are called positive.

    The points are taken at geometric numbers of rows from the full curve, the first and the last step included.

    Shapes: y, score (n,); y of 0 and 1.
    NaN:    recall without a positive.
    Raises: ValueError for points below 2, other labels, missing scores, shapes that differ or no row.
    """
    _check_binary(y, score)
    _check_rows(y)
    if points < 2:
        raise ValueError(f"points must be at least 2, was {points}")
    thresholds, rows, hits = _threshold_steps(y, score)
    chosen = np.arange(rows.size)
    if rows.size > points:
        wanted = np.geomspace(rows[0], rows[-1], points)
        chosen = np.unique(np.minimum(np.searchsorted(rows, wanted), rows.size - 1))
    positives = hits[-1] if hits[-1] > 0 else np.nan
    return PrecisionRecall(
        score_min=thresholds[chosen],
        rows=rows[chosen].astype(np.int64),
        precision=hits[chosen] / rows[chosen],
        recall=hits[chosen] / positives,
        base_rate=float(y.mean()),
    )


def cut_at_precision(y: F64, score: F64, *, precision: float) -> float | None:
    """Return the lowest score from which on the share of positives is at least `precision`; None if no score is.

    Of all such cuts it leaves the most recall.

    Shapes: y, score (n,); y of 0 and 1.
    Raises: ValueError for a precision outside (0, 1], other labels, missing scores, shapes that differ or no row.
    """
    _check_binary(y, score)
    _check_rows(y)
    if not 0.0 < precision <= 1.0:
        raise ValueError(f"precision must lie within (0, 1], was {precision}")
    thresholds, rows, hits = _threshold_steps(y, score)
    good = np.flatnonzero(hits >= precision * rows - 1e-9)  # 0.07 * 100 is a little above 7
    return float(thresholds[good[-1]]) if good.size else None


def log_loss(y: F64, p: F64) -> float:
    """Return the mean negative log likelihood of binary labels; probabilities are clipped at 1e-12.

    Shapes: y, p (n,).
    Units:  nats.
    Raises: ValueError for labels besides 0 and 1, probabilities outside [0, 1] or no row.
    """
    _check_probabilities(y, p)
    safe = np.clip(p, _CLIP, 1 - _CLIP)
    return float(-np.mean(y * np.log(safe) + (1 - y) * np.log1p(-safe)))


def log_loss_classes(y: F64, p: F64) -> float:
    """Return the mean negative log likelihood of class labels.

    Shapes: y (n,) class numbers; p (n, k) rows that add up to 1.
    Units:  nats.
    Raises: ValueError for shapes that differ, classes outside 0..k-1, rows that do not add up to 1, or no row.
    """
    if p.ndim != 2 or y.shape != p.shape[:1] or y.size == 0:
        raise ValueError(f"y must be (n,) and p (n, k) with a row at least, were {y.shape} and {p.shape}")
    classes = y.astype(np.int64)
    if np.any(classes != y) or classes.min() < 0 or classes.max() >= p.shape[1]:
        raise ValueError(f"classes must be whole numbers from 0 to {p.shape[1] - 1}")
    if not (np.all(p >= 0) and np.all(np.abs(p.sum(axis=1) - 1.0) < 1e-3)):
        raise ValueError("each row of p must be probabilities that add up to 1")
    chosen = p[np.arange(y.size), classes]
    return float(-np.mean(np.log(np.maximum(chosen, _CLIP))))


def brier(y: F64, p: F64) -> float:
    """Return the mean squared error of probabilities.

    Shapes: y, p (n,).
    Raises: ValueError for labels besides 0 and 1, probabilities outside [0, 1] or no row.
    """
    _check_probabilities(y, p)
    return float(np.mean((p - y) ** 2))


def equal_mass_bins(p: F64, *, bins: int) -> I64:
    """Return the bin of each probability: about equally many rows in each, all rows of one value in the same.

    Were equal values parted, the figures of a base rate would hang on the order of the rows.

    Shapes: p (n,); returns (n,), from 0 on without a gap.
    Raises: ValueError for bins below 1.
    """
    if bins < 1:
        raise ValueError(f"bins must be at least 1, was {bins}")
    _, place, count = np.unique(p, return_inverse=True, return_counts=True)
    middle = np.cumsum(count) - count / 2.0
    found = np.floor(middle * bins / p.size).astype(np.int64)
    return np.unique(found[place], return_inverse=True)[1].astype(np.int64)


def reliability(y: F64, p: F64, *, bins: int = 10) -> Reliability:
    """Return the reliability table over bins of about equal mass, and its expected calibration error.

    Shapes: y, p (n,); at most `bins` bins of the result, fewer if there are fewer values.
    Raises: ValueError for bins below 1, labels besides 0 and 1, probabilities outside [0, 1] or no row.
    """
    _check_probabilities(y, p)
    place = equal_mass_bins(p, bins=bins)
    rows = np.bincount(place).astype(np.float64)
    p_mean, happened = np.bincount(place, weights=p) / rows, np.bincount(place, weights=y) / rows
    ece = float(np.sum(rows * np.abs(p_mean - happened)) / y.size)
    return Reliability(p_mean=p_mean, happened=happened, rows=rows, ece=ece)


def pinball_loss(y: F64, quantiles: F64, *, levels: F64) -> F64:
    """Return the mean pinball loss of each quantile level.

    Shapes: y (n,); quantiles (n, q); levels (q,) within (0, 1); returns (q,).
    Units:  of y.
    Raises: ValueError for shapes that differ, missing numbers, levels outside (0, 1) or no row.
    """
    _check_quantiles(y, quantiles, levels)
    gap = y[:, None] - quantiles
    loss: F64 = np.maximum(levels * gap, (levels - 1.0) * gap).mean(axis=0)
    return loss


def quantile_coverage(y: F64, quantiles: F64, *, levels: F64) -> F64:
    """Return the share of y at or below each predicted quantile; it should equal its level.

    Shapes: y (n,); quantiles (n, q); levels (q,) within (0, 1); returns (q,).
    Raises: ValueError for shapes that differ, missing numbers, levels outside (0, 1) or no row.
    """
    _check_quantiles(y, quantiles, levels)
    coverage: F64 = (y[:, None] <= quantiles).mean(axis=0)
    return coverage


def rank_correlation(x: F64, y: F64) -> float:
    """Return Spearman's rank correlation, ties at their average rank.

    Shapes: x, y (n,).
    NaN:    NaN if either is constant or there are fewer than 2 rows.
    Raises: ValueError for shapes that differ or missing numbers.
    """
    if x.shape != y.shape or x.ndim != 1 or not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError(f"x and y must be finite and of one shape (n,), were {x.shape} and {y.shape}")
    if x.size < 2:
        return float("nan")
    a, b = average_ranks(x), average_ranks(y)
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.sqrt(np.sum(a**2) * np.sum(b**2)))
    return float(np.sum(a * b) / scale) if scale > 0 else float("nan")


def _threshold_steps(y: F64, score: F64) -> tuple[F64, F64, F64]:
    """Return the distinct scores, highest first, and the rows and the positives at or above each."""
    order = np.argsort(score)[::-1]
    ordered, hits = score[order], np.cumsum(y[order])
    ends = np.append(np.flatnonzero(np.diff(ordered)), y.size - 1)  # the last row of each tie
    return ordered[ends], ends + 1.0, hits[ends]


def average_ranks(x: F64) -> F64:
    """Return ranks from 1, equal values sharing their mean rank.

    Shapes: x (n,) -> (n,)
    """
    _, place, counts = np.unique(x, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: F64 = (last - (counts - 1) / 2.0)[place]
    return ranks


def _check_binary(y: F64, score: F64) -> None:
    if y.shape != score.shape or y.ndim != 1:
        raise ValueError(f"labels and scores must be of one shape (n,), were {y.shape} and {score.shape}")
    if not np.isfinite(score).all():
        raise ValueError("a score is missing")
    if not np.all((y == 0) | (y == 1)):
        raise ValueError("labels must be 0 or 1; drop null rows first")


def _check_rows(y: F64) -> None:
    if y.size == 0:
        raise ValueError("there is no row to measure")


def _check_probabilities(y: F64, p: F64) -> None:
    _check_binary(y, p)
    _check_rows(y)
    if p.min() < 0 or p.max() > 1:
        raise ValueError(f"probabilities must be in [0, 1], were from {p.min()} to {p.max()}")


def _check_quantiles(y: F64, quantiles: F64, levels: F64) -> None:
    if y.size == 0 or quantiles.shape != (y.size, levels.size):
        raise ValueError(
            f"quantiles must be ({y.size}, {levels.size}) with a row at least, were {quantiles.shape}"
        )
    if not (np.isfinite(y).all() and np.isfinite(quantiles).all()):
        raise ValueError("a number is missing; drop null rows first")
    if levels.min() <= 0 or levels.max() >= 1:
        raise ValueError("levels must lie within (0, 1)")
