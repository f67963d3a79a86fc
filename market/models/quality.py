"""Runs of ingests, refused rows, reports on quality."""

from __future__ import annotations

from django.db import models


class IngestionRun(models.Model):
    """One run of an ingest: what, how much, how long, what went wrong."""

    class Alert(models.TextChoices):
        """Whether a run brought fewer rows than it should have."""

        NONE = "", "None"
        WARNING = "warning", "Fewer rows than expected"
        FAILED = "failed", "Far fewer rows than expected"

    kind = models.CharField(max_length=24)
    source = models.CharField(max_length=16)
    detail = models.CharField(max_length=300, blank=True, default="")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    rows_received = models.PositiveIntegerField(default=0)
    rows_new = models.PositiveIntegerField(default=0)
    rows_changed = models.PositiveIntegerField(default=0)
    rows_quarantined = models.PositiveIntegerField(default=0)
    rows_expected = models.PositiveIntegerField(null=True, blank=True, help_text="By the runs before it.")
    alert = models.CharField(max_length=8, blank=True, default="", choices=Alert.choices)
    scope_sha = models.CharField(
        max_length=16, blank=True, default="", help_text="What was asked for; runs of one scope are compared."
    )
    account = models.JSONField(default=dict, help_text="Rows by file or series and by what became of them.")
    error = models.TextField(blank=True, default="")

    class Meta:
        indexes = [
            models.Index(
                fields=["kind", "source", "scope_sha", "-started_at"], name="market_ingestionrun_like"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} from {self.source} at {self.started_at:%Y-%m-%d %H:%M}"


class QuarantinedRow(models.Model):
    """A row that was refused, raw, with the reason; the same refusal is kept once."""

    run = models.ForeignKey(IngestionRun, on_delete=models.CASCADE, related_name="+")
    source = models.CharField(max_length=16)
    place = models.CharField(max_length=300, help_text="File and line, or request.")
    reason = models.CharField(max_length=64)
    raw = models.JSONField()
    raw_sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "reason", "raw_sha256"], name="market_quarantinedrow_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.reason}: {self.place}"


class DataQualityReport(models.Model):
    """What a look at the stored data found; the whole report lies in the lake as JSON and HTML."""

    class Verdict(models.TextChoices):
        """The worst finding."""

        OK = "ok", "Nothing found"
        WARNING = "warning", "Worth a look"
        FAILED = "failed", "Not fit for use"

    created_at = models.DateTimeField()
    as_of = models.DateTimeField()
    scope = models.CharField(max_length=200, help_text="Instruments and timeframes looked at.")
    verdict = models.CharField(max_length=7, choices=Verdict.choices)
    findings = models.JSONField(help_text="Counts by check, and the worst cases.")
    json_key = models.CharField(max_length=200, blank=True, default="")
    html_key = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(verdict__in=["ok", "warning", "failed"]),
                name="market_dataqualityreport_verdict_known",
            )
        ]

    def __str__(self) -> str:
        return f"{self.verdict} as of {self.as_of:%Y-%m-%d %H:%M}"
