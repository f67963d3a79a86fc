"""Pages outside the API: the Mini App's shell, its sign-in, and what an operator asks."""

from __future__ import annotations

from urllib.parse import urlsplit

import redis
from django.conf import settings
from django.contrib.auth.views import LoginView, LogoutView
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from traderai.accounts.forms import AppSignInForm


@require_safe
@never_cache
@xframe_options_exempt
@ensure_csrf_cookie
def mini_app(request: HttpRequest) -> HttpResponse:
    """The shell of the Mini App, the same for everybody: what it shows it asks the API for, which knows who asks."""
    return render(request, "app/index.html", {"app_sources": settings.APP_SOURCES})


class AppLoginView(LoginView):
    """Sign-in by password, for users that staff have made."""

    template_name = "app/login.html"
    authentication_form = AppSignInForm
    next_page = "app"
    redirect_authenticated_user = True

    def get_redirect_url(self) -> str:  # type: ignore[override]  # the types name a parameter that Django has not
        """Return where to go on to; never back here, which would lead round for ever."""
        address = super().get_redirect_url()
        return "" if urlsplit(address).path == self.request.path else address


class AppLogoutView(LogoutView):
    """Sign-out."""

    next_page = "login"


@require_safe
def document(request: HttpRequest) -> HttpResponse:
    """The API's document as the repository holds it, which a test keeps in step.

    Making it takes a second of a processor, and anybody may ask for it.
    """
    text = (settings.BASE_DIR / "traderai" / "docs" / "openapi.yaml").read_bytes()
    return HttpResponse(text, content_type="application/vnd.oai.openapi; charset=utf-8")


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """The tab's icon, where a browser asks for it unasked."""
    return HttpResponseRedirect(static("app/icon.svg"))


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """The process lives."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """The process can work: database, Redis and migrations, each by name; 503 if any of them fails."""
    database = _database_state()
    checks = {
        "database": database,
        "migrations": _migrations_state() if database == "ok" else "unknown",
        "redis": _redis_state(),
    }
    ready = all(state == "ok" for state in checks.values())
    status = 200 if ready else 503
    return JsonResponse({"status": "ok" if ready else "not_ready", "checks": checks}, status=status)


def _database_state() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "unreachable"
    return "ok"


def _migrations_state() -> str:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return f"{len(missing)} not applied; run manage.py migrate" if missing else "ok"


def _redis_state() -> str:
    if not settings.REDIS_URL:
        return "REDIS_URL is not set"
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1) as client:
            client.ping()
    except redis.RedisError:
        return "unreachable"
    return "ok"
