"""A local server that speaks Telegram's Bot API, as far as the notifier asks it.

It keeps every message that it took, and its answers can be planned: a plan is asked before each of them.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "123456:test-token"
OK = (200, {"ok": True, "result": {"message_id": 1}})
BLOCKED = (403, {"ok": False, "error_code": 403, "description": "Forbidden: bot was blocked by the user"})
NO_CHAT = (400, {"ok": False, "error_code": 400, "description": "Bad Request: chat not found"})
TOO_LONG = (400, {"ok": False, "error_code": 400, "description": "Bad Request: message is too long"})
UNKNOWN_BOT = (401, {"ok": False, "error_code": 401, "description": "Unauthorized"})
BROKEN = (502, {"ok": False, "error_code": 502, "description": "Bad Gateway"})
HANG_UP = (0, {})


def hasty(wait_s: int) -> tuple[int, dict[str, Any]]:
    parameters = {"retry_after": wait_s}
    return 429, {"ok": False, "error_code": 429, "description": "Too Many Requests", "parameters": parameters}


@dataclass
class BotServer:
    """`with BotServer() as bot:` serves on `bot.url` until the block ends."""

    plan: Callable[[dict[str, Any]], tuple[int, dict[str, Any]]] = lambda _message: OK
    taken: list[dict[str, Any]] = field(default_factory=list)  # those that were answered with 200
    asked: list[tuple[float, str, dict[str, Any]]] = field(default_factory=list)

    def __enter__(self) -> BotServer:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def texts(self) -> list[str]:
        return [message["text"] for message in self.taken]


def _handler(bot: BotServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            bot.asked.append((time.monotonic(), self.path, message))
            known = self.path == f"/bot{TOKEN}/sendMessage"
            status, body = bot.plan(message) if known else UNKNOWN_BOT
            if status == 200:
                bot.taken.append(message)
            if not status:
                self.close_connection = True
                return
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            return

    return Handler
