"""Production: every secret from the environment, none by default."""

from __future__ import annotations

from traderai.common.logs import logs_configure
from traderai.site.settings.base import *  # noqa: F403
from traderai.site.settings.base import PROXY_COUNT, env

logs_configure(as_json=True)
DEBUG = False
SECRET_KEY = env.str("SECRET_KEY")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS")
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
# Behind a proxy of ours alone is what it says of the connection believed; anybody else could say so too.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PROXY_COUNT else None
SECURE_HSTS_SECONDS = 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "traderai.site.static_storage.ModuleStaticFilesStorage"},
}
