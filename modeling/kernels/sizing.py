"""How many lots a decision is worth in an account of a given size."""

from __future__ import annotations

import math

from modeling.contracts import Decision, MarketState, PolicyConfig


def position_size_lots(
    *, decision: Decision, market: MarketState, policy: PolicyConfig, capital_rub: float
) -> int:
    """Return the whole lots whose loss at the stop, costs included, is the policy's share of the capital.

    Regime and volatility scale the risk; position and turnover limits cap it; without BUY or SELL it is 0.

    Units:  lots; capital in rubles.
    Raises: ValueError if the capital is negative or not finite.
    """
    if not (math.isfinite(capital_rub) and capital_rub >= 0):
        raise ValueError(f"capital_rub must be 0 or more, was {capital_rub}")
    if decision.action not in ("BUY", "SELL") or decision.stop_loss_rub is None:
        return 0
    worst = decision.entry_high_rub if decision.action == "BUY" else decision.entry_low_rub
    entry = market.close_rub if worst is None else worst
    loss_per_share = abs(entry - decision.stop_loss_rub) + decision.cost_frac * entry
    risk_rub = capital_rub * policy.risk_frac * policy.regimes[market.regime].size_factor
    risk_rub *= volatility_factor(market, policy)
    shares = min(
        risk_rub / loss_per_share,
        capital_rub * policy.max_position_frac / entry,
        market.median_turnover_rub * policy.max_turnover_frac / entry,
    )
    return int(shares / market.lot_size + 1e-9)


def volatility_factor(market: MarketState, policy: PolicyConfig) -> float:
    """Return by what volatility scales the risk: `min(1, target / (ATR / close))`, 1 without a target.

    A stop that counts in ATR scales the position by itself; under a stop of a fixed fraction a share that moves twice
    as far reaches it far sooner, and this is what halves its position.

    Units:  a factor in [0, 1].
    NaN:    an unknown ATR makes the position nothing; the policy does not trade on one anyway.
    Causal: reads its arguments only.
    """
    target = policy.volatility_target_frac
    if target is None or market.atr_rub == 0.0:
        return 1.0
    factor = target * market.close_rub / market.atr_rub
    return min(1.0, factor) if math.isfinite(factor) else 0.0
