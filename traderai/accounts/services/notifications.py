"""Telegram tells us that a user is not there any more."""

from __future__ import annotations

from traderai.accounts.models import User


def telegram_left(*, user_id: int) -> None:
    """Tell a user who has blocked the bot nothing more, until they switch it on again; repeating changes nothing."""
    User.objects.filter(pk=user_id).update(notify_signals=False, notify_weekly_report=False)
