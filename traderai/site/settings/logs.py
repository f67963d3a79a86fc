"""Logs."""

from __future__ import annotations

from typing import Any

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    # Its line for each request holds the whole address, and that of a Telegram bot holds the bot's token.
    "loggers": {"httpx": {"level": "WARNING"}},
}
