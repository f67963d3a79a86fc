"""The users of a developer's machine; in production neither is made nor used."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction

from traderai.accounts.models import User
from traderai.common.errors import InputError

STAFF_USERNAME = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class DevelopmentUsers:
    """Who may use this development installation."""

    username: str
    staff_username: str
    staff_password: str | None  # only in the moment in which the staff user is made


def development_user_get() -> User:
    """Return the development user, made when it is missing; without DEVELOPMENT_USERNAME an InputError.

    Repeating returns the same user. It has no usable password and no staff rights.
    """
    if not settings.DEVELOPMENT_USERNAME:
        raise InputError(
            "there is a development user only where the setting DEVELOPMENT_USERNAME names one; sign in",
            code="not_in_development",
        )
    user, created = User.objects.get_or_create(username=settings.DEVELOPMENT_USERNAME)
    if created:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    return user


def development_users_ensure() -> DevelopmentUsers:
    """Make the development user and a staff user with a random password where they are missing.

    Repeating changes nothing and returns no password: it is known only in the moment in which it is made.
    """
    with transaction.atomic():
        user = development_user_get()
        staff, created = User.objects.get_or_create(
            username=STAFF_USERNAME, defaults={"is_staff": True, "is_superuser": True}
        )
        password = None
        if created:
            password = secrets.token_urlsafe(12)
            staff.set_password(password)
            staff.save(update_fields=["password"])
    return DevelopmentUsers(username=user.username, staff_username=staff.username, staff_password=password)
