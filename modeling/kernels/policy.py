"""The policy: what a calibrated prediction is worth after costs, and what to do about it.

Needs NumPy alone, because signals are also read where nothing heavier may be loaded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from modeling.contracts import (
    QUANTILE_LEVELS,
    Action,
    Decision,
    Evidence,
    MarketState,
    PolicyConfig,
    Prediction,
    RegimeRule,
)
from modeling.contracts.filters import FILTER_KINDS
from modeling.kernels.edges import break_even, volatility_terciles
from modeling.kernels.filters import left_out_cells
from modeling.kernels.order_levels import OrderChoice, expected_drawdown, order_choice
from modeling.kernels.order_prices import OrderPrices, order_prices

Side = Literal["long", "short"]
NoModel = Literal["model_missing", "model_degraded"]
_SIDES: tuple[Side, Side] = ("long", "short")
REASONS = (
    "stale_data",
    "insufficient_history",
    "illiquid",
    "halted",
    "out_of_distribution",
    "regime_forbids",
    "not_shortable",
    "model_missing",
    "model_degraded",
    *(f"{kind}_lost" for kind in FILTER_KINDS),
)
CONFIDENCE_AT_ZERO_EDGE, CONFIDENCE_AT_P99_EDGE = 0.50, 0.95
FACTOR_FLOOR = 0.7


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


def decide(prediction: Prediction, evidence: Evidence, market: MarketState, policy: PolicyConfig) -> Decision:
    """Return what to do about one instrument and horizon, with every figure and reason behind it.

    1. Data that must not be traded on give NO_TRADE with all reasons and no figures.
    2. The better side is the one with the higher expected net result; ties go long. A side whose probability is
       a base rate claims no edge: it is the better one only if both are, and then the answer is HOLD.
    3. Its edge and expected R must reach the regime's thresholds, else HOLD.
    4. A side that would pass but is forbidden by the regime, a short of what cannot be shorted, and whatever lies in
       a cell that the version leaves out because its trades have lost there, is NO_TRADE.
    5. Else BUY or SELL, with prices on the step, rounded away from profit. The version's own levels, where it has
       proven some, change the order and what it is expected to make, never whether and on which side to trade.

    Units:  p, edge and fractions as in `contracts.Decision`; prices in rubles as traded; confidence 0..100.
    NaN:    an unknown turnover, ATR, age or novelty counts against the trade, an unmeasured spread is the
            configured one; NaN in the prediction or the price is an error.
    Causal: reads its arguments only; equal arguments give an equal decision.
    Raises: ValueError for probabilities outside [0, 1], broken quantiles, volatility, prices or evidence,
            unknown regimes, and order levels without excursions.
    """
    _check(prediction, market, policy)
    _check_evidence(evidence)
    cost = cost_of(market, policy)
    blocked = data_reasons(evidence, market, policy, cost)
    if blocked:
        return _without_figures(blocked, cost)
    views = [side_view(side, prediction, evidence, market, cost) for side in _SIDES]
    informed = {"long": evidence.long_informed, "short": evidence.short_informed}
    best = max(
        views, key=lambda view: (informed[view.side], view.expected_net_frac)
    )  # the first of equals: long
    rule = policy.regimes[market.regime]
    drawdown = expected_drawdown(best.side, prediction, market.stop_loss_frac)
    if not (informed[best.side] and _passes(best, rule)):
        claimed = [view.edge if informed[view.side] else min(view.edge, 0.0) for view in views]
        doubt = 1.0 - max(confidence_scale(edge, evidence) for edge in claimed)
        factors = agreement(prediction, None) * quality(market, policy) * novelty(market, evidence)
        return _decision("HOLD", (), best, cost, None, round(100.0 * doubt * factors), drawdown)
    lost = left_out_cells(prediction, evidence, market, policy.filters)
    refusals = (*_refusals(best, market, rule), *(cell.reason for cell in lost))
    if refusals:
        return _decision("NO_TRADE", refusals, best, cost, None, None, drawdown)
    factors = agreement(prediction, best.side) * quality(market, policy) * novelty(market, evidence)
    confidence = round(100.0 * confidence_scale(best.edge, evidence) * factors)
    return _order(best, prediction, market, policy, cost, confidence)


def decide_without_model(
    market: MarketState, policy: PolicyConfig, *, reason: NoModel = "model_missing"
) -> Decision:
    """Return the NO_TRADE that is said where no model serves, or the one that does is silenced.

    Raises: ValueError for broken prices or an unknown regime.
    """
    _check_market(market, policy)
    return _without_figures((reason,), cost_of(market, policy))


def cost_of(market: MarketState, policy: PolicyConfig) -> float:
    """Return the round trip's cost as a fraction of the price; the measured spread counts if it is wider."""
    return float(
        policy.costs.round_trip_frac(
            price_rub=market.close_rub,
            price_step_rub=market.price_step_rub,
            half_spread_frac=market.half_spread_frac,
        )
    )


