"""Summaries of what the machine did by itself, sent to a webhook and to a Telegram chat where these are configured."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import httpx
from django.conf import settings

TIMEOUT_S = 5.0
_TELEGRAM_CHARS = 4096

_log = logging.getLogger(__name__)


def summary_send(*, event: str, text: str, facts: Mapping[str, Any]) -> tuple[str, ...]:
    """Send a summary to every configured place and return the names of those that took it.

    A place that does not is logged and has no other consequence: what is summed up is done and stored. Repeating sends
    again.
    """
    asked: list[tuple[str, str, dict[str, Any]]] = []
    if settings.SUMMARY_WEBHOOK_URL:
        content = {"event": event, "text": text, "facts": dict(facts)}
        asked.append(("webhook", settings.SUMMARY_WEBHOOK_URL, content))
    if settings.TELEGRAM_SUMMARY_TOKEN and settings.TELEGRAM_SUMMARY_CHAT:
        url = f"{settings.TELEGRAM_API_URL}/bot{settings.TELEGRAM_SUMMARY_TOKEN}/sendMessage"
        content = {"chat_id": settings.TELEGRAM_SUMMARY_CHAT, "text": text[:_TELEGRAM_CHARS]}
        asked.append(("telegram", url, content))
    return tuple(name for name, url, content in asked if _took(name, url, content))


def _took(name: str, url: str, content: Mapping[str, Any]) -> bool:
    # Both addresses may hold a secret, and so may the texts of httpx's errors: neither is logged.
    try:
        status = httpx.post(url, json=content, timeout=TIMEOUT_S).status_code
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        _log.warning("the %s took no summary: %s", name, type(error).__name__)
        return False
    if not 200 <= status < 300:
        _log.warning("the %s took no summary: it answered %s", name, status)
        return False
    return True
