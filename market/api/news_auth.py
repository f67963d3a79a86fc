"""Service tokens: programs that push verdicts on news, each with a token of its own."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.request import Request

_ENTRY = re.compile(r"(?P<name>[a-z0-9_-]{1,32}):(?P<sha256>[0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """A program that has shown its token; it may do nothing but what its views allow, and is no user."""

    name: str
    is_authenticated: bool = True
    is_active: bool = True
    is_staff: bool = False

    @property
    def pk(self) -> str:
        """Return what tells accounts apart."""
        return self.name


class ServiceTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>`; only the SHA-256 of tokens is known here, compared in constant time."""

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        """Return the account of a token; a wrong one is refused, none leaves the request unknown."""
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != b"bearer":
            return None
        if len(words) != 2:
            raise exceptions.AuthenticationFailed("the header must be `Authorization: Bearer <token>`")
        shown = hashlib.sha256(words[1]).hexdigest()
        found = None
        # Every entry is compared: how long it takes does not tell which one was near.
        for entry in settings.NEWS_PUSH_TOKENS:
            match = _ENTRY.fullmatch(entry)
            if match is not None and hmac.compare_digest(match["sha256"], shown):
                found = match["name"]
        if found is None:
            raise exceptions.AuthenticationFailed("the token is not known; ask who runs this installation")
        return ServiceAccount(found), None

    def authenticate_header(self, request: Request) -> str:
        """Name the scheme, so that the framework answers 401."""
        return 'Bearer realm="news"'


class ServiceTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers by import
    """How the API's document describes it."""

    target_class = "market.api.news_auth.ServiceTokenAuthentication"
    name = "serviceToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Return the scheme."""
        return {"type": "http", "scheme": "bearer"}
