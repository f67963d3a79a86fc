"""Which limit a request of the API falls under, and for whom it is counted; the limits stand in limits.yaml."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from traderai.accounts.authentication import client_address
from traderai.common import clock
from traderai.common.rate_limits import limits_get, request_counter


class ScopeThrottle(BaseThrottle):
    """Every view's only throttle: so many requests of a scope for each asker."""

    _wait_s: float | None = None

    def allow_request(self, request: Request, view: Any) -> bool:  # noqa: ARG002
        """Return whether the request is within its limit; without Redis each one is."""
        config, scale = limits_get(), settings.RATE_LIMIT_SCALE
        if not scale or not settings.REDIS_URL:
            return True
        scope = _scope_of(request, config.paths)
        limit = config.scopes[scope]
        counter = request_counter(settings.REDIS_URL, config.redis_timeout_s, config.redis_pause_s)
        self._wait_s = counter.wait_s(
            scope=scope,
            who=self._asker(request),
            limit=limit,
            allowed=max(1.0, limit.requests * scale),
            now=clock.now(),
        )
        return not self._wait_s

    def wait(self) -> float | None:
        """Return in how many seconds to come back."""
        return self._wait_s

    def _asker(self, request: Request) -> str:
        """Return what tells askers apart; a program's name is no user's number."""
        if request.user is not None and request.user.is_authenticated:
            return f"{type(request.user).__name__}:{request.user.pk}"
        return f"address:{client_address(request)}"


def _scope_of(request: Request, paths: dict[str, str]) -> str:
    match = request.resolver_match
    name = match.view_name if match is not None else ""
    # A past moment is computed anew; the present is mostly a row that is there.
    if name == "analyze_ticker" and isinstance(request.data, dict) and request.data.get("at"):
        return "heavy"
    return paths.get(name, "read" if request.method in SAFE_METHODS else "write")
