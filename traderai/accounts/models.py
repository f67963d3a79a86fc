"""Who uses the product."""

from __future__ import annotations

from zoneinfo import available_timezones

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q


def time_zone_known(name: str) -> None:
    """Refuse a name that is no time zone."""
    if name not in available_timezones():
        raise ValidationError(f"time_zone must be a name such as Europe/Moscow, was {name!r}")


class User(AbstractUser):
    """A person or a program; money figures stay unknown (null) until the user gives them."""

    class Language(models.TextChoices):
        """The languages of the product."""

        RU = "ru", "Русский"
        EN = "en", "English"

    class RiskProfile(models.TextChoices):
        """How much of the capital one trade may risk; the fractions stand in policy.yaml."""

        CAUTIOUS = "cautious", "Cautious"
        BALANCED = "balanced", "Balanced"
        BOLD = "bold", "Bold"

    telegram_id = models.BigIntegerField(null=True, blank=True, unique=True)
    language = models.CharField(max_length=2, choices=Language.choices, default=Language.RU)
    capital_rub = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    risk_profile = models.CharField(max_length=8, choices=RiskProfile.choices, default=RiskProfile.BALANCED)

    time_zone = models.CharField(
        max_length=64,
        default="Europe/Moscow",
        validators=[time_zone_known],
        help_text="Such as Asia/Vladivostok: whose Monday morning and whose nights.",
    )

    notify_signals = models.BooleanField(default=False, help_text="Tell new signals by Telegram.")
    notify_weekly_report = models.BooleanField(
        default=True, help_text="Tell of the weekly report by Telegram."
    )

    class Meta(AbstractUser.Meta):
        constraints = [
            models.CheckConstraint(
                condition=Q(capital_rub__isnull=True) | Q(capital_rub__gt=0),
                name="accounts_user_capital_positive",
            ),
            models.CheckConstraint(
                condition=Q(language__in=["ru", "en"]), name="accounts_user_language_known"
            ),
            models.CheckConstraint(
                condition=Q(risk_profile__in=["cautious", "balanced", "bold"]),
                name="accounts_user_risk_profile_known",
            ),
            # Whoever holds the Telegram account of a member of staff must not get their rights with it.
            models.CheckConstraint(
                condition=Q(telegram_id__isnull=True) | Q(is_staff=False, is_superuser=False),
                name="accounts_user_staff_without_telegram",
                violation_error_message="Staff sign in by password: take telegram_id away, or the rights.",
            ),
        ]


class InitDataUse(models.Model):
    """What Telegram signed and somebody has signed in with: once is enough."""

    fingerprint = models.CharField(max_length=64, primary_key=True, help_text="SHA-256 of the signed fields.")
    expires_at = models.DateTimeField(db_index=True, help_text="From then on its age alone refuses it.")

    def __str__(self) -> str:
        return self.fingerprint
