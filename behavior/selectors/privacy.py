"""All that `behavior` holds of a user, for the user."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models

from behavior.models import Feedback, GameAnswer, PreTradeCheck, SignalShown, WeeklyReport

_KEPT: dict[str, tuple[type[models.Model], tuple[str, ...]]] = {
    "feedback": (Feedback, ("signal_id", "kind", "comment", "at")),
    "signals_shown": (SignalShown, ("signal_id", "place", "at")),
    "game_answers": (
        GameAnswer,
        ("scenario", "action", "model_action", "regime", "r_multiple", "model_r_multiple", "took_s", "at"),
    ),
    "pre_trade_checks": (
        PreTradeCheck,
        ("instrument__secid", "side", "qty_shares", "price_rub", "stop_rub", "verdict", "said", "at"),
    ),
    "weekly_reports": (WeeklyReport, ("week", "begins_at", "ends_at", "made_at", "score", "payload")),
}


def personal_data(*, user_id: int) -> dict[str, Any]:
    """Return plain JSON of every row that is the user's."""
    return {
        name: [
            {column.replace("instrument__", ""): _plain(value) for column, value in row.items()}
            for row in model._default_manager.filter(user_id=user_id).order_by("pk").values(*columns)
        ]
        for name, (model, columns) in _KEPT.items()
    }


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
