"""What was said: one row per instrument, horizon, bar, source and model; written once, never changed."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from traderai.common import clock


class Signal(models.Model):
    """One stored decision with everything it was made of.

    `bar_begin` is the bar at whose end the decision was made: the instrument's own newest bar, or the market's
    newest bar where the instrument's own data had ended too long ago (NO_TRADE `stale_data`). The database
    refuses an update (trigger of migration 0001): another bar or another model makes another row.
    """

    class Action(models.TextChoices):
        """What to do."""

        BUY = "BUY", "Buy"
        SELL = "SELL", "Sell"
        HOLD = "HOLD", "Hold"
        NO_TRADE = "NO_TRADE", "No trade"

    class Strength(models.TextChoices):
        """How strong a BUY or SELL is."""

        WEAK = "weak", "Weak"
        MEDIUM = "medium", "Medium"
        STRONG = "strong", "Strong"

    class Source(models.TextChoices):
        """Said when its bar closed, said afterwards, or said of a simulated market."""

        LIVE = "live", "Live"
        REPLAY = "replay", "Replay"
        SIMULATED = "simulated", "Simulated"

    instrument = models.ForeignKey("market.Instrument", on_delete=models.PROTECT, related_name="+")
    timeframe = models.CharField(max_length=4)
    horizon = models.CharField(max_length=12)
    bar_begin = models.DateTimeField()
    as_of = models.DateTimeField(help_text="The decision time: when that bar was known.")
    valid_until = models.DateTimeField()
    action = models.CharField(max_length=8, choices=Action.choices)
    confidence = models.PositiveSmallIntegerField(null=True, blank=True)
    strength = models.CharField(max_length=8, choices=Strength.choices, blank=True, default="")
    proven = models.BooleanField(default=False, help_text="Made by a model of grade `trade`.")
    source = models.CharField(max_length=9, choices=Source.choices)
    model_version = models.CharField(max_length=120, blank=True, default="")
    trained_until = models.DateTimeField(null=True, blank=True)
    payload = models.JSONField()
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["instrument", "timeframe", "horizon", "bar_begin", "source", "model_version"],
                name="signals_signal_once",
            ),
            models.CheckConstraint(
                condition=Q(action__in=["BUY", "SELL", "HOLD", "NO_TRADE"]),
                name="signals_signal_action_known",
            ),
            models.CheckConstraint(
                condition=Q(source__in=["live", "replay", "simulated"]), name="signals_signal_source_known"
            ),
            models.CheckConstraint(
                condition=Q(strength__in=["", "weak", "medium", "strong"]),
                name="signals_signal_strength_known",
            ),
            models.CheckConstraint(
                condition=Q(confidence__isnull=True) | Q(confidence__gte=0, confidence__lte=100),
                name="signals_signal_confidence_in_0_100",
            ),
            models.CheckConstraint(
                condition=Q(action="NO_TRADE", confidence__isnull=True)
                | (~Q(action="NO_TRADE") & Q(confidence__isnull=False)),
                name="signals_signal_no_trade_has_no_confidence",
            ),
            models.CheckConstraint(
                condition=Q(bar_begin__lt=F("as_of"), as_of__lte=F("valid_until")),
                name="signals_signal_times_in_order",
            ),
            models.CheckConstraint(
                condition=Q(model_version="", trained_until__isnull=True, proven=False, action="NO_TRADE")
                | (~Q(model_version="") & Q(trained_until__isnull=False)),
                name="signals_signal_has_its_model",
            ),
        ]
        indexes = [
            models.Index(
                fields=["timeframe", "horizon", "instrument", "-as_of"], name="signals_signal_latest"
            ),
            # The history, the newest first: of all shares, of one, and of one kind of call, of which most are rare.
            models.Index(fields=["-as_of", "-id"], name="signals_signal_newest"),
            models.Index(fields=["instrument", "-as_of", "-id"], name="signals_signal_of_share"),
            models.Index(fields=["action", "-as_of", "-id"], name="signals_signal_of_action"),
        ]

    def __str__(self) -> str:
        return f"{self.instrument_id} {self.horizon} {self.action} at {self.as_of:%Y-%m-%d %H:%M}"
