"""The shapes of the stream of told signals."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from signals.api.serializers import EntrySerializer
from signals.contracts import ACTIONS, SOURCES
from traderai.common.asked import QuerySerializer

LONGEST_S = 55


class StreamQuerySerializer(QuerySerializer):
    """For how long to listen."""

    max_seconds = serializers.IntegerField(
        default=LONGEST_S, min_value=1, max_value=LONGEST_S, help_text="After them the stream ends."
    )


class ToldSignalSerializer(serializers.Serializer[Any]):
    """The data of one event: a signal that has just been told, and what an order needs of it; prices as traded."""

    id = serializers.IntegerField(help_text="Its place: also the event's id; places rise, with gaps.")
    signal_id = serializers.IntegerField()
    secid = serializers.CharField()
    timeframe = serializers.CharField()
    horizon = serializers.CharField()
    signal = serializers.ChoiceField(source="action", choices=ACTIONS)
    confidence = serializers.IntegerField()
    strength = serializers.CharField(allow_null=True)
    proven = serializers.BooleanField(help_text="False: a paper signal, the model's edge is not proven.")
    is_simulated = serializers.SerializerMethodField()
    source = serializers.ChoiceField(choices=SOURCES)  # type: ignore[assignment]  # the API's word
    price = serializers.FloatField(
        source="price_rub", allow_null=True, help_text="The close that it was decided on."
    )
    entry = serializers.SerializerMethodField()
    take_profit = serializers.FloatField(source="take_profit_rub", allow_null=True)
    stop_loss = serializers.FloatField(source="stop_loss_rub", allow_null=True)
    as_of = serializers.DateTimeField()
    valid_until = serializers.DateTimeField()
    emitted_at = serializers.DateTimeField()

    def get_is_simulated(self, told: Any) -> bool:
        """Return whether the share and its prices are made up."""
        return bool(told.source == "simulated")

    @extend_schema_field(EntrySerializer(allow_null=True))
    def get_entry(self, told: Any) -> dict[str, float] | None:
        """Return between which prices to enter; None for a HOLD."""
        if told.entry_low_rub is None:
            return None
        return {"low": told.entry_low_rub, "high": told.entry_high_rub}
