"""Days and sessions of the exchange."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


class TradingDay(models.Model):
    """A calendar date with trading and the trading day it belongs to (weekend sessions belong to Monday)."""

    date = models.DateField(primary_key=True)
    trading_date = models.DateField()
    # Simulated shares keep a calendar of their own, else they would add days to the exchange's.
    is_real = models.BooleanField(default=False)
    is_simulated = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.date.isoformat()


class CalendarDay(models.Model):
    """What the exchange's calendar says about a date, past or to come; `TradingDay` says what was seen."""

    date = models.DateField(primary_key=True)
    is_open = models.BooleanField()
    trading_date = models.DateField(null=True, blank=True, help_text="The trading day it belongs to.")
    reason = models.CharField(
        max_length=200, blank=True, default="", help_text="Why it is closed or special."
    )
    source = models.CharField(max_length=32)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(is_open=True, trading_date__isnull=False, trading_date__gte=F("date"))
                | Q(is_open=False, trading_date__isnull=True),
                name="market_calendarday_trading_date",
            )
        ]

    def __str__(self) -> str:
        return f"{self.date} {'open' if self.is_open else 'closed'}"


class Session(models.Model):
    """One session of one date."""

    class Code(models.TextChoices):
        """Which session."""

        MORNING = "morning", "Morning session"
        MAIN = "main", "Main session"
        EVENING = "evening", "Evening session"
        WEEKEND = "weekend", "Weekend session"

    date = models.DateField()
    code = models.CharField(max_length=8, choices=Code.choices)
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    source = models.CharField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["date", "code"], name="market_session_once"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("begins_at")), name="market_session_span"),
            models.CheckConstraint(
                condition=Q(code__in=["morning", "main", "evening", "weekend"]),
                name="market_session_code_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.date} {self.code}"
