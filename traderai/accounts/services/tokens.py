"""Tokens for the API: short-lived, hashed at rest, ended by whoever holds them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from knox.models import AuthToken

from traderai.accounts.models import User
from traderai.common.errors import ConflictError


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedToken:
    """A token in the only moment in which it is known."""

    token: str
    expires_at: datetime
    user: User


def token_issue(*, user: User, now: datetime) -> IssuedToken:
    """Return a new token of a user; what has expired goes, and of too many the oldest ends."""
    AuthToken.objects.filter(expiry__lte=now).delete()
    row, token = AuthToken.objects.create(user=user)
    newest = AuthToken.objects.filter(user=user).order_by("-created", "-pk").values_list("pk", flat=True)
    AuthToken.objects.filter(pk__in=list(newest[settings.TOKENS_PER_USER :])).delete()
    return IssuedToken(token=token, expires_at=row.expiry, user=user)


def token_of_request_end(auth: object) -> None:
    """End the token that a request was made with.

    Raises: ConflictError where it was made without one, such as by the session of a browser.
    """
    if not isinstance(auth, AuthToken):
        raise ConflictError(
            "a token must be shown to be ended (Authorization: Token ...); a browser's session ends at /app/logout/",
            code="no_token",
        )
    AuthToken.objects.filter(pk=auth.pk).delete()


def tokens_end(*, user_id: int) -> None:
    """End every token of a user."""
    AuthToken.objects.filter(user_id=user_id).delete()
