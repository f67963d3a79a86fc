"""The Idempotency-Key of writes: which operations take one, and the one place where it is minded."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.utils.http import parse_header_parameters
from rest_framework.exceptions import APIException
from rest_framework.request import Request

from traderai.accounts.models import User
from traderai.common import clock
from traderai.common.asker import asker_id
from traderai.common.errors import TraderAIError
from traderai.site.kept_answers import Answer, Asked, StillRunningError, answer_once, key_checked
from traderai.site.problems import problem_answer, problem_page
from traderai.site.throttling import ScopeThrottle

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"
_SOON_S: Final = 1
# Everything that writes for a user, by the names of the paths. Not: questions that are asked by POST, signing in and
# out (a token is told once), leaving (nothing of the user stays), and news pushed by programs (they have their own ids).
KEYED: Final[Mapping[str, frozenset[str]]] = {
    "accounts-detail": frozenset({"PATCH"}),
    "accounts-list": frozenset({"POST"}),
    "actions-list": frozenset({"POST"}),
    "actions_import": frozenset({"POST"}),
    "me": frozenset({"PATCH"}),
    "model_slots-resume": frozenset({"POST"}),
    "model_slots-rollback": frozenset({"POST"}),
    "model_versions-promote": frozenset({"POST"}),
    "model_versions-shadow": frozenset({"POST"}),
    "positions-detail": frozenset({"PATCH", "DELETE"}),
    "positions-list": frozenset({"POST"}),
    "pre_trade_check": frozenset({"POST"}),
    "signal_feedback": frozenset({"POST"}),
    "training_answer": frozenset({"POST"}),
    "training_rating": frozenset({"PATCH"}),
    "watchlist": frozenset({"PUT"}),
}


class IdempotencyMiddleware:
    """Does a write that bears a key once, and answers the same request again for a day."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer."""
        return self._get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """Answer a keyed write; all else is the view's own."""
        name = request.resolver_match.view_name if request.resolver_match is not None else ""
        if HEADER not in request.headers or request.method not in KEYED.get(name, ()):
            return None
        asker = _asker(request, view)
        if asker is None:
            return None
        done: list[HttpResponse] = []

        def work() -> Answer:
            response = view(request, *args, **kwargs).render()
            done.append(response)
            return _kept(response)

        try:
            answer = answer_once(asked=_asked(request, asker_id(asker)), work=work, now=clock.now())
        except TraderAIError as error:
            return _limited(request, asker) or _refused(error)
        # The view's own response has all its headers.
        return done[0] if done else _limited(request, asker) or _replayed(answer)


def _asker(request: HttpRequest, view: Any) -> Request | None:
    """Return the request with its user as the view's own authentication finds it; None where the view will refuse.

    The check of a session's CSRF token looks for one in the form, too, so the body is parsed as the view does it.
    """
    session_user = request.user
    _ = request.body  # read now: what is parsed here can be read again by the view
    found = Request(
        request,
        parsers=[one() for one in view.cls.parser_classes],
        authenticators=[one() for one in view.cls.authentication_classes],
    )
    try:
        return found if isinstance(found.user, User) else None
    except (APIException, TraderAIError):
        # The view will refuse it as well, and must find whom it would have found: a refusal took the user off.
        request.user = session_user
        return None


def _asked(request: HttpRequest, user_id: int) -> Asked:
    media_type, parameters = parse_header_parameters(request.headers.get("Content-Type", ""))
    # The same form sent again has another boundary.
    body = request.body.replace(parameters.get("boundary", "\0").encode(), b"")
    operation = f"{request.method} {request.get_full_path()}"
    content = "\0".join((operation, media_type)).encode() + b"\0" + body
    return Asked(
        user_id=user_id,
        key=key_checked(request.headers[HEADER]),
        operation=operation,
        request_sha256=hashlib.sha256(content).hexdigest(),
    )


def _kept(response: HttpResponse) -> Answer:
    return Answer(
        status=response.status_code,
        media_type=response.headers.get("Content-Type", ""),
        body=response.content.decode(),
        passing="Retry-After" in response.headers,
    )


def _replayed(answer: Answer) -> HttpResponse:
    again = HttpResponse(answer.body, status=answer.status, headers={REPLAYED: "true"})
    del again.headers["Content-Type"]
    if answer.media_type:
        again.headers["Content-Type"] = answer.media_type
    return again


def _limited(request: HttpRequest, asker: Request) -> HttpResponse | None:
    """Return 429 where what never reaches the view is asked too often."""
    throttle = ScopeThrottle()
    if throttle.allow_request(asker, None):
        return None
    refused = problem_page(request, 429, "throttled", "Too many requests; wait as long as Retry-After says.")
    refused.headers["Retry-After"] = str(int(throttle.wait() or 0) + 1)
    return refused


def _refused(error: TraderAIError) -> HttpResponse:
    answer = problem_answer(error)
    if isinstance(error, StillRunningError):
        answer.headers["Retry-After"] = str(_SOON_S)
    return answer
