"""Ratings: the games that one answer makes, and what they do to everybody in them.

A rating period is a day in Moscow. All games of a period count together, from the strengths at its beginning, as
Glickman asks; after each game the period is reckoned anew, so that a player sees the rating move at once and its last
reckoning is the period's. Whoever does not play for some periods becomes less sure, not weaker.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import NamedTuple

from traderai.common.clock import MOSCOW
from training_game.contracts import GameConfig
from training_game.kernels.glicko import Game, Strength, deviation_grown, rating_updated
from training_game.kernels.scores import round_score
from training_game.models import Answer, Player, RatingChange

_DAY_ZERO = date(1970, 1, 1)


class _Pair(NamedTuple):
    """One game of two players; the score is the first one's."""

    own: int
    other: int
    score: float


def answer_rate(*, answer: Answer, config: GameConfig, at: datetime) -> None:
    """Rate the games that a judged answer makes, in the caller's transaction: with the AI, and with other people.

    Other people are those whose judged answers are of the same moment: each pair meets once, when the later one is
    judged. Of a round that is not rated no game is made.
    """
    pairs = _pairs(answer, config)
    if not pairs:
        return
    ids = {pair.own for pair in pairs} | {pair.other for pair in pairs}
    # In the order of their keys, so that two answers at once cannot wait for each other.
    locked = Player.objects.select_for_update().filter(pk__in=ids).order_by("pk")
    players = {player.pk: player for player in locked}
    period = period_of(at, days=config.period_days)
    for player in players.values():
        _begin(player, period, days=config.period_days)
    starts = {key: _start(player) for key, player in players.items()}
    games = _earlier(players, period)
    made: list[tuple[int, int, Game]] = []
    for own, other, score in pairs:
        made += [(own, other, Game(starts[other], score)), (other, own, Game(starts[own], 1.0 - score))]
    for key, _, game in made:
        games[key].append(game)
    for key, player in players.items():
        player.rating, player.deviation, player.volatility = rating_updated(
            starts[key], games[key], tau=config.tau
        )
    Player.objects.bulk_update(
        players.values(),
        [
            "rating", "deviation", "volatility", "period", "base_rating", "base_deviation", "base_volatility",
        ],
    )  # fmt: skip
    RatingChange.objects.bulk_create(
        [_change(players[key], other, game, answer, period, at) for key, other, game in made]
    )


def ai_player(*, family: str) -> Player:
    """Return the AI of one family of models; it is made when it plays its first game."""
    return Player.objects.get_or_create(ai_family=family)[0]


def period_of(at: datetime, *, days: int) -> date:
    """Return the first day of the rating period that a moment lies in; periods are counted in Moscow's days."""
    since = (at.astimezone(MOSCOW).date() - _DAY_ZERO).days
    return _DAY_ZERO + timedelta(days=since // days * days)


def strength_of(player: Player) -> Strength:
    """Return a player's strength after the games so far."""
    return Strength(player.rating, player.deviation, player.volatility)


def _pairs(answer: Answer, config: GameConfig) -> list[_Pair]:
    scenario = answer.scenario
    own_r = answer.r_multiple
    if own_r is None or not scenario.disguised:
        return []
    own = scenario.player_id
    pairs = []
    if answer.score is not None:
        pairs.append(_Pair(own, ai_player(family=answer.ai_family).pk, answer.score))
    others = Answer.objects.filter(
        scenario__timeframe=scenario.timeframe,
        scenario__instrument_id=scenario.instrument_id,
        scenario__bar_begin=scenario.bar_begin,
        scenario__label_set=scenario.label_set,
        scenario__horizon=scenario.horizon,
        scenario__disguised=True,
        r_multiple__isnull=False,
    ).exclude(scenario__player_id=own)
    for other, other_r in others.values_list("scenario__player_id", "r_multiple"):
        if other_r is not None:
            pairs.append(_Pair(own, other, round_score(own_r, other_r, draw_r=config.draw_r)))
    return pairs


def _begin(player: Player, period: date, *, days: int) -> None:
    """Make a period a player's own: what the last one ended with is what it begins with."""
    if player.period is not None and player.period >= period:
        return
    now = strength_of(player)
    if player.period is not None:
        idle = (period - player.period).days // days - 1
        now = deviation_grown(now, periods=max(idle, 0))
    player.period = period
    player.base_rating, player.base_deviation, player.base_volatility = now


def _start(player: Player) -> Strength:
    return Strength(player.base_rating, player.base_deviation, player.base_volatility)


def _earlier(players: Mapping[int, Player], period: date) -> defaultdict[int, list[Game]]:
    """Return by player the games of the period so far."""
    games: defaultdict[int, list[Game]] = defaultdict(list)
    rows = RatingChange.objects.filter(player__in=players, period=period).order_by("pk")
    for row in rows:
        opponent = Strength(row.opponent_rating, row.opponent_deviation, row.opponent_volatility)
        games[row.player_id].append(Game(opponent, row.score))
    return games


def _change(
    player: Player, other: int, game: Game, answer: Answer, period: date, at: datetime
) -> RatingChange:
    return RatingChange(
        player=player,
        opponent_id=other,
        answer=answer,
        period=period,
        at=at,
        score=game.score,
        opponent_rating=game.opponent.rating,
        opponent_deviation=game.opponent.deviation,
        opponent_volatility=game.opponent.volatility,
        rating=player.rating,
        deviation=player.deviation,
        volatility=player.volatility,
    )