def data_reasons(
    evidence: Evidence, market: MarketState, policy: PolicyConfig, cost_frac: float
) -> tuple[str, ...]:
    """Return why the data forbid any trade, in the order of REASONS; empty if they do not.

    `illiquid`: thin turnover, a spread too wide for the take-profit, a step so coarse that rounding eats it up.
    """
    spread_limit = policy.max_spread_of_take_profit_frac * market.take_profit_frac
    liquid = (
        market.median_turnover_rub >= policy.min_median_turnover_rub
        and 2.0 * _half_spread_frac(market, policy) <= spread_limit
        and market.take_profit_frac - market.price_step_rub / market.close_rub > cost_frac
        and market.stop_loss_frac * market.close_rub >= market.price_step_rub
    )
    known = market.bars_known >= policy.min_history_bars and math.isfinite(
        market.atr_rub + market.take_profit_frac + market.stop_loss_frac
    )
    fine = (
        0.0 <= market.data_age_s <= policy.max_data_age_s,
        known,
        liquid,
        not market.halted,
        market.novelty <= evidence.novelty_limit,
    )
    return tuple(reason for reason, good in zip(REASONS, fine, strict=False) if not good)


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
    return _factor(min(freshness, history, 1.0 - 2.0 * _half_spread_frac(market, policy) / spread_limit))


def novelty(market: MarketState, evidence: Evidence) -> float:
    """Return how familiar the input is: 1 - 0.3 distance / limit, in [0.7, 1]."""
    return _factor(1.0 - market.novelty / evidence.novelty_limit)


def _check(prediction: Prediction, market: MarketState, policy: PolicyConfig) -> None:
    for name, p in (("p_long", prediction.p_long), ("p_short", prediction.p_short)):
        if not 0.0 <= p <= 1.0:
            raise ValueError(f"{name} must be in [0, 1], was {p}")
    quantiles = np.asarray(prediction.return_quantiles)
    if quantiles.shape != (len(QUANTILE_LEVELS),) or not np.all(np.diff(quantiles) >= 0):
        raise ValueError(f"return_quantiles must be {len(QUANTILE_LEVELS)} rising numbers, were {quantiles}")
    shares = np.asarray(prediction.direction)
    if shares.shape != (5,) or not (np.all(shares >= 0) and abs(shares.sum() - 1.0) < 1e-3):
        raise ValueError(f"direction must be five probabilities that add up to 1, were {shares}")
    if not (math.isfinite(prediction.volatility) and prediction.volatility >= 0):
        raise ValueError(f"volatility must be 0 or more, was {prediction.volatility}")
    _check_market(market, policy)


def _check_market(market: MarketState, policy: PolicyConfig) -> None:
    for name in ("close_rub", "price_step_rub"):
        value = getattr(market, name)
        if not (math.isfinite(value) and value > 0):
            raise ValueError(f"{name} must be above 0, was {value}")
    for name in ("take_profit_frac", "stop_loss_frac"):  # NaN: in ATR, which is not known yet
        value = getattr(market, name)
        if value <= 0 or math.isinf(value):
            raise ValueError(f"{name} must be above 0, was {value}")
    if market.lot_size < 1:
        raise ValueError(f"lot_size must be at least 1, was {market.lot_size}")
    if market.regime not in policy.regimes:
        raise ValueError(f"regime must be one of {', '.join(policy.regimes)}, was {market.regime!r}")


def _check_evidence(evidence: Evidence) -> None:
    knots, values = np.asarray(evidence.edge_knots), np.asarray(evidence.edge_p_positive)
    if knots.size == 0 or knots.shape != values.shape:
        raise ValueError(f"edge_knots and edge_p_positive must match, were {knots.size} and {values.size}")
    if not (np.all(np.diff(knots) > 0) and np.all(np.diff(values) >= 0)):
        raise ValueError("edge_knots must rise and edge_p_positive must not fall")
    if not min(*evidence.long.mean_gross_loss_r, *evidence.short.mean_gross_loss_r) > 0:
        raise ValueError("mean_gross_loss_r must be above 0 for every side and tercile")
    if not evidence.novelty_limit > 0 or not math.isfinite(evidence.edge_p99):
        raise ValueError(
            f"novelty_limit must be above 0 and edge_p99 finite, were {evidence.novelty_limit}, {evidence.edge_p99}"
        )


