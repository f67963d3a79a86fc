"""The registry: training runs, model versions, the gate's verdicts and who served when."""

from __future__ import annotations

from django.db import models
from django.db.models import Case, Q, Value, When

from modeling.contracts.registry import KINDS, SLOT_OF_KIND, SLOTS

GRADES = ("rejected", "inform", "trade")
HEX64 = r"^[0-9a-f]{64}$"


class TrainingRun(models.Model):
    """One attempt to fit a recipe; what it evaluated on held-out rows is counted as `Trial` rows."""

    class State(models.TextChoices):
        """What became of the attempt."""

        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    recipe = models.CharField(max_length=64)
    config_sha256 = models.CharField(max_length=64)
    data_sha256 = models.CharField(max_length=64, blank=True, default="")
    code_sha256 = models.CharField(max_length=64)
    seed = models.PositiveIntegerField()
    as_of = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State.choices)
    config = models.JSONField(default=dict)
    metrics = models.JSONField(default=dict, blank=True)
    log = models.TextField(blank=True, default="")
    error = models.TextField(blank=True, default="")
    seconds = models.FloatField(null=True, blank=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["running", "done", "failed"]), name="modeling_trainingrun_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state="running") | Q(finished_at__isnull=False),
                name="modeling_trainingrun_ended_has_time",
            ),
        ]
        indexes = [
            models.Index(
                fields=["config_sha256", "data_sha256", "code_sha256", "seed"],
                name="modeling_trainingrun_same",
            )
        ]

    def __str__(self) -> str:
        return f"run {self.pk} of {self.recipe} ({self.state})"


class ModelVersion(models.Model):
    """One published artifact and where it stands: candidate, shadow, champion, retired or rejected."""

    class State(models.TextChoices):
        """Where the version stands."""

        CANDIDATE = "candidate", "Candidate"
        SHADOW = "shadow", "Shadow: answers and is not heard"
        CHAMPION = "champion", "Champion"
        RETIRED = "retired", "Retired"
        REJECTED = "rejected", "Rejected"

    class Grade(models.TextChoices):
        """What its gate allows it to say."""

        UNJUDGED = "unjudged", "Not judged yet"
        REJECTED = "rejected", "Rejected"
        INFORM = "inform", "Informs; its trades are on paper"
        TRADE = "trade", "Proven after costs"

    version = models.CharField(max_length=120)
    kind = models.CharField(max_length=16)
    slot = models.GeneratedField(
        expression=Case(
            *(When(kind=kind, then=Value(slot)) for kind, slot in SLOT_OF_KIND.items()), default=Value("")
        ),
        output_field=models.CharField(max_length=16),
        db_persist=True,
    )
    recipe = models.CharField(max_length=64)
    run = models.ForeignKey(TrainingRun, on_delete=models.PROTECT, null=True, blank=True)
    feature_set_key = models.CharField(max_length=120)
    label_set = models.CharField(max_length=64)
    timeframe = models.CharField(max_length=4)
    horizons = models.JSONField()
    lookback_bars = models.PositiveIntegerField()
    trained_until = models.DateTimeField()
    grade = models.CharField(max_length=8, choices=Grade.choices, default=Grade.UNJUDGED)
    state = models.CharField(max_length=9, choices=State.choices, default=State.CANDIDATE)
    is_simulated = models.BooleanField()
    artifact_key = models.CharField(max_length=200)
    manifest_sha256 = models.CharField(max_length=64)
    metrics = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version"], name="modeling_modelversion_once"),
            models.UniqueConstraint(
                fields=["slot"], condition=Q(state="champion"), name="modeling_modelversion_one_champion"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=list(KINDS)), name="modeling_modelversion_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["candidate", "shadow", "champion", "retired", "rejected"]),
                name="modeling_modelversion_state_known",
            ),
            models.CheckConstraint(
                condition=Q(grade__in=["unjudged", "rejected", "inform", "trade"]),
                name="modeling_modelversion_grade_known",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["shadow", "champion", "retired"]) | Q(grade__in=["inform", "trade"]),
                name="modeling_modelversion_served_passed",
            ),
            models.CheckConstraint(
                condition=~Q(grade="rejected") | Q(state="rejected"),
                name="modeling_modelversion_rejected_out",
            ),
            models.CheckConstraint(
                condition=Q(manifest_sha256__regex=HEX64), name="modeling_modelversion_manifest_hex"
            ),
            models.CheckConstraint(
                condition=Q(lookback_bars__gte=1), name="modeling_modelversion_lookback_positive"
            ),
        ]
        indexes = [models.Index(fields=["kind", "-created_at"], name="modeling_modelversion_newest")]

    def __str__(self) -> str:
        return f"{self.version} ({self.state}, {self.grade})"


class GateVerdict(models.Model):
    """What the gate found when it judged a version against the champion of that moment; append-only."""

    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="verdicts")
    against = models.ForeignKey(
        ModelVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    verdict = models.CharField(max_length=8, choices=[(grade, grade) for grade in GRADES])
    numbers = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(verdict__in=GRADES), name="modeling_gateverdict_verdict_known"
            ),
            models.CheckConstraint(
                condition=Q(against__isnull=True) | ~Q(against=models.F("version")),
                name="modeling_gateverdict_not_itself",
            ),
        ]
        indexes = [models.Index(fields=["version", "-at"], name="modeling_gateverdict_newest")]

    def __str__(self) -> str:
        return f"{self.version.version}: {self.verdict}"


class Promotion(models.Model):
    """One change of who serves in a slot, or whether it is heard, by whom and why; append-only."""

    class Action(models.TextChoices):
        """What was changed; the first two switch the champion."""

        PROMOTE = "promote", "Promotion"
        ROLLBACK = "rollback", "Rollback"
        SHADOW = "shadow", "Into shadow"
        RETIRE = "retire", "Shadow retired"
        PAUSE = "pause", "Emission paused"
        RESUME = "resume", "Emission resumed"

    slot = models.CharField(max_length=16)
    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="promotions")
    previous = models.ForeignKey(
        ModelVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    action = models.CharField(max_length=8, choices=Action.choices)
    by = models.CharField(max_length=150)
    reason = models.TextField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(slot__in=SLOTS), name="modeling_promotion_slot_known"),
            models.CheckConstraint(
                condition=Q(action__in=["promote", "rollback", "shadow", "retire", "pause", "resume"]),
                name="modeling_promotion_action_known",
            ),
            models.CheckConstraint(
                condition=Q(previous__isnull=True) | ~Q(previous=models.F("version")),
                name="modeling_promotion_is_a_switch",
            ),
            models.CheckConstraint(
                condition=~Q(by="") & ~Q(reason=""), name="modeling_promotion_says_who_and_why"
            ),
        ]
        indexes = [models.Index(fields=["slot", "-at"], name="modeling_promotion_newest")]

    def __str__(self) -> str:
        return f"{self.action} {self.version.version}"
