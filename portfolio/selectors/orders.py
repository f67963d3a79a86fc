"""Reading the orders of virtual accounts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from portfolio.contracts import PositionFacts
from portfolio.ledger_contracts import OrderFacts
from portfolio.models import VirtualOrder
from portfolio.selectors.journal import account_get

ORDER_COLUMNS = (
    "id", "account_id", "instrument__secid", "side", "qty_shares", "stop_rub", "signal_id", "ordered_at", "state",
    "refusal", "trade_id",
)  # fmt: skip
_FACTS = tuple("secid" if name == "instrument__secid" else name for name in ORDER_COLUMNS)
_NEWEST = 100


def orders_get(*, user_id: int, account_id: int | None = None) -> tuple[OrderFacts, ...]:
    """Return the newest orders of a user's virtual accounts, or of one, the newest first.

    Raises: NotFoundError for an account that is not the user's.
    """
    rows = VirtualOrder.objects.filter(account__user_id=user_id)
    if account_id is not None:
        rows = rows.filter(account_id=account_get(user_id=user_id, account_id=account_id).id)
    return order_facts(rows.order_by("-id").values_list(*ORDER_COLUMNS)[:_NEWEST])


def closing_order(*, account_id: int, position: PositionFacts) -> OrderFacts | None:
    """Return the order that waits to make a position smaller, None without one."""
    rows = VirtualOrder.objects.filter(
        account_id=account_id,
        instrument__secid=position.secid,
        side="SELL" if position.is_long else "BUY",
        state=VirtualOrder.State.PENDING,
    )
    return next(iter(order_facts(rows.order_by("id").values_list(*ORDER_COLUMNS)[:1])), None)


def order_facts(rows: Iterable[tuple[Any, ...]]) -> tuple[OrderFacts, ...]:
    """Return rows of ORDER_COLUMNS as facts."""
    return tuple(OrderFacts(**dict(zip(_FACTS, row, strict=True))) for row in rows)
