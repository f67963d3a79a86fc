"""Practice against the AI."""

from __future__ import annotations

from django.apps import AppConfig


class TrainingGameConfig(AppConfig):
    """Practice against the AI."""

    name = "training_game"
    label = "training_game"
