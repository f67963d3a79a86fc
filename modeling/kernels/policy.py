"""The policy: what a calibrated prediction is worth after costs, and what to do about it.

Needs NumPy alone, because signals are also read where nothing heavier may be loaded.
"""

from __future__ import annotations

import math
from dataclasses import replace

from modeling.contracts import Action, Decision, Evidence, MarketState, PolicyConfig, Prediction
from modeling.kernels.entry_style import entry_style
from modeling.kernels.filters import left_out_cells
from modeling.kernels.order_levels import OrderChoice, expected_drawdown, order_choice
from modeling.kernels.order_prices import OrderPrices, order_prices
from modeling.kernels.policy_checks import check_evidence, check_input, check_market
from modeling.kernels.policy_confidence import agreement, confidence_scale, novelty, quality, strength_of
from modeling.kernels.policy_reasons import NoModel, data_reasons, refusals_of
from modeling.kernels.policy_sides import SIDES, SideView, cost_of, passes, side_view
from modeling.kernels.three_classes import called_sides


def decide(prediction: Prediction, evidence: Evidence, market: MarketState, policy: PolicyConfig) -> Decision:
    """Return what to do about one instrument and horizon, with every figure and reason behind it.

    1. Data that must not be traded on give NO_TRADE with all reasons and no figures.
    2. The better side is the one with the higher expected net result; ties go long. A side whose probability is
       a base rate claims no edge: it is the better one only if both are, and then the answer is HOLD. Where classes
       speak, only the likeliest one's side can be traded.
    3. Its edge and expected R must reach the regime's thresholds, else HOLD.
    4. A side that would pass but is forbidden by the regime, a short of what cannot be shorted, a trade on the eve of
       a dividend's cut-off or against most of a council, and whatever lies in a cell that the version leaves out
       because its trades have lost there, is NO_TRADE.
    5. Else BUY or SELL, with the style of its entry and prices on the step, rounded away from profit. The version's own
       levels, where it has proven some, change the order and what it is expected to make, never whether and on which
       side to trade.

    Units:  p, edge and fractions as in `contracts.Decision`; prices in rubles as traded; confidence 0..100.
    NaN:    an unknown turnover, ATR, age or novelty counts against the trade, an unmeasured spread is the
            configured one; NaN in the prediction or the price is an error.
    Causal: reads its arguments only; equal arguments give an equal decision.
    Raises: ValueError for probabilities outside [0, 1], broken quantiles, volatility, prices or evidence,
            unknown regimes, and order levels without excursions.
    """
    check_input(prediction, market, policy)
    check_evidence(evidence)
    cost = cost_of(market, policy)
    blocked = data_reasons(evidence, market, policy, cost)
    if blocked:
        return _without_figures(blocked, cost)
    return replace(_weighed(prediction, evidence, market, policy, cost), p_classes=prediction.p_classes)


def _weighed(
    prediction: Prediction, evidence: Evidence, market: MarketState, policy: PolicyConfig, cost: float
) -> Decision:
    """Return what to do where the data let the policy trade."""
    views = [side_view(side, prediction, evidence, market, cost) for side in SIDES]
    informed = {"long": evidence.long_informed, "short": evidence.short_informed}
    called = called_sides(prediction)
    best = max(
        views, key=lambda view: (view.side in called, informed[view.side], view.expected_net_frac)
    )  # the first of equals: long
    drawdown = expected_drawdown(best.side, prediction, market.stop_loss_frac)
    traded = best.side in called and informed[best.side] and passes(best, policy.regimes[market.regime])
    if not traded:
        claimed = [view.edge if informed[view.side] else min(view.edge, 0.0) for view in views]
        doubt = 1.0 - max(confidence_scale(edge, evidence) for edge in claimed)
        factors = agreement(prediction, None) * quality(market, policy) * novelty(market, evidence)
        return _decision("HOLD", (), best, cost, None, round(100.0 * doubt * factors), drawdown)
    lost = left_out_cells(prediction, evidence, market, policy.filters)
    refusals = (*refusals_of(best, prediction, market, policy), *(cell.reason for cell in lost))
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
    check_market(market, policy)
    return _without_figures((reason,), cost_of(market, policy))


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
        style=entry_style(best.edge, market, policy),
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
