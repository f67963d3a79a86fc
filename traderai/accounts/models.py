"""Who uses the product."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q


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
        ]
