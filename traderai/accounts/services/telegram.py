"""Sign-in by Telegram: what it signed, exchanged once for a token."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction

from traderai.accounts.kernels.init_data import InitData, init_data_check
from traderai.accounts.models import InitDataUse, User
from traderai.accounts.services.tokens import IssuedToken, token_issue
from traderai.common import clock
from traderai.common.asker import spoken_language
from traderai.common.errors import ForbiddenError, SignInError, TransientError


def telegram_sign_in(*, init_data: str, now: datetime) -> IssuedToken:
    """Return a token of the user who opened the app; who comes for the first time is made, without any rights.

    The same initData is exchanged once: of two requests at once one wins. A refusal leaves nothing behind.

    Raises: SignInError for initData that is not Telegram's, too old or used; ForbiddenError for staff, whose rights never
    come from Telegram, and for who was shut out; TransientError where no bot is configured.
    """
    if not settings.TELEGRAM_BOT_TOKEN:
        raise TransientError(
            "sign-in by Telegram must be configured (TELEGRAM_BOT_TOKEN), and is not; sign in by password",
            code="telegram_not_configured",
        )
    told = init_data_check(
        init_data,
        bot_token=settings.TELEGRAM_BOT_TOKEN,
        now_s=clock.to_epoch_s(now),
        max_age_s=settings.TELEGRAM_SIGN_IN_MAX_AGE_S,
    )
    InitDataUse.objects.filter(expires_at__lte=now).delete()
    with transaction.atomic():
        _use_once(told)
        return token_issue(user=_user_of(told, now), now=now)


def _use_once(told: InitData) -> None:
    expires_at = clock.from_epoch_s(told.auth_date_s) + timedelta(
        seconds=settings.TELEGRAM_SIGN_IN_MAX_AGE_S + 1
    )
    try:
        with transaction.atomic():
            InitDataUse.objects.create(fingerprint=told.fingerprint, expires_at=expires_at)
    except IntegrityError as error:
        raise SignInError(
            "init_data has been used to sign in; close the app and open it again from Telegram",
            code="init_data_used",
        ) from error


def _user_of(told: InitData, now: datetime) -> User:
    user, created = User.objects.get_or_create(
        telegram_id=told.telegram_id,
        defaults={
            "password": make_password(None),
            "username": _free_username(told.telegram_id),
            "language": spoken_language(told.language_code),
            "last_login": now,
        },
    )
    if created:
        return user
    if not user.is_active:
        raise ForbiddenError(
            "this account has been shut; ask who runs this installation", code="account_shut"
        )
    if user.is_staff or user.is_superuser or user.groups.exists() or user.user_permissions.exists():
        raise ForbiddenError(
            "staff must sign in by password, never by Telegram; open /app/login/ in a browser",
            code="staff_by_password",
        )
    user.last_login = now
    user.save(update_fields=["last_login"])
    return user


def _free_username(telegram_id: int) -> str:
    name = f"tg_{telegram_id}"
    # Staff may have given somebody that name; nobody else can.
    taken = User.objects.filter(username=name).exists()
    return f"{name}_{secrets.token_hex(4)}" if taken else name
