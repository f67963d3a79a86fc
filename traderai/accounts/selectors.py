"""Reads of users."""

from __future__ import annotations

from typing import Any

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
        "joined_at": row.date_joined.isoformat(),
        "signed_in_at": None if row.last_login is None else row.last_login.isoformat(),
    }
