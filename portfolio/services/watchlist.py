"""Writing the watch list."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from market.selectors.instruments import instrument_get
from portfolio.contracts import WatchedShare
from portfolio.models import WatchItem
from portfolio.selectors.configuration import ledger_config_get
from portfolio.selectors.watchlist import watchlist_get
from traderai.common.errors import InputError


def watchlist_replace(*, user_id: int, secids: Sequence[str], now: datetime) -> tuple[WatchedShare, ...]:
    """Make these the user's watched shares, in this order; a ticker that comes twice counts once.

    Repeating changes nothing; a share that stays keeps the moment it was added.

    Raises: NotFoundError for an unknown ticker, InputError for too many; nothing is changed then.
    """
    most = ledger_config_get().max_watched
    if len(secids) > most:
        raise InputError(f"secids must be at most {most}, were {len(secids)}", field="secids")
    ids = list(dict.fromkeys(instrument_get(secid=secid.strip().upper()).id for secid in secids))
    with transaction.atomic():
        WatchItem.objects.filter(user_id=user_id).exclude(instrument_id__in=ids).delete()
        WatchItem.objects.bulk_create(
            [
                WatchItem(user_id=user_id, instrument_id=instrument_id, place=place, added_at=now)
                for place, instrument_id in enumerate(ids)
            ],
            update_conflicts=True,
            unique_fields=["user", "instrument"],
            update_fields=["place"],
        )
    return watchlist_get(user_id=user_id)
