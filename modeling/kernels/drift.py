"""Whether numbers still come from where the reference came from: PSI and KS of what goes in, CUSUM of what comes out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from traderai.common.arrays import F64, I64

_LEAST_SHARE: Final = 1e-4  # stands for an empty bin, whose logarithm there is not
_MARGIN: Final = 1e-6  # of the largest number: the last bits differ between machines
_OVERSHOOT: Final = 1.166  # by how much a sum passes its limit on average, on both ends; of normal steps
_TERMS: Final = 100  # of Kolmogorov's series; its terms fall like exp(-k^2)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CusumPath:
    """Both one-sided sums after each outcome, in standard deviations; the two-sided one is their larger."""

    low: F64  # (n,) rises while there are fewer hits than expected
    high: F64  # (n,) rises while there are more


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ColumnBins:
    """Where a column's reference rows lay, and how far each stretch of them was from the others."""

    edges: F64  # (e,)
    counts: I64  # (e + 2,)
    stretch_psi: F64  # (s,)


def bin_edges(values: F64, *, bins: int) -> F64:
    """Return the borders of `bins` equally filled bins, the first and the last being the ends of what was seen.

    With `bin_counts` there are two bins more, for what lies below and above all that was seen. Quantiles that fall
    together give fewer bins.

    Shapes: values (n,); returns (e,) rising, e at most bins + 1; (0,) where every value is missing.
    NaN:    left out, as infinite values are.
    Raises: ValueError if bins is below 2 or values are not (n,).
    """
    if bins < 2 or values.ndim != 1:
        raise ValueError(f"bins must be at least 2 and values (n,), were {bins} and {values.shape}")
    known = values[np.isfinite(values)].astype(np.float64)
    if not known.size:
        return np.empty(0)
    edges = np.quantile(known, np.linspace(0.0, 1.0, bins + 1))
    margin = _MARGIN * float(np.abs(edges[[0, -1]]).max())
    edges[0] = np.nextafter(edges[0] - margin, -np.inf)
    edges[-1] += margin
    return np.unique(edges)


def bin_counts(values: F64, edges: F64, *, group: I64, groups: int) -> I64:
    """Return how many values of each group lie in each bin: up to the first edge, between two, above the last, missing.

    Shapes: values (n,); edges (e,) rising, a value equal to an edge lies below it; group (n,) from 0 to groups - 1;
            returns (groups, e + 2).
    NaN:    counted in the last bin.
    Raises: ValueError for shapes that differ, edges that do not rise or another group.
    """
    if values.ndim != 1 or group.shape != values.shape:
        raise ValueError(f"values and group must be (n,), were {values.shape} and {group.shape}")
    if edges.ndim != 1 or np.any(~(np.diff(edges) > 0)):
        raise ValueError(f"edges must be (e,) and rise, were {edges}")
    if group.size and not (group.min() >= 0 and group.max() < groups):
        raise ValueError(f"group must be from 0 to {groups - 1}, was from {group.min()} to {group.max()}")
    width = edges.size + 2
    place = np.where(np.isnan(values), width - 1, np.searchsorted(edges, values, side="left"))
    return np.bincount(group * width + place, minlength=groups * width).reshape(groups, width)


def psi(reference_shares: F64, counts: I64) -> F64:
    """Return the population stability index, `sum (q - p) ln(q / p)`, of counts against reference shares.

    By convention below 0.1 is no change and above 0.25 a large one. That holds for many independent rows only: of n
    rows without any change about (b - 1) / n is expected, and rows of a market are far fewer than they look. A
    feature with a memory of weeks fills few bins in a month whatever happens. So compare with `strangeness`.

    Shapes: reference_shares and counts (..., b), broadcast against each other; returns (...).
    Units:  nats.
    NaN:    where there are no rows. An empty bin counts as a share of 0.0001.
    Raises: ValueError for negative counts, or shares that are negative or do not add up to 1.
    Source: Jeffreys (1946), Proc. R. Soc. A 186; Yurdakul (2018), dissertation, Western Michigan University.
    """
    _check_bins(reference_shares, counts)
    p, q = _floored(reference_shares), _floored(_shares(counts))
    return np.asarray(((q - p) * np.log(q / p)).sum(axis=-1))


def ks_distance(reference_shares: F64, counts: I64) -> F64:
    """Return the largest difference of two cumulative distributions at the borders of their bins.

    Never above the Kolmogorov-Smirnov statistic of the values themselves, and equal to it where every value that
    there is has a bin of its own.

    Shapes: reference_shares and counts (..., b), bins from the lowest to the highest; returns (...).
    NaN:    where there are no rows.
    Raises: ValueError as `psi`.
    Source: Kolmogorov (1933); Smirnov (1948), Annals of Mathematical Statistics 19.
    """
    _check_bins(reference_shares, counts)
    gap = np.cumsum(_shares(counts), axis=-1) - np.cumsum(reference_shares, axis=-1)
    return np.asarray(np.abs(gap).max(axis=-1))


