"""What could be known of the simulated market at each bar: the yardstick for whoever looks for its edges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from market.simulator.config import SimulatorConfig
from market.simulator.edges import expected_log_return
from market.simulator.paths import SimulatedPanel
from traderai.common.arrays import F64, Bools


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlantedTruth:
    """The planted edges as seen at each bar's end; arrays have shape (n bars, k shares)."""

    expected_log_return: F64  # of the window, knowing every bar up to this one
    realised_log_return: F64  # of the window, splits and dividends put back; NaN where it has not ended
    up_probability_frac: F64  # 0.5 where is_row is False
    is_row: Bools  # an edge promises something, the window has ended, and the share was traded throughout
    frequency_frac: float  # of all rows with a window
    best_hit_frac: float  # of the rows of an edge whose direction who knows it calls right, on average
    best_auc: float  # of the expected return against the sign of the realised one on those rows


def planted_edge_truth(
    config: SimulatorConfig, panel: SimulatedPanel, *, horizon_bars: int, entry_bars: int = 1
) -> PlantedTruth:
    """Return what is to be expected from the open of bar i + entry_bars to the close `horizon_bars` bars on.

    The best hit rate and AUC are expectations over the noise as it fell in this panel, of one who knows the planted
    drift of each bar; what a learner measures scatters around them. Without a planted edge both are 0.5.

    Shapes: panel (n, k) -> (n, k)
    Units: log returns
    NaN: in realised_log_return
    Causal: expected_log_return at bar i depends on bars up to i alone; the probabilities use the whole panel's noise
    Raises: ValueError if a length is not positive
    """
    if horizon_bars < 1 or entry_bars < 1:
        raise ValueError(f"horizon_bars and entry_bars must be at least 1, were {horizon_bars}, {entry_bars}")
    n, k = panel.close.shape
    expected = np.zeros((n, k))
    if panel.patterns:
        expected = expected_log_return(
            config, panel.patterns, entry_bars=entry_bars, horizon_bars=horizon_bars
        )
    realised, whole = _realised(panel, entry_bars, horizon_bars)
    rows = whole & (expected != 0.0)
    scale = _typical_deviation(config, panel, horizon_bars)
    score = expected / scale
    # Noise is symmetric but for half its variance: mirrored it gives twice the sample and no drift of its own.
    noise = ((realised - expected) / scale)[rows]
    mirrored = np.sort(np.concatenate([noise, -noise]))
    up = np.full((n, k), 0.5)
    if mirrored.size:
        at_most = np.searchsorted(mirrored, score[rows], side="right")
        up[rows] = at_most / mirrored.size
    chance = up[rows]
    return PlantedTruth(
        expected_log_return=expected,
        realised_log_return=realised,
        up_probability_frac=up,
        is_row=rows,
        frequency_frac=float(rows.sum() / max(int(whole.sum()), 1)),
        best_hit_frac=float(np.maximum(chance, 1.0 - chance).mean()) if rows.any() else 0.5,
        best_auc=expected_auc(score[rows], chance),
    )


def expected_auc(score: F64, up_probability_frac: F64) -> float:
    """Return the area under the curve that a score is expected to have when each row goes up with its probability.

    Shapes: (m,)
    NaN: not accepted
    """
    order = np.argsort(score, kind="stable")
    score, up = score[order], up_probability_frac[order]
    _, first = np.unique(score, return_index=True)
    if first.size < 2:
        return 0.5
    ups, downs = np.add.reduceat(up, first), np.add.reduceat(1.0 - up, first)
    below = np.concatenate([[0.0], np.cumsum(downs)[:-1]])
    return float((ups * (below + 0.5 * downs)).sum() / (ups.sum() * downs.sum()))


def _realised(panel: SimulatedPanel, entry_bars: int, horizon_bars: int) -> tuple[F64, Bools]:
    n = len(panel)
    level = panel.corporate.level
    opened, close = np.log(panel.open) - level, np.log(panel.close) - level
    realised = np.full(panel.close.shape, np.nan)
    whole = np.zeros(panel.close.shape, dtype=np.bool_)
    count = n - entry_bars - horizon_bars + 1
    if count > 0:
        realised[:count] = close[entry_bars + horizon_bars - 1 :] - opened[entry_bars : entry_bars + count]
        gone = np.concatenate([np.zeros((1, panel.close.shape[1])), np.cumsum(~panel.traded, axis=0)])
        whole[:count] = gone[entry_bars + horizon_bars :] == gone[:count]
    return realised, whole


def _typical_deviation(config: SimulatorConfig, panel: SimulatedPanel, horizon_bars: int) -> F64:
    """Return the standard deviation of a window's return as the spell of volatility at each bar suggests."""
    daily = np.array([share.daily_volatility_frac for share in config.shares])
    calm = daily * np.sqrt(panel.clock.variance_frac[:, None] * (1.0 - config.overnight_frac))
    typical: F64 = panel.moves.sigma / calm * daily * np.sqrt(horizon_bars / len(config.hours))
    return typical
