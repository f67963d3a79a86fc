"""The game over HTTP: a round, its answer, the standing, the leader board."""

from __future__ import annotations

import secrets

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from signals.explain import explanation_text, told_of
from traderai.common import clock
from traderai.common.asker import ACCEPT_LANGUAGE, asker_id, language_of
from traderai.common.problems import problem_responses
from training_game.api import examples
from training_game.api.serializers import (
    AnswerRequestSerializer,
    BoardSerializer,
    GameScenarioSerializer,
    NicknameSerializer,
    RatingSerializer,
    RevealSerializer,
    ScenarioQuerySerializer,
)
from training_game.contracts import Call, Reveal, Wish
from training_game.phrases import verdict_text
from training_game.selectors.rating import leaderboard, player_record
from training_game.services.answer import answer_record
from training_game.services.deal import scenario_deal
from training_game.services.nickname import nickname_set

_SECRET_BITS = 128


class TrainingScenarioView(APIView):
    """A moment of history to decide on."""

    @extend_schema(
        operation_id="training_scenario",
        summary="A round of the game",
        tags=["training"],
        parameters=[ScenarioQuerySerializer, ACCEPT_LANGUAGE],
        responses={200: GameScenarioSerializer, **problem_responses(400, 401, 409, 422)},
        examples=[
            OpenApiExample("A round", value=examples.SCENARIO, response_only=True, status_codes=["200"])
        ],
    )
    def get(self, request: Request) -> Response:
        """Deal a new round, or return the open one: until it is answered or its time is over there is no other."""
        asked = ScenarioQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        wish = Wish(**asked.validated_data)
        user_id, seed = asker_id(request), secrets.randbits(_SECRET_BITS)
        dealt = scenario_deal(user_id=user_id, wish=wish, seed=seed, now=clock.now())
        body = GameScenarioSerializer(dealt, context={"language": language_of(request)}).data
        return Response(body, headers={"Cache-Control": "no-store"})


class TrainingAnswerView(APIView):
    """The answer to a round, and the reveal."""

    @extend_schema(
        operation_id="training_answer",
        summary="Answer a round",
        tags=["training"],
        parameters=[ACCEPT_LANGUAGE],
        request=AnswerRequestSerializer,
        responses={200: RevealSerializer, **problem_responses(400, 401, 404, 409, 422, 503)},
        examples=[
            OpenApiExample("A long", value=examples.ANSWER, request_only=True),
            OpenApiExample("The reveal", value=examples.REVEAL, response_only=True, status_codes=["200"]),
        ],
    )
    def post(self, request: Request) -> Response:
        """Judge and rate the answer and tell what was hidden; a late or a second answer is a conflict.

        After a 503 the same answer may be sent again: it was taken in time and is judged then.
        """
        asked = AnswerRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = dict(asked.validated_data)
        scenario_id = given.pop("scenario_id")
        reveal = answer_record(
            user_id=asker_id(request), scenario_id=scenario_id, call=Call(**given), now=clock.now()
        )
        language = language_of(request)
        context = {
            "language": language,
            "verdict": verdict_text(reveal, language=language),
            "explanation": _explained(reveal, language),
        }
        return Response(RevealSerializer(reveal, context=context).data)


class TrainingRatingView(APIView):
    """A player's own standing."""

    @extend_schema(
        operation_id="training_rating",
        summary="Own rating and record",
        tags=["training"],
        responses={200: RatingSerializer, **problem_responses(401)},
        examples=[
            OpenApiExample("A player", value=examples.RATING, response_only=True, status_codes=["200"])
        ],
    )
    def get(self, request: Request) -> Response:
        """Return rating, streaks and records by regime and setup."""
        return Response(RatingSerializer(player_record(user_id=asker_id(request), as_of=clock.now())).data)

    @extend_schema(
        operation_id="training_nickname",
        summary="Set or withdraw the nickname",
        tags=["training"],
        request=NicknameSerializer,
        responses={200: NicknameSerializer, **problem_responses(400, 401, 409, 422)},
        examples=[
            OpenApiExample("A name", value={"nickname": "Bober-7"}),
            OpenApiExample("No more", value={"nickname": None}, request_only=True),
        ],
    )
    def patch(self, request: Request) -> Response:
        """Show the player on the leader board under a name, or with null no more."""
        asked = NicknameSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        name = nickname_set(user_id=asker_id(request), nickname=asked.validated_data["nickname"])
        return Response(NicknameSerializer({"nickname": name}).data)


class TrainingLeaderboardView(APIView):
    """Who leads."""

    @extend_schema(
        operation_id="training_leaderboard",
        summary="Leader board",
        tags=["training"],
        responses={200: BoardSerializer, **problem_responses(401)},
        examples=[
            OpenApiExample("Two lines", value=examples.BOARD, response_only=True, status_codes=["200"])
        ],
    )
    def get(self, request: Request) -> Response:
        """Return the players who want to be shown, and the AIs among them, the strongest first."""
        rows = leaderboard(user_id=asker_id(request), as_of=clock.now())
        return Response(BoardSerializer({"results": rows}).data)


def _explained(reveal: Reveal, language: str) -> str:
    return explanation_text(
        reveal.ai["explanation"],
        language=language,
        decimals=reveal.ai["decimals"],
        told_of=told_of(secid=reveal.secid, bar_begin=reveal.bar_begin),
    )
