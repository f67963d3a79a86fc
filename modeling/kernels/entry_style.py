"""How an order is entered: at once, by a limit, after a pullback or in halves; a part of the policy."""

from __future__ import annotations

from modeling.contracts import MarketState, PolicyConfig
from modeling.contracts.decisions import EntryStyle
from modeling.kernels.policy_sides import spread_frac


def entry_style(edge: float, market: MarketState, policy: PolicyConfig) -> EntryStyle:
    """Return the style that fits a trade, `enter_now` where that style is not in use.

    1. `scale_in` in the regimes of `scale_in_regimes`: half at once and half after a pullback, for prices jump.
    2. `limit` where `spread / widest spread allowed >= limit_from_spread_frac`: crossing it costs too much of the edge.
    3. `wait_pullback` where `edge < patient_below_edges * min_edge` and `ATR / stop >= patient_from_atr_of_stop_frac`:
       an edge that hardly passes, in a share that often comes back by so much.
    4. else `enter_now`.

    Units:  edge a difference of probabilities; the rest fractions of the price.
    NaN:    an unknown spread is the configured one.
    Causal: reads its arguments only.
    """
    wanted = _fitting(edge, market, policy)
    return wanted if wanted in policy.styles.in_use else "enter_now"


def _fitting(edge: float, market: MarketState, policy: PolicyConfig) -> EntryStyle:
    rules = policy.styles
    widest = policy.max_spread_of_take_profit_frac * market.take_profit_frac
    atr_of_stop = market.atr_rub / market.close_rub / market.stop_loss_frac
    if market.regime in rules.scale_in_regimes:
        return "scale_in"
    if spread_frac(market, policy) >= rules.limit_from_spread_frac * widest:
        return "limit"
    least = policy.regimes[market.regime].min_edge
    if edge < rules.patient_below_edges * least and atr_of_stop >= rules.patient_from_atr_of_stop_frac:
        return "wait_pullback"
    return "enter_now"
