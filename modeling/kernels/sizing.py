"""How many lots a decision is worth in an account of a given size."""

from __future__ import annotations

import math

from modeling.contracts import Decision, MarketState, PolicyConfig


def position_size_lots(
    *, decision: Decision, market: MarketState, policy: PolicyConfig, capital_rub: float
) -> int:
    """Return the whole lots whose loss at the stop, costs included, is the policy's share of the capital.

    The regime scales the risk; position and turnover limits cap it; without BUY or SELL it is 0.

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
    shares = min(
        risk_rub / loss_per_share,
        capital_rub * policy.max_position_frac / entry,
        market.median_turnover_rub * policy.max_turnover_frac / entry,
    )
    return int(shares / market.lot_size + 1e-9)
