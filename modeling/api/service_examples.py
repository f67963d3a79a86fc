"""An example of the models in service in the API's document; version and figures are made up."""

from __future__ import annotations

from typing import Any

_LOSS: dict[str, float] = {"value": 0.5442, "low": 0.5161, "high": 0.5723}
_AUC: dict[str, float] = {"value": 0.5632, "low": 0.5373, "high": 0.595}
SERVED: dict[str, Any] = {
    "slot": "forecast",
    "version": "global-swing_v1-20230630-ab12cd34",
    "kind": "global",
    "recipe": "global_swing_v1",
    "timeframe": "1h",
    "horizons": ["3d", "5d", "10d"],
    "label_set": "swing_v1",
    "feature_set": "tech_v1",
    "is_simulated": False,
    "trained_until": "2023-06-30T19:00:00+03:00",
    "judged_until": "2024-12-30T19:00:00+03:00",
    "held_out_days": 357,
    "level": 0.95,
    "base_rates_of": [],
    "serves_since": "2025-01-09T10:00:00+03:00",
    "silent": False,
    "grade": "inform",
    "verdict": "inform",
    "judged_at": "2025-01-08T22:10:00+03:00",
    "checks": [{"name": "profit_above_zero", "value": -0.0023, "limit": 0.0, "passed": False}],
    "heads": [
        {
            "horizon": "5d",
            "side": "long",
            "rows": 146629,
            "days": 352,
            "base_rate": 0.233,
            "log_loss": _LOSS,
            "base_log_loss": {"value": 0.5446, "low": 0.5165, "high": 0.576},
            "roc_auc": _AUC,
            "ece": 0.021,
            "compared": [{"name": "lightgbm", "log_loss": _LOSS, "roc_auc": _AUC}],
        }
    ],
    "policy": [
        {
            "horizon": "5d",
            "trades": 949,
            "days": 357,
            "hit_rate": {"value": 0.372, "low": 0.326, "high": 0.413},
            "net_expectancy": {"value": -0.0007, "low": -0.0034, "high": 0.0017},
            "sharpe": -0.44,
            "max_drawdown": 0.28,
        }
    ],
    "drift_grade": "ok",
    "drift_day": "2025-02-03",
    "live": [{"name": "p_long_5d", "grade": "ok", "outcomes": 21, "hit_rate": 0.33, "expected": 0.37}],
    "limits": [
        {
            "code": "paper",
            "text": "It is not for trading: no profit after costs has been proven of it.",
        }
    ],
}
