"""Examples of the API's document; the figures are made up and say nothing about any share."""

from __future__ import annotations

from typing import Any

ACCOUNT: dict[str, Any] = {
    "id": 1, "kind": "virtual", "name": "paper", "capital": 1000000.0, "cash": 1000000.0, "created_at": "2024-03-01T10:00:00+03:00",
}  # fmt: skip
ACCOUNTS: dict[str, Any] = {"results": [ACCOUNT]}
ACCOUNT_ASKED: dict[str, Any] = {"kind": "virtual", "name": "paper", "capital": 1000000}
ACCOUNT_CHANGE: dict[str, Any] = {"name": "broker", "capital": 750000}
TRADE_ASKED: dict[str, Any] = {
    "account_id": 2, "secid": "SIM01", "side": "BUY", "qty": 4, "qty_unit": "lots", "price": 100.5,
    "traded_at": "2024-03-01T12:30:00+03:00", "stop": 98.0,
}  # fmt: skip
TRADE: dict[str, Any] = {
    "id": 17, "account_id": 2, "secid": "SIM01", "side": "BUY", "qty": 40, "price": 100.5, "commission": 2.81,
    "traded_at": "2024-03-01T12:30:00+03:00", "known_at": "2024-03-01T13:00:00+03:00", "origin": "api", "stop": 98.0,
    "signal_id": None,
}  # fmt: skip
RECORDED: dict[str, Any] = {
    "trade": TRADE,
    "order": None,
    "created": True,
    "remarks": [
        {"code": "commission_reckoned", "text": "No commission was given; 2.81 RUB was reckoned."},
    ],
}
TRADES: dict[str, Any] = {"next": None, "results": [TRADE]}
ORDERS: dict[str, Any] = {
    "results": [
        {
            "id": 5, "account_id": 1, "secid": "SIM01", "side": "BUY", "qty": 40, "stop": None, "signal_id": None,
            "ordered_at": "2024-03-01T12:30:00+03:00", "state": "pending", "refusal": "", "refusal_text": "",
            "trade_id": None,
        }
    ]
}  # fmt: skip
POSITION: dict[str, Any] = {
    "id": "2-SIM01", "account_id": 2, "secid": "SIM01", "name": "Simulated share 1", "side": "long", "qty": 40.0,
    "avg_price": 100.5, "commission": 2.81, "opened_at": "2024-03-01T12:30:00+03:00", "stop": 98.0, "price": 101.0,
    "priced_at": "2024-03-01T15:00:00+03:00", "value": 4040.0, "pnl": 17.19, "pnl_frac": 0.004276, "trade_ids": [17],
}  # fmt: skip
POSITIONS: dict[str, Any] = {"as_of": "2024-03-01T16:00:00+03:00", "results": [POSITION]}
POSITION_ASKED: dict[str, Any] = {
    "account_id": 2, "secid": "SIM02", "side": "long", "qty": 40, "qty_unit": "shares", "avg_price": 100.5,
}  # fmt: skip
POSITION_CHANGE: dict[str, Any] = {"stop": 99.0}
POSITION_CHANGED: dict[str, Any] = {"position": POSITION, "order": None}
POSITION_GONE: dict[str, Any] = {"position": None, "order": None}
WATCHLIST_ASKED: dict[str, Any] = {"secids": ["SIM01"]}
WATCHLIST: dict[str, Any] = {
    "results": [
        {
            "secid": "SIM01", "name_ru": "Симулированная акция 1", "name_en": "Simulated share 1", "sector": "finance",
            "added_at": "2024-03-01T10:00:00+03:00",
        }
    ]
}  # fmt: skip
IMPORT_ASKED: dict[str, Any] = {
    "account_id": 2,
    "content": (
        "traded_at;secid;side;qty;qty_unit;price;commission\n"
        "2024-03-01T12:30:00;SIM01;BUY;40;shares;100,5;2,81\n"
        "2024-03-01T12:45:00;SIM0;BUY;40;shares;100,5;2,81\n"
    ),
    "dry_run": True,
}
IMPORTED: dict[str, Any] = {
    "layout": "own",
    "dry_run": True,
    "rows": 2,
    "added": 1,
    "known": 0,
    "taken": [
        {
            "row": 2, "secid": "SIM01", "side": "BUY", "qty": 40, "price": 100.5, "commission": 2.81,
            "traded_at": "2024-03-01T12:30:00+03:00", "known": False, "remarks": [],
        }
    ],
    "problems": [
        {
            "row": 3, "field": "secid", "code": "unknown_ticker",
            "detail": "ticker must be one that we hold, was 'SIM0' (did you mean 'SIM01'?)",
        }
    ],
}  # fmt: skip
