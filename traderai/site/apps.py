"""Wiring: settings, URLs, the supervisor."""

from __future__ import annotations

from django.apps import AppConfig


class SiteConfig(AppConfig):
    """Wiring: settings, URLs, the supervisor."""

    name = "traderai.site"
    label = "site"
