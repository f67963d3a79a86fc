"""Why the policy trades nothing, whatever the edge; a part of the policy."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from modeling.contracts import Evidence, MarketState, PolicyConfig, RegimeRule
from modeling.contracts.filters import FILTER_KINDS
from modeling.kernels.policy_sides import SideView, half_spread_frac

NoModel = Literal["model_missing", "model_degraded"]
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


def data_reasons(
    evidence: Evidence, market: MarketState, policy: PolicyConfig, cost_frac: float
) -> tuple[str, ...]:
    """Return why the data forbid any trade, in the order of REASONS; empty if they do not.

    `illiquid`: thin turnover, a spread too wide for the take-profit, a step so coarse that rounding eats it up. The
    spread is the measured one or, where wider, that which labels estimate: rows that taught nothing are not traded on.
    """
    spread_limit = policy.max_spread_of_take_profit_frac * market.take_profit_frac
    spread = np.fmax(2.0 * half_spread_frac(market, policy), market.spread_frac)
    liquid = (
        market.median_turnover_rub >= policy.min_median_turnover_rub
        and spread <= spread_limit
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


def refusals_of(view: SideView, market: MarketState, rule: RegimeRule) -> tuple[str, ...]:
    """Return why a side that would pass is forbidden, in the order of REASONS; empty if it is not.

    Units:  edges are differences of probabilities.
    """
    needed = rule.longs_need_edge if view.side == "long" else rule.shorts_need_edge
    refusals = []
    if needed is not None and view.edge < needed:
        refusals.append("regime_forbids")
    if view.side == "short" and not market.shortable:
        refusals.append("not_shortable")
    return tuple(refusals)
