"""Why the policy trades nothing, whatever the edge; a part of the policy."""

from __future__ import annotations

import math
from typing import Literal

from modeling.contracts import Evidence, MarketState, PolicyConfig, Prediction
from modeling.contracts.filters import FILTER_KINDS
from modeling.kernels.policy_sides import Side, SideView, spread_frac

NoModel = Literal["model_missing", "model_degraded"]
REASONS = (
    "stale_data",
    "insufficient_history",
    "illiquid",
    "halted",
    "out_of_distribution",
    "regime_forbids",
    "not_shortable",
    "event_risk",
    "low_agreement",
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
    liquid = (
        market.median_turnover_rub >= policy.min_median_turnover_rub
        and spread_frac(market, policy) <= spread_limit
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


def refusals_of(
    view: SideView, prediction: Prediction, market: MarketState, policy: PolicyConfig
) -> tuple[str, ...]:
    """Return why a side that would pass is forbidden, in the order of REASONS; empty if it is not.

    `regime_forbids`: the edge is below what the regime asks of the side, or a voter whose word it asks for disagrees.
    `event_risk`: the trade would be opened just before a dividend is cut off, when price and volume tell of that more
    than of anything a model has learned. `low_agreement`: the council's members are too far from being of one mind.

    Units:  edges are differences of probabilities, days are trading days.
    NaN:    what is not known of dividends or voters (None, no votes) forbids nothing.
    Causal: reads its arguments only.
    """
    rule = policy.regimes[market.regime]
    needed = rule.longs_need_edge if view.side == "long" else rule.shorts_need_edge
    ahead, agreed = market.days_to_ex_dividend, council_agreement(prediction, view.side)
    found = {
        "regime_forbids": (needed is not None and view.edge < needed)
        or not voter_agrees(prediction, view.side, rule.needs_voter),
        "not_shortable": view.side == "short" and not market.shortable,
        "event_risk": ahead is not None and ahead <= policy.dividend_days,
        "low_agreement": agreed is not None and agreed < policy.min_council_agreement,
    }
    return tuple(reason for reason, holds in found.items() if holds)


def council_agreement(prediction: Prediction, side: Side) -> float | None:
    """Return the part of what the present members add to a side's log odds that speaks for it, None where none speaks.

    `sum of positive effects / sum of absolute effects`: 1 where all are for the side, 0.5 where they balance.

    Units:  a fraction in [0, 1].
    Causal: reads its arguments only.
    """
    effects = [
        vote.long_effect if side == "long" else vote.short_effect for vote in prediction.votes if vote.present
    ]
    weight = sum(abs(effect) for effect in effects)
    return sum(max(effect, 0.0) for effect in effects) / weight if weight > 0.0 else None


def voter_agrees(prediction: Prediction, side: Side, voter: str | None) -> bool:
    """Return whether a voter's setup is there and it gives the side more than the other one.

    A council without the voter, and no council at all, cannot be asked: they agree.

    Units:  votes are probabilities.
    Causal: reads its arguments only.
    """
    own = next((vote for vote in prediction.votes if vote.voter == voter), None)
    if own is None:
        return True
    ahead = own.p_long - own.p_short
    return own.present and (ahead > 0.0 if side == "long" else ahead < 0.0)
