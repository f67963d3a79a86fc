"""The users of a developer's machine."""

from __future__ import annotations

from io import StringIO

import pytest
from django.conf import LazySettings
from django.core.management import call_command
from django.core.management.base import CommandError

from traderai.accounts.models import User
from traderai.accounts.services.development import development_user_get, development_users_ensure
from traderai.common.errors import InputError

pytestmark = pytest.mark.django_db


def run() -> str:
    out = StringIO()
    call_command("ensure_development_users", stdout=out)
    return out.getvalue()


def test_both_users_are_made_once_and_the_password_is_shown_once(settings: LazySettings):
    settings.DEVELOPMENT_USERNAME = "trader"
    first = development_users_ensure()
    assert first.staff_password
    staff = User.objects.get(username="admin")
    assert staff.is_staff and staff.is_superuser and staff.check_password(first.staff_password)
    again = development_users_ensure()
    assert again.staff_password is None
    assert User.objects.count() == 2
    staff.refresh_from_db()
    assert staff.check_password(first.staff_password)


def test_passwords_differ_between_installations(settings: LazySettings):
    settings.DEVELOPMENT_USERNAME = "trader"
    first = development_users_ensure().staff_password
    User.objects.all().delete()
    assert development_users_ensure().staff_password != first


def test_the_command_prints_the_password_only_the_first_time(settings: LazySettings):
    settings.DEVELOPMENT_USERNAME = "trader"
    assert "  password: " in run()
    second = run()
    assert "  password: " not in second and "changepassword admin" in second


def test_without_the_setting_nobody_is_made():
    with pytest.raises(InputError, match="DEVELOPMENT_USERNAME"):
        development_user_get()
    with pytest.raises(CommandError):
        run()
    assert User.objects.count() == 0
