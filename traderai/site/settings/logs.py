"""Logs."""

from __future__ import annotations

from typing import Any

from traderai.common.logs import logs_configure

logs_configure(as_json=False)
# An address tells of a person; who is signed in is named by number.
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    # Its line for each request holds the whole address, and that of a Telegram bot holds the bot's token.
    "loggers": {"httpx": {"level": "WARNING"}},
}
