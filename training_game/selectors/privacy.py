"""What the game holds of a user, for the export of personal data."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Model

from traderai.common import clock
from training_game.models import Answer, Player, RatingChange, Scenario

# What would end an open round if it were told: share, moment and disguise.
_HIDDEN = (
    "instrument_id", "bar_begin", "as_of", "shown_from", "future_until", "price_factor", "volume_factor", "weeks",
    "setup", "regime", "news_types",
)  # fmt: skip


def personal_data(*, user_id: int, as_of: datetime | None = None) -> dict[str, Any]:
    """Return all that is held of a user as plain JSON: standing, rounds, answers and rating.

    Of a round that is still open, or being judged, share, moment and disguise are left out until it is over.
    """
    now = as_of or clock.now()
    player = Player.objects.filter(user_id=user_id).first()
    if player is None:
        return {}
    rounds = Scenario.objects.filter(player=player).order_by("pk")
    answers = Answer.objects.filter(scenario__player=player).order_by("pk")
    judged = {row.scenario_id: row.state != Answer.State.OPEN for row in answers}
    return {
        "player": _plain(player),
        "scenarios": [
            _plain(row, hidden=() if judged.get(row.pk, row.expires_at <= now) else _HIDDEN) for row in rounds
        ],
        "answers": [_plain(row) for row in answers],
        # Opponents are other people: their strength is part of the game, who they are is not.
        "rating_changes": [
            _plain(row, hidden=("opponent_id",))
            for row in RatingChange.objects.filter(player=player).order_by("pk")
        ],
    }


def _plain(row: Model, *, hidden: tuple[str, ...] = ()) -> dict[str, Any]:
    values = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    return {name: _json(value) for name, value in values.items() if name not in hidden}


def _json(value: Any) -> Any:
    if isinstance(value, str | int | float | dict | list) or value is None:
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
