"""A local server that speaks ISS's JSON, for tests of the client and of whole journeys.

It answers the routes that the source asks, from rows that a test hands in or from replies that were recorded
(`tests/iss_replies.py`). Faults can be queued (each request takes the next one) or planned: a plan is asked at
every request. An unknown ticker is 200 with no rows.
"""

from __future__ import annotations

import json
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

CANDLE_COLUMNS = ["open", "close", "high", "low", "value", "volume", "begin", "end"]
BOARD_COLUMNS = [
    "boardid",
    "market",
    "engine",
    "is_primary",
    "history_from",
    "history_till",
    "listed_from",
    "listed_till",
]
SECURITY_COLUMNS = [
    "SECID", "BOARDID", "SHORTNAME", "PREVPRICE", "LOTSIZE", "STATUS", "DECIMALS", "SECNAME", "MINSTEP",
    "ISSUESIZE", "ISIN", "LATNAME", "SECTYPE", "LISTLEVEL",
]  # fmt: skip
HISTORY_COLUMNS = [
    "BOARDID", "TRADEDATE", "SHORTNAME", "SECID", "NUMTRADES", "VALUE", "OPEN", "LOW", "HIGH",
    "LEGALCLOSEPRICE", "WAPRICE", "CLOSE", "VOLUME", "TRADINGSESSION",
]  # fmt: skip
LISTING_COLUMNS = ["SECID", "SHORTNAME", "NAME", "BOARDID", "decimals", "history_from", "history_till"]
NEWS_COLUMNS = ["id", "tag", "title", "published_at", "modified_at"]
DAY_COLUMNS = ["tradedate", "stock_workday", "stock_trade_session_date", "stock_reason"]
SESSION_COLUMNS = ["tradedate", "tradingsession", "boardid", "secid", "type", "time_from", "time_till"]
CURSOR = ["INDEX", "TOTAL", "PAGESIZE"]

Payload = dict[str, Any]
Row = dict[str, Any]


