"""What we say, why, and whether we were right."""

from __future__ import annotations

from django.apps import AppConfig


class SignalsConfig(AppConfig):
    """What we say, why, and whether we were right."""

    name = "signals"
    label = "signals"
