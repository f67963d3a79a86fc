"""The shapes of instruments and candles."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from market.selectors.company_gauges import GAUGES
from traderai.common.asked import MomentField, QuerySerializer
from traderai.common.pages import PageQuerySerializer, PageSerializer


class InstrumentQuerySerializer(PageQuerySerializer, QuerySerializer):
    """Filters of the list of instruments."""

    q = serializers.CharField(
        required=False, max_length=64, help_text="Part of the ticker or of the name, ru or en."
    )
    sector = serializers.CharField(
        required=False, max_length=32, help_text="Code of a sector, such as `oil_gas`."
    )
    active_only = serializers.BooleanField(default=True, help_text="False: also delisted instruments.")


class InstrumentSerializer(serializers.Serializer[Any]):
    """One instrument."""

    secid = serializers.CharField(help_text="The exchange's ticker.")
    name_ru = serializers.CharField()
    name_en = serializers.CharField()
    sector = serializers.CharField(help_text="Code of the sector, empty when unknown.")
    lot_size = serializers.IntegerField(help_text="Shares in a lot.")
    price_step_rub = serializers.FloatField()
    decimals = serializers.IntegerField(help_text="Digits after the decimal point of a price.")
    active = serializers.BooleanField()
    shortable = serializers.BooleanField()
    is_simulated = serializers.BooleanField(help_text="Made by the market simulator: not a real share.")
    issue_size_shares = serializers.IntegerField(allow_null=True)


class InstrumentPageSerializer(PageSerializer):
    """A page of instruments by ticker."""

    results = InstrumentSerializer(many=True)


class SessionSerializer(serializers.Serializer[Any]):
    """Whether shares are traded now."""

    code = serializers.CharField(
        allow_null=True, help_text="morning, main, evening or weekend; null: the exchange is closed."
    )
    until = serializers.DateTimeField(
        allow_null=True, help_text="When the session ends or, closed, when the next one begins."
    )


class InstrumentDetailSerializer(InstrumentSerializer):
    """One instrument with the state of trading."""

    session = SessionSerializer(
        allow_null=True, help_text="Null for a simulated share: no exchange trades it."
    )


class CandleQuerySerializer(QuerySerializer):
    """Which candles."""

    timeframe = serializers.CharField(default="1h", max_length=8, help_text="1m 5m 10m 15m 30m 1h 4h 1d 1w.")
    limit = serializers.IntegerField(
        default=500, min_value=1, max_value=1000, help_text="The newest so many."
    )
    until = MomentField(
        required=False, help_text="Only candles that were closed at this moment (with offset); default: now."
    )


class CandleSerializer(serializers.Serializer[Any]):
    """One closed bar, as traded."""

    begin = serializers.DateTimeField()
    open = serializers.FloatField()
    high = serializers.FloatField()
    low = serializers.FloatField()
    close = serializers.FloatField()
    volume_shares = serializers.FloatField()
    value_rub = serializers.FloatField(allow_null=True)


class CandleListSerializer(serializers.Serializer[Any]):
    """The candles of one instrument, oldest first."""

    secid = serializers.CharField()
    timeframe = serializers.CharField()
    is_simulated = serializers.BooleanField()
    as_of = serializers.DateTimeField(help_text="Every candle here was closed at this moment.")
    candles = CandleSerializer(many=True)


class ReportSerializer(serializers.Serializer[Any]):
    """One reported figure that a gauge is made of."""

    metric = serializers.CharField()
    period = serializers.CharField(help_text="2023, 2023Q4 or a day.")
    value = serializers.FloatField(help_text="As reported for that period; RUB.")
    known_at = serializers.DateTimeField()
    source = serializers.CharField()  # type: ignore[assignment]  # the API's word


class GaugeSerializer(serializers.Serializer[Any]):
    """One figure of a company."""

    metric = serializers.ChoiceField(choices=sorted(GAUGES))
    name = serializers.SerializerMethodField(help_text="In the user's language.")
    unit = serializers.ChoiceField(choices=["times", "pct"])
    value = serializers.FloatField(allow_null=True, help_text="Null: unknown, or too old to count.")
    period = serializers.CharField(allow_null=True, help_text="Of the newest report behind it.")
    known_at = serializers.DateTimeField(
        allow_null=True, help_text="Since when the newest report behind it has been known."
    )
    made_of = ReportSerializer(
        many=True, help_text="The newest reports behind it; the price is the last close."
    )
    median = serializers.FloatField(allow_null=True, help_text="Of the sector's shares with the figure.")
    lower = serializers.IntegerField(help_text="Shares of the sector with a lower figure.")
    peers = serializers.IntegerField(help_text="Shares of the sector with the figure, this one included.")

    def get_name(self, gauge: Any) -> str:
        """Return the figure's name in the language of the answer."""
        name: str = gauge.name_ru if self.context.get("language") == "ru" else gauge.name_en
        return name


class FundamentalsQuerySerializer(QuerySerializer):
    """As known when."""

    at = serializers.DateTimeField(
        required=False, help_text="A past moment with offset; left out: the present."
    )


class FundamentalsSerializer(serializers.Serializer[Any]):
    """A company's figures as known at a moment, always the same five."""

    secid = serializers.CharField()
    as_of = serializers.DateTimeField()
    results = GaugeSerializer(many=True)
