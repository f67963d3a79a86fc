"""The second factor of staff: a code from a device (TOTP)."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.signals import user_login_failed
from django.db import transaction
from django.http import HttpRequest
from django_otp.plugins.otp_totp.models import TOTPDevice

from traderai.accounts.models import User
from traderai.accounts.services.account import sign_ins_end
from traderai.common.errors import InputError, SignInError


def second_factor_check(*, request: HttpRequest, user: User, otp: str) -> None:
    """Let a user pass whose password was right: who has a device shows its code, once.

    A wrong code counts like a wrong password, so that guessing locks the name.

    Raises: SignInError `otp_required` without a good code; `otp_device_missing` for staff without a device where the
    setting STAFF_SECOND_FACTOR asks for one.
    """
    if not TOTPDevice.objects.filter(user=user, confirmed=True).exists():
        if settings.STAFF_SECOND_FACTOR and (user.is_staff or user.is_superuser):
            raise SignInError(
                "staff must have a device for codes; ask an administrator to run `manage.py second_factor`",
                code="otp_device_missing",
            )
        return
    if otp and _verified(user, otp):
        return
    if otp:
        user_login_failed.send(
            sender=__name__, credentials={"username": user.get_username()}, request=request
        )
    raise SignInError("otp must be the code that your device shows now; each works once", code="otp_required")


def second_factor_give(*, username: str) -> str:
    """Return the address (otpauth://) that sets up a user's new device; devices they had are gone.

    Whoever had signed in without its code is signed out.

    Raises: InputError for a name that nobody has.
    """
    user = _named(username)
    with transaction.atomic():
        TOTPDevice.objects.filter(user=user).delete()
        sign_ins_end(user_id=user.pk)
        return str(TOTPDevice.objects.create(user=user, name="device", confirmed=True).config_url)


def second_factor_take(*, username: str) -> int:
    """Take a user's devices away, such as a lost one; return how many there were.

    Raises: InputError for a name that nobody has.
    """
    return int(TOTPDevice.objects.filter(user=_named(username)).delete()[0])


def _verified(user: User, otp: str) -> bool:
    # The rows are locked: of two requests with one code one passes.
    with transaction.atomic():
        devices = TOTPDevice.objects.select_for_update().filter(user=user, confirmed=True)
        return any(device.verify_token(otp) for device in devices)


def _named(username: str) -> User:
    user = User.objects.filter(username=username).first()
    if user is None:
        raise InputError(f"username must be that of a user, was {username!r}", field="username")
    return user
