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
    }
