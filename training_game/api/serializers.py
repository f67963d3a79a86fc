"""The shapes of the game's questions and answers."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from features.contracts import REGIMES
from traderai.common.asked import BodySerializer, QuerySerializer
from traderai.common.clock import MOSCOW, from_epoch_s
from training_game.contracts import ACTIONS, DIFFICULTIES
from training_game.kernels.disguise import ShownCandles


class ScenarioQuerySerializer(QuerySerializer):
    """What kind of moment is wished for."""

    difficulty = serializers.ChoiceField(
        required=False,
        choices=DIFFICULTIES,
        help_text="How much is told and how long one may think; left out: the usual.",
    )
    sector = serializers.CharField(required=False, max_length=32, help_text="Code of a sector.")
    timeframe = serializers.CharField(required=False, max_length=8, help_text="Such as `1h`.")
    regime = serializers.ChoiceField(
        required=False, choices=REGIMES, help_text="The market's at the moment; left out: any."
    )
    disguise = serializers.BooleanField(
        required=False,
        default=True,
        help_text="False: share, prices and dates are shown, and the round is not rated.",
    )


class ShownCandleSerializer(serializers.Serializer[Any]):
    """One candle; of a disguised round neither date nor price nor volume is the real one, weekday and hour are."""

    begin = serializers.DateTimeField()
    open = serializers.FloatField()
    high = serializers.FloatField()
    low = serializers.FloatField()
    close = serializers.FloatField()
    volume = serializers.FloatField()


class TagsSerializer(serializers.Serializer[Any]):
    """What was known besides the candles."""

    regime = serializers.CharField(allow_null=True)
    news_types = serializers.ListField(child=serializers.CharField())


class NamedSerializer(serializers.Serializer[Any]):
    """What has a name in the language of the answer."""

    secid = serializers.CharField(allow_null=True)
    name = serializers.SerializerMethodField(help_text="In the user's language; null where hidden.")
    sector = serializers.CharField(allow_null=True)
    is_simulated = serializers.BooleanField()

    def get_name(self, row: Any) -> str | None:
        """Return the share's name in the language of the answer."""
        name: str | None = row.name_ru if self.context.get("language") == "ru" else row.name_en
        return name


class GameScenarioSerializer(NamedSerializer):
    """A round before the answer: candles up to the moment and nothing later."""

    scenario_id = serializers.CharField(help_text="Signed; it says nothing of share or moment.")
    timeframe = serializers.CharField()
    horizon = serializers.CharField(help_text="How long a trade may last.")
    difficulty = serializers.CharField()
    disguised = serializers.BooleanField()
    candles = serializers.SerializerMethodField()
    tags = TagsSerializer(allow_null=True, help_text="Null where the difficulty tells none.")
    may_sell = serializers.BooleanField(
        help_text="False: the share could not be sold short; SELL is refused."
    )
    take_profit_frac = serializers.FloatField(help_text="The usual target, fraction of the price.")
    stop_loss_frac = serializers.FloatField()
    served_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(help_text="A later answer is refused.")

    def get_candles(self, row: Any) -> ShownCandleSerializer(many=True):  # type: ignore[valid-type]
        """Return the candles, oldest first."""
        return candle_rows(row.candles)


class AnswerRequestSerializer(BodySerializer):
    """A player's answer."""

    scenario_id = serializers.CharField(max_length=120)
    action = serializers.ChoiceField(choices=ACTIONS)
    take_profit = serializers.FloatField(
        required=False, allow_null=True, help_text="In the prices shown; with stop_loss or not at all."
    )
    stop_loss = serializers.FloatField(required=False, allow_null=True)
    taken_s = serializers.FloatField(
        required=False,
        allow_null=True,
        min_value=0,
        max_value=86_400,
        help_text="Time taken, by the player's clock.",
    )


class GameTradeSerializer(serializers.Serializer[Any]):
    """How a trade ended; prices as traded, R net of costs in units of the own stop."""

    exit_reason = serializers.CharField()
    entry_at = serializers.DateTimeField()
    exit_at = serializers.DateTimeField()
    entry_price = serializers.FloatField()
    exit_price = serializers.FloatField()
    bars_held = serializers.IntegerField()
    gross_frac = serializers.FloatField()
    net_frac = serializers.FloatField()
    r_multiple = serializers.FloatField()
    mfe_frac = serializers.FloatField()
    mae_frac = serializers.FloatField()
    cost_frac = serializers.FloatField()


class YourResultSerializer(serializers.Serializer[Any]):
    """What the player's answer made; 0 R of who stayed out, null where the moment has no result."""

    action = serializers.CharField()
    r_multiple = serializers.FloatField(allow_null=True)
    trade = GameTradeSerializer(allow_null=True)


class AiResultSerializer(serializers.Serializer[Any]):
    """What the AI had said, by a version trained before the moment, and what that made."""

    action = serializers.CharField(allow_null=True)
    r_multiple = serializers.FloatField(allow_null=True)
    trade = GameTradeSerializer(allow_null=True)
    reason = serializers.CharField(allow_blank=True, help_text="Why it has no word or no result; a code.")
    family = serializers.CharField(allow_blank=True)
    model_version = serializers.CharField(allow_null=True)
    trained_until = serializers.DateTimeField(allow_null=True)
    confidence = serializers.IntegerField(allow_null=True)
    proven = serializers.BooleanField()
    warnings = serializers.ListField(child=serializers.CharField())


class GameSidesSerializer(serializers.Serializer[Any]):
    """What a long and a short at the usual levels made, in R; null where the moment has no result."""

    long = serializers.FloatField(allow_null=True)
    short = serializers.FloatField(allow_null=True)


