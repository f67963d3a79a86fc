"""Examples of the API's document; the figures are made up and say nothing about any share."""

from __future__ import annotations

from typing import Any

QUESTION: dict[str, Any] = {
    "positions": [
        {"secid": "SIM01", "qty": 30, "qty_unit": "lots", "side": "long", "avg_price": 95.0, "stop": 91.0},
        {"secid": "SIM02", "qty": 100, "side": "long", "avg_price": 210.0},
    ],
    "capital": 150000,
    "risk_profile": "balanced",
}

ANALYSIS: dict[str, Any] = {
    "as_of": "2024-03-01T16:00:00+03:00",
    "profile": "balanced",
    "capital_rub": 150000.0,
    "weights_of": "capital",
    "positions": [
        {
            "secid": "SIM01",
            "name": "Simulated share 1",
            "sector": "finance",
            "side": "long",
            "qty_shares": 300.0,
            "lots": 30,
            "odd_shares": 0.0,
            "lot_size": 10,
            "avg_price_rub": 95.0,
            "price_rub": 100.0,
            "price_as_of": "2024-03-01T15:50:00+03:00",
            "price_is_stale": False,
            "value_rub": 30000.0,
            "weight_frac": 0.2,
            "pnl_rub": 1500.0,
            "pnl_frac": 0.0526,
            "stop_rub": 91.0,
            "stop_distance_frac": 0.09,
            "exit_days": 0.01,
            "beta": 1.1,
            "risk_share_frac": 1.0,
            "dividend_ex_date": None,
            "signal": {
                "action": "HOLD",
                "proven": False,
                "confidence": 58,
                "stop_loss": None,
                "as_of": "2024-03-01T15:00:00+03:00",
                "valid_until": "2024-03-01T17:00:00+03:00",
                "data_age_seconds": 3600,
                "warnings": ["paper_signal", "simulated"],
            },
            "stance": "none",
            "action": "REDUCE",
            "basis": "limits",
            "reasons": [
                {
                    "code": "cut_share",
                    "text": "The position is 20.0% of the capital, your limit for one share is 15.0%.",
                }
            ],
        }
    ],
    "refused": [
        {
            "field": "positions.1.secid",
            "code": "unknown_ticker",
            "detail": "ticker must be one that we hold, was 'SIM02'",
        }
    ],
    "exposure": {
        "long_rub": 30000.0,
        "short_rub": 0.0,
        "gross_rub": 30000.0,
        "net_rub": 30000.0,
        "cash_rub": 120000.0,
        "long_frac": 0.2,
        "short_frac": 0.0,
        "gross_frac": 0.2,
        "net_frac": 0.2,
        "cash_frac": 0.8,
    },
    "sectors": [{"sector": "finance", "gross_rub": 30000.0, "net_rub": 30000.0, "weight_frac": 0.2}],
    "risk": {
        "days": 750,
        "first_day": "2021-02-26",
        "last_day": "2024-02-29",
        "left_out": [],
        "covered_frac": 1.0,
        "shrinkage": 0.0,
        "volatility_day_rub": 540.0,
        "volatility_annual_frac": 0.057,
        "beta": 0.22,
        "tails": [
            {
                "method": "historical",
                "confidence": 0.95,
                "var_rub": 830.0,
                "cvar_rub": 1290.0,
                "var_frac": 0.0055,
                "cvar_frac": 0.0086,
            }
        ],
        "max_drawdown_frac": 0.11,
        "concentration": {"hhi": 1.0, "effective_positions": 1.0, "effective_bets": 1.0},
        "contributions": [{"secid": "SIM01", "volatility_day_rub": 540.0, "share_frac": 1.0}],
        "correlation": {"secids": ["SIM01"], "matrix": [[1.0]]},
    },
    "stress": [
        {
            "name": "2022-02-24",
            "after": "2022-02-22",
            "until": "2022-02-24",
            "index_move_frac": -0.333,
            "profit_rub": -10980.0,
            "profit_frac": -0.0732,
            "shares": [
                {"secid": "SIM01", "move_frac": -0.366, "stand_in": "beta", "profit_rub": -10980.0},
            ],
        }
    ],
    "liquidity": {
        "participation_frac": 0.1,
        "days_to_leave_all": 0.01,
        "left_in_a_day_frac": 1.0,
        "without_turnover": [],
    },
    "proposals": {
        "verdict": "rebalance",
        "limits": [
            {"limit": "share", "of": "SIM01", "now_frac": 0.2, "limit_frac": 0.15, "is_kept": False},
            {"limit": "cash", "of": None, "now_frac": 0.8, "limit_frac": 0.05, "is_kept": True},
        ],
        "trades": [
            {
                "secid": "SIM01",
                "side": "SELL",
                "lots": 8,
                "shares": 80,
                "price_rub": 100.0,
                "value_rub": 8000.0,
                "cost_rub": 9.6,
                "limits": ["share"],
            }
        ],
        "lots": 8,
        "cost_rub": 9.6,
        "unkept": [],
        "is_fewest": True,
        "swaps": [],
    },
    "warnings": [
        {"code": "positions_refused", "text": "1 position was left out, see refused."},
        {
            "code": "nothing_proven",
            "text": "No model has a proven edge here: advice rests on your stops and limits alone.",
        },
    ],
}
