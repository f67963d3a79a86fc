"""Reading the shares that a user watches."""

from __future__ import annotations

from collections.abc import Collection

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


def watchers_get(*, secids: Collection[str]) -> dict[str, tuple[int, ...]]:
    """Return by ticker the users who watch it, in order; tickers that nobody watches are left out."""
    rows = WatchItem.objects.filter(instrument__secid__in=secids).order_by("user_id")
    found: dict[str, tuple[int, ...]] = {}
    for secid, user_id in rows.values_list("instrument__secid", "user_id"):
        found[secid] = (*found.get(secid, ()), user_id)
    return found
