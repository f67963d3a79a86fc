"""Settings of every environment; what differs stands in dev.py, test.py and prod.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import environ

from traderai.common.compiled import use_compiled
from traderai.site.endpoints import endpoint, state_dir

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parents[3]
STATE_DIR = state_dir(BASE_DIR)
use_compiled(code=BASE_DIR, state=STATE_DIR)

DATABASE_URL = endpoint("DATABASE_URL", state=STATE_DIR)
REDIS_URL = endpoint("REDIS_URL", state=STATE_DIR)
LAKE_URL = env.str("LAKE_URL", default=f"file://{STATE_DIR / 'lake'}")

# Development only: who opens /app/ without signing in is this user. Empty everywhere else.
DEVELOPMENT_USERNAME = ""

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_beat",
    "django_structlog",
    "csp",
    "knox",
    "axes",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "traderai.site",
    "traderai.accounts",
    "traderai.jobs",
    "market",
    "features",
    "modeling",
    "signals",
    "portfolio",
    "behavior",
    "training_game",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "traderai.site.headers.HeadersMiddleware",
    "traderai.site.csp.AreaCSPMiddleware",
    "traderai.site.bodies.BodySizeMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "traderai.site.shown.ShownSignalMiddleware",
    "axes.middleware.AxesMiddleware",
    # The last: it calls the view.
    "traderai.site.idempotency.IdempotencyMiddleware",
]

ROOT_URLCONF = "traderai.site.urls"
WSGI_APPLICATION = "traderai.site.wsgi.application"
AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

DATABASES: dict[str, dict[str, Any]] = {
    "default": env.db_url_config(DATABASE_URL)
    if DATABASE_URL
    else {"ENGINE": "django.db.backends.postgresql"}
}
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
# Compiling a query takes longer than our queries over many partitions do.
DATABASES["default"].setdefault("OPTIONS", {})["options"] = "-c jit=off"

LANGUAGE_CODE = "ru"
LANGUAGES = [("ru", "Русский"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "traderai" / "locale"]
TIME_ZONE = "Europe/Moscow"
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STATIC_ROOT = STATE_DIR / "static"
# Served from where they lie, so that nothing has to be collected on a developer's machine.
WHITENOISE_USE_FINDERS = True
# For who changes the Mini App: its modules as they are written, in place of the bundle that `make app` makes of them.
APP_SOURCES = env.bool("APP_SOURCES", default=False)
STATICFILES_DIRS = [BASE_DIR / "traderai" / "site" / "static"]

# The largest body of all; traderai.site.bodies refuses most requests at far less.
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024
REQUEST_BODY_MAX_BYTES = 256 * 1024

from traderai.site.settings.accounts import *  # noqa: E402, F403
from traderai.site.settings.admin import *  # noqa: E402, F403
from traderai.site.settings.api import *  # noqa: E402, F403
from traderai.site.settings.celery import *  # noqa: E402, F403
from traderai.site.settings.logs import *  # noqa: E402, F403
from traderai.site.settings.market import *  # noqa: E402, F403
from traderai.site.settings.notifier import *  # noqa: E402, F403
from traderai.site.settings.signals import *  # noqa: E402, F403
from traderai.site.settings.summaries import *  # noqa: E402, F403
from traderai.site.settings.tracking import *  # noqa: E402, F403
