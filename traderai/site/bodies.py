"""How large a request may be: said before a byte of it is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from portfolio.selectors.configuration import ledger_config_get
from traderai.site.problems import problem_page

# A file's text in JSON, each of its letters at worst as an escape of six bytes for two.
_IMPORT_TIMES = 3


class BodySizeMiddleware:
    """Refuses what is larger than its operation can want with 413; an import may be as large as its file.

    A request without a length has no body here: the server reads none that is not announced.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer."""
        return self._get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponse | None:
        """Refuse a body that is too large, else let the view answer."""
        try:
            size = int(request.META.get("CONTENT_LENGTH") or 0)
        except ValueError:
            return problem_page(request, 400, "bad_request", "Content-Length must be a number of bytes.")
        allowed = _allowed(request)
        if size <= allowed:
            return None
        detail = f"the body must have at most {allowed} bytes, had {size}; send less at a time"
        return problem_page(request, 413, "body_too_large", detail)


def _allowed(request: HttpRequest) -> int:
    most: int = settings.REQUEST_BODY_MAX_BYTES
    if request.resolver_match is not None and request.resolver_match.view_name == "actions_import":
        most += _IMPORT_TIMES * ledger_config_get().max_import_bytes
    return most
