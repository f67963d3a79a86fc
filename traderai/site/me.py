"""What users may do with their own data: take it along, and take it away."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from traderai.accounts.services.account import account_delete
from traderai.common import clock
from traderai.common.asked import BodySerializer
from traderai.common.asker import asker_id
from traderai.common.problems import problem_responses
from traderai.site.privacy import personal_data_export


class PersonalDataSerializer(serializers.Serializer[object]):
    """Everything that is held of the asker, app by app."""

    exported_at = serializers.DateTimeField()
    account = serializers.DictField(help_text="The user's own row, but for the password.")
    portfolio = serializers.DictField(help_text="Accounts, trades, stops, orders, watch list.")
    behavior = serializers.DictField(
        help_text="What was shown, said and checked, game answers, weekly reports."
    )
    training_game = serializers.DictField(help_text="Rounds, answers, rating.")
    messages = serializers.ListField(
        child=serializers.DictField(), help_text="What was told by Telegram, or was to be."
    )
    kept_answers = serializers.DictField(help_text="Answers to requests with an Idempotency-Key, for a day.")


class DeletionSerializer(BodySerializer):
    """The confirmation of a deletion."""

    confirm = serializers.CharField(max_length=150, help_text="The name of the account, as a confirmation.")


_EXPORT = {
    "exported_at": "2024-03-01T12:00:00+03:00",
    "account": {"username": "anna", "language": "ru", "capital_rub": None, "risk_profile": "balanced"},
    "portfolio": {"accounts": [], "watchlist": []},
    "behavior": {"feedback": [], "weekly_reports": []},
    "training_game": {"scenarios": []},
    "messages": [],
    "kept_answers": {"answers": []},
}


class PersonalDataView(APIView):
    """All that is held of the asker."""

    permission_classes = (IsAuthenticated,)
    delete_serializer_class = DeletionSerializer

    @extend_schema(
        operation_id="export_my_data",
        summary="Everything we hold of you",
        tags=["me"],
        responses={200: PersonalDataSerializer, **problem_responses(401)},
        examples=[OpenApiExample("A new user", value=_EXPORT, response_only=True, status_codes=["200"])],
    )
    def get(self, request: Request) -> Response:
        """Return all of it as one JSON document."""
        held = personal_data_export(user_id=asker_id(request), now=clock.now())
        return Response(held, headers={"Content-Disposition": 'attachment; filename="traderai.json"'})

    @extend_schema(
        operation_id="delete_my_data",
        summary="Delete your account and everything in it",
        tags=["me"],
        request=DeletionSerializer,
        responses={204: None, **problem_responses(400, 401, 409, 422)},
        examples=[OpenApiExample("Sure", value={"confirm": "anna"}, request_only=True)],
    )
    def delete(self, request: Request) -> Response:
        """Delete the asker with everything that is theirs; the session ends with it."""
        asked = DeletionSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        account_delete(user_id=asker_id(request), confirm=asked.validated_data["confirm"])
        return Response(status=204)
