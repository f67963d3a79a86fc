"""The levels of an order: the label set's, or drawn from how far the price is expected to move.

One arithmetic for what is judged and for what is served. Needs NumPy alone, because signals are also read where nothing
heavier may be loaded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from modeling.contracts import QUANTILE_LEVELS, MarketState, PolicyConfig, Prediction
from modeling.contracts.order_levels import LevelPair, NetByEdge, OrderLevels
from traderai.common.arrays import F64, I8

_MEDIAN = QUANTILE_LEVELS.index(0.50)


class OrderRows(NamedTuple):
    """n decisions, each with its side, the label set's levels and the excursions that are expected of that side."""

    side: I8  # (n,) 1, -1, or 0 for none
    edge: F64  # (n,)
    best: F64  # (n, 7) quantiles of the best excursion of the window, at least 0
    worst: F64  # (n, 7) of the worst one, at most 0
    take_profit_frac: F64  # (n,) of the label set
    stop_loss_frac: F64  # (n,)
    least_gain_frac: F64  # (n,) round trip and a price step: a take-profit within it is none


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderChoice:
    """The levels of one order."""

    take_profit_frac: float
    stop_loss_frac: float
    expected_net_frac: float | None  # None: they are the label set's, and so is the expectation


def pair_scales(rows: OrderRows, pair: LevelPair, clip: tuple[float, float]) -> F64:
    """Return take-profit and stop of each order as multiples of the label set's.

    `clip(quantile / label set's level, *clip)`; both are 1 where the take-profit would not exceed the round trip and a
    price step, or a level the price itself.

    Shapes: rows of n; returns (n, 2).
    Units:  excursions and levels are fractions of the entry price.
    NaN:    an unknown level or quantile leaves the label set's.
    Causal: reads what the rows hold, which is known at their decisions.
    """
    best = rows.best[:, QUANTILE_LEVELS.index(pair.take_profit)]
    worst = rows.worst[:, QUANTILE_LEVELS.index(pair.stop_loss)]
    scales = np.stack([best / rows.take_profit_frac, -worst / rows.stop_loss_frac], axis=1)
    scales = np.clip(scales, *clip)
    take_profit, stop_loss = scales[:, 0] * rows.take_profit_frac, scales[:, 1] * rows.stop_loss_frac
    sound = (take_profit > rows.least_gain_frac) & (take_profit < 1.0) & (stop_loss < 1.0)
    return np.where(sound[:, None], scales, 1.0)


def order_scales(rows: OrderRows, own: OrderLevels) -> F64:
    """Return take-profit and stop of each order as multiples of the label set's, as a version serves them.

    An order whose expectation at its edge is not above 0, and one of a side without any, keeps the label set's.

    Shapes: rows of n; returns (n, 2).
    NaN:    as `pair_scales`.
    Causal: reads what the rows hold, which is known at their decisions.
    """
    pays = expected_net_r(own, rows.side, rows.edge) > 0.0
    return np.where(pays[:, None], pair_scales(rows, own.pair, own.clip), 1.0)


def expected_net_r(own: OrderLevels, side: I8, edge: F64) -> F64:
    """Return what orders of these sides and edges made out of sample.

    Shapes: side, edge (n,); returns (n,).
    Units:  stops of the label set, after costs; -inf for a side of which nothing is known.
    """
    found = np.full(edge.shape, -np.inf)
    for code, known in ((1, own.long), (-1, own.short)):
        if known is not None:
            here = side == code
            found[here] = _at(edge[here], known)
    return found


def order_choice(
    side: Literal["long", "short"],
    edge: float,
    prediction: Prediction,
    market: MarketState,
    policy: PolicyConfig,
    cost_frac: float,
) -> OrderChoice:
    """Return the levels of one order: `order_scales` of one row.

    Units:  fractions of the entry price.
    Raises: ValueError for a policy with levels of its own and a prediction without excursions.
    """
    labelled = OrderChoice(
        take_profit_frac=market.take_profit_frac, stop_loss_frac=market.stop_loss_frac, expected_net_frac=None
    )
    own = policy.order_levels
    if own is None:
        return labelled
    if prediction.excursions is None:
        raise ValueError("order levels need a prediction with excursions; train a network with those heads")
    best, worst = prediction.excursions.of(side)
    row = OrderRows(
        side=np.array([1 if side == "long" else -1], dtype=np.int8),
        edge=np.array([edge]),
        best=np.array([best]),
        worst=np.array([worst]),
        take_profit_frac=np.array([market.take_profit_frac]),
        stop_loss_frac=np.array([market.stop_loss_frac]),
        least_gain_frac=np.array([cost_frac + market.price_step_rub / market.close_rub]),
    )
    scales = order_scales(row, own)[0]
    if (scales == 1.0).all():
        return labelled
    return OrderChoice(
        take_profit_frac=float(scales[0] * market.take_profit_frac),
        stop_loss_frac=float(scales[1] * market.stop_loss_frac),
        expected_net_frac=float(expected_net_r(own, row.side, row.edge)[0] * market.stop_loss_frac),
    )


def expected_drawdown(
    side: Literal["long", "short"], prediction: Prediction, stop_loss_frac: float
) -> float | None:
    """Return how far the price is expected to go against a side before its window ends: the median, at most to the stop.

    Units:  a fraction of the entry price, at least 0; None without a forecast of it.
    """
    if prediction.excursions is None:
        return None
    return min(-prediction.excursions.of(side)[1][_MEDIAN], stop_loss_frac)


def _at(edge: F64, known: NetByEdge) -> F64:
    return np.asarray(np.interp(edge, np.asarray(known.knots), np.asarray(known.net_r)))
