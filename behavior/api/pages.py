"""The weekly report as a page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from behavior.charts import columns_of, line_of
from behavior.services.page_token import page_token_user
from behavior.services.weekly import weekly_report_get
from behavior.wording import report_worded
from traderai.accounts.authentication import development_request
from traderai.accounts.services.development import development_user_get
from traderai.common import clock
from traderai.common.asker import spoken_language
from traderai.common.errors import TraderAIError
from traderai.common.worded import number_worded

EVIDENCE_SHOWN = 8
# Marks beside the colours: nobody must tell them by colour alone.
SEVERITIES: Final[dict[str, tuple[str, Any]]] = {
    "low": ("!", gettext_lazy("minor")),
    "medium": ("!!", gettext_lazy("serious")),
    "high": ("!!!", gettext_lazy("grave")),
}


@require_safe
@never_cache
def weekly_page(request: HttpRequest) -> HttpResponse:
    """The asker's report of a week (`?week=2024-W10`, `?lang=en`); what is asked wrongly is said on the page.

    Without a sign-in for the development user, as the Mini App beside it, and for the `page_url` of a report (`?token=`).
    """
    token, week = request.GET.get("token", ""), request.GET.get("week", "")
    if token and (user := page_token_user(token=token, week=week, now=clock.now())) is not None:
        return _page(request, user)
    if not request.user.is_authenticated and development_request(request):
        return _page(request, development_user_get())
    return _signed_in_only(request)


@login_required(login_url="login")
def _signed_in_only(request: HttpRequest) -> HttpResponse:
    return _page(request, request.user)


def _page(request: HttpRequest, user: AbstractBaseUser | AnonymousUser) -> HttpResponse:
    language = spoken_language(request.GET.get("lang") or getattr(user, "language", None))
    with translation.override(language):
        try:
            report = weekly_report_get(
                user_id=int(user.pk or 0), week=request.GET.get("week"), now=clock.now()
            )
        except TraderAIError as error:
            status = 404 if request.GET.get("week") else 409
            return render(request, "behavior/weekly.html", {"problem": error.detail}, status=status)
        return render(request, "behavior/weekly.html", _context(report_worded(report, language=language)))


def _context(report: dict[str, Any]) -> dict[str, Any]:
    weeks = [*report["earlier"], report]
    total = report["total_cost_rub"]
    return {
        "report": {**report, "last_day": report["ends_at"] - timedelta(days=1)},
        "trend": "" if report["score_trend"] is None else number_worded(abs(report["score_trend"]), 1),
        "sums": _sums(report),
        "tones": {name: _tone(value) for name, value in _values(report).items()},
        "counts": {side: _counted(report[side]) for side in ("followed", "own")},
        "scores": line_of([(_short(one), one["score"], str(one["score"])) for one in weeks]),
        "results": columns_of(
            [(_short(one), one["pnl_rub"], number_worded(one["pnl_rub"], 0)) for one in weeks]
        ),
        "habits": [
            {
                **one,
                "width": round(100 * one["cost_rub"] / total, 1) if total else 0.0,
                "cost_text": number_worded(one["cost_rub"], 0),
                "alone_text": number_worded(one["cost_alone_rub"], 0),
                "is_counted_elsewhere": one["cost_rub"] == 0 < one["cost_alone_rub"],
                "mark": SEVERITIES[one["severity"]][0],
                "severity_text": SEVERITIES[one["severity"]][1],
                "findings": [{**each, "trades": _ids(each["trade_ids"])} for each in one["findings"]],
            }
            for one in report["mistakes"]
        ],
        "weeks": [
            {
                "week": one["week"],
                "score": "–" if one["score"] is None else one["score"],
                "pnl": _signed(one["pnl_rub"]),
                "cost": number_worded(one["total_cost_rub"], 0),
            }
            for one in reversed(weeks)
        ],
        "has_history": len(weeks) > 1,
    }


def _values(report: dict[str, Any]) -> dict[str, float]:
    parts = ("followed", "own", "closed", "best", "worst")
    return {"pnl": report["pnl_rub"]} | {name: report[name]["pnl_rub"] for name in parts if report[name]}


def _sums(report: dict[str, Any]) -> dict[str, str]:
    return {name: _signed(value) for name, value in _values(report).items()} | {
        "cost": number_worded(report["total_cost_rub"], 0)
    }


def _tone(value: float) -> str:
    """Return the class of a sum: what rounds to nothing is neither a gain nor a loss."""
    return "up" if round(value) > 0 else "down" if round(value) < 0 else ""


def _signed(value: float) -> str:
    text = number_worded(value, 0)
    return f"+{text}" if round(value) > 0 else text


def _counted(side: dict[str, Any]) -> str:
    return ngettext(
        "%(decisions)s decision, %(winners)s of them won",
        "%(decisions)s decisions, %(winners)s of them won",
        side["decisions"],
    ) % {"decisions": side["decisions"], "winners": side["winners"]}


def _ids(keys: list[int]) -> str:
    """Return the first trades by number; a habit may have a hundred."""
    return ", ".join(map(str, keys[:EVIDENCE_SHOWN])) + (" …" if len(keys) > EVIDENCE_SHOWN else "")


def _short(week: dict[str, Any]) -> str:
    return str(week["week"]).split("-")[1]
