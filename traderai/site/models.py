"""What the roof itself keeps."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Notice(models.Model):
    """One message to one user: what it tells, and what became of it."""

    class Kind(models.TextChoices):
        """What is told."""

        SIGNAL = "signal", "Signal"
        WEEKLY_REPORT = "weekly_report", "Weekly report"

    class State(models.TextChoices):
        """What has become of it."""

        WAITING = "waiting", "Waiting"
        SENDING = "sending", "Sending"
        SENT = "sent", "Sent"
        DROPPED = "dropped", "Dropped"  # not wanted any more, or late
        FAILED = "failed", "Failed"
        UNKNOWN = "unknown", "Unknown"  # the sender died or heard nothing: it is not sent a second time

    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    # The place in the outbox, or the ISO week.
    business_key = models.CharField(max_length=32)
    told = models.JSONField(help_text="Codes and numbers; the words are chosen when it is sent.")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    expires_at = models.DateTimeField(help_text="Later than this it is not worth a message.")
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(
        blank=True, default="", help_text="Why it was not sent, or what went wrong last."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "kind", "business_key"], name="site_notice_once"),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "sending", "sent", "dropped", "failed", "unknown"]),
                name="site_notice_state_known",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["signal", "weekly_report"]), name="site_notice_kind_known"
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at", "id"],
                name="site_notice_open",
                condition=Q(state__in=["waiting", "sending"]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.business_key} to user {self.user_id} ({self.state})"


class NotifierState(models.Model):
    """The one row of what the notifier has read and when it may speak."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    place = models.BigIntegerField(default=0, help_text="Of the newest signal that was looked at.")
    silent_until = models.DateTimeField(null=True, blank=True, help_text="Telegram asked to wait.")

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="site_notifierstate_one")]

    def __str__(self) -> str:
        return f"read up to {self.place}"


class KeptAnswer(models.Model):
    """The answer to a request that bore a key: the same request gets it again for a day."""

    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=100)
    operation = models.CharField(max_length=300, help_text="Method and path.")
    request_sha256 = models.CharField(max_length=64, help_text="Of method, path, kind and body.")
    status = models.PositiveSmallIntegerField()
    media_type = models.CharField(max_length=100, blank=True)
    body = models.TextField(blank=True)
    answered_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="site_keptanswer_once"),
            models.CheckConstraint(
                condition=Q(status__gte=200, status__lt=500), name="site_keptanswer_is_final"
            ),
        ]
        indexes = [models.Index(fields=["expires_at"], name="site_keptanswer_expires")]

    def __str__(self) -> str:
        return f"{self.operation}: {self.status}"