def _half_spread_frac(market: MarketState, policy: PolicyConfig) -> float:
    """Return the measured half spread, the configured floor where it is narrower or was not measured (NaN)."""
    return float(np.fmax(market.half_spread_frac, policy.costs.half_spread_bp / 1e4))


def _passes(view: SideView, rule: RegimeRule) -> bool:
    return view.edge >= rule.min_edge and view.expected_r >= rule.min_expected_r


def _refusals(view: SideView, market: MarketState, rule: RegimeRule) -> tuple[str, ...]:
    needed = rule.longs_need_edge if view.side == "long" else rule.shorts_need_edge
    refusals = []
    if needed is not None and view.edge < needed:
        refusals.append("regime_forbids")
    if view.side == "short" and not market.shortable:
        refusals.append("not_shortable")
    return tuple(refusals)


def _spare_frac(view: SideView, order: OrderChoice, market: MarketState, policy: PolicyConfig) -> float:
    """Return by how much the entry may be worse: a worse one by d costs d of expected net, so what is spare is used up."""
    rule = policy.regimes[market.regime]
    needed = rule.longs_need_edge if view.side == "long" else rule.shorts_need_edge
    return min(
        (view.edge - max(rule.min_edge, needed or 0.0)) * view.span_frac,
        view.expected_net_frac - rule.min_expected_r * market.stop_loss_frac,
        policy.entry_range_of_atr_frac * market.atr_rub / market.close_rub,
        math.inf if order.expected_net_frac is None else order.expected_net_frac,
    )


def _order(
    best: SideView,
    prediction: Prediction,
    market: MarketState,
    policy: PolicyConfig,
    cost_frac: float,
    confidence: int,
) -> Decision:
    """Return a BUY or SELL; where its levels are not the label set's, those stand beside, for p speaks of them."""
    order = order_choice(best.side, best.edge, prediction, market, policy, cost_frac)
    spare = _spare_frac(best, order, market, policy)
    own, labelled = (
        order_prices(best.side, market, levels_frac=levels, spare_frac=spare, cost_frac=cost_frac)
        for levels in (
            (order.take_profit_frac, order.stop_loss_frac),
            (market.take_profit_frac, market.stop_loss_frac),
        )
    )
    action: Action = "BUY" if best.side == "long" else "SELL"
    drawdown = expected_drawdown(best.side, prediction, order.stop_loss_frac)
    decision = replace(
        _decision(action, (), best, cost_frac, own, confidence, drawdown),
        strength=strength_of(confidence, policy.strength_cuts),
    )
    if order.expected_net_frac is None:
        return decision
    return replace(
        decision,
        expected_net_frac=order.expected_net_frac,
        expected_r=order.expected_net_frac / order.stop_loss_frac,
        label_take_profit_rub=labelled.take_profit_rub,
        label_stop_loss_rub=labelled.stop_loss_rub,
    )


def _factor(share: float) -> float:
    return FACTOR_FLOOR + (1.0 - FACTOR_FLOOR) * min(1.0, max(0.0, share))


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


def _without_figures(reasons: tuple[str, ...], cost_frac: float) -> Decision:
    return _decision("NO_TRADE", reasons, None, cost_frac, None, None, None)


def _decision(
    action: Action,
    reasons: tuple[str, ...],
    view: SideView | None,
    cost_frac: float,
    prices: OrderPrices | None,
    confidence: int | None,
    drawdown_frac: float | None,
) -> Decision:
    return Decision(
        action=action,
        reasons=reasons,
        side=view.side if view else None,
        p=view.p if view else None,
        p_break_even=view.p_break_even if view else None,
        edge=view.edge if view else None,
        expected_r=view.expected_r if view else None,
        expected_net_frac=view.expected_net_frac if view else None,
        cost_frac=cost_frac,
        entry_low_rub=prices.entry_low_rub if prices else None,
        entry_high_rub=prices.entry_high_rub if prices else None,
        take_profit_rub=prices.take_profit_rub if prices else None,
        stop_loss_rub=prices.stop_loss_rub if prices else None,
        risk_reward=prices.risk_reward if prices else None,
        confidence=confidence,
        strength=None,
        expected_drawdown_frac=drawdown_frac,
    )
