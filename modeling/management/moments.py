"""The moment that a command's --until means."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.core.management.base import CommandError

from traderai.common import clock
from traderai.common.errors import InputError


def until_moment(day: str | None) -> datetime:
    """Return the end of a Moscow day like 2024-12-30, now without one; another text is a CommandError."""
    if day is None:
        return clock.now()
    try:
        midnight = datetime.combine(datetime.strptime(day, "%Y-%m-%d").date(), time(), clock.MOSCOW)  # noqa: DTZ007
    except ValueError as error:
        raise CommandError(
            InputError(f"--until must be a day like 2024-12-30, was {day!r}").detail
        ) from error
    return midnight + timedelta(days=1)
