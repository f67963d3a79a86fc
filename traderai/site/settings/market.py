"""Where market data come from and how late they are."""

from __future__ import annotations

import environ

_env = environ.Env()

ISS_BASE_URL: str = _env.str("ISS_BASE_URL", default="https://iss.moex.com/iss")
ISS_DATA_LAG_MINUTES: int = _env.int("ISS_DATA_LAG_MINUTES", default=15)
ISS_REQUESTS_PER_SECOND: float = _env.float("ISS_REQUESTS_PER_SECOND", default=5.0)
# How far back a series is read from ISS when nothing is stored yet.
ISS_HISTORY_DAYS: int = _env.int("ISS_HISTORY_DAYS", default=1100)

# Who may push verdicts on news: `name:sha256 of the token` each, comma-separated; the token itself is stored nowhere.
# The name stands beside every verdict. `python -c "import hashlib; print(hashlib.sha256(b'TOKEN').hexdigest())"`
NEWS_PUSH_TOKENS: list[str] = _env.list("NEWS_PUSH_TOKENS", default=[])
