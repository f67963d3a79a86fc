"""What trades made after costs by the edge that was claimed for them."""

from __future__ import annotations

import numpy as np

from modeling.contracts.order_levels import NetByEdge
from modeling.kernels.calibration import fit_isotonic, mapped
from modeling.kernels.significance import DayDraws, figure_interval
from traderai.common.arrays import F64, I64

LEAST_TRADES = 20
_GROUP_TRADES = 40  # behind each knot


def net_by_edge(edge: F64, net_r: F64, day: I64, *, draws: DayDraws, min_map_trades: int) -> NetByEdge | None:
    """Return the mean result of trades as a map that never falls with their edge; None of fewer than LEAST_TRADES.

    Isotonic regression of groups of some forty trades; the mean of all where there are fewer than `min_map_trades`.
    The bounds are those of the map fitted anew on days that are drawn.

    Shapes: edge, net_r, day (n,), the day of each as its place among those of `draws`.
    Units:  net_r in stops of the label set, after costs.
    Raises: ValueError for missing numbers, and as `fit_isotonic`.
    Source: Barlow et al. (1972), pool adjacent violators; Politis and Romano (1994) for the draws.
    """
    if edge.size < LEAST_TRADES:
        return None
    knots = edge.size // _GROUP_TRADES if edge.size >= min_map_trades else 1
    found = fit_isotonic(edge, net_r, max_knots=knots)
    at, every = np.asarray(found.knots), np.arange(edge.size)
    drawn = np.full((draws.weights.shape[0], at.size), np.nan)
    for number, weights in enumerate(draws.weights):
        rows = np.repeat(every, weights[day].astype(np.int64))
        if rows.size:
            drawn[number] = mapped(at, fit_isotonic(edge[rows], net_r[rows], max_knots=knots))
    bounds = [
        figure_interval(value, column, draws) for value, column in zip(found.values, drawn.T, strict=True)
    ]
    return NetByEdge(
        trades=int(edge.size),
        knots=found.knots,
        net_r=found.values,
        low_r=tuple(own.low for own in bounds),
        high_r=tuple(own.high for own in bounds),
    )
