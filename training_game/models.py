"""Who plays, what was dealt, what was answered, and how ratings moved."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import (
    ArrayField,
    BigIntegerRangeField,
    DateTimeRangeField,
    RangeBoundary,
    RangeOperators,
)
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Lower

from traderai.common import clock


class Player(models.Model):
    """A person, or the AI of one family of models; strengths are Glicko-2's.

    `base_*` is the strength at the beginning of the rating period `period`, `rating` and the others that after the games
    of the period so far.
    """

    user = models.OneToOneField(
        "accounts.User", on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    ai_family = models.CharField(max_length=64, blank=True, default="")
    nickname = models.CharField(
        max_length=20, null=True, blank=True, help_text="On the leader board; null: not shown there."
    )
    rating = models.FloatField(default=1500.0)
    deviation = models.FloatField(default=350.0)
    volatility = models.FloatField(default=0.06)
    period = models.DateField(null=True, blank=True, help_text="First day of the period of the last game.")
    base_rating = models.FloatField(default=1500.0)
    base_deviation = models.FloatField(default=350.0)
    base_volatility = models.FloatField(default=0.06)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=True) ^ Q(ai_family=""), name="training_game_player_user_or_ai"
            ),
            models.UniqueConstraint(
                fields=["ai_family"], condition=~Q(ai_family=""), name="training_game_player_ai_once"
            ),
            models.UniqueConstraint(Lower("nickname"), name="training_game_player_nickname_once"),
            models.CheckConstraint(
                condition=Q(nickname__isnull=True) | (Q(ai_family="") & ~Q(nickname="")),
                name="training_game_player_nickname_of_people",
            ),
            models.CheckConstraint(
                condition=Q(deviation__gt=0, volatility__gt=0, base_deviation__gt=0, base_volatility__gt=0),
                name="training_game_player_strength_possible",
            ),
        ]

    def __str__(self) -> str:
        return self.nickname or (f"AI {self.ai_family}" if self.ai_family else f"player {self.pk}")


def _alone(field: str) -> Func:
    """Return a number as a range of itself: what GiST compares without an extension."""
    both_ends = RangeBoundary(inclusive_lower=True, inclusive_upper=True)
    return Func(field, field, both_ends, function="INT8RANGE", output_field=BigIntegerRangeField())


class Scenario(models.Model):
    """A moment of a share dealt to a player, with the disguise that it was shown under."""

    token = models.UUIDField(unique=True, help_text="What the signed id carries; it says nothing.")
    player = models.ForeignKey(Player, on_delete=models.CASCADE, related_name="scenarios")
    instrument = models.ForeignKey("market.Instrument", on_delete=models.PROTECT, related_name="+")
    timeframe = models.CharField(max_length=4)
    label_set = models.CharField(max_length=64)
    horizon = models.CharField(max_length=12)
    bar_begin = models.DateTimeField(help_text="Of the last candle shown.")
    as_of = models.DateTimeField(help_text="The moment: the end of that candle.")
    shown_from = models.DateTimeField(help_text="Begin of the first candle shown.")
    future_until = models.DateTimeField(help_text="By then every window had closed.")
    candles = models.PositiveSmallIntegerField()
    difficulty = models.CharField(max_length=8)
    regime = models.CharField(max_length=16, blank=True, default="")
    setup = models.CharField(max_length=16)
    news_types = ArrayField(models.CharField(max_length=24), default=list, blank=True)
    may_sell = models.BooleanField()
    disguised = models.BooleanField()
    price_factor = models.FloatField(default=1.0)
    volume_factor = models.FloatField(default=1.0)
    weeks = models.IntegerField(default=0)
    served_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            # What a player saw of a share, history or future, never comes back as another round's future.
            ExclusionConstraint(
                name="training_game_scenario_windows_apart",
                expressions=[
                    (_alone("player"), RangeOperators.OVERLAPS),
                    (_alone("instrument"), RangeOperators.OVERLAPS),
                    (
                        Func(
                            "shown_from",
                            "future_until",
                            function="TSTZRANGE",
                            output_field=DateTimeRangeField(),
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
            models.CheckConstraint(
                condition=Q(shown_from__lte=F("bar_begin"), bar_begin__lt=F("as_of"))
                & Q(as_of__lt=F("future_until"), served_at__lt=F("expires_at")),
                name="training_game_scenario_times_in_order",
            ),
            models.CheckConstraint(
                condition=Q(future_until__lte=F("served_at")), name="training_game_scenario_future_closed"
            ),
            models.CheckConstraint(
                condition=Q(difficulty__in=["easy", "normal", "hard"]),
                name="training_game_scenario_difficulty_known",
            ),
            models.CheckConstraint(
                condition=Q(disguised=True, price_factor__gt=0, volume_factor__gt=0)
                | Q(disguised=False, price_factor=1, volume_factor=1, weeks=0),
                name="training_game_scenario_disguise_sound",
            ),
        ]
        indexes = [
            models.Index(fields=["player", "-served_at"], name="training_game_newest"),
            models.Index(fields=["timeframe", "instrument", "bar_begin"], name="training_game_moment"),
        ]

    def __str__(self) -> str:
        return f"{self.instrument_id} {self.timeframe} at {self.as_of:%Y-%m-%d %H:%M}"


class Answer(models.Model):
    """The one answer to a scenario, and what came of it for the player and for the AI.

    `open` while it is being judged: `claimed_until` says how long one request has that to itself.
    """

    class State(models.TextChoices):
        """What came of the answer."""

        OPEN = "open", "Being judged"
        TRADED = "traded", "Traded"
        NO_TRADE = "no_trade", "Stayed out"
        VOID = "void", "No result"

    scenario = models.OneToOneField(Scenario, on_delete=models.CASCADE, related_name="answer")
    action = models.CharField(max_length=8)
    take_profit_frac = models.FloatField(null=True, blank=True, help_text="Own level, of the last close.")
    stop_loss_frac = models.FloatField(null=True, blank=True)
    taken_s = models.FloatField(null=True, blank=True, help_text="By the player's own clock.")
    answered_at = models.DateTimeField()
    claimed_until = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    void_reason = models.CharField(max_length=24, blank=True, default="")
    r_multiple = models.FloatField(null=True, blank=True, help_text="Net; 0 of who stayed out.")
    ai_reason = models.CharField(max_length=24, blank=True, default="", help_text="Why the AI said nothing.")
    ai_family = models.CharField(max_length=64, blank=True, default="")
    ai_action = models.CharField(max_length=8, blank=True, default="")
    ai_r_multiple = models.FloatField(null=True, blank=True)
    model_version = models.CharField(max_length=120, blank=True, default="")
    trained_until = models.DateTimeField(null=True, blank=True)
    score = models.FloatField(null=True, blank=True, help_text="Against the AI; null: not rated.")
    result = models.JSONField(default=dict, blank=True, help_text="Trades and the AI's explanation as codes.")
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(action__in=["BUY", "SELL", "HOLD", "NO_TRADE"]),
                name="training_game_answer_action_known",
            ),
            models.CheckConstraint(
                condition=Q(take_profit_frac__isnull=True, stop_loss_frac__isnull=True)
                | Q(
                    action__in=["BUY", "SELL"],
                    # A comparison with null is neither true nor false, and a check refuses only what is false.
                    take_profit_frac__isnull=False,
                    stop_loss_frac__isnull=False,
                    take_profit_frac__gt=0,
                    take_profit_frac__lt=1,
                    stop_loss_frac__gt=0,
                    stop_loss_frac__lt=1,
                ),
                name="training_game_answer_levels_of_a_trade",
            ),
            models.CheckConstraint(
                condition=Q(state="open", resolved_at__isnull=True, score__isnull=True)
                | Q(state__in=["traded", "no_trade"], resolved_at__isnull=False, r_multiple__isnull=False)
                | Q(state="void", resolved_at__isnull=False, score__isnull=True, r_multiple__isnull=True),
                name="training_game_answer_state_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(score__isnull=True)
                | Q(
                    score__in=[0.0, 0.5, 1.0],
                    r_multiple__isnull=False,
                    ai_r_multiple__isnull=False,
                    trained_until__isnull=False,
                ),
                name="training_game_answer_score_has_both_results",
            ),
        ]

    def __str__(self) -> str:
        return f"scenario {self.scenario_id}: {self.action} {self.state}"


class RatingChange(models.Model):
    """One game of a player and the rating after it; the opponent's strength is that of the period's beginning."""

    player = models.ForeignKey(Player, on_delete=models.CASCADE, related_name="changes")
    # Another's deleted account takes its name from the games, not the games from a rating.
    opponent = models.ForeignKey(Player, on_delete=models.SET_NULL, null=True, related_name="+")
    answer = models.ForeignKey(Answer, on_delete=models.SET_NULL, null=True, related_name="changes")
    period = models.DateField()
    at = models.DateTimeField()
    score = models.FloatField()
    opponent_rating = models.FloatField()
    opponent_deviation = models.FloatField()
    opponent_volatility = models.FloatField()
    rating = models.FloatField()
    deviation = models.FloatField()
    volatility = models.FloatField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["player", "opponent", "answer"], name="training_game_ratingchange_once"
            ),
            models.CheckConstraint(
                condition=Q(score__in=[0.0, 0.5, 1.0]), name="training_game_ratingchange_score_known"
            ),
            models.CheckConstraint(
                condition=Q(opponent__isnull=True) | ~Q(opponent=F("player")),
                name="training_game_ratingchange_of_two",
            ),
        ]
        indexes = [models.Index(fields=["player", "period"], name="training_game_period")]

    def __str__(self) -> str:
        return f"player {self.player_id}: {self.rating:.0f} after {self.at:%Y-%m-%d %H:%M}"
