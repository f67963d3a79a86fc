"""Which signals a user was shown: the coach holds what was done against what had been seen.

Here and not in `signals`, which knows no user, nor in `behavior`, which shows no signal.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from behavior.services.record import signal_shown
from traderai.common import clock

_VIEW = "analyze_ticker"


class ShownSignalMiddleware:
    """Writes down which stored signal an answer about a share showed to whom."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, and remember what the answer showed."""
        response = self._get_response(request)
        match = request.resolver_match
        if match is not None and match.view_name == _VIEW and response.status_code == 200:
            signal_id = response.data["signal_id"]  # type: ignore[attr-defined]  # the framework's response has it
            if signal_id is not None and request.user.is_authenticated:
                signal_shown(user_id=request.user.pk, signal_id=signal_id, place="ticker", now=clock.now())
        return response
