"""Pushing verdicts on news."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import status
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from market.api.news_auth import ServiceTokenAuthentication
from market.api.news_serializers import NewsTriggerPushSerializer, NewsTriggerStoredSerializer
from market.services.news_push import PushedTrigger, trigger_push
from traderai.common import clock
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
