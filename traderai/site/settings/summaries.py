"""Where summaries of trainings and alarms of drift are sent; nowhere by default."""

from __future__ import annotations

import environ

_env = environ.Env()

# Gets a POST of JSON: {"event": ..., "text": ..., "facts": {...}}.
SUMMARY_WEBHOOK_URL: str = _env.str("SUMMARY_WEBHOOK_URL", default="")
# A bot's token and the chat that it writes to.
TELEGRAM_SUMMARY_TOKEN: str = _env.str("TELEGRAM_SUMMARY_TOKEN", default="")
TELEGRAM_SUMMARY_CHAT: str = _env.str("TELEGRAM_SUMMARY_CHAT", default="")
TELEGRAM_API_URL: str = _env.str("TELEGRAM_API_URL", default="https://api.telegram.org")
