"""The web process; it never loads Keras, TensorFlow, Numba, TA-Lib, pandas or LightGBM (a contract checks it)."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "traderai.site.settings.prod")
application = get_wsgi_application()
