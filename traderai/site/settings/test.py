"""Tests: real PostgreSQL and Redis, fast password hashes."""

from __future__ import annotations

from traderai.site.settings.dev import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DEVELOPMENT_USERNAME = ""
