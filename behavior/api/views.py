"""Feedback, the check before a trade, the weekly report; each for the signed-in user alone."""

from __future__ import annotations

from urllib.parse import urlencode

from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from behavior.api import examples
from behavior.api.serializers import (
    FeedbackRequestSerializer,
    FeedbackSerializer,
    PreTradeRequestSerializer,
    PreTradeSerializer,
    WeeklyReportSerializer,
    WeekQuerySerializer,
)
from behavior.services.check import CheckQuestion, pre_trade_check
from behavior.services.page_token import page_token
from behavior.services.record import feedback_record
from behavior.services.weekly import weekly_report_get
from behavior.wording import report_worded
from traderai.common import clock
from traderai.common.asked import ID_SCHEMA
from traderai.common.asker import ACCEPT_LANGUAGE, asker_id, language_of
from traderai.common.problems import problem_responses

_SIGNAL = OpenApiParameter(
    "signal_id",
    ID_SCHEMA,
    OpenApiParameter.PATH,
    description="The signal.",
    examples=[OpenApiExample("A signal", value=4211)],
)


class SignalFeedbackView(APIView):
    """What users say of a signal."""

    @extend_schema(
        operation_id="signal_feedback",
        summary="Say what you think of a signal",
        tags=["behavior"],
        parameters=[_SIGNAL],
        request=FeedbackRequestSerializer,
        responses={200: FeedbackSerializer, **problem_responses(400, 401, 404, 422)},
        examples=[
            OpenApiExample("Useful", value={"kind": "useful"}, request_only=True),
            OpenApiExample("Stored", value=examples.FEEDBACK, response_only=True, status_codes=["200"]),
        ],
    )
    def post(self, request: Request, signal_id: int) -> Response:
        """Store a user's reaction; the same word said again is the row that is there."""
        said = FeedbackRequestSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        stored = feedback_record(
            user_id=asker_id(request), signal_id=signal_id, now=clock.now(), **said.validated_data
        )
        return Response(FeedbackSerializer(stored).data)


class PreTradeCheckView(APIView):
    """Risk, tilt and the signal, before a trade is made."""

    @extend_schema(
        operation_id="pre_trade_check",
        summary="Check a trade before it is made",
        tags=["behavior"],
        parameters=[ACCEPT_LANGUAGE],
        request=PreTradeRequestSerializer,
        responses={200: PreTradeSerializer, **problem_responses(400, 401, 404, 409, 422)},
        examples=[
            OpenApiExample(
                "Ten lots",
                value={
                    "secid": "SBER",
                    "side": "BUY",
                    "qty": 10,
                    "qty_unit": "lots",
                    "price": 300.0,
                    "stop": 291.0,
                },
                request_only=True,
            ),
            OpenApiExample("Too large", value=examples.PRE_TRADE, response_only=True, status_codes=["200"]),
        ],
    )
    def post(self, request: Request) -> Response:
        """Return a verdict with reasons, the loss at the stop and in a bad scenario, and a sane size."""
        asked = PreTradeRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        capital_rub = getattr(request.user, "capital_rub", None)
        answer = pre_trade_check(
            user_id=asker_id(request),
            capital_rub=None if capital_rub is None else float(capital_rub),
            question=CheckQuestion(
                secid=given["secid"].upper(),
                side=given["side"],
                qty=given.get("qty"),
                unit=given["qty_unit"],
                amount_rub=given.get("amount"),
                price_rub=given.get("price"),
                stop_rub=given.get("stop"),
            ),
            now=clock.now(),
        )
        return Response(PreTradeSerializer(answer, context={"language": language_of(request)}).data)


class UserWeeklyReportView(APIView):
    """How the user traded in a week."""

    @extend_schema(
        operation_id="user_weekly_report",
        summary="The behaviour report of a week",
        tags=["behavior"],
        parameters=[WeekQuerySerializer, ACCEPT_LANGUAGE],
        responses={200: WeeklyReportSerializer, **problem_responses(400, 401, 409, 422)},
        examples=[OpenApiExample("A week", value=examples.WEEK, response_only=True, status_codes=["200"])],
    )
    def get(self, request: Request) -> Response:
        """Return the report of a week, by default the last full one."""
        asked = WeekQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        report = weekly_report_get(
            user_id=asker_id(request), week=asked.validated_data.get("week"), now=clock.now()
        )
        language = language_of(request)
        words = report_worded(report, language=language)
        return Response(
            WeeklyReportSerializer(words | {"page_url": _page_url(request, words["week"], language)}).data
        )


def _page_url(request: Request, week: str, language: str) -> str:
    """Return the address of the page of a report, good for minutes wherever it is opened."""
    token = page_token(user_id=asker_id(request), week=week, now=clock.now())
    query = urlencode({"week": week, "lang": language, "token": token})
    return request.build_absolute_uri(f"{reverse('weekly_report')}?{query}")
