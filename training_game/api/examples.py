"""Examples of the API's document; the figures are made up and say nothing about any share."""

from __future__ import annotations

from typing import Any

_STRENGTH = {"rating": 1548.2, "deviation": 112.4, "volatility": 0.06}
_SCENARIO_ID = "6f1d2f9f-4b7a-4e6a-8a0e-5f0d3f2e6a54:kWJ0b3J9n1C8mZ5o3q0n2XvY1c8fQ0y7h6t5r4e3w2A"
SCENARIO: dict[str, Any] = {
    "secid": None,
    "name": None,
    "sector": None,
    "is_simulated": False,
    "scenario_id": _SCENARIO_ID,
    "timeframe": "1h",
    "horizon": "5d",
    "difficulty": "normal",
    "disguised": True,
    "candles": [
        {
            "begin": "2063-05-17T12:00:00+03:00",
            "open": 411.27,
            "high": 413.02,
            "low": 410.9,
            "close": 412.44,
            "volume": 38211.0,
        }
    ],
    "tags": {"regime": "flat", "news_types": ["dividend"]},
    "may_sell": True,
    "take_profit_frac": 0.04,
    "stop_loss_frac": 0.02,
    "served_at": "2024-03-01T15:00:00+03:00",
    "expires_at": "2024-03-01T15:03:02+03:00",
}
ANSWER: dict[str, Any] = {
    "scenario_id": _SCENARIO_ID,
    "action": "BUY",
    "take_profit": 426.9,
    "stop_loss": 405.2,
    "taken_s": 41.5,
}
_TRADE: dict[str, Any] = {
    "exit_reason": "take_profit",
    "entry_at": "2023-05-18T14:00:00+03:00",
    "exit_at": "2023-05-22T18:00:00+03:00",
    "entry_price": 251.3,
    "exit_price": 260.1,
    "bars_held": 31,
    "gross_frac": 0.035,
    "net_frac": 0.0333,
    "r_multiple": 1.9,
    "mfe_frac": 0.035,
    "mae_frac": -0.006,
    "cost_frac": 0.0017,
}
REVEAL: dict[str, Any] = {
    "secid": "SIM01",
    "name": "Simulated share 1",
    "sector": "finance",
    "is_simulated": True,
    "bar_begin": "2023-05-18T12:00:00+03:00",
    "as_of": "2023-05-18T13:00:00+03:00",
    "price_factor": 1.6412,
    "volume_factor": 0.0371,
    "weeks": 2087,
    "regime": "flat",
    "setup": "breakout_up",
    "candles_after": SCENARIO["candles"],
    "state": "traded",
    "void_reason": "",
    "you": {"action": "BUY", "r_multiple": 1.9, "trade": _TRADE},
    "ai": {
        "action": "HOLD",
        "r_multiple": 0.0,
        "trade": None,
        "reason": "",
        "family": "global_swing_v1",
        "model_version": "global_swing_v1-12",
        "trained_until": "2023-01-13T21:00:00+03:00",
        "confidence": 61,
        "proven": False,
        "warnings": [],
    },
    "sides": {"long": 1.9, "short": -1.1},
    "score": 1.0,
    "unrated_reason": "",
    "verdict": "Your target was reached first. You beat the AI: +1.90 R against +0.00 R.",
    "explanation": "Hold: neither side has an edge after costs.",
    "rating": _STRENGTH,
    "rating_before": {"rating": 1531.0, "deviation": 118.9, "volatility": 0.06},
}
_GROUP: dict[str, Any] = {
    "name": "total", "rounds": 14, "rated": 12, "wins": 5, "draws": 4, "losses": 3, "mean_r": 0.21, "mean_ai_r": 0.08,
}  # fmt: skip
RATING: dict[str, Any] = {
    "nickname": "Bober-7",
    "strength": _STRENGTH,
    "ai": [
        {
            "family": "global_swing_v1",
            "strength": {"rating": 1507.3, "deviation": 61.0, "volatility": 0.06},
        }
    ],
    "dealt": 16,
    "answered": 14,
    "missed": 2,
    "total": _GROUP,
    "by_regime": [_GROUP | {"name": "flat"}],
    "by_setup": [_GROUP | {"name": "breakout_up"}],
    "streak": 2,
    "best_streak": 3,
    "curve": [{"at": "2024-03-01T15:01:00+03:00", "rating": 1548.2, "deviation": 112.4}],
}
BOARD: dict[str, Any] = {
    "results": [
        {
            "place": 1,
            "name": "Bober-7",
            "is_ai": False,
            "is_you": True,
            "strength": _STRENGTH,
            "rounds": 12,
            "missed": 2,
        },
        {
            "place": None,
            "name": "global_swing_v1",
            "is_ai": True,
            "is_you": False,
            "strength": {"rating": 1507.3, "deviation": 95.0, "volatility": 0.06},
            "rounds": 40,
            "missed": 0,
        },
    ]
}
