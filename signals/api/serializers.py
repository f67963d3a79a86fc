"""The shapes of questions and answers about signals."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from signals.contracts import ACTIONS, SOURCES
from traderai.common.asked import BodySerializer, MomentField, QuerySerializer


class AnalyzeRequestSerializer(BodySerializer):
    """Which share, when and for how long."""

    secid = serializers.CharField(max_length=36, help_text="The exchange's ticker.")
    at = MomentField(required=False, help_text="A past moment with offset; left out: the present.")
    timeframe = serializers.CharField(required=False, max_length=8, help_text="Such as `1h`.")
    horizon = serializers.CharField(required=False, max_length=12, help_text="Such as `5d`.")


class EntrySerializer(serializers.Serializer[Any]):
    """Between which prices to enter."""

    low = serializers.FloatField()
    high = serializers.FloatField()


class PositionSerializer(serializers.Serializer[Any]):
    """How much, for the asker's capital."""

    lots = serializers.IntegerField()
    shares = serializers.IntegerField()
    risk_pct = serializers.FloatField(help_text="Loss at the stop with costs, per cent of the capital.")


class SidesSerializer(serializers.Serializer[Any]):
    """A probability for each side."""

    long = serializers.FloatField()
    short = serializers.FloatField()


class DirectionSerializer(serializers.Serializer[Any]):
    """Probabilities of five moves, summing to 1."""

    strong_down = serializers.FloatField()
    down = serializers.FloatField()
    flat = serializers.FloatField()
    up = serializers.FloatField()
    strong_up = serializers.FloatField()


class VoteSerializer(serializers.Serializer[Any]):
    """What one member of the council says before calibration; `global` is the shared network's own word."""

    strategy = serializers.CharField()
    action = serializers.CharField(
        help_text="what it would do by its own probabilities; NO_TRADE: its setup is absent"
    )
    p_long = serializers.FloatField()
    p_short = serializers.FloatField()
    take_profit = serializers.FloatField(
        allow_null=True,
        help_text="for the order that it calls for, of what all members expect of the price; null: the label set's",
    )
    stop_loss = serializers.FloatField(allow_null=True, help_text="likewise")
    weight = serializers.FloatField(help_text="what it adds to the log odds of the better side")
    reasons = serializers.ListField(child=serializers.CharField())


class RegimeSerializer(serializers.Serializer[Any]):
    """The market's regime and what it changes."""

    name = serializers.CharField()
    probability = serializers.FloatField()
    since = serializers.DateTimeField()
    effect = serializers.CharField(allow_blank=True)


class HeatmapRegimeSerializer(serializers.Serializer[Any]):
    """The market's regime now."""

    name = serializers.CharField()
    probability = serializers.FloatField()
    since = serializers.DateTimeField()
    as_of = serializers.DateTimeField()


class ScenarioSerializer(serializers.Serializer[Any]):
    """A price range at the end of the horizon; null: no limit on that side."""

    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    probability = serializers.FloatField()
    label = serializers.CharField()  # type: ignore[assignment]  # the API's word, not the form label


class ConePointSerializer(serializers.Serializer[Any]):
    """Forecast prices after so many trading days, by share of outcomes below."""

    days = serializers.IntegerField()
    p05 = serializers.FloatField()
    p25 = serializers.FloatField()
    p50 = serializers.FloatField()
    p75 = serializers.FloatField()
    p95 = serializers.FloatField()


class DriverSerializer(serializers.Serializer[Any]):
    """A family of features, its most unusual one, and what the family does to the side's probability."""

    family = serializers.CharField()
    feature = serializers.CharField()
    value = serializers.FloatField(allow_null=True)
    effect = serializers.FloatField()


class NewsSerializer(serializers.Serializer[Any]):
    """One piece of news that counted."""

    title = serializers.CharField()
    published_at = serializers.DateTimeField()


class LevelSerializer(serializers.Serializer[Any]):
    """A price at which the market turned before."""

    price = serializers.FloatField()
    kind = serializers.ChoiceField(choices=["support", "resistance"])
    touches = serializers.IntegerField()


class ModelSerializer(serializers.Serializer[Any]):
    """The model that said it."""

    version = serializers.CharField()
    adapter_version = serializers.CharField(allow_null=True)
    trained_until = serializers.DateTimeField()
    grade = serializers.CharField(help_text="`trade`: proven after costs; `inform`: on paper.")


