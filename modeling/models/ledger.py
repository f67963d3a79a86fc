"""The ledger: every evaluated configuration, and the hypotheses with their verdicts."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Func, Q

from modeling.models.registry import HEX64, TrainingRun


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
