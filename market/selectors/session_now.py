"""Whether the exchange trades shares at a moment, and until when that stays so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from market.selectors.calendar import calendar_days, sessions_of
from traderai.common.clock import MOSCOW

# No closure announced beforehand was ever longer.
_AHEAD: Final = timedelta(days=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionNow:
    """The state of trading at a moment."""

    code: str | None  # morning, main, evening or weekend; None: closed
    until: datetime | None  # when it ends or, closed, when the next session begins; None: not known


def session_at(*, at: datetime) -> SessionNow:
    """Return the session of a moment as the exchange tells its hours or by rule."""
    today = at.astimezone(MOSCOW).date()
    days = calendar_days(since=today, until=today + _AHEAD)
    for day in (facts.day for facts in days if facts.is_open):
        for session in sessions_of(day=day):
            if at < session.begins_at:
                return SessionNow(code=None, until=session.begins_at)
            if at < session.ends_at:
                return SessionNow(code=session.code, until=session.ends_at)
    return SessionNow(code=None, until=None)
