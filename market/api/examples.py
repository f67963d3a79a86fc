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
INSTRUMENTS: dict[str, Any] = {"next": None, "results": [INSTRUMENT]}
INSTRUMENT_DETAIL: dict[str, Any] = INSTRUMENT | {
    "is_simulated": False,
    "session": {"code": "main", "until": "2024-03-01T18:50:00+03:00"},
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
FUNDAMENTALS: dict[str, Any] = {
    "secid": "SIM01",
    "as_of": "2024-03-01T16:00:00+03:00",
    "results": [
        {
            "metric": "pe",
            "name": "P/E",
            "unit": "times",
            "value": 6.4,
            "period": "2023Q3",
            "known_at": "2023-11-29T00:00:00+03:00",
            "made_of": [
                {
                    "metric": "profit",
                    "period": "2023Q3",
                    "value": 41200000000.0,
                    "known_at": "2023-11-29T00:00:00+03:00",
                    "source": "smartlab",
                }
            ],
            "median": 5.9,
            "lower": 6,
            "peers": 11,
        },
        {
            "metric": "dividend_yield",
            "name": "Dividend yield, 12 months",
            "unit": "pct",
            "value": None,
            "period": None,
            "known_at": None,
            "made_of": [],
            "median": None,
            "lower": 0,
            "peers": 0,
        },
    ],
}
