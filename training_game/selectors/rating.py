"""How a player stands: rating, streaks, records by regime and setup, and the leader board."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import Count, F, Q, QuerySet

from training_game.contracts import BoardRow, PlayerRecord, RatingFacts, RecordGroup
from training_game.kernels.scores import DRAW, LOSS, WIN, streaks
from training_game.models import Answer, Player, RatingChange, Scenario
from training_game.selectors.configuration import game_config_get

_CURVE = 500  # the newest games that are drawn
_SURE = 2.0  # deviations: the board goes by what a rating is at least


def player_record(*, user_id: int, as_of: datetime) -> PlayerRecord:
    """Return a player's own standing; who has not played has a new player's.

    Figures by regime and setup are of rounds that have a result; wins, draws and losses are against the AI.
    """
    player = Player.objects.filter(user_id=user_id).first()
    known = Player(user_id=user_id) if player is None else player
    rows = _rounds(player)
    dealt = Scenario.objects.filter(player=player) if player else Scenario.objects.none()
    missed = dealt.filter(answer__isnull=True, expires_at__lte=as_of).count()
    told = streaks(row.score for row in rows)
    return PlayerRecord(
        nickname=known.nickname,
        strength=strength_facts(known),
        ai=tuple((own.ai_family, strength_facts(own)) for own in _ais()),
        dealt=dealt.count(),
        answered=len(rows),
        missed=missed,
        total=_group("total", rows),
        by_regime=_groups((row.scenario.regime or "unknown", row) for row in rows),
        by_setup=_groups((row.scenario.setup, row) for row in rows),
        streak=told.current,
        best_streak=told.best,
        curve=_curve(player),
    )


def leaderboard(*, user_id: int, as_of: datetime) -> tuple[BoardRow, ...]:
    """Return the players who want to be shown and have played enough, and the AIs among them, the strongest first.

    Sorted by what a rating is at least, two deviations below it: one lucky day does not lead. `missed` are rounds
    that were dealt and not answered in time: who leaves the hard ones has many.
    """
    config = game_config_get()
    shown = Player.objects.annotate(
        rounds=Count("changes__answer", distinct=True),
        least=F("rating") - _SURE * F("deviation"),
    ).filter(Q(nickname__isnull=False, rounds__gte=config.board_rounds) | ~Q(ai_family=""))
    players = list(shown.order_by("-least", "pk")[: config.board_size])
    late = dict(
        Scenario.objects.filter(player__in=players, answer__isnull=True, expires_at__lte=as_of)
        .values_list("player_id")
        .annotate(number=Count("id"))
    )
    place, rows = 0, []
    for player in players:
        is_ai = bool(player.ai_family)
        place += not is_ai
        rows.append(
            BoardRow(
                place=None if is_ai else place,
                name=player.ai_family if is_ai else player.nickname or "",
                is_ai=is_ai,
                is_you=player.user_id == user_id,
                strength=strength_facts(player),
                rounds=player.rounds,
                missed=late.get(player.pk, 0),
            )
        )
    return tuple(rows)


def strength_facts(player: Player) -> RatingFacts:
    """Return a player's strength."""
    return RatingFacts(rating=player.rating, deviation=player.deviation, volatility=player.volatility)


def _ais() -> QuerySet[Player]:
    return Player.objects.exclude(ai_family="").order_by("ai_family")


def _rounds(player: Player | None) -> Sequence[Answer]:
    """Return the judged answers of a player in the order of time."""
    if player is None:
        return ()
    rows = Answer.objects.filter(scenario__player=player).exclude(state=Answer.State.OPEN)
    return list(rows.select_related("scenario").defer("result").order_by("answered_at", "pk"))


def _groups(named: Iterable[tuple[str, Answer]]) -> tuple[RecordGroup, ...]:
    rows: defaultdict[str, list[Answer]] = defaultdict(list)
    for name, row in named:
        rows[name].append(row)
    return tuple(_group(name, own) for name, own in sorted(rows.items()))


def _group(name: str, rows: Sequence[Answer]) -> RecordGroup:
    scores = [row.score for row in rows]
    return RecordGroup(
        name=name,
        rounds=len(rows),
        rated=sum(score is not None for score in scores),
        wins=scores.count(WIN),
        draws=scores.count(DRAW),
        losses=scores.count(LOSS),
        mean_r=_mean(row.r_multiple for row in rows),
        mean_ai_r=_mean(row.ai_r_multiple for row in rows),
    )


def _mean(results: Iterable[float | None]) -> float | None:
    known = [each for each in results if each is not None]
    return sum(known) / len(known) if known else None


def _curve(player: Player | None) -> tuple[tuple[datetime, float, float], ...]:
    if player is None:
        return ()
    newest = RatingChange.objects.filter(player=player).order_by("-pk")
    rows = newest.values_list("at", "rating", "deviation")[:_CURVE]
    return tuple(reversed(rows))
