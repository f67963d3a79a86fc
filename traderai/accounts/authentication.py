"""Who asks the API: the signed-in user or, on a developer's machine only, the development user."""

from __future__ import annotations

import ipaddress
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from drf_spectacular.authentication import SessionScheme
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.request import Request

from traderai.accounts.models import User
from traderai.accounts.services.development import development_user_get


class SignedInAuthentication(SessionAuthentication):
    """The session of a signed-in user; without one the answer is 401, not 403."""

    def authenticate_header(self, request: Request) -> str:
        """Name the scheme, so that the framework answers 401."""
        return 'Session realm="api"'


class SignedInScheme(SessionScheme):  # type: ignore[no-untyped-call]  # drf-spectacular registers by import
    """How the API's document describes it."""

    target_class = "traderai.accounts.authentication.SignedInAuthentication"
    name = "session"


class DevelopmentUserAuthentication(BaseAuthentication):
    """Requests from this machine act as `settings.DEVELOPMENT_USERNAME`; without that setting it does nothing.

    The same CSRF rule as for sessions holds: a page of another site must not act as the development user.
    """

    def authenticate(self, request: Request) -> tuple[User, Any] | None:
        """Return the development user for a request from loopback, else None."""
        if not development_request(request._request):
            return None
        SessionAuthentication().enforce_csrf(request)
        return development_user_get(), None

    def authenticate_header(self, request: Request) -> str:
        """Name the scheme of a sign-in."""
        return 'Session realm="api"'


def development_request(request: HttpRequest) -> bool:
    """Return whether a request may act as the development user: the setting is on and it came from loopback."""
    if not settings.DEVELOPMENT_USERNAME:
        return False
    # A proxy in front would make every visitor look local; then nobody is the development user.
    if "HTTP_X_FORWARDED_FOR" in request.META or "HTTP_FORWARDED" in request.META:
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
