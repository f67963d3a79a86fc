"""The staff's view of users."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as PlainGroupAdmin
from django.contrib.auth.admin import UserAdmin as PlainUserAdmin
from django.contrib.auth.models import Group
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from traderai.accounts.models import User

admin.site.unregister(Group)


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
        ("Trader", {"fields": ("telegram_id", "language", "time_zone", "capital_rub", "risk_profile")}),
    )


@admin.register(Group)
class GroupAdmin(PlainGroupAdmin, ModelAdmin):  # type: ignore[misc]  # unfold carries no types
    """Roles."""
