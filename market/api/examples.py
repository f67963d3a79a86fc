"""Examples of the API's document; the figures are made up and say nothing about any share."""

from __future__ import annotations

from typing import Any

INSTRUMENT: dict[str, Any] = {
    "secid": "SIM01",
    "name_ru": "Симулированная акция 1",
    "name_en": "Simulated share 1",
    "sector": "finance",
    "lot_size": 10,
    "price_step_rub": 0.01,
    "decimals": 2,
    "active": True,
    "shortable": True,
    "is_simulated": True,
    "issue_size_shares": None,
}
INSTRUMENT_DETAIL: dict[str, Any] = INSTRUMENT | {
    "is_simulated": False,
    "session": {"code": "main", "until": "2024-03-01T18:50:00+03:00"},
}
COMPANY: dict[str, Any] = {
    "secid": "SBER",
    "sector": "finance",
    "as_of": "2024-03-01T16:00:00+03:00",
    "figures": [
        {"metric": "pe", "unit": "times", "value": 4.3, "median": 5.1, "lower": 2, "peers": 11},
        {"metric": "net_debt_ebitda", "unit": "times", "value": None, "median": None, "lower": 0, "peers": 0},
    ],
}
CANDLES: dict[str, Any] = {
    "secid": "SIM01",
    "timeframe": "1h",
    "is_simulated": True,
    "as_of": "2024-03-01T16:00:00+03:00",
    "candles": [
        {
            "begin": "2024-03-01T15:00:00+03:00",
            "open": 101.2,
            "high": 101.9,
            "low": 100.8,
            "close": 101.5,
            "volume_shares": 125000.0,
            "value_rub": 12687500.0,
        }
    ],
}
