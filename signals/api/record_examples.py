"""An example of a track record in the API's document; the figures are made up."""

from __future__ import annotations

from typing import Any

_FIGURES: dict[str, Any] = {
    "trades": 214,
    "days": 97,
    "hit_rate": {"value": 0.361, "low": 0.312, "high": 0.409},
    "break_even": 0.358,
    "win_rate": {"value": 0.392, "low": 0.341, "high": 0.446},
    "expectancy_r": {"value": 0.012, "low": -0.081, "high": 0.104},
    "expectancy_bp": {"value": 2.4, "low": -16.1, "high": 20.8},
    "profit_factor": {"value": 1.02, "low": 0.88, "high": 1.19},
    "total_r": 2.6,
    "drawdown_r": 19.4,
}
RECORD: dict[str, Any] = {
    "source": "replay",
    "proven": False,
    "as_of": "2024-03-01T16:00:00+03:00",
    "level": 0.95,
    "said": [{"name": "BUY", "number": 310}, {"name": "HOLD", "number": 18240}],
    "told": {
        "total": 260,
        "traded": 214,
        "no_trade": 28,
        "void": 3,
        "open": 15,
        "withdrawn": 1,
        "seen_by_gate": 0,
        "first_at": "2023-09-01T11:00:00+03:00",
        "last_at": "2024-03-01T15:00:00+03:00",
    },
    "void_reasons": [{"name": "halted", "number": 3}],
    "figures": _FIGURES,
    "base_rates": [
        {
            "signal": "BUY",
            "timeframe": "1h",
            "horizon": "5d",
            "label_set": "swing_v1",
            "rows": 61240,
            "days": 126,
            "hit_rate": 0.341,
            "break_even": 0.352,
            "mean_r": -0.03,
            "net_bp": -6.1,
            "since": "2023-09-01T11:00:00+03:00",
            "until": "2024-02-22T15:00:00+03:00",
            "as_of": "2024-03-01T07:35:00+03:00",
        }
    ],
    "curve": [{"date": "2024-03-01", "r": 2.6, "low": -17.3, "high": 22.3, "drawdown_r": 4.1}],
    "calibration": [
        {
            "bucket": "35-39",
            "trades": 120,
            "predicted": 0.377,
            "realised": {"value": 0.358, "low": 0.291, "high": 0.426},
        }
    ],
    "groups": {
        name: [{"name": own, **_FIGURES}]
        for name, own in (
            ("signal", "BUY"), ("horizon", "5d"), ("regime", "uptrend"), ("confidence", "65-69"), ("strength", "weak"),
            ("month", "2024-03"), ("model_version", "global-swing_v1-20230829-ab12cd34"),
        )
    },
    "caveats": [
        {"code": "paper", "text": "No model behind these signals has proven a profit: they are trades on paper."}
    ],
}  # fmt: skip
