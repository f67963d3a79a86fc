"""One user's money: accounts, trades, positions, risk."""

from __future__ import annotations

from django.apps import AppConfig


class PortfolioConfig(AppConfig):
    """One user's money: accounts, trades, positions, risk."""

    name = "portfolio"
    label = "portfolio"
