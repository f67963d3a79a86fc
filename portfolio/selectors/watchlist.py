"""Reading the shares that a user watches."""

from __future__ import annotations

from portfolio.contracts import WatchedShare
from portfolio.models import WatchItem


def watchlist_get(*, user_id: int) -> tuple[WatchedShare, ...]:
    """Return the watched shares in the user's order."""
    rows = (
        WatchItem.objects.filter(user_id=user_id)
        .order_by("place", "id")
        .values_list(
            "instrument__secid",
            "instrument__name_ru",
            "instrument__name_en",
            "instrument__sector",
            "added_at",
        )
    )
    return tuple(
        WatchedShare(secid=secid, name_ru=name_ru, name_en=name_en, sector=sector, added_at=added_at)
        for secid, name_ru, name_en, sector, added_at in rows
    )
