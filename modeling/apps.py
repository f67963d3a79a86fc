"""What learns, and the policy that is judged with it."""

from __future__ import annotations

from django.apps import AppConfig


class ModelingConfig(AppConfig):
    """What learns, and the policy that is judged with it."""

    name = "modeling"
    label = "modeling"
