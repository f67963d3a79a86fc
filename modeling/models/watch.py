"""What the watch over versions finds: leaks, drift, what ranges learned, what became of calibrations and retrainings."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from modeling.contracts.drift import DRIFT_GRADES
from modeling.contracts.retraining import ENDED, RETRAINING_STATES, TRIGGERS
from modeling.models.registry import GRADES, ModelVersion


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


class ConformalState(models.Model):
    """What a version's ranges and levels have learned, one state a Moscow day with bars; append-only, the newest counts.

    All of them together tell how every row was said.
    """

    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="conformal_states")
    as_of = models.DateTimeField(help_text="Every outcome known by then has been learned, none known later.")
    outcomes = models.PositiveIntegerField(help_text="Learned so far, of all horizons.")
    states = models.JSONField(help_text="By horizon.")
    levels = models.JSONField(
        default=dict, blank=True, help_text="Of the probabilities, by horizon and side."
    )
    calibrated_at = models.DateTimeField(
        null=True, blank=True, help_text="Of the weekly calibration whose words taught the levels."
    )
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "as_of"], name="modeling_conformalstate_once"),
            models.CheckConstraint(condition=~Q(states={}), name="modeling_conformalstate_has_states"),
            models.CheckConstraint(
                condition=Q(as_of__lte=F("at")), name="modeling_conformalstate_known_when_stored"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version.version}: {self.outcomes} outcomes by {self.as_of:%Y-%m-%d}"


class WeeklyCalibration(models.Model):
    """What became of calibrating a version again, once a week; append-only, the newest kept one serves.

    All of them together tell by what every probability was said.
    """

    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="calibrations")
    week = models.CharField(max_length=8)
    as_of = models.DateTimeField(
        help_text="No outcome known later had a say; a kept one serves from then on."
    )
    kept = models.BooleanField(help_text="Whether another calibration serves from then on.")
    note = models.TextField()
    trust = models.JSONField(blank=True, help_text="By horizon; empty where the standing one stays.")
    levels = models.JSONField(
        default=dict, blank=True, help_text="What its own words had taught the levels by then, by horizon."
    )
    figures = models.JSONField(blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "week"], name="modeling_weeklycalibration_once"),
            models.CheckConstraint(
                condition=Q(kept=True) & ~Q(trust={}) | Q(kept=False, trust={}, levels={}),
                name="modeling_weeklycalibration_kept_has_trust",
            ),
            models.CheckConstraint(condition=~Q(note=""), name="modeling_weeklycalibration_says_why"),
            models.CheckConstraint(
                condition=Q(as_of__lte=F("at")), name="modeling_weeklycalibration_known_when_stored"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version.version} in {self.week}: {'kept' if self.kept else 'stands'}"


class RetrainingReport(models.Model):
    """What became of one attempt to train anew, one a job and Moscow day; append-only."""

    job = models.CharField(max_length=32)
    period = models.CharField(max_length=32)
    trigger = models.CharField(max_length=8, choices=[(trigger, trigger) for trigger in TRIGGERS])
    day = models.DateField()
    state = models.CharField(max_length=8, choices=[(state, state) for state in RETRAINING_STATES])
    version = models.ForeignKey(
        ModelVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="retraining_reports"
    )
    verdict = models.CharField(
        max_length=8, choices=[(grade, grade) for grade in GRADES], blank=True, default=""
    )
    note = models.TextField()
    figures = models.JSONField(default=dict, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["job", "day"], name="modeling_retrainingreport_once_a_day"),
            models.CheckConstraint(
                condition=Q(state__in=RETRAINING_STATES), name="modeling_retrainingreport_state_known"
            ),
            models.CheckConstraint(
                condition=Q(trigger__in=TRIGGERS), name="modeling_retrainingreport_trigger_known"
            ),
            models.CheckConstraint(
                condition=Q(verdict__in=("", *GRADES)), name="modeling_retrainingreport_verdict_known"
            ),
            models.CheckConstraint(
                condition=(Q(state__in=ENDED, version__isnull=False) & ~Q(verdict=""))
                | (~Q(state__in=ENDED) & Q(version__isnull=True, verdict="")),
                name="modeling_retrainingreport_ended_has_version",
            ),
            models.CheckConstraint(condition=~Q(note=""), name="modeling_retrainingreport_says_why"),
        ]
        indexes = [models.Index(fields=["job", "period"], name="modeling_retraining_period")]

    def __str__(self) -> str:
        return f"{self.job} {self.period} on {self.day}: {self.state}"
