"""A local server that speaks ISS's JSON, for tests of the client and of whole journeys.

It answers the routes that the source asks: engines, the board's securities, candles in pages, splits and
dividends. Faults can be queued: each request takes the next one. An unknown ticker is 200 with no rows.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

CANDLE_COLUMNS = ["open", "close", "high", "low", "value", "volume", "begin", "end"]
SECURITY_COLUMNS = [
    "SECID", "BOARDID", "SHORTNAME", "PREVPRICE", "LOTSIZE", "STATUS", "DECIMALS", "SECNAME", "MINSTEP",
    "ISSUESIZE", "ISIN", "LATNAME", "SECTYPE", "LISTLEVEL",
]  # fmt: skip
_BOARD = "/engines/stock/markets/shares/boards/TQBR/securities"


@dataclass
class Fault:
    """One wrong answer: a status, or a body sent with status 200."""

    status: int = 200
    body: bytes | None = None
    hang_up: bool = False


@dataclass
class IssServer:
    """`with IssServer(...) as server:` serves on `server.base_url` until the block ends."""

    candles: dict[tuple[str, int], list[dict[str, Any]]] = field(default_factory=dict)
    securities: list[dict[str, Any]] = field(default_factory=list)
    splits: list[dict[str, Any]] = field(default_factory=list)
    dividends: list[dict[str, Any]] = field(default_factory=list)
    page_size: int = 500
    faults: list[Fault] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def __enter__(self) -> IssServer:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                owner.requests.append(self.path)
                fault = owner.faults.pop(0) if owner.faults else None
                if fault is not None and fault.hang_up:
                    self.close_connection = True
                    return
                if fault is not None:
                    status, body = fault.status, fault.body if fault.body is not None else b"slow down"
                else:
                    status, body = owner.answer(self.path)
                self.send_response(status)
                self.send_header("Content-Type", "application/json; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_args: Any) -> None:
                return

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    @property
    def base_url(self) -> str:
        """The value for ISS_BASE_URL."""
        return f"http://127.0.0.1:{self._http.server_address[1]}/iss"

    def answer(self, url: str) -> tuple[int, bytes]:
        """Return the status and the body for a request."""
        parts = urlsplit(url)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        path = unquote(parts.path).removeprefix("/iss").removesuffix(".json")
        if path == "/engines":
            return 200, _blocks(engines=(["id", "name"], [{"id": 1, "name": "stock"}]))
        if path == _BOARD:
            return 200, _blocks(securities=(SECURITY_COLUMNS, self.securities))
        if path == "/statistics/engines/stock/splits":
            return 200, _blocks(splits=(["tradedate", "secid", "before", "after"], self.splits))
        if path.startswith("/securities/") and path.endswith("/dividends"):
            secid = path.split("/")[2]
            columns = ["secid", "isin", "registryclosedate", "value", "currencyid"]
            return 200, _blocks(dividends=(columns, [d for d in self.dividends if d["secid"] == secid]))
        if path.startswith(_BOARD + "/") and path.endswith("/candles"):
            return 200, self._candle_page(path.split("/")[-2], query)
        return 404, b"<html>not found</html>"

    def _candle_page(self, secid: str, query: dict[str, str]) -> bytes:
        rows = self.candles.get((secid, int(query.get("interval", "10"))), [])
        rows = [
            row
            for row in rows
            if row["begin"] >= query.get("from", "") and row["begin"] <= query.get("till", "9999")
        ]
        start = int(query.get("start", "0"))
        return _blocks(candles=(CANDLE_COLUMNS, rows[start : start + self.page_size]))


def _blocks(**blocks: tuple[list[str], list[dict[str, Any]]]) -> bytes:
    payload = {
        name: {"columns": columns, "data": [[row.get(column) for column in columns] for row in rows]}
        for name, (columns, rows) in blocks.items()
    }
    return json.dumps(payload, ensure_ascii=False).encode()


def security(secid: str, **changed: Any) -> dict[str, Any]:
    """Return a plausible row of the board's securities."""
    row = {
        "SECID": secid, "BOARDID": "TQBR", "SHORTNAME": f"{secid} ao", "PREVPRICE": 100.0, "LOTSIZE": 10,
        "STATUS": "A", "DECIMALS": 2, "SECNAME": f"{secid} PAO ao", "MINSTEP": 0.01,
        "ISSUESIZE": 1_000_000_000, "ISIN": "RU0000000000", "LATNAME": f"{secid} ao", "SECTYPE": "1",
        "LISTLEVEL": 1,
    }  # fmt: skip
    return row | changed
