"""How sure the policy is of its answer: the scale of confidence and the three factors; a part of the policy."""

from __future__ import annotations

from typing import Literal

import numpy as np

from modeling.contracts import Evidence, MarketState, PolicyConfig, Prediction
from modeling.kernels.policy_sides import Side, half_spread_frac

CONFIDENCE_AT_ZERO_EDGE, CONFIDENCE_AT_P99_EDGE = 0.50, 0.95
FACTOR_FLOOR = 0.7


def confidence_scale(edge: float, evidence: Evidence) -> float:
    """Return g(edge), rescaled: edge 0 is 0.50, the 99th percentile of validation edge is 0.95.

    g is the isotonic map of the evidence from edge to the probability of a positive net R. Where validation saw
    no rise between edge 0 and its 99th percentile, no confidence was earned: 0.50 for edges from 0 on, and the
    lesser of 0.50 and g below.

    Units:  a fraction in [0, 1], never falling with the edge.
    """
    knots, values = evidence.edge_knots, evidence.edge_p_positive
    at_edge, at_zero, at_p99 = (float(np.interp(x, knots, values)) for x in (edge, 0.0, evidence.edge_p99))
    rise = at_p99 - at_zero
    if evidence.edge_p99 <= 0.0 or rise <= 1e-9:
        earned = min(0.0, at_edge - at_zero)
    else:
        earned = (CONFIDENCE_AT_P99_EDGE - CONFIDENCE_AT_ZERO_EDGE) * (at_edge - at_zero) / rise
    return min(1.0, max(0.0, CONFIDENCE_AT_ZERO_EDGE + earned))


def agreement(prediction: Prediction, side: Side | None) -> float:
    """Return how far the other heads agree: 0.7 + 0.3 a, in [0.7, 1].

    For a side, a is the mean of two shares: of the direction head's probability outside `flat`, the part on that
    side; and of the return quantiles, the part on that side of zero. For a HOLD (side None), a is
    1 - |2 u - 1| with u the mean of the same two shares for a long: 1 when up and down are balanced.
    """
    down = prediction.direction[0] + prediction.direction[1]
    up = prediction.direction[3] + prediction.direction[4]
    by_direction = up / (up + down) if up + down > 0 else 0.5
    signs = np.sign(prediction.return_quantiles)
    by_quantiles = float(np.mean((signs + 1.0) / 2.0))
    upward = (by_direction + by_quantiles) / 2.0
    share = {"long": upward, "short": 1.0 - upward, None: 1.0 - abs(2.0 * upward - 1.0)}[side]
    return _factor(share)


def quality(market: MarketState, policy: PolicyConfig) -> float:
    """Return the worth of the data: 0.7 + 0.3 times the weakest of three, in [0.7, 1].

    Freshness `1 - age / max_age`, history `(bars - min) / (full - min)`, spread `1 - spread / its limit`.
    """
    history = (market.bars_known - policy.min_history_bars) / (
        policy.full_history_bars - policy.min_history_bars
    )
    spread_limit = policy.max_spread_of_take_profit_frac * market.take_profit_frac
    freshness = 1.0 - market.data_age_s / policy.max_data_age_s
    return _factor(min(freshness, history, 1.0 - 2.0 * half_spread_frac(market, policy) / spread_limit))


def novelty(market: MarketState, evidence: Evidence) -> float:
    """Return how familiar the input is: 1 - 0.3 distance / limit, in [0.7, 1]."""
    return _factor(1.0 - market.novelty / evidence.novelty_limit)


def strength_of(
    confidence: float, cuts: tuple[float, float, float]
) -> Literal["weak", "medium", "strong"] | None:
    """Return the strength of a confidence (0..100) by rising cuts (fractions); None below the first."""
    weak, medium, strong = (100.0 * cut for cut in cuts)
    if confidence >= strong:
        return "strong"
    if confidence >= medium:
        return "medium"
    return "weak" if confidence >= weak else None


def _factor(share: float) -> float:
    return FACTOR_FLOOR + (1.0 - FACTOR_FLOOR) * min(1.0, max(0.0, share))
