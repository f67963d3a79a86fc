"""The shapes of sign-in and of what users say of themselves."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from traderai.accounts.kernels.init_data import MOST_CHARS
from traderai.accounts.models import User
from traderai.accounts.selectors import user_roles
from traderai.common.asked import BodySerializer, MoneyField


class NotificationsSerializer(BodySerializer):
    """What the user is told of by Telegram."""

    signals = serializers.BooleanField(source="notify_signals", required=False, help_text="New signals.")
    weekly_report = serializers.BooleanField(
        source="notify_weekly_report", required=False, help_text="The report of the week, on Monday."
    )


class ProfileSerializer(serializers.Serializer[User]):
    """A user as the user sees it."""

    username = serializers.CharField()
    language = serializers.ChoiceField(choices=["ru", "en"])
    capital_rub = serializers.FloatField(
        allow_null=True, help_text="RUB; null: unknown, and positions are not sized."
    )
    risk_profile = serializers.ChoiceField(choices=["cautious", "balanced", "bold"])
    time_zone = serializers.CharField(help_text="Such as Europe/Moscow.")
    roles = serializers.SerializerMethodField(
        help_text="`trader`, then by name the user's groups; `admin` may everything."
    )
    telegram_linked = serializers.SerializerMethodField(help_text="Whether Telegram opens this account.")
    notifications = NotificationsSerializer(source="*")

    def get_roles(self, user: User) -> list[str]:
        """Return what the user may be."""
        return list(user_roles(user_id=user.pk))

    def get_telegram_linked(self, user: User) -> bool:
        """Return whether a Telegram account belongs to it."""
        return user.telegram_id is not None


class ProfileChangeSerializer(BodySerializer):
    """What is to be changed; what is left out stays."""

    language = serializers.ChoiceField(choices=["ru", "en"], required=False)
    capital_rub = MoneyField(
        required=False,
        allow_null=True,
        help_text="RUB, above 0; null: unknown.",
    )
    risk_profile = serializers.ChoiceField(choices=["cautious", "balanced", "bold"], required=False)
    time_zone = serializers.CharField(max_length=64, required=False, help_text="Such as Asia/Vladivostok.")
    notifications = NotificationsSerializer(required=False)


class TelegramSignInSerializer(BodySerializer):
    """What Telegram handed the app when it was opened."""

    init_data = serializers.CharField(
        max_length=MOST_CHARS,
        trim_whitespace=False,
        help_text="`Telegram.WebApp.initData` as it is, one string; it is exchanged once.",
    )


class PasswordSignInSerializer(BodySerializer):
    """A name, its password, and the code of a second factor where there is one."""

    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=128, trim_whitespace=False, style={"input_type": "password"})
    otp = serializers.RegexField(
        r"^[0-9]{6,8}$", required=False, help_text="The code that the device shows, where there is one."
    )


class TokenSerializer(serializers.Serializer[Any]):
    """A token for `Authorization: Token <token>`; it is told once and kept nowhere but hashed."""

    token = serializers.CharField()
    expires_at = serializers.DateTimeField()
    user = ProfileSerializer()
