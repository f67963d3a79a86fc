"""The shapes of the track record."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from features.contracts import REGIMES
from signals.api.asked_terms import horizon_written, timeframe_written
from signals.contracts import SOURCES
from traderai.common.asked import MomentField, QuerySerializer

TRADED = ("BUY", "SELL")
STRENGTHS = ("weak", "medium", "strong")


class RecordQuerySerializer(QuerySerializer):
    """Which record, and which part of it."""

    source = serializers.ChoiceField(  # type: ignore[assignment]  # the API's word
        default="live", choices=SOURCES, help_text="Said live, afterwards, or of made-up shares: never mixed."
    )
    proven = serializers.BooleanField(
        default=False, help_text="True: of models that have proven a profit; false: on paper."
    )
    timeframe = serializers.CharField(
        required=False, max_length=8, validators=[timeframe_written], help_text="Such as `1h`."
    )
    horizon = serializers.CharField(
        required=False, max_length=12, validators=[horizon_written], help_text="Such as `5d`."
    )
    signal = serializers.ChoiceField(required=False, choices=TRADED, help_text="What was said.")
    regime = serializers.ChoiceField(
        required=False, choices=REGIMES, help_text="The market's at the decision."
    )
    strength = serializers.ChoiceField(required=False, choices=STRENGTHS, help_text="As it was told.")
    model_version = serializers.CharField(
        required=False, max_length=120, help_text="Whole name of the version that spoke."
    )
    since = MomentField(required=False, help_text="Decided at or after this moment.")
    until = MomentField(required=False, help_text="Decided at or before this moment.")


class BoundedSerializer(serializers.Serializer[Any]):
    """A figure with its one-sided bounds, drawn by blocks of days; null: too few trades, or days, to tell."""

    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)


class RecordFiguresSerializer(serializers.Serializer[Any]):
    """What some trades made after costs; every trade risks one R."""

    trades = serializers.IntegerField()
    days = serializers.IntegerField(help_text="On which one of them was decided.")
    hit_rate = BoundedSerializer(help_text="Share that reached the take-profit first.")
    break_even = serializers.FloatField(
        allow_null=True, help_text="Mean of the chances of that which were needed."
    )
    win_rate = BoundedSerializer(help_text="Share with a net result above 0.")
    expectancy_r = BoundedSerializer(source="mean_r", help_text="Mean net result in stops of the order.")
    expectancy_bp = BoundedSerializer(help_text="Mean net result in basis points of the entry's price.")
    profit_factor = BoundedSerializer(help_text="Sum of what winners made over what losers lost.")
    total_r = serializers.FloatField()
    drawdown_r = serializers.FloatField(help_text="Deepest fall of their sum below its highest.")


class ResultGroupSerializer(RecordFiguresSerializer):
    """The trades of one group."""

    name = serializers.CharField(help_text="Such as `5d`, `uptrend`, `65-69` or `2024-03`.")


class RecordGroupsSerializer(serializers.Serializer[Any]):
    """The same trades grouped in several ways; each group stands beside its number of trades."""

    signal = ResultGroupSerializer(many=True)
    horizon = ResultGroupSerializer(many=True)
    regime = ResultGroupSerializer(many=True)
    confidence = ResultGroupSerializer(many=True, help_text="By five points of confidence.")
    strength = ResultGroupSerializer(many=True)
    month = ResultGroupSerializer(many=True, help_text="Of the decision, Moscow time.")
    model_version = ResultGroupSerializer(many=True)


class EquityPointSerializer(serializers.Serializer[Any]):
    """The sum of R after costs at the end of a day on which trades ended."""

    date = serializers.DateField()
    r = serializers.FloatField()
    low = serializers.FloatField(allow_null=True, help_text="What worse luck with the same days had made.")
    high = serializers.FloatField(allow_null=True, help_text="What better luck with them had made.")
    drawdown_r = serializers.FloatField(help_text="How far it lies below its highest so far.")


class CalibrationSerializer(serializers.Serializer[Any]):
    """What was foretold of some trades, and how often it came."""

    bucket = serializers.CharField(help_text="Per cent of probability, such as `35-39`.")
    trades = serializers.IntegerField()
    predicted = serializers.FloatField(help_text="Mean probability of the target before the stop.")
    realised = BoundedSerializer(help_text="Share that reached it.")


class BaseRateSerializer(serializers.Serializer[Any]):
    """What all rows of that side made on the same shares and days, without any choice."""

    signal = serializers.ChoiceField(choices=TRADED)
    timeframe = serializers.CharField()
    horizon = serializers.CharField()
    label_set = serializers.CharField()
    rows = serializers.IntegerField()
    days = serializers.IntegerField()
    hit_rate = serializers.FloatField()
    break_even = serializers.FloatField()
    mean_r = serializers.FloatField()
    net_bp = serializers.FloatField()
    since = serializers.DateTimeField(help_text="Rows decided from the first trade of that call ...")
    until = serializers.DateTimeField(help_text="... to the last one, whatever part of them is asked for.")
    as_of = serializers.DateTimeField(help_text="When it was reckoned: once a day.")


class ToldCountsSerializer(serializers.Serializer[Any]):
    """What became of everything that was told."""

    total = serializers.IntegerField()
    traded = serializers.IntegerField(help_text="Trades that have ended: what the figures are of.")
    no_trade = serializers.IntegerField(help_text="A HOLD has nothing to trade.")
    void = serializers.IntegerField(help_text="No honest outcome; `void_reasons` says why.")
    open = serializers.IntegerField()
    withdrawn = serializers.IntegerField(help_text="By staff since; they stay in every figure.")
    seen_by_gate = serializers.IntegerField(
        help_text="On bars that the gate of their version had judged by: chosen on what they tell."
    )
    first_at = serializers.DateTimeField(allow_null=True)
    last_at = serializers.DateTimeField(allow_null=True)


class CountSerializer(serializers.Serializer[Any]):
    """How many of one kind."""

    name = serializers.CharField()
    number = serializers.IntegerField()


class CaveatSerializer(serializers.Serializer[Any]):
    """Something that the numbers do not say."""

    code = serializers.CharField()
    text = serializers.CharField(help_text="In the user's language.")


class TrackRecordSerializer(serializers.Serializer[Any]):
    """Everything that was told of one source, proven or on paper, and what came of it."""

    source = serializers.ChoiceField(choices=SOURCES)  # type: ignore[assignment]  # the API's word
    proven = serializers.BooleanField()
    as_of = serializers.DateTimeField()
    level = serializers.FloatField(help_text="Of each one-sided bound.")
    said = CountSerializer(many=True, help_text="Decisions by signal; told is what passed the rules.")
    told = ToldCountsSerializer()
    void_reasons = CountSerializer(many=True)
    figures = RecordFiguresSerializer(allow_null=True, help_text="Null while no trade has ended.")
    base_rates = BaseRateSerializer(many=True)
    curve = EquityPointSerializer(many=True, help_text="At most 400 points, oldest first.")
    calibration = CalibrationSerializer(many=True)
    groups = RecordGroupsSerializer()
    caveats = CaveatSerializer(many=True, help_text="What the numbers do not say.")
