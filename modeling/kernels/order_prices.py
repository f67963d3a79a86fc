"""The prices of an order on the step: its entry range, its take-profit and its stop."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from modeling.contracts import MarketState

_STEP_SLACK = 1e-6  # of a step: a price that lies on the step but for rounding stays where it is


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPrices:
    """What an order is given at."""

    entry_low_rub: float
    entry_high_rub: float
    take_profit_rub: float
    stop_loss_rub: float
    risk_reward: float


def order_prices(
    side: Literal["long", "short"],
    market: MarketState,
    *,
    levels_frac: tuple[float, float],
    spare_frac: float,
    cost_frac: float,
) -> OrderPrices:
    """Return an order's prices on the step, rounded away from profit: a long's go down to it and a short's up.

    Units:  levels (take-profit, stop), spare and cost are fractions of the close; prices in rubles as traded.
    Causal: reads its arguments only.
    """
    close, step = market.close_rub, market.price_step_rub
    sign = 1.0 if side == "long" else -1.0
    near = _on_step(close, step, sign)
    far = _on_step(close * (1.0 + sign * max(spare_frac, 0.0)), step, sign)
    take_profit = _on_step(close * (1.0 + sign * levels_frac[0]), step, sign)
    stop_loss = _on_step(close * (1.0 - sign * levels_frac[1]), step, sign)
    gain = sign * (take_profit - close) / close
    loss = sign * (close - stop_loss) / close
    return OrderPrices(
        entry_low_rub=min(near, far),
        entry_high_rub=max(near, far),
        take_profit_rub=take_profit,
        stop_loss_rub=stop_loss,
        risk_reward=(gain - cost_frac) / (loss + cost_frac),
    )


def _on_step(price: float, step: float, sign: float) -> float:
    """Return the step at or below the price for a long (sign 1), at or above it for a short."""
    steps = price / step
    whole = math.floor(steps + _STEP_SLACK) if sign > 0 else math.ceil(steps - _STEP_SLACK)
    return round(whole * step, 10)
