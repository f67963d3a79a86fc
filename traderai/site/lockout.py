"""What whoever failed to sign in too often is told, wherever they tried."""

from __future__ import annotations

import math
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from traderai.accounts.authentication import client_address
from traderai.accounts.forms import AppSignInForm
from traderai.accounts.selectors import lock_ends_at
from traderai.common import clock
from traderai.site.problems import problem_page


def locked_out(
    request: HttpRequest, response: HttpResponse | None, credentials: dict[str, Any] | None
) -> HttpResponse:
    """Answer 429 with Retry-After: a problem document, the sign-in page with a note, or a plain page for staff.

    Names that nobody has are locked alike, so it tells nothing about whose name it was.
    """
    name = str((credentials or {}).get("username") or "")
    ends_at = lock_ends_at(username=name, address=client_address(request))
    wait_s = settings.AXES_COOLOFF_TIME.total_seconds()
    if ends_at is not None:
        wait_s = max(1.0, (ends_at - clock.now()).total_seconds())
    minutes = math.ceil(wait_s / 60)
    if request.path.startswith("/app/"):
        context = {
            "form": AppSignInForm(request),
            "locked_minutes": minutes,
            "next": request.POST.get("next", ""),
        }
        answer = render(request, "app/login.html", context, status=429)
    else:
        answer = problem_page(
            request,
            429,
            "locked_out",
            f"too many failed sign-ins by this name or from this address; try again in {minutes} min",
        )
    answer["Retry-After"] = str(math.ceil(wait_s))
    return answer
