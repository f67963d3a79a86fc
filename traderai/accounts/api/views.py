"""Signing in for a token, ending it, and what users say of themselves."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from traderai.accounts.api.serializers import (
    PasswordSignInSerializer,
    ProfileChangeSerializer,
    ProfileSerializer,
    TelegramSignInSerializer,
    TokenSerializer,
)
from traderai.accounts.models import User
from traderai.accounts.services.password import password_sign_in
from traderai.accounts.services.profile import profile_change
from traderai.accounts.services.telegram import telegram_sign_in
from traderai.accounts.services.tokens import token_of_request_end
from traderai.common import clock
from traderai.common.asker import asker_id
from traderai.common.problems import problem_responses

_PROFILE: dict[str, Any] = {
    "username": "anna", "language": "ru", "capital_rub": 500000.0, "risk_profile": "balanced",
    "time_zone": "Europe/Moscow", "roles": ["trader"], "telegram_linked": True,
    "notifications": {"signals": False, "weekly_report": True},
}  # fmt: skip
_TOKEN = {
    "token": "tai_6f1d2f9f4b7a5f0d3f2e6a544a0e9a0c6f1d2f9f4b7a5f0d3f2e6a544a0e9a0c",
    "expires_at": "2024-03-02T03:00:00+03:00",
    "user": _PROFILE,
}
_INIT_DATA = (
    "user=%7B%22id%22%3A7%2C%22language_code%22%3A%22ru%22%7D&chat_type=private&auth_date=1709280000&signature=c2lnbmVk"
    "&hash=0000000000000000000000000000000000000000000000000000000000000000"
)


def _shown(value: dict[str, Any]) -> OpenApiExample:
    return OpenApiExample("An answer", value=value, response_only=True, status_codes=["200"])


def _asked(value: dict[str, Any]) -> OpenApiExample:
    return OpenApiExample("A question", value=value, request_only=True)


class TelegramSignInView(APIView):
    """Telegram's word for a token."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="auth_telegram",
        summary="Sign in by Telegram",
        description=(
            "Exchanges what Telegram signed when the app was opened for a token, once; who comes for the first time gets an "
            "account. Codes: init_data_invalid, init_data_expired, init_data_used (401), staff_by_password, account_shut "
            "(403), telegram_not_configured (503)."
        ),
        tags=["auth"],
        auth=[],
        request=TelegramSignInSerializer,
        responses={200: TokenSerializer, **problem_responses(400, 401, 403, 503)},
        examples=[_asked({"init_data": _INIT_DATA}), _shown(_TOKEN)],
    )
    def post(self, request: Request) -> Response:
        """Return a token."""
        asked = TelegramSignInSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        issued = telegram_sign_in(init_data=asked.validated_data["init_data"], now=clock.now())
        return Response(TokenSerializer(issued).data)


class TokenView(APIView):
    """Tokens by password."""

    def get_authenticators(self) -> list[Any]:
        """Ask who it is of whoever ends a token, not of who signs in: an old token must not be in their way."""
        return (
            [] if self.request is not None and self.request.method == "POST" else super().get_authenticators()
        )

    def get_permissions(self) -> list[Any]:
        """Let everybody sign in."""
        return [AllowAny()] if self.request.method == "POST" else [IsAuthenticated()]

    @extend_schema(
        operation_id="auth_token",
        summary="Sign in by password",
        description=(
            "For programs and for users that staff have made. Codes: credentials_wrong, otp_required, otp_device_missing "
            "(401), locked_out (429) after too many failures, whoever's name it was."
        ),
        tags=["auth"],
        auth=[],
        request=PasswordSignInSerializer,
        responses={200: TokenSerializer, **problem_responses(400, 401, 429)},
        examples=[
            _asked({"username": "anna", "password": "correct horse battery", "otp": "123456"}),
            _shown(_TOKEN),
        ],
    )
    def post(self, request: Request) -> Response:
        """Return a token."""
        asked = PasswordSignInSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        issued = password_sign_in(
            request=request._request,
            username=values["username"],
            password=values["password"],
            otp=values.get("otp", ""),
            now=clock.now(),
        )
        return Response(TokenSerializer(issued).data)

    @extend_schema(
        operation_id="auth_token_end",
        summary="End the token of this request",
        tags=["auth"],
        request=None,
        responses={204: None, **problem_responses(401, 409)},
    )
    def delete(self, request: Request) -> Response:
        """End it: from now on nobody asks with it."""
        token_of_request_end(request.auth)
        return Response(status=204)


class ProfileView(APIView):
    """The asker."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="me_retrieve",
        summary="Who you are",
        tags=["me"],
        responses={200: ProfileSerializer, **problem_responses(401)},
        examples=[_shown(_PROFILE)],
    )
    def get(self, request: Request) -> Response:
        """Return language, capital, risk profile and the rest."""
        return Response(ProfileSerializer(User.objects.get(pk=asker_id(request))).data)

    @extend_schema(
        operation_id="me_partial_update",
        summary="Change what is known of you",
        tags=["me"],
        request=ProfileChangeSerializer,
        responses={200: ProfileSerializer, **problem_responses(400, 401, 422)},
        examples=[
            _asked({"capital_rub": 500000, "risk_profile": "cautious", "notifications": {"signals": True}}),
            _shown(_PROFILE),
        ],
    )
    def patch(self, request: Request) -> Response:
        """Change what is named; one bad field and nothing is changed."""
        asked = ProfileChangeSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        changes = dict(asked.validated_data)
        changes |= changes.pop("notifications", {})
        user = profile_change(user_id=asker_id(request), changes=changes)
        return Response(ProfileSerializer(user).data)
