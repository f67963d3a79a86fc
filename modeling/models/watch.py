"""What the watch over versions finds: audits of leaks, reports of drift."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from modeling.contracts.drift import DRIFT_GRADES
from modeling.models.registry import ModelVersion


class LeakAudit(models.Model):
    """What the guards against leaks found on a version and its own dataset; append-only, the newest counts."""

    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="leak_audits")
    passed = models.BooleanField()
    checks = models.JSONField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(checks=[]), name="modeling_leakaudit_has_checks"),
        ]
        indexes = [models.Index(fields=["version", "-at"], name="modeling_leakaudit_newest")]

    def __str__(self) -> str:
        return f"{self.version.version}: leak audit {'passed' if self.passed else 'failed'}"


class DriftReport(models.Model):
    """How far a version's newest days have moved from its training, one report a Moscow day; append-only."""

    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="drift_reports")
    day = models.DateField()
    as_of = models.DateTimeField()
    grade = models.CharField(max_length=7, choices=[(grade, grade) for grade in DRIFT_GRADES])
    note = models.TextField(blank=True, default="")
    findings = models.JSONField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "day"], name="modeling_driftreport_once"),
            models.CheckConstraint(
                condition=Q(grade__in=DRIFT_GRADES), name="modeling_driftreport_grade_known"
            ),
            models.CheckConstraint(
                condition=~Q(grade="unknown") | ~Q(note=""), name="modeling_driftreport_unknown_says_why"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version.version} on {self.day}: {self.grade}"
