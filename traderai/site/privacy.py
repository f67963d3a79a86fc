"""What we hold of a user, all of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import behavior.selectors.privacy
import portfolio.selectors.privacy
import training_game.selectors.privacy
from traderai.accounts.selectors import user_facts
from traderai.site.kept_answers import kept_answers_of
from traderai.site.models import Notice

_PARTS: Final[dict[str, Callable[..., dict[str, Any]]]] = {
    "portfolio": portfolio.selectors.privacy.personal_data,
    "behavior": behavior.selectors.privacy.personal_data,
    "training_game": training_game.selectors.privacy.personal_data,
    "kept_answers": kept_answers_of,
}


def personal_data_export(*, user_id: int, now: datetime) -> dict[str, Any]:
    """Return plain JSON of every row that is a user's, app by app."""
    return {
        "exported_at": now.isoformat(),
        "account": user_facts(user_id=user_id),
        **{name: part(user_id=user_id) for name, part in _PARTS.items()},
        "messages": _messages(user_id),
    }


def _messages(user_id: int) -> list[dict[str, Any]]:
    """Return what was told by Telegram, or was to be; the rows go with their user."""
    rows = Notice.objects.filter(user_id=user_id).order_by("pk")
    return [
        {
            "kind": row.kind,
            "told": row.told,
            "state": row.state,
            "created_at": row.created_at.isoformat(),
            "ended_at": None if row.ended_at is None else row.ended_at.isoformat(),
        }
        for row in rows
    ]
