"""An example of the regime in the API's document; the figures are made up."""

from __future__ import annotations

from typing import Any

_DAY: dict[str, Any] = {"as_of": "2024-03-02T00:00:00+03:00", "name": "uptrend", "probability": 0.9996}
REGIME: dict[str, Any] = {
    "is_simulated": False,
    "current": _DAY
    | {
        "probabilities": {
            "uptrend": 0.9996, "downtrend": 0.0001, "flat": 0.0001, "panic": 0.0001, "euphoria": 0.0001, "news_storm": 0.0,
        },
        "since": "2024-02-12T00:00:00+03:00",
        "breadth": 0.71,
        "figures": [{"name": "return_20d_pct", "value": 4.2}, {"name": "breadth_frac", "value": 0.71}],
        "made_of": "level: index IMOEX; shares: 239 by 1d bars; RVI",
    },
    "effect": "A trade then needs an edge of at least 2.0 percentage points after costs.",
    "history": [_DAY],
    "sectors": [
        _DAY | {"sector": "finance", "sector_name": "Finance", "since": "2024-02-15T00:00:00+03:00"}
    ],
    "index_secid": "IMOEX",
    "index": [{"date": "2024-03-01", "close": 3270.5}],
}  # fmt: skip
