"""Taking a user away, or signing one out everywhere."""

from __future__ import annotations

from axes.models import AccessAttempt
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import transaction

from traderai.accounts.models import User
from traderai.accounts.services.tokens import tokens_end
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
        sign_ins_end(user_id=user_id)
        # What was tried in this name carries it.
        AccessAttempt.objects.filter(username=user.username).delete()
        user.delete()


def sign_ins_end(*, user_id: int) -> None:
    """End every token and session of a user: who comes again shows what is asked for now. Repeating changes nothing."""
    tokens_end(user_id=user_id)
    for session in Session.objects.iterator():
        if session.get_decoded().get(SESSION_KEY) == str(user_id):
            session.delete()
