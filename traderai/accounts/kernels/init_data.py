"""What Telegram hands a Mini App, and whether it is Telegram's word.

Source: core.telegram.org/bots/webapps, "Validating data received via the Mini App".
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from traderai.common.errors import SignInError

MOST_CHARS = 4096
_MOST_FIELDS = 32
_CLOCK_AHEAD_S = 30
# Telegram's ids have at most 52 significant bits.
_MOST_ID = 2**52
# How an encoder writes a form: letters, digits and marks as they are, all else as %XX in capitals. Another spelling of
# the same fields is nobody's but a forger's. And no line ends: one field with a line end in it is signed like two.
_SPELLED = re.compile(r"(?:[A-Za-z0-9._~!'()*+=&-]|%(?![01]|[46][1-9A-F]|[57][0-9A]|3[0-9]|7F)[0-9A-F]{2})+")
_NAME = re.compile(r"[A-Za-z0-9_]+", re.ASCII)
_HASH = re.compile(r"[0-9a-f]{64}")
_EPOCH_S = re.compile(r"[1-9][0-9]{0,11}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class InitData:
    """What Telegram says of who opened the app."""

    telegram_id: int
    language_code: str
    auth_date_s: int  # seconds since 1970-01-01 UTC
    fingerprint: str  # SHA-256 of the fields: the same for every spelling of them


def init_data_check(init_data: str, *, bot_token: str, now_s: int, max_age_s: int) -> InitData:
    """Return who opened the app, when Telegram has signed it for this bot and it is at most `max_age_s` old.

    The signature is the HMAC-SHA256, under the key HMAC-SHA256("WebAppData", bot_token), of all fields but `hash`, as
    sorted lines `name=value`; it is compared in constant time. Telegram's clock may be half a minute ahead of ours.

    Units:  now_s in seconds since 1970-01-01 UTC, max_age_s in seconds.
    Raises: SignInError `init_data_expired` for a good one that is too old, `init_data_invalid` for all else.
    Source: core.telegram.org/bots/webapps, "Validating data received via the Mini App".
    """
    fields = _fields(init_data)
    signed = fields.pop("hash", "")
    text = "\n".join(f"{name}={fields[name]}" for name in sorted(fields)).encode()
    key = hmac.digest(b"WebAppData", bot_token.encode(), "sha256")
    if not _HASH.fullmatch(signed) or not hmac.compare_digest(
        signed, hmac.new(key, text, hashlib.sha256).hexdigest()
    ):
        raise _invalid("init_data must carry Telegram's signature for this bot, and it does not")
    if not _EPOCH_S.fullmatch(auth_date := fields.get("auth_date", "")):
        raise _invalid("auth_date must be whole seconds since 1970")
    auth_date_s = int(auth_date)
    if auth_date_s > now_s + _CLOCK_AHEAD_S:
        raise _invalid("auth_date must not lie in the future")
    if auth_date_s < now_s - max_age_s:
        raise SignInError(
            f"init_data must be at most {max_age_s} seconds old; close the app and open it again from Telegram",
            code="init_data_expired",
        )
    user = _user(fields.get("user", ""))
    language = user.get("language_code")
    return InitData(
        telegram_id=user["id"],
        language_code=language if isinstance(language, str) else "",
        auth_date_s=auth_date_s,
        fingerprint=hashlib.sha256(text).hexdigest(),
    )


def _fields(init_data: str) -> dict[str, str]:
    if len(init_data) > MOST_CHARS:
        raise _invalid(f"init_data must have at most {MOST_CHARS} characters, had {len(init_data)}")
    if not _SPELLED.fullmatch(init_data):
        raise _invalid("init_data must be sent as Telegram hands it over: one line of name=value pairs")
    try:
        pairs = parse_qsl(
            init_data,
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError as error:
        raise _invalid("init_data must be pairs of name=value in UTF-8") from error
    fields = dict(pairs)
    if len(fields) != len(pairs) or not all(map(_NAME.fullmatch, fields)):
        raise _invalid("init_data must name each field once, in letters, digits and underscores")
    return fields


def _user(text: str) -> dict[str, Any]:
    try:
        user = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _invalid("user must be JSON") from error
    if not isinstance(user, dict) or type(user.get("id")) is not int or not 0 < user["id"] < _MOST_ID:
        raise _invalid("user must be an object with Telegram's number of the user as id")
    return user


def _invalid(detail: str) -> SignInError:
    return SignInError(f"{detail}; close the app and open it again from Telegram", code="init_data_invalid")
