"""News with the verdicts on them, and pushing such verdicts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import status
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from market.api.news_auth import ServiceTokenAuthentication
from market.api.news_serializers import (
    NewsPageSerializer,
    NewsQuerySerializer,
    NewsTriggerPushSerializer,
    NewsTriggerStoredSerializer,
)
from market.selectors.news_page import NewsQuestion, NewsRow, news_page
from market.services.news_push import PushedTrigger, trigger_push
from traderai.common import clock
from traderai.common.etags import conditional
from traderai.common.pages import PageOrder
from traderai.common.problems import problem_responses

_EXAMPLE: dict[str, Any] = {
    "external_id": "verdict-1",
    "secid": "SIM01",
    "at": "2024-03-01T07:00:00Z",
    "score": 70,
    "direction": 1,
    "event_type": "dividends",
    "why": [{"code": "my_module", "p": 0.8}],
}
_STORED: dict[str, Any] = {"id": 1, "known_at": "2024-03-01T07:01:00Z", "created": True}

_NEWS: dict[str, Any] = {
    "next": None,
    "results": [
        {
            "id": 12,
            "title": "Simulated share 1 recommends a dividend",
            "source": "simulator",
            "url": "",
            "language": "en",
            "published_at": "2024-03-01T10:00:00+03:00",
            "known_at": "2024-03-01T10:01:00+03:00",
            "is_simulated": True,
            "secids": ["SIM01"],
            "score": 64.0,
            "direction": 1,
            "event_type": "dividends",
            "triggers": [
                {
                    "scope": "instrument",
                    "secid": "SIM01",
                    "sector": None,
                    "score": 64.0,
                    "direction": 1,
                    "event_type": "dividends",
                    "scorer": "rules",
                    "known_at": "2024-03-01T10:01:00+03:00",
                }
            ],
        }
    ],
}
_ORDER: PageOrder[NewsRow] = PageOrder("news", lambda row: row.place, (datetime.fromisoformat, int))


class NewsListView(APIView):
    """News for users."""

    @extend_schema(
        operation_id="news_list",
        summary="News with the verdicts on them",
        description="The newest first, by the moment from which decisions may use them.",
        tags=["market"],
        parameters=[NewsQuerySerializer],
        responses={200: NewsPageSerializer, 304: None, **problem_responses(400, 401, 404, 422)},
        examples=[OpenApiExample("One text", value=_NEWS, response_only=True, status_codes=["200"])],
    )
    def get(self, request: Request) -> Response:
        """Return a page of news."""
        asked = NewsQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        values = dict(asked.validated_data)
        size, cursor = values.pop("page_size"), values.pop("cursor", None)
        if values.get("secid"):
            values["secid"] = values["secid"].upper()
        rows = news_page(
            question=NewsQuestion(**values),
            as_of=clock.now(),
            after=_ORDER.place_of(cursor),
            limit=size + 1,
        )
        return conditional(request, NewsPageSerializer(_ORDER.page(request, rows, size)).data)


class NewsTriggerView(APIView):
    """Verdicts of external modules."""

    authentication_classes = (ServiceTokenAuthentication,)
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="news_triggers_push",
        summary="Push a verdict on news",
        description=(
            "For external modules with a service token (`Authorization: Bearer`). Sending the same verdict again "
            "changes nothing; another verdict under a used external_id is refused with 409."
        ),
        tags=["market"],
        request=NewsTriggerPushSerializer,
        responses={
            200: NewsTriggerStoredSerializer,
            201: NewsTriggerStoredSerializer,
            **problem_responses(400, 401, 404, 409, 422, 429),
        },
        examples=[
            OpenApiExample("Dividends", value=_EXAMPLE, request_only=True),
            OpenApiExample("Stored", value=_STORED, response_only=True, status_codes=["200", "201"]),
        ],
    )
    def post(self, request: Request) -> Response:
        """Store a verdict; it is known from now on."""
        asked = NewsTriggerPushSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        values = dict(asked.validated_data)
        pushed = PushedTrigger(
            **{**values, "secid": values.get("secid", "").upper(), "why": tuple(values.get("why", ()))}
        )
        report = trigger_push(module=request.user.name, pushed=pushed, now=clock.now())  # type: ignore[union-attr]
        code = status.HTTP_201_CREATED if report.created else status.HTTP_200_OK
        return Response(NewsTriggerStoredSerializer(report).data, status=code)
