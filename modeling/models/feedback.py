"""What users say of signals, without saying who."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


class SignalWord(models.Model):
    """One word of a user on one signal, pushed by whoever keeps the users; append-only, and no person in it."""

    place = models.BigIntegerField(
        unique=True, help_text="Its number where it was said, so that it comes once."
    )
    model_version = models.CharField(max_length=120, help_text="Who had decided.")
    secid = models.CharField(max_length=36)
    timeframe = models.CharField(max_length=4)
    horizon = models.CharField(max_length=12)
    action = models.CharField(max_length=8)
    decided_at = models.DateTimeField()
    kind = models.CharField(max_length=8)
    known_at = models.DateTimeField(help_text="When it was said.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["useful", "wrong", "followed"]), name="modeling_signalword_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(decided_at__lte=F("known_at")), name="modeling_signalword_after_its_signal"
            ),
        ]
        indexes = [models.Index(fields=["known_at"], name="modeling_signalword_known")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.action} {self.secid} {self.decided_at:%Y-%m-%d %H:%M}"
