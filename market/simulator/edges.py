"""Planted edges: patterns in visible bars that a drift follows, and what is known of it at each bar."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from market.simulator.config import PlantedEdge, SimulatorConfig
from traderai.common.arrays import F64, I8, I64, Bools

USUAL_DAYS = 20
"""The usual volume of an hour is its mean over so many trading days before."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EdgeInputs:
    """What patterns are seen in; all arrays have shape (n bars, k shares), `hour` and `opens_day` (n,)."""

    hour: I64
    opens_day: Bools
    move: F64  # log close - log open without any drift
    gap: F64  # log open - log close before, without dividends and splits
    gap_sigma: F64
    value_rub: F64
    news: I8  # direction of the news that came out in the bar


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlantedDrift:
    """The drift and the patterns that it follows."""

    drift: F64  # (n, k) log return added inside each bar
    patterns: tuple[I8, ...]  # per planted edge (n, k): direction of the drift that follows bar i, 0 for none


def planted_drift(config: SimulatorConfig, inputs: EdgeInputs) -> PlantedDrift:
    """Return the drift of the configured edges.

    Patterns are looked for in the moves as anyone sees them, drift included: what no bar shows, nobody could learn. And
    a drift must not make the patterns that prolong it: it would promise more than its own size. So while the drift of
    one lasts, a share shows no other one of the same edge. Patterns may overlap where a drift makes none: those of gaps
    and news, and those of leaders, which follow nobody (of an index, if they make nearly all of it).

    Shapes: (n, k)
    Units: log returns
    Causal: a pattern at bar i depends on bars up to i, drift at bar i on patterns before bar i
    """
    edges = config.planted_edges
    n, k = inputs.move.shape
    drift = np.zeros((n, k))
    patterns = tuple(np.zeros((n, k), dtype=np.int8) for _ in edges)
    known = [_known_before(edge, inputs) for edge in edges]
    leaders = [_leaders(edge, config) for edge in edges]
    sizes = [drift_sizes(edge, config) for edge in edges]
    weights = [np.array(edge.weights)[:, None] for edge in edges]
    # A move is large by what is usual over the hours: whoever looks for it need not know the hour.
    sigma = _daily(config) * np.sqrt((1.0 - config.overnight_frac) / len(config.hours))
    free_from = np.zeros((len(edges), k), dtype=np.int64)
    for i in range(n if edges else 0):
        seen = inputs.move[i] + drift[i]
        for at, edge in enumerate(edges):
            # Who leads is watched from close to close, so the night belongs to the day's first bar.
            looked_at = seen + inputs.gap[i] if edge.kind == "lead_lag" else seen
            direction = _direction(edge, known[at], leaders[at], i, looked_at / sigma)
            if not edge.overlaps:
                direction = np.where(free_from[at] <= i, direction, 0.0)
            if not direction.any():
                continue
            patterns[at][i] = direction
            first = i + 1 + edge.delay_bars
            free_from[at][direction != 0.0] = first + edge.window_bars
            part = drift[first : first + edge.window_bars]
            part += weights[at][: len(part)] * (direction * sizes[at])
    return PlantedDrift(drift=drift, patterns=patterns)


def expected_log_return(
    config: SimulatorConfig, patterns: tuple[I8, ...], *, entry_bars: int, horizon_bars: int
) -> F64:
    """Return what the patterns up to each bar promise for bars i + entry_bars to i + entry_bars + horizon - 1.

    Shapes: each pattern (n, k) -> (n, k)
    Units: log returns
    Causal: bar i depends on patterns at bars up to i
    """
    expected = np.zeros(patterns[0].shape) if patterns else np.zeros((0, 0))
    for edge, pattern in zip(config.planted_edges, patterns, strict=True):
        weights, sizes = edge.weights, drift_sizes(edge, config)
        for age in range(edge.delay_bars + edge.window_bars):
            # Bar i + j lies j + age bars after the pattern; the drift's first bar lies 1 + delay_bars after it.
            first = entry_bars + age - 1 - edge.delay_bars
            share = sum(weights[max(first, 0) : max(first + horizon_bars, 0)])
            if share:
                expected[age:] += share * sizes * pattern[: len(pattern) - age]
    return expected


