"""What companies and states report: every figure with the moment from which it was known."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from market.models.reference import Instrument


class FundamentalMetric(models.Model):
    """One named figure of one company and period; a restated figure is a row of its own with a later `known_at`."""

    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="+")
    metric = models.CharField(max_length=40, help_text="A code of fundamentals.yaml.")
    period = models.CharField(max_length=10, help_text="2023, 2023Q4, or a day such as 2023-12-29.")
    period_end = models.DateField()
    value = models.FloatField()
    known_at = models.DateTimeField()
    source = models.CharField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["instrument", "metric", "period", "source", "known_at"],
                name="market_fundamentalmetric_once",
            ),
            models.CheckConstraint(
                condition=Q(value__gt=float("-inf"), value__lt=float("inf")),
                name="market_fundamentalmetric_finite",
            ),
        ]
        indexes = [
            models.Index(fields=["instrument", "metric", "known_at"], name="market_fundamental_as_of"),
        ]

    def __str__(self) -> str:
        return f"{self.instrument_id} {self.metric} {self.period}"


class MacroSeries(models.Model):
    """A named series of the economy, such as the key rate."""

    code = models.CharField(max_length=32, unique=True)
    name_ru = models.CharField(max_length=200)
    name_en = models.CharField(max_length=200)
    unit = models.CharField(max_length=16, help_text="pct, rub, index, ...")

    class Meta:
        verbose_name_plural = "macro series"

    def __str__(self) -> str:
        return self.code


class MacroValue(models.Model):
    """One value of a series: in force from a day on, known from a moment on."""

    series = models.ForeignKey(MacroSeries, on_delete=models.PROTECT, related_name="+")
    date = models.DateField()
    value = models.FloatField()
    known_at = models.DateTimeField()
    source = models.CharField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["series", "date", "known_at"], name="market_macrovalue_once"),
            models.CheckConstraint(
                condition=Q(value__gt=float("-inf"), value__lt=float("inf")), name="market_macrovalue_finite"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.series_id} {self.date}"


class EconomicEvent(models.Model):
    """Something scheduled, such as a meeting of the central bank; `known_at` is when it was announced."""

    kind = models.CharField(max_length=32)
    at = models.DateTimeField()
    title_ru = models.CharField(max_length=200)
    title_en = models.CharField(max_length=200)
    known_at = models.DateTimeField()
    outcome = models.FloatField(null=True, blank=True, help_text="The figure decided, such as the rate.")
    source = models.CharField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "at"], name="market_economicevent_once"),
            models.CheckConstraint(
                condition=Q(known_at__lte=F("at")), name="market_economicevent_known_before"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.at}"
