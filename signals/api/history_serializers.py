"""The shapes of what was said and what came of it."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from signals.api.asked_terms import horizon_written, timeframe_written
from signals.api.serializers import AnalysisSerializer, EntrySerializer
from signals.contracts import ACTIONS, SOURCES
from traderai.common.asked import MomentField, QuerySerializer
from traderai.common.pages import PageQuerySerializer, PageSerializer

RESULTS = ("take_profit", "stop_loss", "timeout", "no_trade", "void")


class SignalQuerySerializer(PageQuerySerializer, QuerySerializer):
    """Which signals; filters left out let everything through."""

    secid = serializers.CharField(required=False, max_length=36, help_text="The exchange's ticker.")
    timeframe = serializers.CharField(
        required=False, max_length=8, validators=[timeframe_written], help_text="Such as `1h`."
    )
    horizon = serializers.CharField(
        required=False, max_length=12, validators=[horizon_written], help_text="Such as `5d`."
    )
    signal = serializers.ChoiceField(required=False, choices=ACTIONS, help_text="What was said.")
    source = serializers.ChoiceField(  # type: ignore[assignment]  # the API's word
        required=False, choices=SOURCES, help_text="Said live, afterwards, or of made-up shares."
    )
    told = serializers.BooleanField(
        required=False,
        allow_null=True,
        default=None,
        help_text="True: only what was told, that is, passed the rules of emission; false: the rest.",
    )
    since = MomentField(required=False, help_text="Decided at or after this moment.")
    until = MomentField(required=False, help_text="Decided at or before this moment.")


class SaidOutcomeSerializer(serializers.Serializer[Any]):
    """What came of a told signal once its window was over; costs are in it."""

    result = serializers.ChoiceField(
        choices=RESULTS, help_text="How the trade ended; `no_trade`: a HOLD; `void`: no honest outcome."
    )
    void_reason = serializers.CharField(allow_null=True)
    return_net = serializers.FloatField(
        allow_null=True, help_text="After all costs, fraction of the entry's price."
    )
    r = serializers.FloatField(allow_null=True, help_text="The same in units of the order's stop.")
    entered_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)


class SaidSignalSerializer(serializers.Serializer[Any]):
    """One signal of the past beside what came of it; prices as traded."""

    id = serializers.IntegerField()
    secid = serializers.CharField()
    name = serializers.SerializerMethodField(help_text="In the user's language.")
    sector = serializers.CharField(allow_blank=True)
    timeframe = serializers.CharField()
    horizon = serializers.CharField()
    signal = serializers.ChoiceField(choices=ACTIONS)
    side = serializers.CharField(allow_null=True, help_text="The better side: long or short.")
    price = serializers.FloatField(allow_null=True, help_text="Close of the bar that was scored.")
    entry = EntrySerializer(allow_null=True)
    take_profit = serializers.FloatField(allow_null=True)
    stop_loss = serializers.FloatField(allow_null=True)
    confidence = serializers.IntegerField(allow_null=True, help_text="0 to 100; null for NO_TRADE.")
    strength = serializers.CharField(allow_null=True)
    proven = serializers.BooleanField(help_text="False: a paper signal, the model's edge is not proven.")
    edge = serializers.FloatField(allow_null=True, help_text="Probability minus break-even, better side.")
    probability = serializers.FloatField(allow_null=True, help_text="Of the target before the stop.")
    break_even_probability = serializers.FloatField(
        allow_null=True, help_text="What the probability must exceed to pay its costs."
    )
    as_of = serializers.DateTimeField(help_text="The decision time.")
    valid_until = serializers.DateTimeField()
    regime = serializers.CharField(allow_null=True)
    model_version = serializers.CharField(allow_null=True)
    is_simulated = serializers.BooleanField()
    source = serializers.ChoiceField(  # type: ignore[assignment]  # the API's word
        choices=SOURCES, help_text="`live`: said when its bar closed; `replay`: said afterwards."
    )
    told = serializers.BooleanField(help_text="It passed the rules of emission and is in the track record.")
    outcome = SaidOutcomeSerializer(
        allow_null=True, help_text="Null while its window is open, and for what was not told."
    )

    def get_name(self, row: Any) -> str:
        """Return the share's name in the language of the answer."""
        name: str = row.name_ru if self.context.get("language") == "ru" else row.name_en
        return name


class SaidSignalPageSerializer(PageSerializer):
    """A page of the history, the newest first."""

    results = SaidSignalSerializer(many=True)


class SaidSignalDetailSerializer(SaidSignalSerializer):
    """One signal of the past with everything that was said."""

    analysis = AnalysisSerializer(help_text="The whole of it in the user's language, as it is read now.")
