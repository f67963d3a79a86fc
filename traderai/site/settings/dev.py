"""Development: on this machine only, a development user instead of a sign-in."""

from __future__ import annotations

from traderai.site.settings.base import *  # noqa: F403

DEBUG = False
SECRET_KEY = "development-only-key-that-protects-nothing-0123456789abcdef"  # noqa: S105
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
DEVELOPMENT_USERNAME = "trader"

# Static files straight from the apps, so that nothing has to be collected before the page opens.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
