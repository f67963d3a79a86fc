"""The first version of the API: every app's own paths under one roof."""

from __future__ import annotations

from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, include, path

from traderai.site.me import PersonalDataView

urlpatterns: list[URLPattern | URLResolver] = [
    path("me/data", PersonalDataView.as_view(), name="my_data"),
    *(
        path("", include(f"{app}.api.urls"))
        for app in (
            "traderai.accounts",
            "market",
            "modeling",
            "signals",
            "portfolio",
            "behavior",
            "training_game",
        )
        if find_spec(f"{app}.api.urls")
    ),
]
