"""The web process; it never loads Keras, TensorFlow, Numba, TA-Lib, pandas or LightGBM (a contract checks it)."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "traderai.site.settings.prod")
application = get_wsgi_application()

from django.db import connections  # noqa: E402  # of the settings that are loaded now

# Its threads stay, and each keeps its connection: to open one for each request took as long as to answer it. One that
# has broken is found when it is used again (CONN_HEALTH_CHECKS).
for database in connections.settings.values():
    database["CONN_MAX_AGE"] = 60
