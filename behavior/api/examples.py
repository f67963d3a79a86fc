"""Examples of answers, for the API's document; a test holds their shape against the serializers."""

from __future__ import annotations

from typing import Any, Final

FEEDBACK: Final[dict[str, Any]] = {
    "id": 7,
    "signal_id": 4211,
    "kind": "useful",
    "comment": "",
    "at": "2024-03-04T12:30:00+03:00",
}
PRE_TRADE: Final[dict[str, Any]] = {
    "id": 31,
    "secid": "SBER",
    "side": "BUY",
    "shares": 1000.0,
    "price": 300.0,
    "price_is_given": True,
    "stop": 291.0,
    "verdict": "caution",
    "verdict_text": "Take care",
    "reasons": [
        {
            "code": "position_size",
            "level": "caution",
            "text": "The position would be 30.0% of your capital; at most 25.0% should lie in one share.",
        }
    ],
    "value": 300000.0,
    "cost": 570.0,
    "opens_shares": 1000.0,
    "loss_at_stop": {"rub": 9570.0, "pct": 0.957},
    "loss_bad_case": {"rub": 15870.0, "pct": 1.587, "basis": "history", "days": 5, "n_moves": 745},
    "position_pct": 30.0,
    "sane_size": {"lots": 83, "shares": 830},
    "tilt": {
        "score": 12,
        "losses_rub": 2400.0,
        "losses_in_a_row": 1,
        "entries": 2,
        "usual_entries": 1.6,
        "size_ratio": 1.1,
    },
    "signal": {"signal_id": 4211, "action": "HOLD", "strength": None},
    "regime": "flat",
    "capital": 1000000.0,
}
WEEK: Final[dict[str, Any]] = {
    "week": "2024-W10",
    "begins_at": "2024-03-04T00:00:00+03:00",
    "ends_at": "2024-03-11T00:00:00+03:00",
    "made_at": "2024-03-11T08:00:00+03:00",
    "time_zone": "Europe/Moscow",
    "capital_known": True,
    "decisions": 6,
    "pnl_rub": -5210.0,
    "followed": {"decisions": 4, "winners": 2, "pnl_rub": 3090.0},
    "own": {"decisions": 2, "winners": 0, "pnl_rub": -8300.0},
    "closed": {"exits": 5, "winners": 3, "pnl_rub": 1240.0},
    "score": 75,
    "score_trend": 2.5,
    "total_cost_rub": 6100.0,
    "mistakes": [
        {
            "kind": "averaging_down",
            "title": "Adding to a loser",
            "count": 1,
            "severity": "medium",
            "cost_rub": 6100.0,
            "cost_alone_rub": 6100.0,
            "findings": [
                {
                    "at": "2024-03-06T15:12:00+03:00",
                    "severity": "medium",
                    "text": "GAZP: added when the position had lost 4.1%.",
                    "trade_ids": [118],
                    "signal_ids": [],
                    "cost_rub": 6100.0,
                    "cost_alone_rub": 6100.0,
                }
            ],
        }
    ],
    "best": {
        "secid": "SBER",
        "side": "BUY",
        "at": "2024-03-05T11:20:00+03:00",
        "pnl_rub": 4100.0,
        "trade_ids": [111],
        "followed": True,
        "mistakes": [],
    },
    "worst": {
        "secid": "GAZP",
        "side": "BUY",
        "at": "2024-03-06T15:12:00+03:00",
        "pnl_rub": -6100.0,
        "trade_ids": [118],
        "followed": False,
        "mistakes": ["Adding to a loser"],
    },
    "advice": [
        {
            "code": "averaging_down",
            "text": "Add to winners alone. A loser that falls further is for the stop.",
        }
    ],
    "earlier": [
        {"week": "2024-W09", "score": 70, "pnl_rub": 1200.0, "total_cost_rub": 3000.0, "decisions": 5}
    ],
    "page_url": "https://example.org/app/report/?week=2024-W10&lang=en&token=WzEsIjIwMjQtVzEwIiwxXQ:k3",
}
