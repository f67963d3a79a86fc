"""Who uses the product."""

from __future__ import annotations

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Who uses the product."""

    name = "traderai.accounts"
    label = "accounts"
