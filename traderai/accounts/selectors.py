"""Reads of users."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Max, Q

from traderai.accounts.models import User


def user_facts(*, user_id: int) -> dict[str, Any]:
    """Return plain JSON of what a user's own row says, but for the password."""
    row = User.objects.get(pk=user_id)
    return {
        "username": row.username,
        "first_name": row.first_name,
        "last_name": row.last_name,
        "email": row.email,
        "telegram_id": row.telegram_id,
        "language": row.language,
        "capital_rub": None if row.capital_rub is None else float(row.capital_rub),
        "risk_profile": row.risk_profile,
        "time_zone": row.time_zone,
        "notify_signals": row.notify_signals,
        "notify_weekly_report": row.notify_weekly_report,
        "joined_at": row.date_joined.isoformat(),
        "signed_in_at": None if row.last_login is None else row.last_login.isoformat(),
    }


def user_roles(*, user_id: int) -> tuple[str, ...]:
    """Return what a user may be: `trader` everybody, then by name the groups, and `admin` who may everything."""
    row = User.objects.prefetch_related("groups").get(pk=user_id)
    roles = {group.name for group in row.groups.all()} | ({"admin"} if row.is_superuser else set())
    return ("trader", *sorted(roles - {"trader"}))


def lock_ends_at(*, username: str, address: str | None) -> datetime | None:
    """Return when failed sign-ins of a name or from an address are forgotten; None where none are known."""
    counted = Q(username=username) if address is None else Q(username=username) | Q(ip_address=address)
    newest = AccessAttempt.objects.filter(counted).aggregate(newest=Max("attempt_time"))["newest"]
    return None if newest is None else newest + settings.AXES_COOLOFF_TIME


def told_by_telegram(*, user_ids: Sequence[int], what: Literal["signals", "weekly_report"]) -> frozenset[int]:
    """Return which of these users have Telegram and want to be told this."""
    wanting = User.objects.filter(is_active=True, telegram_id__isnull=False, **{f"notify_{what}": True})
    return frozenset(wanting.filter(pk__in=user_ids).values_list("pk", flat=True))
