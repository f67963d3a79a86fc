"""The skin of the staff's admin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy

FORMAT_MODULE_PATH = ["traderai.site.formats"]


def _may_view(table: str) -> Callable[[HttpRequest], bool]:
    app, _, model = table.partition("_")
    return lambda request: bool(request.user.has_perm(f"{app}.view_{model}"))


def _item(title: str, icon: str, table: str) -> dict[str, Any]:
    link = reverse_lazy(f"admin:{table}_changelist")
    return {"title": title, "icon": icon, "link": link, "permission": _may_view(table)}


NAVIGATION = [
    {
        "title": "Calls",
        "items": [
            _item("Signals", "trending_up", "signals_signal"),
            _item("Outcomes", "fact_check", "signals_outcome"),
            _item("Reviews", "rate_review", "signals_review"),
            _item("Market regime", "thermostat", "features_regimehistory"),
        ],
    },
    {
        "title": "Market",
        "items": [
            _item("Instruments", "sell", "market_instrument"),
            _item("Corporate actions", "call_split", "market_corporateaction"),
            _item("Trading days", "calendar_month", "market_tradingday"),
            _item("Ingestion runs", "download", "market_ingestionrun"),
            _item("Quarantine", "block", "market_quarantinedrow"),
            _item("Data quality", "fact_check", "market_dataqualityreport"),
            _item("News", "newspaper", "market_newsitem"),
            _item("Risk alerts", "warning", "market_riskalert"),
        ],
    },
    {
        "title": "Models",
        "items": [
            _item("Model versions", "model_training", "modeling_modelversion"),
            _item("Gate verdicts", "gavel", "modeling_gateverdict"),
            _item("Leak audits", "water_drop", "modeling_leakaudit"),
            _item("Drift reports", "trending_down", "modeling_driftreport"),
            _item("Retrainings", "autorenew", "modeling_retrainingreport"),
            _item("Daily orders", "leaderboard", "modeling_dailyorder"),
            _item("Shadow reports", "visibility_off", "modeling_shadowreport"),
            _item("Promotions", "swap_vert", "modeling_promotion"),
            _item("Training runs", "fitness_center", "modeling_trainingrun"),
            _item("Experiments", "science", "modeling_experiment"),
            _item("Trials", "casino", "modeling_trial"),
            _item("Feature files", "dataset", "features_featuresnapshot"),
        ],
    },
    {
        "title": "Operation",
        "items": [
            _item("Jobs", "work", "jobs_job"),
            _item("Schedules", "schedule", "django_celery_beat_periodictask"),
            _item("Users", "person", "accounts_user"),
            _item("Groups", "group", "auth_group"),
            _item("Tokens", "key", "knox_authtoken"),
            _item("Failed sign-ins", "lock", "axes_accessattempt"),
        ],
    },
]

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "TraderAI",
    "SITE_HEADER": "TraderAI",
    "SITE_SUBHEADER": "Moscow Exchange",
    "SITE_URL": "/app/",
    "SITE_ICON": lambda request: static("app/icon.svg"),
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("app/icon.svg")},
    ],
    "LOGIN": {"form": "traderai.accounts.forms.StaffSignInForm"},
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "12px",
    # The accent of the Mini App.
    "COLORS": {
        "primary": {
            "50": "#eef4ff",
            "100": "#dbe7ff",
            "200": "#bfd4ff",
            "300": "#93b6ff",
            "400": "#6ea8ff",
            "500": "#3f7ff5",
            "600": "#2f6feb",
            "700": "#1f5fd6",
            "800": "#1a4fae",
            "900": "#1a448a",
            "950": "#132a54",
        },
    },
    "STYLES": [lambda request: static("staff/look.css")],
    "DASHBOARD_CALLBACK": "traderai.site.dashboard.dashboard",
    "SIDEBAR": {"show_search": True, "show_all_applications": True, "navigation": NAVIGATION},
}
