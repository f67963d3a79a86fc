"""The coach: what was shown, what was done, what it cost."""

from __future__ import annotations

from django.apps import AppConfig


class BehaviorConfig(AppConfig):
    """The coach: what was shown, what was done, what it cost."""

    name = "behavior"
    label = "behavior"
