"""The list of the transactions that have changed the market stays short."""

from __future__ import annotations

from datetime import datetime, timedelta

from market.models import MarketChange

# Nobody keeps an answer for longer than minutes.
_KEPT = timedelta(days=1)


def changes_forget(*, now: datetime) -> int:
    """Forget the changes of more than a day ago and return how many; repeating forgets nothing more."""
    forgotten, _ = MarketChange.objects.filter(noted_at__lt=now - _KEPT).delete()
    return forgotten
