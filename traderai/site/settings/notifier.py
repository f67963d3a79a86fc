"""Messages to users by Telegram; without TELEGRAM_BOT_TOKEN there are none."""

from __future__ import annotations

import environ

env = environ.Env()

# Where the Mini App opens from a message, such as https://trader.example.org/app/; empty: messages have no button.
MINI_APP_URL: str = env.str("MINI_APP_URL", default="")
# Telegram takes about 30 messages a second from a bot, and one a second to a chat.
NOTICES_PER_S: float = env.float("NOTICES_PER_S", default=25.0)
NOTICES_PER_CHAT_S: float = env.float("NOTICES_PER_CHAT_S", default=1.0)
