"""The shapes of the market's regime."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from features.contracts import REGIMES
from signals.phrases.names import sector_name
from traderai.common.asked import QuerySerializer


class RegimeQuerySerializer(QuerySerializer):
    """How much of the past."""

    days = serializers.IntegerField(
        default=180, min_value=1, max_value=1500, help_text="Calendar days of history."
    )


class RegimeDaySerializer(serializers.Serializer[Any]):
    """The regime of one trading day, known from `as_of` on."""

    as_of = serializers.DateTimeField(help_text="Known from this moment on: that trading day was over.")
    name = serializers.ChoiceField(choices=REGIMES)
    probability = serializers.SerializerMethodField(help_text="0 to 1, not rounded: it is never certain.")

    def get_probability(self, facts: Any) -> float:
        """Return the probability of the regime that is named."""
        return float(facts.probabilities[facts.name])


class RegimeFigureSerializer(serializers.Serializer[Any]):
    """One of the figures that the regime was judged by."""

    name = serializers.CharField()
    value = serializers.FloatField(allow_null=True)


class CurrentRegimeSerializer(RegimeDaySerializer):
    """The market's newest regime."""

    probabilities = serializers.DictField(
        child=serializers.FloatField(), help_text="By regime; they add up to 1."
    )
    since = serializers.DateTimeField(help_text="The trading day on which this spell began.")
    breadth = serializers.SerializerMethodField(
        help_text="Share of the shares above their average, 0 to 1; null where it was not measured."
    )
    figures = serializers.SerializerMethodField()
    made_of = serializers.CharField(source="source", help_text="What it was computed from, what was missing.")

    def get_breadth(self, facts: Any) -> float | None:
        """Return the market's breadth."""
        return dict(facts.reasons).get("breadth_frac")

    @extend_schema_field(RegimeFigureSerializer(many=True))
    def get_figures(self, facts: Any) -> list[dict[str, Any]]:
        """Return the figures as pairs of name and value."""
        return [{"name": name, "value": value} for name, value in facts.reasons]


class SectorRegimeSerializer(RegimeDaySerializer):
    """The newest regime of one sector."""

    sector = serializers.CharField()
    sector_name = serializers.SerializerMethodField(help_text="In the user's language.")
    since = serializers.DateTimeField()

    def get_sector_name(self, facts: Any) -> str:
        """Return the sector's name in the language of the answer."""
        return sector_name(facts.sector, language=self.context.get("language", "en"))


class IndexCloseSerializer(serializers.Serializer[Any]):
    """The index at the end of one day."""

    date = serializers.DateField()
    close = serializers.FloatField()


class MarketRegimeSerializer(serializers.Serializer[Any]):
    """Where the market stands and what that asks of a trade."""

    is_simulated = serializers.BooleanField()
    current = CurrentRegimeSerializer(allow_null=True)
    effect = serializers.CharField(allow_blank=True, help_text="What the policy asks of a trade in it.")
    history = RegimeDaySerializer(many=True, help_text="One a trading day, oldest first.")
    sectors = SectorRegimeSerializer(many=True)
    index_secid = serializers.CharField()
    index = IndexCloseSerializer(many=True, help_text="Daily closes, oldest first; empty: not stored.")
