"""The shapes of the models in service, as users are told of them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from modeling.api.service_words import limits_told
from modeling.contracts.registry import KINDS, SLOTS
from modeling.models import ModelVersion
from modeling.selectors.service_report import ServedVersion


class IntervalSerializer(serializers.Serializer[Any]):
    """A figure with its one-sided bounds by blocks of days."""

    value = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()


class ComparedSerializer(serializers.Serializer[Any]):
    """What a simpler model reached on the same rows."""

    name = serializers.CharField()
    log_loss = IntervalSerializer()
    roc_auc = IntervalSerializer()


class HeadReportSerializer(serializers.Serializer[Any]):
    """How well one probability was foretold on held-out rows, beside the base rate."""

    horizon = serializers.CharField()
    side = serializers.ChoiceField(choices=["long", "short"])
    rows = serializers.IntegerField()
    days = serializers.IntegerField()
    base_rate = serializers.FloatField(help_text="Share of the rows that reached the take-profit first.")
    log_loss = IntervalSerializer(help_text="The lower the better.")
    base_log_loss = IntervalSerializer(help_text="Of who always says the base rate.")
    roc_auc = IntervalSerializer(help_text="0.5 knows nothing.")
    ece = serializers.FloatField(help_text="How far probabilities lie from what came, mean over bins.")
    compared = serializers.SerializerMethodField(help_text="Simpler models on the same rows.")

    @extend_schema_field(ComparedSerializer(many=True))
    def get_compared(self, head: Any) -> list[dict[str, Any]]:
        """Return the simpler models by name."""
        return [{"name": name, **figures} for name, figures in sorted(head.compared.items())]


class PolicyReportSerializer(serializers.Serializer[Any]):
    """What the policy's trades made on held-out days after costs."""

    horizon = serializers.CharField(allow_null=True, help_text="Null: all horizons together.")
    trades = serializers.IntegerField()
    days = serializers.IntegerField()
    hit_rate = IntervalSerializer()
    net_expectancy = IntervalSerializer(
        source="net_expectancy_frac", help_text="Mean net result, fraction of the entry's price."
    )
    sharpe = serializers.FloatField(allow_null=True)
    max_drawdown = serializers.FloatField(source="max_drawdown_frac", help_text="Fraction of the capital.")


class GateCheckSerializer(serializers.Serializer[Any]):
    """One question of the gate; of `direction_auc_*` and `sharpe` more than the limit is too good to be true: a leak."""

    name = serializers.CharField()
    value = serializers.FloatField(allow_null=True)
    limit = serializers.FloatField(allow_null=True)
    passed = serializers.BooleanField()


class LiveHitsSerializer(serializers.Serializer[Any]):
    """The hits of one head's best scores since training, beside what was foretold."""

    name = serializers.CharField(help_text="Such as `p_long_5d`.")
    grade = serializers.CharField(help_text="`ok`, `watch` or `drift`.")
    outcomes = serializers.IntegerField(help_text="Days whose windows do not overlap.")
    hit_rate = serializers.FloatField()
    expected = serializers.FloatField()


class ModelLimitSerializer(serializers.Serializer[Any]):
    """Something that a version is not for."""

    code = serializers.CharField()
    text = serializers.CharField(help_text="In the user's language.")


class ServedVersionSerializer(serializers.Serializer[Any]):
    """One version in service; every figure is of rows that it had not learned from."""

    slot = serializers.ChoiceField(choices=SLOTS, help_text="The place of service.")
    version = serializers.CharField()
    kind = serializers.ChoiceField(choices=sorted(KINDS))
    recipe = serializers.CharField()
    timeframe = serializers.CharField()
    horizons = serializers.ListField(child=serializers.CharField())
    label_set = serializers.CharField()
    feature_set = serializers.CharField(help_text="The features that it reads.")
    is_simulated = serializers.BooleanField(help_text="Learned on simulated bars.")
    trained_until = serializers.DateTimeField(help_text="Nothing that was known later has taught it.")
    judged_until = serializers.DateTimeField(
        allow_null=True, help_text="Held-out rows end by then; null where none were kept."
    )
    held_out_days = serializers.IntegerField(allow_null=True, help_text="Days that the figures below are of.")
    level = serializers.FloatField(allow_null=True, help_text="Of each one-sided bound.")
    base_rates_of = serializers.ListField(
        child=serializers.CharField(),
        help_text="By these figures its network proved nothing: it says base rates in its stead. Empty: its own word.",
    )
    serves_since = serializers.DateTimeField(allow_null=True)
    silent = serializers.BooleanField(help_text="Degraded: it says nothing until staff resume it.")
    grade = serializers.ChoiceField(
        choices=ModelVersion.Grade.choices, help_text="`trade`: proven after costs; `inform`: on paper."
    )
    verdict = serializers.CharField(allow_null=True, help_text="The gate's newest.")
    judged_at = serializers.DateTimeField(allow_null=True)
    checks = GateCheckSerializer(many=True, help_text="What the gate asked.")
    heads = HeadReportSerializer(many=True)
    policy = PolicyReportSerializer(
        many=True,
        help_text="What its trades made on held-out days after costs, by horizon and together; empty where it took none.",
    )
    drift_grade = serializers.CharField(allow_null=True, help_text="Of the newest report; null: none yet.")
    drift_day = serializers.DateField(allow_null=True)
    live = LiveHitsSerializer(many=True, help_text="Empty while too little has come since training.")
    limits = serializers.SerializerMethodField(help_text="What it is not for, the weightiest first.")

    @extend_schema_field(ModelLimitSerializer(many=True))
    def get_limits(self, served: ServedVersion) -> list[dict[str, str]]:
        """Return what it is not for, in the language of the answer."""
        return limits_told(served, language=self.context.get("language", "en"))


class ServedVersionListSerializer(serializers.Serializer[Any]):
    """The versions in service by slot; a slot without one is left out."""

    results = ServedVersionSerializer(many=True)
