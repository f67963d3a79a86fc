"""The first version of the API: every app's own paths under one roof."""

from __future__ import annotations

from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include(f"{app}.api.urls"))
    for app in ("market", "modeling", "signals", "portfolio")
    if find_spec(f"{app}.api.urls")
]
