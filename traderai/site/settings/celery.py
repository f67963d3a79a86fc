"""Celery; the broker's address is read where Django's settings are complete."""

from __future__ import annotations

CELERY_TIMEZONE = "Europe/Moscow"
