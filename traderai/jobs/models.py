"""The claim of one due unit of work."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Job(models.Model):
    """One unit of due work, claimed by the stage that does it; the database is the truth, not the broker."""

    class State(models.TextChoices):
        """What has become of the unit."""

        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    kind = models.CharField(max_length=64)
    business_key = models.CharField(max_length=200)
    state = models.CharField(max_length=8, choices=State.choices)
    attempts = models.PositiveSmallIntegerField(default=1)
    lease_until = models.DateTimeField(null=True, blank=True)
    progress_frac = models.FloatField(default=0.0)
    error = models.TextField(blank=True, default="")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "business_key"], name="jobs_job_once"),
            models.CheckConstraint(
                condition=Q(state__in=["running", "done", "failed"]), name="jobs_job_state_known"
            ),
            models.CheckConstraint(
                condition=Q(progress_frac__gte=0, progress_frac__lte=1), name="jobs_job_progress_in_0_1"
            ),
            models.CheckConstraint(
                condition=~Q(state="running") | Q(lease_until__isnull=False),
                name="jobs_job_running_has_lease",
            ),
        ]
        indexes = [models.Index(fields=["state", "lease_until"], name="jobs_job_state_lease")]

    def __str__(self) -> str:
        return f"{self.kind} {self.business_key} ({self.state})"
