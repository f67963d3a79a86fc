"""Examples of the history in the API's document; the figures are made up and say nothing about any share."""

from __future__ import annotations

from typing import Any

from signals.api.examples import ANALYSIS

SAID: dict[str, Any] = {
    "id": 4211,
    "secid": "SIM01",
    "name": "Simulated share 1",
    "sector": "finance",
    "timeframe": "1h",
    "horizon": "5d",
    "signal": "BUY",
    "side": "long",
    "price": 100.0,
    "entry": {"low": 100.0, "high": 100.2},
    "take_profit": 104.0,
    "stop_loss": 98.0,
    "confidence": 67,
    "strength": "weak",
    "proven": False,
    "edge": 0.038,
    "probability": 0.392,
    "break_even_probability": 0.354,
    "as_of": "2024-03-01T16:00:00+03:00",
    "valid_until": "2024-03-01T18:00:00+03:00",
    "regime": "uptrend",
    "model_version": "global-swing_v1-20240229-ab12cd34",
    "is_simulated": True,
    "source": "simulated",
    "told": True,
    "outcome": {
        "result": "stop_loss",
        "void_reason": None,
        "return_net": -0.0216,
        "r": -1.08,
        "entered_at": "2024-03-01T17:00:00+03:00",
        "closed_at": "2024-03-04T12:00:00+03:00",
    },
}
PAGE: dict[str, Any] = {
    "next": "https://trader.example.org/api/v1/signals?cursor=2024-03-01T13%3A00%3A00%2B00%3A00%7C4211%3Ac2lnbmVk",
    "results": [SAID],
}
DETAIL: dict[str, Any] = SAID | {"analysis": ANALYSIS}
