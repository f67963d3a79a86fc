"""What no log may hold: secrets, and what tells of a person. Applied to every line, whoever wrote it."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, MutableMapping
from typing import Any, Final

HIDDEN: Final = "[hidden]"
# Parts of names, in small letters without underscores and dashes: `X-Api-Token` and `bot_token` are found by `token`.
_SECRET_NAMES: Final = (
    "password", "passwd", "secret", "token", "authorization", "initdata", "cookie", "apikey", "csrf",
)  # fmt: skip
_WHOLE_NAMES: Final = frozenset(
    {
        "otp", "hash", "signature", "sessionid", "telegramid", "chatid", "firstname", "lastname", "email", "phone", "phonenumber", "photourl",
        "capitalrub", "capital", "ip", "ipaddress", "remoteaddr", "body", "postdata", "getdata",
    }
)  # fmt: skip
_NAMED: Final = (
    r"(?:[a-z_-]*(?:password|passwd|secret|token|init_?data|api[_-]?key)[a-z_-]*|otp|hash|signature|sessionid"
    r"|capital(?:_rub)?|telegram_id|chat_id|first_name|last_name|phone(?:_number)?)"
)
# What may be long begins where nothing like it stands before, so that a long line costs no more than its length.
_PATTERNS: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), told)
    for pattern, told in (
        # Telegram's initData, whole, percent-encoded once more or not.
        (r"(?<![\w%.=&+~!'()*-])[\w%.=&+~!'()*-]*auth_date(?:=|%3D)[\w%.=&+~!'()*-]*", HIDDEN),
        (r"\b(authorization|cookie|set-cookie)\b[\"']?\s*[:=]\s*[^\r\n]+", rf"\1: {HIDDEN}"),
        (r"\b(token|bearer|basic)\s+[\w.~+/=:-]{16,}", rf"\1 {HIDDEN}"),
        (r"\btai_\w+", HIDDEN),  # a token of ours
        (r"\btg_\d+", HIDDEN),  # the name of an account that Telegram opened, which is its number there
        (r"(?<!\d)\d{6,12}:[A-Za-z0-9_-]{30,}", HIDDEN),  # the token of a bot
        (r"(://[^\s:/@]*):[^\s@/]+@", rf"\1:{HIDDEN}@"),  # the password of a service's address
        # "password": "x", 'otp': 'x', password=x
        (rf"([\"']?(?<![a-z_-]){_NAMED}[\"']?\s*[:=]\s*)(\"[^\"]*\"|'[^']*'|[^\s,;&}}\])]+)", rf"\1{HIDDEN}"),
        (r"(?<![\w.+-])[\w.+-]+@[\w-]+\.[\w.-]+", HIDDEN),
        (
            r"(Key \([^=\n]{1,200}\))=\(.{0,1000}?\)(?= already| is | conflicts|$)",
            rf"\1=({HIDDEN})",
        ),  # PostgreSQL names the values of a clash
        (r"Failing row contains \(.*\)", f"Failing row contains ({HIDDEN})"),
    )
)


def redacted(value: Any, name: str = "") -> Any:
    """Return a value without what no log may hold: by the name that it stands under, and by what it looks like."""
    if name and _hidden_by_name(name):
        return HIDDEN
    if isinstance(value, Mapping):
        return {key: redacted(inner, str(key)) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redacted(inner) for inner in value]
    if isinstance(value, bytes):
        value = value.decode(errors="replace")
    return redacted_text(value) if isinstance(value, str) else value


def redacted_text(text: str) -> str:
    """Return a text without what looks like a secret or a mail address."""
    for pattern, told in _PATTERNS:
        text = pattern.sub(told, text)
    return text


def redact_event(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Return an event of structlog without them; the text of its exception must have been made before."""
    for name, value in event.items():
        event[name] = redacted(value, name)
    return event


def redacting_record(*args: Any, **kwargs: Any) -> logging.LogRecord:
    """Return a line of the standard library's logging without them, whichever handler it goes to."""
    record = logging.LogRecord(*args, **kwargs)
    try:
        said = record.getMessage()
    except (TypeError, ValueError, KeyError):  # a line whose arguments do not fit is told by the handler
        return record
    if (told := redacted_text(said)) != said:
        record.msg, record.args = told, None
    if record.exc_info and record.exc_info[0] is not None:
        record.exc_text = redacted_text(logging.Formatter().formatException(record.exc_info))
    return record


def _hidden_by_name(name: str) -> bool:
    folded = re.sub(r"[^a-z]", "", name.casefold())
    return folded in _WHOLE_NAMES or any(part in folded for part in _SECRET_NAMES)
