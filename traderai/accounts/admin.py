"""The staff's view of users."""

from __future__ import annotations

from typing import Any

from axes.models import AccessAttempt
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as PlainGroupAdmin
from django.contrib.auth.admin import UserAdmin as PlainUserAdmin
from django.contrib.auth.models import Group
from django.db.models import Model
from django.http import HttpRequest
from django_otp.plugins.otp_totp.models import TOTPDevice
from knox.models import AuthToken
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from traderai.accounts.models import User
from traderai.accounts.services.account import sign_ins_end
from traderai.common.admin import ReadOnlyAdmin

# A device's page would show its secret; `manage.py second_factor` shows it once, when it is made.
admin.site.unregister([Group, AuthToken, TOTPDevice])
RIGHTS = {"is_active", "is_staff", "is_superuser", "groups", "user_permissions"}


@admin.register(User)
class UserAdmin(PlainUserAdmin, ModelAdmin):  # type: ignore[misc, type-arg]  # unfold carries no types
    """People and programs."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = (
        "username",
        "telegram_id",
        "language",
        "risk_profile",
        "is_staff",
        "is_active",
        "last_login",
    )
    list_filter = ("is_staff", "is_active", "language", "risk_profile")
    search_fields = ("username", "first_name", "last_name", "=telegram_id")
    fieldsets = (
        *(PlainUserAdmin.fieldsets or ()),
        (
            "Trader",
            {
                "fields": (
                    "telegram_id", "language", "time_zone", "capital_rub", "risk_profile", "notify_signals",
                    "notify_weekly_report",
                )
            },
        ),
    )  # fmt: skip

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Save; who gets other rights signs in anew, so that nobody carries rights that their sign-in never showed."""
        super().save_model(request, obj, form, change)
        if change and RIGHTS & set(form.changed_data):
            sign_ins_end(user_id=obj.pk)


@admin.register(Group)
class GroupAdmin(PlainGroupAdmin, ModelAdmin):  # type: ignore[misc]  # unfold carries no types
    """Roles."""


@admin.register(AuthToken)
class AuthTokenAdmin(ReadOnlyAdmin):
    """Who is signed in by token; to delete one is to end it."""

    fields = ("user", "created", "expiry")
    list_display = fields
    list_select_related = ("user",)
    search_fields = ("user__username",)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """A token may be ended."""
        return bool(request.user.has_perm("knox.delete_authtoken"))


@admin.register(AccessAttempt)
class FailedSignInAdmin(ReadOnlyAdmin):
    """Names and addresses with failed sign-ins; to delete one is to unlock it."""

    fields = ("username", "ip_address", "user_agent", "path_info", "failures_since_start", "attempt_time")
    list_display = ("username", "ip_address", "path_info", "failures_since_start", "attempt_time")
    search_fields = ("username", "ip_address")

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """A name may be unlocked."""
        return bool(request.user.has_perm("axes.delete_accessattempt"))