def ks_p_value(distance: float, *, reference_rows: float, rows: float) -> float:
    """Return how likely a distance as large as this is between samples of these sizes without any difference.

    The sizes are numbers of independent rows. Shares move together and bars resemble their neighbours: with all
    15 x 20 x 10 bars of a month counted, two months that differ in nothing are told apart with certainty. Count one
    row a trading day. Even so the value is too small for a feature that remembers more than a day, so that it may
    only ever be asked besides `strangeness`, never alone. Too large, the safe way, for binned or tied values.

    Units:  probability. Stephens' approximation: from 5 effective rows on to 0.025, to 0.005 where it is below 0.1.
    NaN:    where the distance is.
    Raises: ValueError for a distance outside [0, 1] or sizes that are not above 0.
    Source: Stephens (1970), J. R. Stat. Soc. B 32, 115-122.
    """
    if not (reference_rows > 0 and rows > 0):
        raise ValueError(f"reference_rows and rows must be above 0, were {reference_rows} and {rows}")
    if math.isnan(distance):
        return distance
    if not 0.0 <= distance <= 1.0:
        raise ValueError(f"distance must lie within [0, 1], was {distance}")
    root = math.sqrt(reference_rows * rows / (reference_rows + rows))
    scaled = (root + 0.12 + 0.11 / root) * distance
    if scaled < 0.2:
        return 1.0  # to more than ten places; the series takes too many terms there
    k = np.arange(1, _TERMS + 1)
    return float(min(max(2.0 * ((-1.0) ** (k - 1) * np.exp(-2.0 * (k * scaled) ** 2)).sum(), 0.0), 1.0))


def column_bins(values: F64, stretch: I64, *, stretches: int, bins: int) -> ColumnBins:
    """Return a column's bins, how many rows lie in each, and the PSI of each stretch against all other rows.

    A stretch that alone holds the column's lowest or highest value is held against bins that know nothing of it, as
    a new one will be: what lies beyond all that was seen weighs most.

    Shapes: values (n,); stretch (n,) the stretch of each row from 0 on, `stretches` for a row that belongs to none.
    NaN:    a value is in the last bin; the PSI of a stretch without rows, or that has all of them.
    Raises: ValueError as `bin_edges` and `bin_counts`.
    """
    edges = bin_edges(values, bins=bins)
    counts = bin_counts(values, edges, group=stretch, groups=stretches + 1)
    total = counts.sum(axis=0)
    own, others = counts[:-1], total - counts[:-1]
    found = np.full(stretches, np.nan)
    both = own.any(axis=1) & others.any(axis=1)
    found[both] = psi(_shares(others[both]), own[both])
    known = np.flatnonzero(np.isfinite(values))
    ends = () if not known.size else (known[values[known].argmin()], known[values[known].argmax()])
    for holder in {int(stretch[row]) for row in ends}:
        if holder < stretches and both[holder]:
            inside = stretch == holder
            apart = bin_edges(values[~inside], bins=bins)
            rest, alone = bin_counts(values, apart, group=inside.astype(np.int64), groups=2)
            found[holder] = psi(_shares(rest), alone)
    return ColumnBins(edges=edges, counts=total, stretch_psi=found)


def strangeness(now_psi: F64, reference_psi: F64, *, least_psi: float) -> F64:
    """Return each column's PSI in units of the largest that any stretch of the reference had, or of `least_psi`.

    Above 1 a column is where it was in no equally long stretch of the reference.

    Shapes: now_psi (k,); reference_psi (s, k), s may be 0; returns (k,).
    NaN:    where now_psi is; left out in the reference.
    Raises: ValueError for shapes that do not fit or a least_psi that is not above 0.
    """
    _check_psi(reference_psi, least_psi)
    if now_psi.shape != reference_psi.shape[1:]:
        raise ValueError(f"now_psi must be {reference_psi.shape[1:]}, was {now_psi.shape}")
    most = np.where(np.isnan(reference_psi), 0.0, reference_psi).max(axis=0, initial=least_psi)
    return np.asarray(now_psi / most)


def stretch_strangeness(reference_psi: F64, *, least_psi: float) -> F64:
    """Return how strange each stretch of the reference would have been beside the others.

    Let L be the largest of all s x k. If a new stretch is like the s old ones, that is if their order could be any,
    it shows a column stranger than L with a probability of at most 1 / (s + 1), however many columns there are and
    however they hang together, because a stretch of the reference has one rival less than the new one. The same
    holds for the number of columns above 1.

    Shapes: reference_psi (s, k); returns (s, k).
    NaN:    0 where it is NaN.
    Raises: ValueError if it is not (s, k), or a least_psi that is not above 0.
    Source: the conformal argument, Vovk, Gammerman and Shafer (2005), Algorithmic Learning in a Random World, 2.2.
    """
    _check_psi(reference_psi, least_psi)
    known = np.where(np.isnan(reference_psi), 0.0, reference_psi)
    if known.shape[0] < 2:
        return known / least_psi
    first, second = np.sort(known, axis=0)[[-1, -2]]
    place = np.arange(known.shape[0])[:, None] == known.argmax(axis=0)
    return np.asarray(known / np.maximum(np.where(place, second, first), least_psi))


