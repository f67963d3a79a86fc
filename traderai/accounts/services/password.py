"""Sign-in by password for a token, for programs and for users that staff have made."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth import authenticate
from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest

from traderai.accounts.models import User
from traderai.accounts.services.second_factor import second_factor_check
from traderai.accounts.services.tokens import IssuedToken, token_issue
from traderai.common.errors import SignInError


def password_sign_in(
    *, request: HttpRequest, username: str, password: str, otp: str, now: datetime
) -> IssuedToken:
    """Return a token for a name and its password; staff with a device show its code, too.

    Failures are counted by name and by address; the answer to one too many is made where all answers pass by.

    Raises: SignInError for a wrong name or password (it does not say which) and for a missing or wrong code.
    """
    user = authenticate(request, username=username, password=password)
    if user is None:
        raise SignInError(
            "username and password must be those of an account, and are not", code="credentials_wrong"
        )
    second_factor_check(request=request, user=user, otp=otp)
    # Writes the moment of the sign-in down and forgets the failures before it.
    user_logged_in.send(sender=User, request=request, user=user)
    return token_issue(user=user, now=now)