@dataclass
class Fault:
    """One wrong answer: a status, a body sent with status 200, a reply that is late, cut off or changed."""

    status: int = 200
    body: bytes | None = None
    hang_up: bool = False  # close the connection without an answer
    reset: bool = False  # send half of the reply, then reset the connection
    cut: bool = False  # a whole reply over HTTP whose JSON ends in the middle
    delay_s: float = 0.0
    change: Callable[[Payload], Payload] | None = None

    def of(self, status: int, body: bytes) -> tuple[int, bytes]:
        """Return what is sent instead of a right answer."""
        if self.status != 200 or self.body is not None:
            return self.status, self.body if self.body is not None else b"slow down"
        if self.change is not None and status == 200:
            body = json.dumps(self.change(json.loads(body)), ensure_ascii=False).encode()
        return status, body[: len(body) // 2] if self.cut else body


Plan = Callable[[int, str], Fault | None]


@dataclass
class IssServer:
    """`with IssServer(...) as server:` serves on `server.base_url` until the block ends."""

    candles: dict[tuple[str, int], list[Row]] = field(default_factory=dict)
    securities: list[Row] = field(default_factory=list)
    funds: list[Row] = field(default_factory=list)
    splits: list[Row] = field(default_factory=list)
    dividends: list[Row] = field(default_factory=list)
    history: dict[str, list[Row]] = field(default_factory=dict)
    listing: list[Row] = field(default_factory=list)
    changeover: list[Row] = field(default_factory=list)
    members: dict[str, list[Row]] = field(default_factory=dict)
    news: list[Row] = field(default_factory=list)  # newest first, each with its `body`
    days: list[Row] | None = None  # None: the calendar needs a subscription and answers HTML
    sessions: list[Row] | None = None
    borders: dict[str, list[Row]] = field(default_factory=dict)
    recorded: dict[str, bytes] = field(default_factory=dict)  # replies sent as they were recorded, by route
    page_size: int = 500
    faults: list[Fault] = field(default_factory=list)
    plan: Plan | None = None
    requests: list[str] = field(default_factory=list)
    times_s: list[float] = field(default_factory=list)
    in_flight: int = 0
    most_in_flight: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> IssServer:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # head and body leave together, else each answer waits for an acknowledgement
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                fault = owner.begin(self.path)
                try:
                    owner.reply(self, fault)
                except OSError:
                    self.close_connection = True  # the client has gone
                finally:
                    owner.end()

            def log_message(self, *_args: Any) -> None:
                return

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, request: Any, client_address: Any) -> None:
                if not isinstance(sys.exception(), ConnectionError):  # the client has gone
                    super().handle_error(request, client_address)

        self._http = Server(("127.0.0.1", 0), Handler)
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

    def begin(self, path: str) -> Fault | None:
        """Note a request and return the fault that it meets."""
        with self._lock:
            number = len(self.requests)
            self.requests.append(path)
            self.times_s.append(time.monotonic())
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
            if self.faults:
                return self.faults.pop(0)
        return self.plan(number, path) if self.plan is not None else None

    def end(self) -> None:
        """Note the end of an answer."""
        with self._lock:
            self.in_flight -= 1

    def reply(self, handler: BaseHTTPRequestHandler, fault: Fault | None) -> None:
        """Send the answer to a request, or what a fault makes of it."""
        if fault is not None and fault.hang_up:
            handler.close_connection = True
            return
        status, body = 200, b""
        if fault is None or (fault.status == 200 and fault.body is None):
            status, body = self.answer(handler.path)
        if fault is not None:
            time.sleep(fault.delay_s)
            status, body = fault.of(status, body)
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json; charset=utf-8")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if fault is not None and fault.reset:
            handler.wfile.write(body[: len(body) // 2])
            handler.wfile.flush()
            # Closing with unsent data thrown away is a reset for the other side.
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            handler.close_connection = True
            handler.connection.close()
            return
        handler.wfile.write(body)
        handler.wfile.flush()

    def most_in_a_second(self) -> int:
        """Return how many requests came within the busiest second."""
        times = sorted(self.times_s)
        return max((sum(t <= other < t + 1.0 for other in times) for t in times), default=0)

    def answer(self, url: str) -> tuple[int, bytes]:
        """Return the status and the body for a request."""
        parts = urlsplit(url)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        path = unquote(parts.path).removeprefix("/iss").removesuffix(".json")
        if path in self.recorded:
            return 200, self.recorded[path]
        found = self._of_board(path, query) or self._of_statistics(path, query) or self._of_site(path, query)
        return (200, found) if found is not None else (404, b"<html>not found</html>")

    def _of_board(self, path: str, query: dict[str, str]) -> bytes | None:
        names = path.split("/")
        if path == "/engines":
            return blocks(engines=(["id", "name"], [{"id": 1, "name": "stock"}]))
        if path.endswith("/boards/TQBR/securities"):
            return blocks(securities=(SECURITY_COLUMNS, self.securities))
        if path.endswith("/boards/TQTF/securities"):
            return blocks(securities=(SECURITY_COLUMNS, self.funds))
        if path.endswith("/candles"):
            return self._candle_page(names[-2], query)
        if path.endswith("/candleborders"):
            return blocks(borders=(["begin", "end", "interval"], self.borders.get(names[-2], [])))
        if path.startswith("/history/") and path.endswith("/listing"):
            rows = [row for row in self.listing if row["BOARDID"] == names[-2]]
            return self._page("securities", LISTING_COLUMNS, rows, query)
        if path.startswith("/history/") and "/boards/" in path:
            return self._history_page(names[-1], query)
        return None

    def _of_statistics(self, path: str, query: dict[str, str]) -> bytes | None:
        if path == "/statistics/engines/stock/splits":
            return blocks(splits=(["tradedate", "secid", "before", "after"], self.splits))
        if path == "/history/engines/stock/markets/shares/securities/changeover":
            return blocks(changeover=(["action_date", "old_secid", "new_secid"], self.changeover))
        if path.startswith("/statistics/") and path.endswith("/tickers"):
            rows = self.members.get(path.split("/")[-2], [])
            return blocks(tickers=(["ticker", "from", "till", "tradingsession"], rows))
        if path.startswith("/statistics/engines/stock/markets/index/analytics/"):
            return self._page(
                "analytics", ["indexid", "tradedate", "ticker", "weight", "tradingsession"], [], query
            )
        if path.startswith("/securities/") and path.endswith("/dividends"):
            secid = path.split("/")[2]
            columns = ["secid", "isin", "registryclosedate", "value", "currencyid"]
            return blocks(dividends=(columns, [d for d in self.dividends if d["secid"] == secid]))
        if path.startswith("/securities/") and path.count("/") == 2:
            return blocks(boards=(BOARD_COLUMNS, []))
        return None

    def _of_site(self, path: str, query: dict[str, str]) -> bytes | None:
        if path == "/sitenews":
            start = int(query.get("start", "0"))
            return blocks(sitenews=(NEWS_COLUMNS, self.news[start : start + 50]))
        if path.startswith("/sitenews/"):
            rows = [row for row in self.news if str(row["id"]) == path.split("/")[-1]]
            return blocks(content=(["id", "title", "published_at", "modified_at", "body"], rows))
        if path.startswith("/calendars"):
            wanted = self.sessions if path.endswith("/session") else self.days
            if wanted is None:
                return b"<!DOCTYPE html><html><title>subscription needed</title></html>"
            rows = [row for row in wanted if query["from"] <= row["tradedate"] <= query["till"]]
            rows = rows[int(query.get("start", "0")) :][: self.page_size]
            if path.endswith("/session"):
                return blocks(session_schedule=(SESSION_COLUMNS, rows))
            return blocks(off_days=(DAY_COLUMNS, rows))
        return None

    def _candle_page(self, secid: str, query: dict[str, str]) -> bytes:
        rows = self.candles.get((secid, int(query.get("interval", "10"))), [])
        since, till = query.get("from", ""), query.get("till", "9999")
        rows = [row for row in rows if since <= row["begin"] <= till]
        start = int(query.get("start", "0"))
        return blocks(candles=(CANDLE_COLUMNS, rows[start : start + self.page_size]))

    def _history_page(self, secid: str, query: dict[str, str]) -> bytes:
        rows = self.history.get(secid, [])
        since, till = query.get("from", ""), query.get("till", "9999")
        return self._page(
            "history", HISTORY_COLUMNS, [r for r in rows if since <= r["TRADEDATE"] <= till], query
        )

    def _page(self, block: str, columns: list[str], rows: list[Row], query: dict[str, str]) -> bytes:
        """Return a page with its cursor, 100 rows at most, as the history routes do."""
        start, size = int(query.get("start", "0")), min(self.page_size, 100)
        cursor = {"INDEX": start, "TOTAL": len(rows), "PAGESIZE": size}
        return blocks(**{block: (columns, rows[start : start + size]), f"{block}.cursor": (CURSOR, [cursor])})


def blocks(**named: tuple[list[str], list[Row]]) -> bytes:
    """Return blocks of rows as ISS writes them."""
    payload = {
        name: {"columns": columns, "data": [[row.get(column) for column in columns] for row in rows]}
        for name, (columns, rows) in named.items()
    }
    return json.dumps(payload, ensure_ascii=False).encode()


def security(secid: str, **changed: Any) -> Row:
    """Return a plausible row of the board's securities."""
    row = {
        "SECID": secid, "BOARDID": "TQBR", "SHORTNAME": f"{secid} ao", "PREVPRICE": 100.0, "LOTSIZE": 10,
        "STATUS": "A", "DECIMALS": 2, "SECNAME": f"{secid} PAO ao", "MINSTEP": 0.01,
        "ISSUESIZE": 1_000_000_000, "ISIN": "RU0000000000", "LATNAME": f"{secid} ao", "SECTYPE": "1",
        "LISTLEVEL": 1,
    }  # fmt: skip
    return row | changed
