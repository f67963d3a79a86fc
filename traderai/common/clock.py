"""The only place that asks what time it is; everything else is handed `now` or `as_of`."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from time import perf_counter
from zoneinfo import ZoneInfo

MOSCOW = ZoneInfo("Europe/Moscow")


def now() -> datetime:
    """Return the current moment, aware, in UTC."""
    return datetime.now(tz=UTC)


def monotonic_s() -> float:
    """Return seconds of a clock that never goes back, for measuring how long something took."""
    return perf_counter()


def to_epoch_s(moment: datetime) -> int:
    """Return whole seconds since 1970-01-01 UTC; a naive datetime is a ValueError, never guessed."""
    if moment.tzinfo is None:
        raise ValueError(f"a moment must carry its time zone, was naive {moment.isoformat()}")
    return int(moment.timestamp())


def from_epoch_s(epoch_s: int) -> datetime:
    """Return the aware UTC datetime of whole seconds since 1970-01-01 UTC."""
    return datetime.fromtimestamp(int(epoch_s), tz=UTC)


def midnight(day: date) -> datetime:
    """Return the moment at which a day begins in Moscow."""
    return datetime.combine(day, time(), tzinfo=MOSCOW)
