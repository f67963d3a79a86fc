"""Events that count from the moment they were known: how long news has flowed, decayed sums, the strongest, alerts.

An event known at k counts at the moments t with k <= t < k + span. Sums are added up afresh for each moment, oldest
event first, so that a moment's number depends on its own window alone.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numba import njit

from traderai.common.arrays import F64, I8, I64

DAY_S: Final = 86_400
NEVER_S: Final = int(np.iinfo(np.int64).max)
EMBEDDING_DIMS: Final = 32


@njit(nogil=True, cache=True)
def flow_since(moments_s: I64, known_s: I64, stretch_s: int, at_least: int) -> I64:
    """Return since when news has flowed without a break; it flows while `at_least` were known in the last stretch.

    Shapes: moments_s (M,) and known_s (N,), both rising; returns (M,).
    Units:  seconds; NEVER_S where it does not flow.
    Causal: moment t reads what was known by t.
    Source: ours: a stretch with next to no news has no news source, and what is not read is unknown and not zero.
    """
    out = np.full(moments_s.size, NEVER_S)
    since, until, coming = NEVER_S, -NEVER_S, 0
    for m in range(moments_s.size):
        while coming < known_s.size and known_s[coming] <= moments_s[m]:
            known = known_s[coming]
            if known > until:  # it broke off before this one
                since = NEVER_S
            if coming + 1 >= at_least:
                until = known_s[coming + 1 - at_least] + stretch_s
            if since == NEVER_S and known < until:
                since = known
            coming += 1
        if moments_s[m] < until:
            out[m] = since
    return out


@njit(nogil=True, cache=True)
def decayed_sums(
    moments_s: I64, known_s: I64, value: F64, channel: I8, channels: int, span_s: int, half_life_s: float
) -> F64:
    """Return by channel the sum of the values known within the span, each halved every half-life since.

    Shapes: moments_s (M,) and known_s (N,), both rising; value and channel (N,); returns (M, channels).
    Units:  those of value; half_life_s infinite leaves values as they are; channel below 0 is left out.
    NaN:    never; 0 where nothing counts.
    Causal: moment t reads what was known in (t - span, t].
    """
    out = np.zeros((moments_s.size, channels))
    first = 0
    for m in range(moments_s.size):
        while first < known_s.size and known_s[first] <= moments_s[m] - span_s:
            first += 1
        for event in range(first, known_s.size):
            age_s = moments_s[m] - known_s[event]
            if age_s < 0:
                break
            if channel[event] >= 0:
                out[m, channel[event]] += value[event] * math.pow(0.5, age_s / half_life_s)
    return out


@njit(nogil=True, cache=True)
def strongest(moments_s: I64, known_s: I64, strength: F64, span_s: int) -> I64:
    """Return the place of the strongest event known within the span, -1 for none; of equals the last one.

    Shapes: moments_s (M,) and known_s (N,), both rising; strength (N,); returns (M,).
    Units:  seconds.
    Causal: moment t reads what was known in (t - span, t].
    """
    out = np.full(moments_s.size, -1)
    first = 0
    for m in range(moments_s.size):
        while first < known_s.size and known_s[first] <= moments_s[m] - span_s:
            first += 1
        for event in range(first, known_s.size):
            if known_s[event] > moments_s[m]:
                break
            if out[m] < 0 or strength[event] >= strength[out[m]]:
                out[m] = event
    return out


@njit(nogil=True, cache=True)
def alerts_in_force(moments_s: I64, known_s: I64, starts_s: I64, ends_s: I64, severity: I8) -> F64:
    """Return how many alerts are in force and how bad the worst of them is.

    Shapes: moments_s (M,); the others (N,), in the order of known_s; returns (M, 2).
    Units:  a count; a severity of 1 to 3, 0 for none.
    NaN:    never.
    Causal: moment t reads alerts known at t, started by t and not ended by t.
    """
    out = np.zeros((moments_s.size, 2))
    for m in range(moments_s.size):
        for alert in range(known_s.size):
            if known_s[alert] > moments_s[m]:
                break
            if starts_s[alert] <= moments_s[m] < ends_s[alert]:
                out[m, 0] += 1.0
                out[m, 1] = max(out[m, 1], severity[alert])
    return out


def counts_within(moments_s: I64, known_s: I64, span_s: int) -> I64:
    """Return how many events were known within the span.

    Shapes: moments_s (M,), known_s (N,), rising; returns (M,).
    Units:  events.
    Causal: moment t reads what was known in (t - span, t].
    """
    newest = np.searchsorted(known_s, moments_s, side="right")
    return newest - np.searchsorted(known_s, moments_s - span_s, side="right")


def intensity(moments_s: I64, known_s: I64, *, span_s: int, before_days: int) -> F64:
    """Return the count within the span over the mean count of such a span in the days before it.

    Shapes: moments_s (M,), known_s (N,), rising; returns (M,).
    Units:  1 is as much as usual.
    NaN:    where the days before had nothing.
    Causal: moment t reads what was known in (t - span - days, t].
    Source: ours, after the abnormal news volume of Da, Engelberg and Gao (2011), with a mean in place of a median.
    """
    before_s = before_days * DAY_S
    usual = counts_within(moments_s - span_s, known_s, before_s) * (span_s / before_s)
    out = np.full(moments_s.size, np.nan)
    np.divide(counts_within(moments_s, known_s, span_s), usual, out=out, where=usual > 0)
    return out


def embedding(moments_s: I64, known_s: I64, signs: I64, *, span_s: int) -> F64:
    """Return the sum of the texts' projections within the span, at length 1.

    Shapes: moments_s (M,), known_s (N,), rising; signs (N, dims) of whole numbers; returns (M, dims).
    Units:  -1..1 each; 0 where there was no text.
    NaN:    never.
    Causal: moment t reads what was known in (t - span, t].
    Source: Achlioptas (2003), Database-friendly random projections: random signs.
    """
    # Whole numbers: differences of running totals are exact, whatever the running total began with.
    totals = np.concatenate([np.zeros((1, signs.shape[1]), np.int64), np.cumsum(signs, axis=0)])
    newest = np.searchsorted(known_s, moments_s, side="right")
    oldest = np.searchsorted(known_s, moments_s - span_s, side="right")
    summed = totals[newest] - totals[oldest]
    length = np.sqrt((summed * summed).sum(axis=1).astype(np.float64))[:, None]
    out = np.zeros(summed.shape)
    np.divide(summed, length, out=out, where=length > 0)
    return out
