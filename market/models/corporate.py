"""Splits and dividends."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from market.models.reference import Instrument


class CorporateAction(models.Model):
    """A split or a dividend; `known_at` says from when on a row may use it."""

    class Kind(models.TextChoices):
        """What happened."""

        SPLIT = "split", "Split or consolidation"
        DIVIDEND = "dividend", "Dividend"

    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    ex_date = models.DateField(help_text="First trading day in new shares, or without the dividend.")
    shares_after_per_before = models.FloatField(null=True, blank=True, help_text="100 for a 1:100 split.")
    amount_rub = models.FloatField(null=True, blank=True, help_text="Dividend per share as of that day.")
    known_at = models.DateTimeField()
    source = models.CharField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["instrument", "kind", "ex_date", "source"], name="market_corporateaction_once"
            ),
            models.CheckConstraint(
                condition=Q(
                    kind="split",
                    shares_after_per_before__isnull=False,
                    shares_after_per_before__gt=0,
                    amount_rub__isnull=True,
                )
                | Q(
                    kind="dividend",
                    amount_rub__isnull=False,
                    amount_rub__gt=0,
                    shares_after_per_before__isnull=True,
                ),
                name="market_corporateaction_has_its_figure",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.instrument_id} {self.kind} {self.ex_date}"
