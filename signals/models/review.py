"""What staff say of a signal."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from traderai.common import clock


class Review(models.Model):
    """One word of a member of staff; append-only, the newest verdict counts.

    A rejected signal is withdrawn from users and stays in the record. A note alone changes no verdict.
    """

    class Verdict(models.TextChoices):
        """What is said."""

        APPROVED = "approved", "Approved"
        REJECTED = "rejected", "Rejected"
        NOTE = "note", "Note"

    signal = models.ForeignKey("signals.Signal", on_delete=models.PROTECT, related_name="reviews")
    verdict = models.CharField(max_length=8, choices=Verdict.choices)
    note = models.TextField(blank=True, default="")
    by = models.CharField(max_length=150)
    at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(verdict__in=["approved", "rejected", "note"]), name="signals_review_verdict_known"
            ),
            models.CheckConstraint(
                condition=~Q(by="") & (Q(verdict="approved") | ~Q(note="")),
                name="signals_review_says_who_and_why",
            ),
        ]
        indexes = [models.Index(fields=["signal", "-at"], name="signals_review_newest")]

    def __str__(self) -> str:
        return f"signal {self.signal_id}: {self.verdict} by {self.by}"
