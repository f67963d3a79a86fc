"""The REST framework, its document and the content security policy."""

from __future__ import annotations

from typing import Any

import environ

from traderai.site.settings.accounts import PROXY_COUNT

_env = environ.Env()

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_SCHEMA_CLASS": "traderai.site.api_document.ContractSchema",
    "DEFAULT_PARSER_CLASSES": ["traderai.common.parsers.PlainJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "traderai.accounts.authentication.TokenAuthentication",
        "traderai.accounts.authentication.SignedInAuthentication",
        "traderai.accounts.authentication.DevelopmentUserAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "NUM_PROXIES": PROXY_COUNT,
    "DEFAULT_THROTTLE_CLASSES": ["traderai.site.throttling.ScopeThrottle"],
    # The document says what there is; a second description, which no test holds, is not given.
    "DEFAULT_METADATA_CLASS": None,
    # What an answer's form is, its operation says; a parameter of every operation would be one that none documents.
    "URL_FORMAT_OVERRIDE": None,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "EXCEPTION_HANDLER": "traderai.site.problems.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "TraderAI",
    "DESCRIPTION": (
        "Decisions, probabilities and explanations for shares of the Moscow Exchange. "
        "Not individual investment advice.\n\n"
        "Times are ISO 8601 with offset, prices and money RUB, probabilities and what ends in `_frac` fractions of 1. A "
        "figure that is not known is null, never 0. Errors are RFC 9457 problem documents: programs go by `code`; complaints "
        "about the form of a field come in the language of `Accept-Language`, else the user's, and what a rule refuses "
        "in English. Lists are paged: follow `next` until it is null. Answers with an `ETag` are asked for again by "
        "`If-None-Match` and answered 304 while they hold."
    ),
    "VERSION": "1",
    # The first that can say of an object that it may be null.
    "OAS_VERSION": "3.1.1",
    "TAGS": [
        {"name": "auth", "description": "Signing in: from Telegram, or with a password for programs."},
        {"name": "me", "description": "The asker's own settings and data."},
        {"name": "market", "description": "Facts of the exchange: instruments, candles, news, the regime."},
        {"name": "signals", "description": "What we say of shares, why, and whether we were right."},
        {"name": "models", "description": "Which models speak, and the switches between them."},
        {"name": "portfolio", "description": "The asker's accounts, trades, positions and watched shares."},
        {"name": "behavior", "description": "The coach: checks before a trade, feedback, the weekly report."},
        {"name": "training", "description": "The game against the AI on moments of history."},
    ],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    # What may be chosen the schema lists; a second list, of each value beside itself, says nothing.
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    # A change says itself which of its fields may be left out.
    "COMPONENT_SPLIT_PATCH": False,
    # Fields of one name with other choices: each set of them has its own name in the document.
    "ENUM_NAME_OVERRIDES": {
        "AccountKindEnum": ["real", "virtual"],
        "LevelKindEnum": ["support", "resistance"],
        "ModelKindEnum": ["adapter", "council", "global", "regime", "system"],
        # A signal's actions and those of an answer in the game are the same four.
        "SignalEnum": "signals.contracts.ACTIONS",
        "PositionSideEnum": ["long", "short"],
        "TradeSideEnum": ["BUY", "SELL"],
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "traderai.site.document.guards_told",
        "traderai.site.document.fields_told",
    ],
    "SERVE_INCLUDE_SCHEMA": False,
    # A developer's machine is no part of the contract.
    "AUTHENTICATION_WHITELIST": [
        "traderai.accounts.authentication.TokenAuthentication",
        "traderai.accounts.authentication.SignedInAuthentication",
        "market.api.news_auth.ServiceTokenAuthentication",
    ],
    # The document tells nothing that the repository does not tell.
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# Multiplies the limits of limits.yaml; 0 lifts them.
RATE_LIMIT_SCALE: float = _env.float("RATE_LIMIT_SCALE", default=1.0)

CSRF_FAILURE_VIEW = "traderai.site.problems.csrf_failure"

CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}
_STRICT: dict[str, list[str]] = CONTENT_SECURITY_POLICY["DIRECTIVES"]

# The first prefix that a path starts with gives its policy; all others have the default one.
CSP_AREAS: list[tuple[str, dict[str, list[str]]]] = [
    (
        "/app/",
        {
            **_STRICT,
            "frame-ancestors": ["https://web.telegram.org", "https://*.telegram.org"],
        },
    ),
    # The admin's skin runs Alpine, whose expressions need eval.
    (
        "/admin/",
        {
            **_STRICT,
            "script-src": ["'self'", "'unsafe-eval'"],
            "style-src": ["'self'", "'unsafe-inline'"],
        },
    ),
    ("/api/docs/", {**_STRICT, "style-src": ["'self'", "'unsafe-inline'"]}),
    (
        "/api/redoc/",
        {**_STRICT, "style-src": ["'self'", "'unsafe-inline'"], "worker-src": ["'self'", "blob:"]},
    ),
]
X_FRAME_OPTIONS = "DENY"
PERMISSIONS_POLICY = ", ".join(
    f"{device}=()"
    for device in (
        "accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "hid", "magnetometer",
        "microphone", "midi", "payment", "serial", "usb",
    )
)  # fmt: skip
