"""Taking a user away."""

from __future__ import annotations

from axes.models import AccessAttempt
from django.contrib.sessions.models import Session
from django.db import transaction

from traderai.accounts.models import User
from traderai.common.errors import ConflictError, InputError


def account_delete(*, user_id: int, confirm: str) -> None:
    """Delete a user, with every row that points there and every session; there is no way back.

    Raises: InputError unless `confirm` is the user's name, ConflictError for staff: what they reviewed names them, and
    another member of staff decides.
    """
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=user_id)
        if user.is_staff or user.is_superuser:
            raise ConflictError("staff accounts are deleted by an administrator, in the admin")
        if confirm != user.username:
            raise InputError(
                f"confirm must be the name of the account, {user.username!r}, was {confirm!r}; nothing was deleted",
                field="confirm",
            )
        for session in Session.objects.iterator():
            if session.get_decoded().get("_auth_user_id") == str(user_id):
                session.delete()
        # What was tried in this name carries it.
        AccessAttempt.objects.filter(username=user.username).delete()
        user.delete()
