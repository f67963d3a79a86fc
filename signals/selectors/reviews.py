"""What staff said of signals, and which of them users no longer see."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from signals.models import Review


def verdicts(*, as_of: datetime | None = None) -> QuerySet[Review]:
    """Return the verdict that counts of every signal that has one: the newest, at a moment or now; a note is none."""
    known = Review.objects.all() if as_of is None else Review.objects.filter(at__lte=as_of)
    newest = known.exclude(verdict="note").order_by("signal_id", "-pk").distinct("signal_id")
    return Review.objects.filter(pk__in=newest.values("pk"))


def withdrawn(*, as_of: datetime | None = None) -> QuerySet[Review, int]:
    """Return the ids of the signals that were withdrawn from users: `exclude(pk__in=withdrawn())`."""
    return verdicts(as_of=as_of).filter(verdict="rejected").values_list("signal_id", flat=True)