def usual_value(value_rub: F64, hour: I64) -> F64:
    """Return the mean value at the same hour over the trading days before; NaN until there are enough.

    Shapes: value_rub (n, k), hour (n,) -> (n, k)
    Units: roubles
    NaN: before `USUAL_DAYS` bars of the hour
    Causal: bar i depends on bars before bar i
    """
    usual = np.full(value_rub.shape, np.nan)
    for one in np.unique(hour):
        rows = np.flatnonzero(hour == one)
        if rows.size > USUAL_DAYS:
            sums = np.cumsum(value_rub[rows], axis=0)
            before = np.concatenate([np.zeros((1, sums.shape[1])), sums])
            usual[rows[USUAL_DAYS:]] = (before[USUAL_DAYS:-1] - before[: -USUAL_DAYS - 1]) / USUAL_DAYS
    return usual


def _known_before(edge: PlantedEdge, inputs: EdgeInputs) -> I8:
    """Return what of a pattern does not depend on moves: 1 or a direction where it may be, 0 elsewhere."""
    if edge.kind == "volume_momentum":
        with np.errstate(invalid="ignore"):
            raised = inputs.value_rub >= edge.threshold * usual_value(inputs.value_rub, inputs.hour)
        return raised.astype(np.int8)
    if edge.kind == "gap_reversion":
        wide = (np.abs(inputs.gap) >= edge.threshold * inputs.gap_sigma) & inputs.opens_day[:, None]
        return np.where(wide, -np.sign(inputs.gap), 0).astype(np.int8)
    if edge.kind == "news_drift":
        return inputs.news
    return np.ones(inputs.move.shape, dtype=np.int8)


def _direction(edge: PlantedEdge, known: I8, leaders: F64, i: int, scaled: F64) -> F64:
    """Return the direction of the drift that bar i promises each share."""
    if edge.kind == "volume_momentum":
        moved: F64 = np.where(known[i] != 0, np.sign(scaled), 0.0)
        return moved
    if edge.kind == "lead_lag":
        lead = leaders @ scaled
        led: F64 = np.where(np.abs(lead) >= edge.threshold, np.sign(lead), 0.0)
        return led
    told: F64 = known[i].astype(np.float64)
    return told


def _leaders(edge: PlantedEdge, config: SimulatorConfig) -> F64:
    """Return (k, k): whose scaled moves each share follows.

    The leader of a sector follows nobody, and of the index those that make most of it do not.
    """
    k = len(config.shares)
    follows = np.zeros((k, k))
    size = np.array([share.daily_turnover_rub for share in config.shares])
    big = size >= np.sort(size)[min(round(k * edge.lagging_frac), k - 1)]
    for at, share in enumerate(config.shares):
        if edge.leader == "index":
            # In units of the standard deviation of the index's move.
            weights = size / size.sum() * _daily(config)
            own = 1.0 - config.market_frac
            deviation = np.sqrt(config.market_frac * weights.sum() ** 2 + own * float((weights**2).sum()))
            follows[at] = 0.0 if big[at] else weights / deviation
            continue
        peers = [other for other in range(k) if config.shares[other].sector == share.sector]
        leader = max(peers, key=lambda other: size[other])
        if leader != at:
            follows[at, leader] = 1.0
    return follows


def drift_sizes(edge: PlantedEdge, config: SimulatorConfig) -> F64:
    """Return the whole drift of one pattern per share: `strength` deviations of the return over the window.

    Shapes: -> (k,)
    Units: log returns
    """
    size: F64 = edge.strength * _daily(config) * np.sqrt(edge.window_bars / len(config.hours))
    return size


def _daily(config: SimulatorConfig) -> F64:
    return np.array([share.daily_volatility_frac for share in config.shares])
