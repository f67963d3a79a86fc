"""Where market data come from and how late they are."""

from __future__ import annotations

import environ

_env = environ.Env()

ISS_BASE_URL: str = _env.str("ISS_BASE_URL", default="https://iss.moex.com/iss")
ISS_DATA_LAG_MINUTES: int = _env.int("ISS_DATA_LAG_MINUTES", default=15)
ISS_REQUESTS_PER_SECOND: float = _env.float("ISS_REQUESTS_PER_SECOND", default=5.0)
# How far back a series is read from ISS when nothing is stored yet.
ISS_HISTORY_DAYS: int = _env.int("ISS_HISTORY_DAYS", default=1100)
