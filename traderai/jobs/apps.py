"""What is due, who has claimed it, how far it is."""

from __future__ import annotations

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """What is due, who has claimed it, how far it is."""

    name = "traderai.jobs"
    label = "jobs"
