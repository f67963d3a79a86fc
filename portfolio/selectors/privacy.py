"""All that `portfolio` holds of a user, for the user."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from portfolio.models import Account, WatchItem

_TRADE = (
    "id", "instrument__secid", "side", "qty_shares", "price_rub", "commission_rub", "traded_at", "known_at", "origin",
    "stop_rub", "signal_id", "external_id",
)  # fmt: skip
_STOP = ("id", "instrument__secid", "stop_rub", "set_at")
_ORDER = (
    "id", "instrument__secid", "side", "qty_shares", "stop_rub", "signal_id", "ordered_at", "state", "refusal",
    "trade_id", "external_id",
)  # fmt: skip


def personal_data(*, user_id: int) -> dict[str, Any]:
    """Return plain JSON of the user's accounts with all that was traded in them, and of the watch list."""
    watched = WatchItem.objects.filter(user_id=user_id).order_by("place", "id")
    return {
        "accounts": [_account(row) for row in Account.objects.filter(user_id=user_id).order_by("id")],
        "watchlist": _plain(watched.values("instrument__secid", "added_at")),
    }


def _account(row: Account) -> dict[str, Any]:
    return {
        "id": row.pk,
        "kind": row.kind,
        "name": row.name,
        "capital_rub": None if row.capital_rub is None else float(row.capital_rub),
        "created_at": row.created_at.isoformat(),
        "trades": _plain(row.trades.order_by("id").values(*_TRADE)),
        "stop_changes": _plain(row.stop_changes.order_by("id").values(*_STOP)),
        "orders": _plain(row.orders.order_by("id").values(*_ORDER)),
    }


def _plain(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            name.replace("instrument__", ""): value.isoformat() if hasattr(value, "isoformat") else value
            for name, value in row.items()
        }
        for row in rows
    ]
