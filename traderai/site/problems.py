"""Every error of the API as RFC 9457 `application/problem+json`; elsewhere a plain page."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from traderai.common.errors import (
    ConflictError,
    FieldsError,
    ForbiddenError,
    InputError,
    NotFoundError,
    NotReadyError,
    SignInError,
    TraderAIError,
    TransientError,
)
from traderai.common.problems import PROBLEM_MEDIA_TYPE, TITLES

log = structlog.get_logger(__name__)

STATUS_BY_ERROR: tuple[tuple[type[TraderAIError], int], ...] = (
    (InputError, 422),
    (SignInError, 401),
    (ForbiddenError, 403),
    (NotFoundError, 404),
    (ConflictError, 409),
    (NotReadyError, 409),
    (TransientError, 503),
)
RETRY_AFTER_S = {NotReadyError: 60, TransientError: 5}
BROKEN_DETAIL = "Something broke on our side; it has been recorded under this request_id."


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Return the problem document of an error raised in an API view; None lets Django's handler500 answer.

    Our own mistakes (InvariantError and whatever is not ours) are logged with their trace and answered without
    details.
    """
    set_rollback()
    if isinstance(error, TraderAIError):
        return _own_error(error)
    if isinstance(error, (OperationalError, InterfaceError)):
        log.error("database_unavailable", exc_info=error)
        return _own_error(TransientError("the database did not answer; try again in a few seconds"))
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if isinstance(error, exceptions.APIException):
        return _framework_error(error)
    return None


def problem_body(
    *, status: int, code: str, detail: str, errors: list[dict[str, str]] | None = None
) -> dict[str, Any]:
    """Return the members of a problem document."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": TITLES.get(status, "Error"),
        "status": status,
        "detail": detail,
        "code": code,
    }
    if errors:
        body["errors"] = errors
    request_id = structlog.contextvars.get_contextvars().get("request_id")
    if request_id:
        body["request_id"] = str(request_id)
    return body


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400."""
    return problem_page(request, 400, "bad_request", "The request could not be read.")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler403."""
    return problem_page(request, 403, "permission_denied", "You may not open this page.")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler404."""
    return problem_page(request, 404, "not_found", f"There is nothing at {request.path}.")


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500; Django has logged the trace."""
    return problem_page(request, 500, "server_error", BROKEN_DETAIL)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's CSRF_FAILURE_VIEW."""
    return problem_page(
        request, 403, "csrf_failed", "The form has expired; load the page again and send it once more."
    )


def problem_page(request: HttpRequest, status: int, code: str, detail: str) -> HttpResponse:
    """Return a problem document below /api/, elsewhere a plain page that says the same."""
    body = problem_body(status=status, code=code, detail=detail)
    if request.path.startswith("/api/"):
        return HttpResponse(
            json.dumps(body, ensure_ascii=False), status=status, content_type=PROBLEM_MEDIA_TYPE
        )
    return render(request, "error.html", body, status=status)


def problem_answer(error: TraderAIError) -> HttpResponse:
    """Return the problem document of an error outside of the API's views, in a middleware."""
    answer = _own_error(error)
    body = json.dumps(answer.data, ensure_ascii=False)
    headers = {**answer.headers, "Content-Type": PROBLEM_MEDIA_TYPE}
    return HttpResponse(body, status=answer.status_code, headers=headers)


def _own_error(error: TraderAIError) -> Response:
    status = next((code for kind, code in STATUS_BY_ERROR if isinstance(error, kind)), 500)
    if status == 500:
        log.error("invariant_broken", code=error.code, exc_info=error)
        return _answer(problem_body(status=500, code="server_error", detail=BROKEN_DETAIL))
    errors = [{"field": error.field, "code": error.code, "detail": error.detail}] if error.field else None
    if isinstance(error, FieldsError):
        errors = [asdict(problem) for problem in error.problems]
    wait_s = next((seconds for kind, seconds in RETRY_AFTER_S.items() if isinstance(error, kind)), None)
    headers = {} if wait_s is None else {"Retry-After": str(wait_s)}
    if status == 401:
        headers["WWW-Authenticate"] = "Token"
    return _answer(problem_body(status=status, code=error.code, detail=error.detail, errors=errors), headers)


def _framework_error(error: exceptions.APIException) -> Response:
    headers: dict[str, str] = {}
    if getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = error.auth_header  # type: ignore[attr-defined]
    wait_s = getattr(error, "wait", None)
    if wait_s is not None:
        headers["Retry-After"] = str(math.ceil(wait_s))
    if isinstance(error, exceptions.ValidationError):
        errors = list(_field_problems(error.get_full_details()))
        detail = "; ".join(f"{item['field']}: {item['detail']}" for item in errors)
        body = problem_body(status=error.status_code, code="invalid", detail=detail, errors=errors)
        return _answer(body, headers)
    detail, code = str(error.detail), str(getattr(error.detail, "code", error.default_code))
    return _answer(problem_body(status=error.status_code, code=code, detail=detail), headers)


def _field_problems(details: Any, path: str = "") -> Iterator[dict[str, str]]:
    """Flatten the framework's nested details into one entry a mistake."""
    if isinstance(details, Mapping) and set(details) == {"message", "code"}:
        yield {"field": path or "body", "code": str(details["code"]), "detail": str(details["message"])}
    elif isinstance(details, Mapping):
        for key, value in details.items():
            own = "" if key == "non_field_errors" else str(key)
            yield from _field_problems(value, ".".join(part for part in (path, own) if part))
    else:
        for index, value in enumerate(details):
            is_leaf = isinstance(value, Mapping) and set(value) == {"message", "code"}
            yield from _field_problems(value, path if is_leaf else f"{path}.{index}".lstrip("."))


def _answer(body: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    return Response(body, status=body["status"], headers=headers, content_type=PROBLEM_MEDIA_TYPE)
