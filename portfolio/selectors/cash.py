"""Reading what virtual accounts have left in cash."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from portfolio.contracts import TradeFacts
from portfolio.kernels.virtual import cash_rub
from portfolio.models import Account, Trade
from portfolio.selectors.journal import TRADE_COLUMNS, trade_facts


def cash_get(*, user_id: int, as_of: datetime) -> dict[int, float]:
    """Return by virtual account of a user the RUB left of its capital after the trades known at `as_of`."""
    accounts = Account.objects.filter(user_id=user_id, kind=Account.Kind.VIRTUAL)
    rows = Trade.objects.filter(account__in=accounts, traded_at__lte=as_of, known_at__lte=as_of)
    trades: defaultdict[int, list[TradeFacts]] = defaultdict(list)
    for trade in trade_facts(rows.values_list(*TRADE_COLUMNS)):
        trades[trade.account_id].append(trade)
    return {
        pk: cash_rub(float(capital or 0), trades[pk])
        for pk, capital in accounts.values_list("pk", "capital_rub")
    }
