"""What was known at each bar."""

from __future__ import annotations

from django.apps import AppConfig


class FeaturesConfig(AppConfig):
    """What was known at each bar."""

    name = "features"
    label = "features"