class AnalysisSerializer(serializers.Serializer[Any]):
    """The whole analysis of one share and horizon; prices as traded, probabilities in 0..1."""

    signal_id = serializers.IntegerField(
        allow_null=True, help_text="For feedback on it; null: computed on demand, stored nowhere."
    )
    secid = serializers.CharField()
    name = serializers.CharField()
    sector = serializers.CharField(allow_blank=True)
    timeframe = serializers.CharField()
    horizon = serializers.CharField()
    signal = serializers.ChoiceField(choices=ACTIONS)
    side = serializers.CharField(allow_null=True, help_text="The better side: long or short.")
    price = serializers.FloatField(allow_null=True, help_text="Close of the bar that was scored.")
    entry = EntrySerializer(allow_null=True)
    take_profit = serializers.FloatField(allow_null=True)
    stop_loss = serializers.FloatField(allow_null=True)
    risk_reward = serializers.FloatField(allow_null=True, help_text="After costs.")
    position = PositionSerializer(allow_null=True, help_text="Null while the capital is unknown.")
    confidence = serializers.IntegerField(allow_null=True, help_text="0 to 100; null for NO_TRADE.")
    strength = serializers.CharField(allow_null=True)
    proven = serializers.BooleanField(help_text="False: a paper signal, the model's edge is not proven.")
    probabilities = SidesSerializer(
        allow_null=True, help_text="Of reaching the target before the stop within the horizon."
    )
    probabilities_as_trained = SidesSerializer(
        allow_null=True, help_text="Before outcomes moved their level; null where none did."
    )
    probability_take_profit = serializers.FloatField(
        allow_null=True,
        help_text="The target that the probabilities speak of, where the order has another one; else null.",
    )
    probability_stop_loss = serializers.FloatField(
        allow_null=True, help_text="The stop that the probabilities speak of, likewise."
    )
    break_even_probability = serializers.FloatField(
        allow_null=True, help_text="What the better side's probability must exceed to pay its costs."
    )
    break_even_probabilities = SidesSerializer(allow_null=True)
    edge = serializers.FloatField(allow_null=True, help_text="Probability minus break-even, better side.")
    expected_return = serializers.FloatField(allow_null=True, help_text="Median over the horizon, fraction.")
    expected_volatility = serializers.FloatField(allow_null=True, help_text="Over the horizon, fraction.")
    expected_drawdown = serializers.FloatField(
        allow_null=True,
        help_text="Median of how far the price goes against the better side within the horizon, at most to the stop, "
        "fraction; null where no model in service forecasts it.",
    )
    direction = DirectionSerializer(allow_null=True)
    votes = VoteSerializer(many=True)
    regime = RegimeSerializer(allow_null=True)
    scenarios = ScenarioSerializer(many=True)
    cone = ConePointSerializer(many=True)
    explanation = serializers.CharField(help_text="In the user's language; paragraphs parted by empty lines.")
    drivers = DriverSerializer(many=True)
    news = NewsSerializer(many=True)
    levels = LevelSerializer(many=True)
    model = ModelSerializer(allow_null=True)
    source = serializers.ChoiceField(choices=SOURCES)  # type: ignore[assignment]  # the API's word
    is_simulated = serializers.BooleanField()
    bar_begin = serializers.DateTimeField()
    as_of = serializers.DateTimeField(help_text="The decision time.")
    data_age_seconds = serializers.IntegerField(help_text="Age of the newest bar at the moment of reading.")
    valid_until = serializers.DateTimeField()
    warnings = serializers.ListField(child=serializers.CharField(), help_text="Codes.")


class HeatmapQuerySerializer(QuerySerializer):
    """Which part of the market."""

    timeframe = serializers.CharField(required=False, max_length=8, help_text="Such as `1h`.")
    horizon = serializers.CharField(required=False, max_length=12, help_text="Such as `5d`.")
    sector = serializers.CharField(required=False, max_length=32, help_text="Code of a sector.")
    signal = serializers.ChoiceField(
        required=False, choices=ACTIONS, help_text="Only shares of which this is said."
    )


class HeatmapRowSerializer(serializers.Serializer[Any]):
    """One active share; without a signal yet its signal fields are null and `no_signal` warns."""

    secid = serializers.CharField()
    name = serializers.SerializerMethodField(help_text="In the user's language.")
    name_ru = serializers.CharField()
    name_en = serializers.CharField()
    sector = serializers.CharField(allow_blank=True)
    is_simulated = serializers.BooleanField()
    signal = serializers.CharField(allow_null=True)
    side = serializers.CharField(allow_null=True)
    strength = serializers.CharField(allow_null=True)
    confidence = serializers.IntegerField(allow_null=True)
    edge = serializers.FloatField(allow_null=True, help_text="Of the better side.")
    proven = serializers.BooleanField()
    source = serializers.CharField(allow_null=True)  # type: ignore[assignment]  # the API's word
    change_pct = serializers.FloatField(
        allow_null=True, help_text="Last close against the trading day before."
    )
    turnover = serializers.FloatField(allow_null=True, help_text="RUB of the last trading day.")
    market_cap = serializers.FloatField(allow_null=True, help_text="RUB.")
    regime = serializers.CharField(allow_null=True)
    as_of = serializers.DateTimeField(allow_null=True)
    valid_until = serializers.DateTimeField(allow_null=True)
    data_age_seconds = serializers.IntegerField(allow_null=True)
    warnings = serializers.ListField(child=serializers.CharField())

    def get_name(self, row: Any) -> str:
        """Return the share's name in the language of the answer."""
        name: str = row.name_ru if self.context.get("language") == "ru" else row.name_en
        return name


class HeatmapSerializer(serializers.Serializer[Any]):
    """Every active share at a glance."""

    timeframe = serializers.CharField()
    horizon = serializers.CharField()
    regime = HeatmapRegimeSerializer(allow_null=True)
    results = HeatmapRowSerializer(many=True)
