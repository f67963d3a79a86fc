"""What each side of a trade is worth after costs; a part of the policy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from modeling.contracts import Evidence, MarketState, PolicyConfig, Prediction, RegimeRule
from modeling.kernels.edges import break_even, volatility_terciles

Side = Literal["long", "short"]
SIDES: tuple[Side, Side] = ("long", "short")


@dataclass(frozen=True, slots=True, kw_only=True)
class SideView:
    """What one side of a trade is worth after costs."""

    side: Side
    p: float
    p_break_even: float
    edge: float
    expected_net_frac: float
    expected_r: float
    span_frac: float  # take-profit plus mean loss: one unit of edge is worth this much


def cost_of(market: MarketState, policy: PolicyConfig) -> float:
    """Return the round trip's cost as a fraction of the price; the measured spread counts if it is wider."""
    return float(
        policy.costs.round_trip_frac(
            price_rub=market.close_rub,
            price_step_rub=market.price_step_rub,
            half_spread_frac=market.half_spread_frac,
        )
    )


def half_spread_frac(market: MarketState, policy: PolicyConfig) -> float:
    """Return the measured half spread, the configured floor where it is narrower or was not measured (NaN)."""
    return float(np.fmax(market.half_spread_frac, policy.costs.half_spread_bp / 1e4))


def side_view(
    side: Side, prediction: Prediction, evidence: Evidence, market: MarketState, cost_frac: float
) -> SideView:
    """Return the edge and expected value of one side.

    Break-even `p* = (L + cost) / (TP + L)`, where L is the mean gross loss of validation trades of this side and
    volatility tercile that did not reach their take-profit; `expected net = p TP - (1 - p) L - cost`.

    Units:  fractions of the entry price; expected_r in units of the stop.
    Source: Lopez de Prado (2018), Advances in Financial Machine Learning, ch. 15.
    """
    p = prediction.p_long if side == "long" else prediction.p_short
    losses = (evidence.long if side == "long" else evidence.short).mean_gross_loss_r
    tercile = int(volatility_terciles(np.asarray(prediction.volatility), evidence.volatility_tercile_edges))
    loss = losses[tercile] * market.stop_loss_frac
    p_break_even = float(
        break_even(np.asarray(loss), np.asarray(market.take_profit_frac), np.asarray(cost_frac))
    )
    span = market.take_profit_frac + loss
    net = (p - p_break_even) * span
    return SideView(
        side=side,
        p=p,
        p_break_even=p_break_even,
        edge=p - p_break_even,
        expected_net_frac=net,
        expected_r=net / market.stop_loss_frac,
        span_frac=span,
    )


def spread_frac(market: MarketState, policy: PolicyConfig) -> float:
    """Return the whole spread: the measured one or, where wider, that which labels estimate.

    Units:  a fraction of the price.
    NaN:    what is unknown does not count; the configured floor always does.
    """
    return float(np.fmax(2.0 * half_spread_frac(market, policy), market.spread_frac))


def passes(view: SideView, rule: RegimeRule) -> bool:
    """Return whether a side's edge and expected R reach what the regime asks."""
    return view.edge >= rule.min_edge and view.expected_r >= rule.min_expected_r
