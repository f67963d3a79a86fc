"""The shapes of pushed verdicts."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from market.models.news import EVENT_TYPES
from traderai.common.asked import BodySerializer, MomentField, QuerySerializer
from traderai.common.pages import PageQuerySerializer, PageSerializer


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


class NewsQuerySerializer(PageQuerySerializer, QuerySerializer):
    """Which news."""

    secid = serializers.CharField(required=False, max_length=36, help_text="The exchange's ticker.")
    since = MomentField(required=False, help_text="Known at or after this moment, with offset.")
    min_score = serializers.FloatField(
        required=False, min_value=0, max_value=100, help_text="Only news with a verdict so strong."
    )


class NewsVerdictSerializer(serializers.Serializer[Any]):
    """What one scorer says of a text, about a share, a sector or the market."""

    scope = serializers.ChoiceField(choices=["instrument", "sector", "market"])
    secid = serializers.CharField(allow_null=True)
    sector = serializers.CharField(allow_null=True)
    score = serializers.FloatField(help_text="news_trigger_score, 0 to 100.")
    direction = serializers.ChoiceField(
        choices=[-1, 0, 1], help_text="-1 bad, 0 unclear, 1 good for the price."
    )
    event_type = serializers.ChoiceField(choices=EVENT_TYPES)
    scorer = serializers.CharField()
    known_at = serializers.DateTimeField(help_text="From when on decisions may use it.")


class NewsRowSerializer(serializers.Serializer[Any]):
    """One text with the verdicts on it."""

    id = serializers.IntegerField()
    title = serializers.CharField()
    source = serializers.CharField(help_text="Code of where it comes from.")  # type: ignore[assignment]  # the API's word
    url = serializers.SerializerMethodField(help_text="Of the text's page; empty where it has none.")
    language = serializers.CharField()
    published_at = serializers.DateTimeField()
    known_at = serializers.DateTimeField(help_text="From when on decisions may use it.")
    is_simulated = serializers.BooleanField(help_text="Made by the market simulator: no real news.")
    secids = serializers.ListField(child=serializers.CharField(), help_text="The shares that it names.")
    score = serializers.FloatField(
        source="strongest.score", default=None, allow_null=True, help_text="Of the strongest verdict."
    )
    direction = serializers.IntegerField(source="strongest.direction", default=None, allow_null=True)
    event_type = serializers.CharField(source="strongest.event_type", default=None, allow_null=True)
    triggers = NewsVerdictSerializer(many=True, help_text="The strongest first.")

    def get_url(self, row: Any) -> str:
        """Return the page's address; what a feed gives is handed on only where it leads to a web page."""
        return str(row.url) if row.url.startswith(("https://", "http://")) else ""


class NewsPageSerializer(PageSerializer):
    """A page of news, the newest first."""

    results = NewsRowSerializer(many=True)