def cusum(hits: F64, expected_p: F64, *, slack: float, spread: F64 | None = None) -> CusumPath:
    """Return the cumulative sums of hits against what was expected of them, one for too few and one for too many.

    Each outcome adds `+-(hit - p) / spread - slack`; a sum never falls below 0. The slack is half of the shift, in
    standard deviations, that is to be found soonest. Outcomes must not overlap: those of rows whose windows do are
    the same outcome seen several times, and pass any limit far too soon.

    Shapes: hits (n,) within [0, 1], outcomes in order: single ones, or means of rows that end together; expected_p
            (n,); spread (n,) of a hit about its expectation, without it that of single outcomes, `sqrt(p (1 - p))`.
    NaN:    an outcome that is not known, or sure beforehand, adds nothing.
    Causal: out[t] reads outcomes 0 to t.
    Raises: ValueError for shapes that differ, hits or expectations outside [0, 1], a spread or slack below 0.
    Source: Page (1954), Biometrika 41, 100-115; Steiner et al. (2000), Biostatistics 1, 441-452.
    """
    if hits.ndim != 1 or expected_p.shape != hits.shape:
        raise ValueError(f"hits and expected_p must be (n,), were {hits.shape} and {expected_p.shape}")
    for name, values in (("hits", hits), ("expected_p", expected_p)):
        if np.any((values < 0.0) | (values > 1.0)):
            raise ValueError(f"{name} must lie within [0, 1], were {values.min()} to {values.max()}")
    own = np.sqrt(expected_p * (1.0 - expected_p)) if spread is None else spread
    if own.shape != hits.shape:
        raise ValueError(f"spread must be {hits.shape}, was {own.shape}")
    if slack < 0 or np.any(own < 0):
        raise ValueError(f"slack and spread must not be below 0, were {slack} and {own.min(initial=0.0)}")
    known = np.isfinite(hits) & np.isfinite(expected_p) & (own > 0)
    z = np.where(known, hits - expected_p, 0.0) / np.where(known, own, 1.0)
    return CusumPath(
        low=_above_floor(np.where(known, -z - slack, 0.0)), high=_above_floor(np.where(known, z - slack, 0.0))
    )


def cusum_limit(run_length: float, *, slack: float) -> float:
    """Return the limit that a one-sided sum without any change passes once in `run_length` outcomes on average.

    Of the two-sided one, the mean run is half as long. For steps that are nearly normal, as means of many rows
    are. Of single outcomes with a slack of 0.25 it was 1.0 times as long for p = 0.5; on the side of the long tail
    0.7 for 0.3 and 0.6 for 0.2, on the other side 1.6 and more.

    Units:  standard deviations; run_length in outcomes.
    Raises: ValueError if run_length is below 2 or slack is not above 0.
    Source: Siegmund (1985), Sequential Analysis, 2.5: run = (exp(2 k b) - 2 k b - 1) / (2 k^2), b = limit + 1.166.
    """
    if not run_length >= 2 or not slack > 0:
        raise ValueError(f"run_length must be at least 2 and slack above 0, were {run_length} and {slack}")
    low, high = 0.0, 1.0
    while _mean_run(high, slack) < run_length:
        high *= 2.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if _mean_run(middle, slack) < run_length else (low, middle)
    return high


def _mean_run(limit: float, slack: float) -> float:
    grown = 2.0 * slack * (limit + _OVERSHOOT)
    return (math.exp(grown) - grown - 1.0) / (2.0 * slack**2)


def _above_floor(steps: F64) -> F64:
    """Return the sums of steps that start anew wherever they would fall below 0."""
    total = np.cumsum(steps)
    return np.asarray(total - np.minimum.accumulate(np.minimum(total, 0.0)))


def _shares(counts: I64) -> F64:
    total = counts.sum(axis=-1, keepdims=True)
    return np.asarray(counts / np.where(total > 0, total, np.nan))


def _floored(shares: F64) -> F64:
    kept = np.maximum(shares, _LEAST_SHARE)
    return np.asarray(kept / kept.sum(axis=-1, keepdims=True))


def _check_bins(reference_shares: F64, counts: I64) -> None:
    if not reference_shares.shape[-1:] == counts.shape[-1:] or counts.ndim < 1:
        raise ValueError(
            f"shares and counts must have equal bins, were {reference_shares.shape} and {counts.shape}"
        )
    if np.any(counts < 0):
        raise ValueError(f"counts must not be below 0, were from {counts.min()}")
    total = reference_shares.sum(axis=-1)
    if np.any(reference_shares < 0) or not np.allclose(total, 1.0, rtol=0.0, atol=1e-6):
        raise ValueError(f"reference_shares must be 0 or more and add up to 1, added up to {total}")


def _check_psi(reference_psi: F64, least_psi: float) -> None:
    if reference_psi.ndim != 2 or not least_psi > 0:
        raise ValueError(
            f"reference_psi must be (s, k) and least_psi above 0, were {reference_psi.shape} and {least_psi}"
        )
