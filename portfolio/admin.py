"""Staff look at the ledger; nobody edits it."""

from __future__ import annotations

from django.contrib import admin

from portfolio.models import Account, StopChange, Trade, VirtualOrder
from traderai.common.admin import ReadOnlyAdmin


@admin.register(Account)
class AccountAdmin(ReadOnlyAdmin):
    """Accounts."""

    list_display = ("id", "user", "kind", "name", "capital_rub", "created_at")
    list_select_related = ("user",)
    list_filter = ("kind",)


@admin.register(Trade)
class TradeAdmin(ReadOnlyAdmin):
    """Trades, the newest first."""

    list_display = ("id", "account", "instrument", "side", "qty_shares", "price_rub", "traded_at", "origin")
    list_select_related = ("account", "instrument")
    list_filter = ("origin", "side")
    ordering = ("-id",)


@admin.register(StopChange)
class StopChangeAdmin(ReadOnlyAdmin):
    """Stops, the newest first."""

    list_display = ("id", "account", "instrument", "stop_rub", "set_at")
    list_select_related = ("account", "instrument")
    ordering = ("-id",)


@admin.register(VirtualOrder)
class VirtualOrderAdmin(ReadOnlyAdmin):
    """Orders of virtual accounts, the newest first."""

    list_display = ("id", "account", "instrument", "side", "qty_shares", "ordered_at", "state", "refusal")
    list_select_related = ("account", "instrument")
    list_filter = ("state", "refusal")
    ordering = ("-id",)
