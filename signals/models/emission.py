"""What was told to users: the outbox, and its own history."""

from __future__ import annotations

from django.db import models

from traderai.common import clock


class Emission(models.Model):
    """One signal that passed the rules of emission; its row is written in the transaction of its signal, once.

    Ids rise in the order of the commits: who adds rows holds one lock until then. So the id is the place in the
    stream, and whoever has read up to an id has missed nothing before it. The database refuses an update.
    """

    signal = models.OneToOneField("signals.Signal", on_delete=models.PROTECT, related_name="emission")
    emitted_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"{self.pk}: signal {self.signal_id}"
