"""What the members of a council would do, each by its own probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def shown_votes(payload: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    """Return each member's call, its probabilities and what it adds to the log odds of the better side.

    None where no figures were given, and for signals from before there were councils.
    """
    prediction, even, side = payload["prediction"], payload["break_even"], payload["decision"]["side"]
    if prediction is None or even is None or side is None:
        return ()
    return tuple(
        {
            "strategy": vote["voter"],
            "action": _action(vote, even),
            "p_long": vote["p_long"],
            "p_short": vote["p_short"],
            "take_profit": None,
            "stop_loss": None,
            "weight": vote[f"{side}_effect"],
            "reasons": () if vote["present"] else ("setup_absent",),
        }
        for vote in prediction.get("votes", ())
    )


def _action(vote: Mapping[str, Any], even: Mapping[str, float]) -> str:
    if not vote["present"]:
        return "NO_TRADE"
    edges = {"BUY": vote["p_long"] - even["long"], "SELL": vote["p_short"] - even["short"]}
    best = max(edges, key=lambda action: edges[action])
    return best if edges[best] > 0.0 else "HOLD"