class StrengthSerializer(serializers.Serializer[Any]):
    """A Glicko-2 rating; it lies within two deviations with 95 %."""

    rating = serializers.FloatField()
    deviation = serializers.FloatField()
    volatility = serializers.FloatField()


class RevealSerializer(NamedSerializer):
    """What was hidden and what happened."""

    bar_begin = serializers.DateTimeField(help_text="Of the last candle that was shown: the real one.")
    as_of = serializers.DateTimeField()
    price_factor = serializers.FloatField(help_text="Price shown = price * price_factor.")
    volume_factor = serializers.FloatField()
    weeks = serializers.IntegerField(help_text="By which the dates shown were ahead.")
    regime = serializers.CharField(allow_blank=True)
    setup = serializers.CharField()
    candles_after = serializers.SerializerMethodField(help_text="The chart goes on under the same disguise.")
    state = serializers.ChoiceField(choices=["traded", "no_trade", "void"])
    void_reason = serializers.CharField(allow_blank=True)
    you = YourResultSerializer()
    ai = AiResultSerializer()
    sides = GameSidesSerializer()
    score = serializers.FloatField(allow_null=True, help_text="1 won, 0.5 drawn, 0 lost; null: not rated.")
    unrated_reason = serializers.CharField(allow_blank=True)
    verdict = serializers.SerializerMethodField(help_text="In the user's language.")
    explanation = serializers.SerializerMethodField(
        help_text="The AI's, in the user's language; empty without a word."
    )
    rating = StrengthSerializer()
    rating_before = StrengthSerializer()

    def get_candles_after(self, row: Any) -> ShownCandleSerializer(many=True):  # type: ignore[valid-type]
        """Return the candles to the end of the window, oldest first."""
        return candle_rows(row.candles_after)

    def get_verdict(self, _row: Any) -> str:
        """Return how the round ended, in words."""
        return str(self.context.get("verdict", ""))

    def get_explanation(self, _row: Any) -> str:
        """Return the AI's explanation, in words."""
        return str(self.context.get("explanation", ""))


class RecordGroupSerializer(serializers.Serializer[Any]):
    """Rounds that have something in common; wins, draws and losses are against the AI."""

    name = serializers.CharField()
    rounds = serializers.IntegerField()
    rated = serializers.IntegerField()
    wins = serializers.IntegerField()
    draws = serializers.IntegerField()
    losses = serializers.IntegerField()
    mean_r = serializers.FloatField(allow_null=True)
    mean_ai_r = serializers.FloatField(allow_null=True)


class FamilyStrengthSerializer(serializers.Serializer[Any]):
    """The AI's own rating by family of its models."""

    family = serializers.CharField()
    strength = StrengthSerializer()


class CurvePointSerializer(serializers.Serializer[Any]):
    """The rating after a game."""

    at = serializers.DateTimeField()
    rating = serializers.FloatField()
    deviation = serializers.FloatField()


class RatingSerializer(serializers.Serializer[Any]):
    """A player's own standing."""

    nickname = serializers.CharField(allow_null=True)
    strength = StrengthSerializer()
    ai = serializers.SerializerMethodField()
    dealt = serializers.IntegerField()
    answered = serializers.IntegerField()
    missed = serializers.IntegerField(help_text="Dealt and not answered in time.")
    total = RecordGroupSerializer()
    by_regime = RecordGroupSerializer(many=True)
    by_setup = RecordGroupSerializer(many=True)
    streak = serializers.IntegerField(help_text="Rounds won in a row; a draw neither adds nor ends.")
    best_streak = serializers.IntegerField()
    curve = serializers.SerializerMethodField()

    def get_ai(self, row: Any) -> FamilyStrengthSerializer(many=True):  # type: ignore[valid-type]
        """Return the AI's ratings."""
        told = [{"family": family, "strength": strength} for family, strength in row.ai]
        return FamilyStrengthSerializer(told, many=True).data

    def get_curve(self, row: Any) -> CurvePointSerializer(many=True):  # type: ignore[valid-type]
        """Return the rating after each of the newest games, oldest first."""
        told = [{"at": at, "rating": rating, "deviation": deviation} for at, rating, deviation in row.curve]
        return CurvePointSerializer(told, many=True).data


class NicknameSerializer(BodySerializer):
    """The name on the leader board."""

    nickname = serializers.CharField(allow_null=True, max_length=64, help_text="Null: not shown any more.")


class BoardRowSerializer(serializers.Serializer[Any]):
    """One line of the leader board; an AI stands among the players without a place."""

    place = serializers.IntegerField(allow_null=True)
    name = serializers.CharField()
    is_ai = serializers.BooleanField()
    is_you = serializers.BooleanField()
    strength = StrengthSerializer()
    rounds = serializers.IntegerField()
    missed = serializers.IntegerField()


class BoardSerializer(serializers.Serializer[Any]):
    """The leader board, by what a rating is at least: two deviations below it."""

    results = BoardRowSerializer(many=True)


def candle_rows(candles: ShownCandles) -> list[dict[str, Any]]:
    """Return candles as rows."""
    columns = (candles.open, candles.high, candles.low, candles.close, candles.volume)
    prices = zip(*(column.tolist() for column in columns), strict=True)
    begins = [from_epoch_s(begin).astimezone(MOSCOW).isoformat() for begin in candles.begin_s.tolist()]
    names = ("open", "high", "low", "close", "volume")
    return [
        {"begin": begin, **dict(zip(names, row, strict=True))}
        for begin, row in zip(begins, prices, strict=True)
    ]
