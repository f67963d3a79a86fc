"""How the daily ranker ordered the shares."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


class DailyOrder(models.Model):
    """Where every liquid real share stood at the end of one day; append-only, the newest order of a share counts."""

    feature = models.CharField(max_length=40, help_text="With a mark of all that decides what it says.")
    known_at = models.DateTimeField(help_text="When the day's bars were known.")
    horizon = models.CharField(max_length=12)
    model = models.CharField(max_length=32)
    learned_until = models.DateTimeField(help_text="No label that taught the model ends later.")
    rank_ic = models.FloatField(
        help_text="Mean daily rank IC over the last year that taught it, of what the years before had taught."
    )
    shares = models.PositiveIntegerField()
    places = models.JSONField(help_text="By ticker, from -1, the lowest, to 1.")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["feature", "known_at"], name="modeling_dailyorder_once"),
            models.CheckConstraint(condition=~Q(places={}), name="modeling_dailyorder_has_places"),
            models.CheckConstraint(
                condition=Q(learned_until__lt=F("known_at"), known_at__lte=F("at")),
                name="modeling_dailyorder_times_in_order",
            ),
        ]
        indexes = [models.Index(fields=["-known_at"], name="modeling_dailyorder_newest")]

    def __str__(self) -> str:
        return f"{self.feature}: {self.shares} shares by {self.known_at:%Y-%m-%d}"
