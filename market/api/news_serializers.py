"""The shapes of pushed verdicts."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from market.models.news import EVENT_TYPES
from traderai.common.asked import BodySerializer, MomentField


class NewsTriggerPushSerializer(BodySerializer):
    """A verdict on news; exactly one of secid, sector and is_market says what it is about."""

    external_id = serializers.CharField(
        max_length=120, help_text="Your own key; the same key is stored once."
    )
    secid = serializers.CharField(required=False, max_length=36, help_text="The exchange's ticker.")
    sector = serializers.CharField(
        required=False, max_length=32, help_text="Code of a sector, such as `oil_gas`."
    )
    is_market = serializers.BooleanField(default=False, help_text="True: about the whole market.")
    at = MomentField(help_text="When the news was published, with offset.")
    score = serializers.FloatField(min_value=0, max_value=100, help_text="news_trigger_score, 0 to 100.")
    direction = serializers.ChoiceField(
        choices=[-1, 0, 1], help_text="-1 bad, 0 unclear, 1 good for the price."
    )
    event_type = serializers.ChoiceField(choices=EVENT_TYPES)
    version = serializers.CharField(default="1", max_length=32, help_text="Of your module.")
    why = serializers.ListField(
        child=serializers.DictField(), required=False, max_length=20, help_text="Codes and parameters."
    )


class NewsTriggerStoredSerializer(serializers.Serializer[Any]):
    """What became of it."""

    id = serializers.IntegerField()
    known_at = serializers.DateTimeField(help_text="From when on decisions may use it.")
    created = serializers.BooleanField(help_text="False: it was stored already.")
