"""What a track record is held against."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class RecordBase(models.Model):
    """What all labelled rows of one side made, on the shares and days of a record and at its costs, without any choice.

    One row for each call of a record, made of its bars and made anew when its outcomes have changed: no history.
    """

    source = models.CharField(max_length=9)
    proven = models.BooleanField()
    action = models.CharField(max_length=8)
    timeframe = models.CharField(max_length=4)
    horizon = models.CharField(max_length=12)
    label_set = models.CharField(max_length=64)
    rows = models.PositiveIntegerField()
    days = models.PositiveIntegerField(help_text="Trading days with such a row.")
    hit_rate = models.FloatField()
    break_even = models.FloatField(help_text="Hit rate at which their mean net result would be 0.")
    mean_r = models.FloatField()
    net_frac = models.FloatField(help_text="Mean, after all costs.")
    since = models.DateTimeField(help_text="Decision of the first trade of that call.")
    until = models.DateTimeField(help_text="Decision of the last one.")
    as_of = models.DateTimeField(help_text="Outcomes and bars known by then had a say.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "proven", "label_set", "timeframe", "horizon", "action"],
                name="signals_recordbase_once",
            ),
            models.CheckConstraint(condition=Q(rows__gt=0), name="signals_recordbase_has_rows"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.label_set} {self.timeframe} {self.horizon} {self.action}"
