"""What a request says of a trade or a position."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request

from portfolio.ledger_contracts import Said
from traderai.common.errors import InputError

_LONGEST_KEY = 100


def position_named(name: str) -> tuple[int, str]:
    """Return account and ticker of a position's name; the router lets no other names through."""
    account_id, secid = name.split("-", 1)
    return int(account_id), secid.upper()


def said_trade(request: Request, values: dict[str, Any]) -> Said:
    """Return the trade of a checked body."""
    return Said(
        secid=values["secid"],
        side=values["side"],
        qty=values["qty"],
        unit=values["qty_unit"],
        origin="api",
        price_rub=values.get("price"),
        commission_rub=values.get("commission"),
        traded_at=values.get("traded_at"),
        stop_rub=values.get("stop"),
        signal_id=values.get("signal_id"),
        external_id=_external_id(request),
    )


def said_position(request: Request, values: dict[str, Any]) -> Said:
    """Return the trade that would have opened the position of a checked body."""
    return Said(
        secid=values["secid"],
        side="BUY" if values["side"] == "long" else "SELL",
        qty=values["qty"],
        unit=values["qty_unit"],
        origin="manual",
        price_rub=values.get("avg_price"),
        commission_rub=values.get("commission"),
        traded_at=values.get("opened_at"),
        stop_rub=values.get("stop"),
        external_id=_external_id(request),
    )


def _external_id(request: Request) -> str:
    key = request.headers.get("Idempotency-Key", "").strip()
    if len(key) > _LONGEST_KEY:
        raise InputError(
            f"Idempotency-Key must have at most {_LONGEST_KEY} characters, had {len(key)}",
            field="Idempotency-Key",
        )
    return f"key:{key}" if key else ""
