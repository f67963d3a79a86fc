"""Where a company stands among its peers: robust z-scores by sector, and scores of several figures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from traderai.common.arrays import F64, I64, Bools

# Medians that estimate the standard deviation of normal numbers: of distances from the median, and their mean.
_MAD_TO_STD = 1.4826
_MEAN_TO_STD = 1.253314


def peer_robust_z(values: F64, counts: Bools, sector: I64, *, least_peers: int) -> F64:
    """Return by how many robust standard deviations each share lies above the median of its peers.

    Peers are the shares of the same sector that count and have the figure, the share itself included; with fewer
    than `least_peers` of them, or without a sector, all shares that count. The deviation is 1.4826 times the median
    distance from the median, or 1.253314 times the mean distance where more than half the peers stand at the median.

    Shapes: values and counts (d, s); sector (s,), -1 where unknown -> (d, s)
    NaN:    without the figure, with fewer than `least_peers` in the universe too, and where all peers are equal
    Causal: row i reads row i alone
    Source: Iglewicz and Hoaglin, How to Detect and Handle Outliers (1993)
    """
    peers = np.where(counts, values, np.nan)
    centre, spread, enough = _by_row(peers, least_peers)
    centres, spreads = (np.repeat(column[:, None], values.shape[1], axis=1) for column in (centre, spread))
    known = np.repeat(enough[:, None], values.shape[1], axis=1)
    for code in np.unique(sector[sector >= 0]).tolist():
        columns = np.flatnonzero(sector == code)
        centre, spread, enough = _by_row(np.ascontiguousarray(peers[:, columns]), least_peers)
        rows = np.ix_(enough, columns)
        centres[rows], spreads[rows], known[rows] = centre[enough, None], spread[enough, None], True
    z = np.full(values.shape, np.nan)
    np.divide(values - centres, spreads, out=z, where=known & (spreads > 0))
    return z


def weighted_score(z: Sequence[F64], weights: Sequence[float]) -> F64:
    """Return the mean of tanh(z / 2) of the known figures, each with its weight and the weight's sign.

    Shapes: k times (d, s) -> (d, s)
    Units:  -1 to 1
    NaN:    where figures of less than half the weights are known
    Raises: ValueError without a figure, or if a weight is 0
    """
    if len(z) != len(weights) or not z or not all(weights):
        raise ValueError(
            f"each figure needs one weight other than 0, was {len(z)} figures, weights {weights}"
        )
    total, known = np.zeros(z[0].shape), np.zeros(z[0].shape)
    for one, weight in zip(z, weights, strict=True):
        there = np.isfinite(one)
        total += np.where(there, weight * np.tanh(one / 2.0), 0.0)
        known += np.where(there, abs(weight), 0.0)
    score = np.full(total.shape, np.nan)
    np.divide(total, known, out=score, where=known >= sum(map(abs, weights)) / 2.0)
    return score


def _by_row(peers: F64, least_peers: int) -> tuple[F64, F64, Bools]:
    """Return of each row the median, the robust deviation and whether there are enough peers."""
    count = np.isfinite(peers).sum(axis=1)
    centre = _medians(np.sort(peers, axis=1), count)
    distances = np.sort(np.abs(peers - centre[:, None]), axis=1)
    middle = _medians(distances, count)
    # Added from the smallest on: another share without the figure changes no bit.
    sums = np.cumsum(np.where(np.isfinite(distances), distances, 0.0), axis=1)[:, -1]
    mean = sums / np.maximum(count, 1)
    return centre, np.where(middle > 0, _MAD_TO_STD * middle, _MEAN_TO_STD * mean), count >= least_peers


def _medians(ordered: F64, count: I64) -> F64:
    """Return the medians of rows that are sorted, what is missing last; NaN for an empty row."""
    rows = np.arange(ordered.shape[0])
    medians: F64 = (
        ordered[rows, np.maximum(count - 1, 0) // 2] + ordered[rows, count // 2 * (count > 0)]
    ) / 2.0
    return medians
