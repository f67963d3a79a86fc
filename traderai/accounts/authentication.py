"""Who asks the API: the holder of a token, the signed-in user or, on a developer's machine, the development user."""

from __future__ import annotations

import ipaddress
import re
from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest
from django.utils import translation
from drf_spectacular.authentication import SessionScheme
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.plumbing import build_bearer_security_scheme_object
from knox.auth import TokenAuthentication as KnoxAuthentication
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from traderai.accounts.models import User
from traderai.accounts.services.development import development_user_get
from traderai.common.asker import spoken_language


class TokenAuthentication(KnoxAuthentication):  # type: ignore[misc]  # knox carries no types
    """`Authorization: Token <token>`; a browser sends it to nobody by itself, so no CSRF token is asked for."""

    def authenticate(self, request: Request) -> tuple[User, Any] | None:
        """Return the user of a token; a wrong, expired or ended one and a shut account all read the same."""
        try:
            found: tuple[User, Any] | None = super().authenticate(request)
        except (AuthenticationFailed, ValueError) as error:
            raise AuthenticationFailed(
                "the token is unknown, has expired or was ended; sign in again", code="token_invalid"
            ) from error
        return _spoken_to(request, found)

    def authenticate_credentials(self, token: bytes) -> Any:
        """Look a token up; the database would break on what no token can hold."""
        if not re.fullmatch(rb"[a-z0-9_]+", token):
            raise ValueError("not a token")
        return super().authenticate_credentials(token)


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers by import
    """How the API's document describes it."""

    target_class = "traderai.accounts.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """Return the scheme."""
        return dict(build_bearer_security_scheme_object("Authorization", "Token"))


class SignedInAuthentication(SessionAuthentication):
    """The session of a signed-in user; without one the answer is 401, not 403."""

    def authenticate(self, request: Request) -> tuple[User, Any] | None:
        """Return the user of a session, else None."""
        return _spoken_to(request, super().authenticate(request))

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
        return _spoken_to(request, (development_user_get(), None))

    def authenticate_header(self, request: Request) -> str:
        """Name the scheme of a sign-in."""
        return 'Session realm="api"'


def _spoken_to(request: Request, found: tuple[User, Any] | None) -> tuple[User, Any] | None:
    """Speak the asker's own language where the request names none: the framework words its field errors by it."""
    if found is not None and "Accept-Language" not in request.headers:
        translation.activate(spoken_language(found[0].language))
    return found


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


def client_address(request: HttpRequest | Request) -> str | None:
    """Return the address that requests and failed sign-ins are counted by: what our outermost proxy saw (`settings.PROXY_COUNT`).

    Of IPv6 it is the network of 64 bits: one subscriber has all addresses in it. None for what is no address.
    """
    seen = BaseThrottle().get_ident(cast("Request", request))
    try:
        address = ipaddress.ip_address(seen or "")
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        network = ipaddress.IPv6Network((int(address), 64), strict=False)
        return str(address.ipv4_mapped or network.network_address)
    return str(address)
