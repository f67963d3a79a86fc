"""What users say of themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction

from traderai.accounts.models import User, time_zone_known
from traderai.common.errors import InputError

CHANGEABLE: Final = (
    "language", "capital_rub", "risk_profile", "time_zone", "notify_signals", "notify_weekly_report",
)  # fmt: skip


def profile_change(*, user_id: int, changes: Mapping[str, Any]) -> User:
    """Return a user with some of `CHANGEABLE` changed; what is not named stays, and a capital of None is unknown again.

    Raises: InputError that names the field; then nothing is changed.
    """
    unknown = sorted(set(changes) - set(CHANGEABLE))
    if unknown:
        raise InputError(
            f"changes must be of {', '.join(CHANGEABLE)}, was {', '.join(unknown)}", field=unknown[0]
        )
    capital = changes.get("capital_rub")
    if capital is not None and not capital > 0:
        raise InputError(
            f"capital_rub must be above 0, or null while it is unknown, was {capital}", field="capital_rub"
        )
    if "time_zone" in changes:
        try:
            time_zone_known(changes["time_zone"])
        except ValidationError as error:
            raise InputError(error.messages[0], field="time_zone") from error
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=user_id)
        for name, value in changes.items():
            setattr(user, name, value)
        user.save(update_fields=list(changes))
    return user
