"""Telegram's side of a sign-in: what it published, and initData signed for any bot."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any
from urllib.parse import quote

# Published with the libraries of the Mini Apps' documentation; no bot of anybody's.
BOT_TOKEN = "7342037359:AAHI25ES9xCOMPokpYoz-p8XVrZUdygo2J4"
AUTH_DATE_S = 1733509682
PUBLISHED = (
    "user=%7B%22id%22%3A279058397%2C%22first_name%22%3A%22Vladislav%20%2B%20-%20%3F%20%5C%2F%22%2C%22last_name%22%3A"
    "%22Kibenko%22%2C%22username%22%3A%22vdkfrost%22%2C%22language_code%22%3A%22ru%22%2C%22is_premium%22%3Atrue%2C"
    "%22allows_write_to_pm%22%3Atrue%2C%22photo_url%22%3A%22https%3A%5C%2F%5C%2Ft.me%5C%2Fi%5C%2Fuserpic%5C%2F320%5C%2F"
    "4FPEE4tmP3ATHa57u6MqTDih13LTOiMoKoLDRG4PnSA.svg%22%7D&chat_instance=8134722200314281151&chat_type=private"
    "&auth_date=1733509682&signature=TYJxVcisqbWjtodPepiJ6ghziUL94-KNpG8Pau-X7oNNLNBM72APCpi_RKiUlBvcqo5L-LAxIc3dnTzcZX_PDg"
    "&hash=a433d8f9847bd6addcc563bff7cc82c89e97ea0d90c11fe5729cae6796a36d73"
)


def user_json(telegram_id: int = 279058397, **more: Any) -> str:
    return json.dumps({"id": telegram_id, "first_name": "Анна", **more}, ensure_ascii=False)


def signed(fields: dict[str, str], *, bot_token: str = BOT_TOKEN) -> str:
    """Return initData of these fields as Telegram would sign it."""
    lines = "\n".join(f"{name}={value}" for name, value in sorted(fields.items()))
    key = hmac.new(b"WebAppData", bot_token.encode(), hashlib.sha256).digest()
    told = fields | {"hash": hmac.new(key, lines.encode(), hashlib.sha256).hexdigest()}
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in told.items())


def opened(
    telegram_id: int = 279058397, *, at_s: int = AUTH_DATE_S, bot_token: str = BOT_TOKEN, **more: Any
) -> str:
    """Return what Telegram hands the app when somebody opens it at a moment."""
    fields = {"user": user_json(telegram_id, **more), "auth_date": str(at_s), "signature": "c2lnbmVk"}
    return signed(fields, bot_token=bot_token)
