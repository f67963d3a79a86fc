"""A short-lived word that opens the page of one report where nobody is signed in.

Inside Telegram the Mini App holds a token and the browser that prints holds nothing. The word names one user and one
week, so whoever finds it in a history learns no more, and soon not even that.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.signing import BadSignature, Signer

from traderai.common.clock import to_epoch_s

LASTS: Final = timedelta(minutes=10)
_SALT: Final = "behavior.report_page"


def page_token(*, user_id: int, week: str, now: datetime) -> str:
    """Return the word for a user's report of a week."""
    return Signer(salt=_SALT).sign_object([user_id, week, to_epoch_s(now + LASTS)])


def page_token_user(*, token: str, week: str, now: datetime) -> AbstractBaseUser | None:
    """Return whose report of a week a word opens; None for one that is not ours, over, of another week or of nobody."""
    try:
        user_id, its_week, until_s = Signer(salt=_SALT).unsign_object(token)
    except (BadSignature, ValueError):
        return None
    if its_week != week or to_epoch_s(now) > until_s:
        return None
    found: AbstractBaseUser | None = get_user_model().objects.filter(pk=user_id, is_active=True).first()
    return found
