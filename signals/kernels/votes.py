"""What the members of a council would do, each by its own probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from modeling.contracts import MarketState, PolicyConfig, Prediction
from modeling.kernels.order_levels import order_choice
from modeling.kernels.order_prices import order_prices


def suggested_levels(
    prediction: Prediction,
    break_even: Mapping[str, float],
    market: MarketState,
    policy: PolicyConfig,
    cost_frac: float,
) -> tuple[dict[str, float] | None, ...]:
    """Return by vote the take-profit and stop of the order that it calls for; None where the label set's stand.

    Members share the network's excursions, and so the version's levels; the side and the edge are each member's own.

    Units:  prices in rubles as traded, on the step.
    Causal: reads its arguments only.
    """
    found: list[dict[str, float] | None] = []
    for vote in prediction.votes:
        side, edge = _best(vote.p_long, vote.p_short, break_even)
        if not vote.present or edge <= 0.0:
            found.append(None)
            continue
        order = order_choice(side, edge, prediction, market, policy, cost_frac)
        if order.expected_net_frac is None:
            found.append(None)
            continue
        levels = (order.take_profit_frac, order.stop_loss_frac)
        prices = order_prices(side, market, levels_frac=levels, spare_frac=0.0, cost_frac=cost_frac)
        found.append({"take_profit": prices.take_profit_rub, "stop_loss": prices.stop_loss_rub})
    return tuple(found)


def shown_votes(payload: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    """Return each member's call, its probabilities and what it adds to the log odds of the better side.

    None where no figures were given, and for signals from before there were councils.
    """
    prediction, even, side = payload["prediction"], payload["break_even"], payload["decision"]["side"]
    if prediction is None or even is None or side is None:
        return ()
    votes = prediction.get("votes", ())
    # Signals from before orders had levels of their own have none.
    suggested = payload.get("suggested_levels") or [None] * len(votes)
    return tuple(
        {
            "strategy": vote["voter"],
            "action": vote_call(vote["p_long"], vote["p_short"], even, present=vote["present"]),
            "p_long": vote["p_long"],
            "p_short": vote["p_short"],
            **(levels or {"take_profit": None, "stop_loss": None}),
            "weight": vote[f"{side}_effect"],
            "reasons": () if vote["present"] else ("setup_absent",),
        }
        for vote, levels in zip(votes, suggested, strict=True)
    )


def vote_call(p_long: float, p_short: float, even: Mapping[str, float], *, present: bool) -> str:
    """Return what a member would do by its own probabilities: BUY, SELL, HOLD, or NO_TRADE where its setup is absent."""
    if not present:
        return "NO_TRADE"
    side, edge = _best(p_long, p_short, even)
    if edge <= 0.0:
        return "HOLD"
    return "BUY" if side == "long" else "SELL"


def _best(p_long: float, p_short: float, even: Mapping[str, float]) -> tuple[Literal["long", "short"], float]:
    """Return the side of the larger edge, and that edge; the long of equals."""
    long, short = p_long - even["long"], p_short - even["short"]
    return ("short", short) if short > long else ("long", long)
