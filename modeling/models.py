"""The registry: training runs, model versions, the gate's verdicts and who served when; and the ledger."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Func, Q

from modeling.contracts.drift import DRIFT_GRADES

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
    """One published artifact and where it stands: candidate, champion, retired or rejected."""

    class State(models.TextChoices):
        """Where the version stands."""

        CANDIDATE = "candidate", "Candidate"
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
                fields=["kind"], condition=Q(state="champion"), name="modeling_modelversion_one_champion"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["candidate", "champion", "retired", "rejected"]),
                name="modeling_modelversion_state_known",
            ),
            models.CheckConstraint(
                condition=Q(grade__in=["unjudged", "rejected", "inform", "trade"]),
                name="modeling_modelversion_grade_known",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["champion", "retired"]) | Q(grade__in=["inform", "trade"]),
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


class Promotion(models.Model):
    """One switch of the champion, by whom and why; append-only."""

    class Action(models.TextChoices):
        """Which way the switch went."""

        PROMOTE = "promote", "Promotion"
        ROLLBACK = "rollback", "Rollback"

    kind = models.CharField(max_length=16)
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
            models.CheckConstraint(
                condition=Q(action__in=["promote", "rollback"]), name="modeling_promotion_action_known"
            ),
            models.CheckConstraint(
                condition=Q(previous__isnull=True) | ~Q(previous=models.F("version")),
                name="modeling_promotion_is_a_switch",
            ),
            models.CheckConstraint(
                condition=~Q(by="") & ~Q(reason=""), name="modeling_promotion_says_who_and_why"
            ),
        ]
        indexes = [models.Index(fields=["kind", "-at"], name="modeling_promotion_newest")]

    def __str__(self) -> str:
        return f"{self.action} {self.version.version}"


class Trial(models.Model):
    """One evaluated configuration; the database refuses to change or delete it, so the count never shrinks."""

    class Kind(models.TextChoices):
        """What was evaluated."""

        TRAINING = "training", "Training"
        SEARCH_STEP = "search_step", "Step of a search"
        WALK_FORWARD_FOLD = "walk_forward_fold", "Fold of a walk-forward"
        BACKTEST = "backtest", "Backtest of other thresholds"
        LABEL_SEARCH = "label_search", "Step of a label search"

    kind = models.CharField(max_length=17, choices=Kind.choices)
    recipe = models.CharField(max_length=64)
    label_set = models.CharField(max_length=64)
    label_family = models.CharField(max_length=64)
    data_family = models.CharField(max_length=32)
    config_sha256 = models.CharField(max_length=64)
    data_sha256 = models.CharField(max_length=64)
    run = models.ForeignKey(
        TrainingRun, on_delete=models.PROTECT, null=True, blank=True, related_name="trials"
    )
    days = ArrayField(models.IntegerField())
    daily_net = ArrayField(models.FloatField())
    first_day = models.GeneratedField(
        expression=Func(F("days"), template="(DATE '1970-01-01' + (%(expressions)s)[1])"),
        output_field=models.DateField(null=True),
        db_persist=True,
    )
    last_day = models.GeneratedField(
        expression=Func(
            F("days"),
            template="(DATE '1970-01-01' + (%(expressions)s)[array_length(%(expressions)s, 1)])",
        ),
        output_field=models.DateField(null=True),
        db_persist=True,
    )
    sharpe_per_day = models.FloatField(null=True)
    trades = models.PositiveIntegerField()
    net_expectancy_frac = models.FloatField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["config_sha256", "data_sha256", "kind"], name="modeling_trial_once"
            ),
            models.CheckConstraint(
                condition=Q(
                    kind__in=["training", "search_step", "walk_forward_fold", "backtest", "label_search"]
                ),
                name="modeling_trial_kind_known",
            ),
            models.CheckConstraint(
                condition=Q(config_sha256__regex=HEX64, data_sha256__regex=HEX64),
                name="modeling_trial_sha_hex",
            ),
            models.CheckConstraint(
                condition=~Q(label_family="") & ~Q(label_family__regex=r"_v[0-9]+$"),
                name="modeling_trial_family_without_version",
            ),
            models.CheckConstraint(
                condition=Q(data_family__regex=r"^(real|simulated)-.+$"), name="modeling_trial_data_known"
            ),
            models.CheckConstraint(
                condition=Q(days__len=F("daily_net__len")), name="modeling_trial_days_match"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["search_step", "label_search"]) | Q(days__len__gt=0),
                name="modeling_trial_has_days",
            ),
            models.CheckConstraint(  # as text: a number that differs from itself would ask for a migration each time
                condition=~Q(daily_net__overlap=["NaN", "Infinity", "-Infinity"]),
                name="modeling_trial_net_finite",
            ),
            models.CheckConstraint(
                condition=Q(trades=0, net_expectancy_frac__isnull=True)
                | Q(trades__gt=0, net_expectancy_frac__isnull=False),
                name="modeling_trial_expectancy_of_trades",
            ),
        ]
        indexes = [
            models.Index(fields=["label_family", "data_family", "created_at"], name="modeling_trial_family")
        ]

    def __str__(self) -> str:
        return f"trial {self.pk}: {self.kind} of {self.recipe} on {self.data_family}"


class Experiment(models.Model):
    """One hypothesis of the ledger, written down before it was tested, and its verdict, the failed ones included."""

    class Verdict(models.TextChoices):
        """What became of the hypothesis."""

        OPEN = "open", "Open"
        CONFIRMED = "confirmed", "Confirmed"
        REJECTED = "rejected", "Rejected"
        INCONCLUSIVE = "inconclusive", "Inconclusive"

    name = models.CharField(max_length=80)
    hypothesis = models.TextField()
    seen_if_true = models.TextField()
    started_on = models.DateField()
    opened_by = models.CharField(max_length=150)
    verdict = models.CharField(max_length=12, choices=Verdict.choices, default=Verdict.OPEN)
    reason = models.TextField(blank=True, default="")
    figures = models.JSONField(default=list, blank=True)
    decided_on = models.DateField(null=True, blank=True)
    decided_by = models.CharField(max_length=150, blank=True, default="")
    runs = models.ManyToManyField(TrainingRun, blank=True, related_name="+")
    trials = models.ManyToManyField(Trial, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name"], name="modeling_experiment_once"),
            models.CheckConstraint(
                condition=Q(name__regex=r"^[a-z0-9]+(-[a-z0-9]+)*$"),
                name="modeling_experiment_name_plain",
                violation_error_message="A name is made of small letters, digits and single hyphens.",
            ),
            models.CheckConstraint(
                condition=~Q(hypothesis="") & ~Q(seen_if_true="") & ~Q(opened_by=""),
                name="modeling_experiment_says_what_and_who",
            ),
            models.CheckConstraint(
                condition=Q(verdict__in=["open", "confirmed", "rejected", "inconclusive"]),
                name="modeling_experiment_verdict_known",
            ),
            models.CheckConstraint(
                condition=Q(verdict="open", reason="") | (~Q(verdict="open") & ~Q(reason="")),
                name="modeling_experiment_verdict_has_reason",
            ),
            models.CheckConstraint(
                condition=Q(verdict="open", decided_on__isnull=True, decided_by="")
                | (
                    ~Q(verdict="open")
                    & Q(decided_on__isnull=False, decided_on__gte=F("started_on"))
                    & ~Q(decided_by="")
                ),
                name="modeling_experiment_verdict_is_signed",
            ),
            models.CheckConstraint(
                condition=~Q(verdict="confirmed")
                # Without the first half an empty list gives NULL, which a check lets pass.
                | (~Q(figures=[]) & Q(figures__0__has_keys=["value", "low", "high", "level", "trades"])),
                name="modeling_experiment_confirmed_by_figures",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.verdict})"


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
