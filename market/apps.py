"""Facts from the exchange."""

from __future__ import annotations

from django.apps import AppConfig


class MarketConfig(AppConfig):
    """Facts from the exchange."""

    name = "market"
    label = "market"
