"""Tests: real PostgreSQL and Redis, fast password hashes, files in a folder that is thrown away."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

# Two test processes share a Redis and not a database: neither may answer what the other asks. Before the settings are read,
# and for the workers that a test starts.
os.environ["ONDEMAND_QUEUE"] = f"traderai:test:{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"

from traderai.site.settings.dev import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DEVELOPMENT_USERNAME = ""
# Tests of limits set their own; in all others one user may do a day's work in a minute.
RATE_LIMIT_SCALE = 0.0

# A worker that a test starts shares the test's lake: the test hands it LAKE_URL.
STATE_DIR = Path(tempfile.mkdtemp(prefix="traderai-test-"))
atexit.register(shutil.rmtree, STATE_DIR, ignore_errors=True)
STATIC_ROOT = STATE_DIR / "static"
LAKE_URL = os.environ.get("LAKE_URL") or f"file://{STATE_DIR / 'lake'}"
