"""What shadows answer, and how they came off; users see none of it."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from modeling.contracts.shadow import ANSWER_ACTIONS, SHADOW_GRADES
from modeling.models.registry import ModelVersion


class ShadowAnswer(models.Model):
    """What a version in shadow said of one share, horizon and live bar; the database refuses an update."""

    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="shadow_answers")
    instrument = models.ForeignKey("market.Instrument", on_delete=models.PROTECT, related_name="+")
    timeframe = models.CharField(max_length=4)
    horizon = models.CharField(max_length=12)
    bar_begin = models.DateTimeField()
    as_of = models.DateTimeField(help_text="The decision time: when that bar was known.")
    valid_until = models.DateTimeField()
    action = models.CharField(max_length=8, choices=[(action, action) for action in ANSWER_ACTIONS])
    confidence = models.PositiveSmallIntegerField(null=True, blank=True)
    strength = models.CharField(max_length=8, blank=True, default="")
    p_long = models.FloatField(null=True, blank=True)
    p_short = models.FloatField(null=True, blank=True)
    base_p_long = models.FloatField(help_text="What training knew without the network.")
    base_p_short = models.FloatField()
    payload = models.JSONField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["version", "instrument", "horizon", "bar_begin"], name="modeling_shadowanswer_once"
            ),
            models.CheckConstraint(
                condition=Q(action__in=ANSWER_ACTIONS), name="modeling_shadowanswer_action_known"
            ),
            models.CheckConstraint(
                condition=Q(p_long__isnull=True, p_short__isnull=True)
                | Q(
                    p_long__isnull=False,
                    p_long__range=(0, 1),
                    p_short__isnull=False,
                    p_short__range=(0, 1),
                ),
                name="modeling_shadowanswer_p_in_0_1",
            ),
            models.CheckConstraint(
                condition=Q(bar_begin__lt=F("as_of"), as_of__lte=F("valid_until")),
                name="modeling_shadowanswer_times_in_order",
            ),
        ]
        indexes = [models.Index(fields=["version", "-as_of"], name="modeling_shadowanswer_newest")]

    def __str__(self) -> str:
        return f"{self.version_id} unheard: {self.instrument_id} {self.horizon} {self.action}"


class ShadowReport(models.Model):
    """How a shadow's resolved answers compare with its base rates, one report a Moscow day; append-only."""

    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="shadow_reports")
    day = models.DateField()
    as_of = models.DateTimeField()
    grade = models.CharField(max_length=7, choices=[(grade, grade) for grade in SHADOW_GRADES])
    outcomes = models.PositiveIntegerField()
    days = models.PositiveIntegerField()
    log_loss = models.FloatField(null=True, blank=True)
    base_log_loss = models.FloatField(null=True, blank=True)
    excess_low = models.FloatField(null=True, blank=True)
    excess_high = models.FloatField(null=True, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "day"], name="modeling_shadowreport_once"),
            models.CheckConstraint(
                condition=Q(grade__in=SHADOW_GRADES), name="modeling_shadowreport_grade_known"
            ),
            models.CheckConstraint(
                condition=Q(grade="unknown") | Q(log_loss__isnull=False, excess_low__isnull=False),
                name="modeling_shadowreport_graded_has_figures",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version.version} in shadow on {self.day}: {self.grade}"
