"""What `behavior` stores of a user: what was shown, said, played and asked, and the reports.

All but reports are facts: the database refuses to change one (migration 0001). They go with their user alone: no service
deletes, and the foreign key's cascade takes them with the account.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from traderai.common import clock


class Feedback(models.Model):
    """What a user says of a signal; the newest word of each kind counts."""

    class Kind(models.TextChoices):
        """What is said."""

        USEFUL = "useful", "Useful"
        WRONG = "wrong", "Wrong"
        FOLLOWED = "followed", "Followed"
        COMMENT = "comment", "Comment"

    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    signal = models.ForeignKey("signals.Signal", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    comment = models.TextField(blank=True, default="")
    at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["useful", "wrong", "followed", "comment"]),
                name="behavior_feedback_kind_known",
            ),
            models.CheckConstraint(
                condition=~Q(kind="comment") | ~Q(comment=""), name="behavior_feedback_comment_says_something"
            ),
        ]
        indexes = [models.Index(fields=["user", "-at"], name="behavior_feedback_newest")]

    def __str__(self) -> str:
        return f"{self.kind} of signal {self.signal_id} by user {self.user_id}"


class SignalShown(models.Model):
    """A signal that a user saw; the first time counts."""

    class Place(models.TextChoices):
        """Where it was seen."""

        TICKER = "ticker", "Ticker screen"
        LIST = "list", "List of signals"
        STREAM = "stream", "Stream"
        TELEGRAM = "telegram", "Telegram"

    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    signal = models.ForeignKey("signals.Signal", on_delete=models.PROTECT, related_name="+")
    place = models.CharField(max_length=8, choices=Place.choices)
    at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "signal"], name="behavior_signalshown_once"),
            models.CheckConstraint(
                condition=Q(place__in=["ticker", "list", "stream", "telegram"]),
                name="behavior_signalshown_place_known",
            ),
        ]
        indexes = [models.Index(fields=["user", "at"], name="behavior_signalshown_in_order")]

    def __str__(self) -> str:
        return f"signal {self.signal_id} shown to user {self.user_id}"


class GameAnswer(models.Model):
    """An answer in the game, as behaviour: what was done in which market, beside what the model said."""

    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    scenario = models.CharField(max_length=80, help_text="The game's own name of it.")
    action = models.CharField(max_length=8)
    model_action = models.CharField(
        max_length=8, blank=True, default="", help_text="Empty: no model may speak of that moment."
    )
    regime = models.CharField(max_length=12, blank=True, default="")
    r_multiple = models.FloatField(null=True, blank=True)
    model_r_multiple = models.FloatField(null=True, blank=True)
    took_s = models.FloatField(null=True, blank=True)
    at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "scenario"], name="behavior_gameanswer_once"),
            models.CheckConstraint(
                condition=Q(action__in=["BUY", "SELL", "HOLD", "NO_TRADE"])
                & Q(model_action__in=["", "BUY", "SELL", "HOLD", "NO_TRADE"]),
                name="behavior_gameanswer_actions_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} of user {self.user_id} in {self.scenario}"


class PreTradeCheck(models.Model):
    """A check that was asked for, and what was said."""

    class Verdict(models.TextChoices):
        """What was said."""

        OK = "ok", "OK"
        CAUTION = "caution", "Caution"
        HARD_WARNING = "hard_warning", "Hard warning"

    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    instrument = models.ForeignKey("market.Instrument", on_delete=models.PROTECT, related_name="+")
    side = models.CharField(max_length=4)
    qty_shares = models.FloatField()
    price_rub = models.FloatField()
    stop_rub = models.FloatField(null=True, blank=True)
    verdict = models.CharField(max_length=12, choices=Verdict.choices)
    said = models.JSONField(help_text="The reasons with their figures, the losses and the tilt.")
    at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(side__in=["BUY", "SELL"]), name="behavior_pretradecheck_side_known"
            ),
            models.CheckConstraint(
                condition=Q(verdict__in=["ok", "caution", "hard_warning"]),
                name="behavior_pretradecheck_verdict_known",
            ),
            models.CheckConstraint(
                condition=Q(qty_shares__gt=0, price_rub__gt=0), name="behavior_pretradecheck_figures_positive"
            ),
        ]
        indexes = [models.Index(fields=["user", "-at"], name="behavior_pretradecheck_newest")]

    def __str__(self) -> str:
        return f"{self.verdict} for {self.side} of {self.instrument_id} by user {self.user_id}"


class WeeklyReport(models.Model):
    """The report of one week; made again it is replaced."""

    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    week = models.CharField(max_length=8, help_text="ISO week, such as 2024-W10.")
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    made_at = models.DateTimeField()
    score = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Empty: nothing was decided.")
    payload = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "week"], name="behavior_weeklyreport_once"),
            models.CheckConstraint(
                condition=Q(begins_at__lt=F("ends_at"), ends_at__lte=F("made_at")),
                name="behavior_weeklyreport_of_a_week_that_is_over",
            ),
            models.CheckConstraint(
                condition=Q(score__isnull=True) | Q(score__lte=100),
                name="behavior_weeklyreport_score_in_0_100",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.week} of user {self.user_id}"
