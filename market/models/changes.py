"""Which transactions have written what answers about the market are made of."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class MarketChange(models.Model):
    """One transaction that wrote instruments, candles, splits, signals or another part of the market.

    Written by triggers of the tables (migration 0007 and those of the apps above): no writer can forget it.
    """

    xact = models.BigIntegerField(primary_key=True, help_text="PostgreSQL's number of the transaction.")
    noted_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"transaction {self.xact} at {self.noted_at}"
