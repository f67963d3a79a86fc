"""Telegram's Bot API: one method, and what its refusals mean.

Source: https://core.telegram.org/bots/api#sendmessage and #making-requests
"""

from __future__ import annotations

from typing import Any, Final

import httpx
from django.conf import settings

_TIMEOUT = httpx.Timeout(10.0, connect=5.0)
_GONE: Final = ("chat not found", "user is deactivated", "bot was blocked", "peer_id_invalid")


class NotSentError(Exception):
    """The message was certainly not delivered; `wait_s` is what Telegram asked for, None where it asked for nothing."""

    def __init__(self, reason: str, *, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


class UnreachableUserError(Exception):
    """The user has blocked the bot or is gone: nothing will ever arrive."""


class RefusedMessageError(Exception):
    """Telegram does not take this message; a second try would end the same way."""


class BotRefusedError(Exception):
    """Telegram does not know the bot: the token is wrong or was withdrawn."""


class NoAnswerError(Exception):
    """The request went out and nothing was heard: the message may have been delivered."""


def message_send(
    client: httpx.Client, *, chat_id: int, text: str, button: tuple[str, str] | None = None
) -> None:
    """Send a plain text; `button` is a label with the address that it opens as a Mini App.

    Raises: NotSentError, UnreachableUserError, RefusedMessageError, BotRefusedError or NoAnswerError. None of them
    tells the token.
    """
    body: dict[str, Any] = {"chat_id": chat_id, "text": text, "link_preview_options": {"is_disabled": True}}
    if button is not None:
        label, address = button
        body["reply_markup"] = {"inline_keyboard": [[{"text": label, "web_app": {"url": address}}]]}
    url = f"{settings.TELEGRAM_API_URL}/bot{settings.TELEGRAM_BOT_TOKEN}/sendMessage"
    try:
        reply = client.post(url, json=body)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise NotSentError(f"Telegram could not be reached: {type(error).__name__}") from None
    except httpx.HTTPError as error:
        raise NoAnswerError(f"no whole answer came: {type(error).__name__}") from None
    if reply.status_code != 200:
        raise _refusal(reply)


def bot_client() -> httpx.Client:
    """Return connections to the Bot API; the caller closes them."""
    return httpx.Client(timeout=_TIMEOUT)


def _refusal(reply: httpx.Response) -> Exception:
    told = _told(reply)
    reason = f"{reply.status_code} {told.get('description', '')}".strip()[:300]
    if reply.status_code == 429:
        waited = told.get("parameters", {}).get("retry_after", 5)
        return NotSentError(reason, wait_s=float(waited))
    if reply.status_code >= 500:
        return NotSentError(reason)
    if reply.status_code == 403 or any(word in reason.casefold() for word in _GONE):
        return UnreachableUserError(reason)
    if reply.status_code in (401, 404):
        return BotRefusedError(reason)
    return RefusedMessageError(reason)


def _told(reply: httpx.Response) -> dict[str, Any]:
    try:
        told = reply.json()
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
