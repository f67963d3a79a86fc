"""What the local ISS server replays: real recorded replies, real candles in ISS's format, and faults.

The data are read at test time from the folder of real market data; nothing of them is kept here.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl

from tests.iss_server import Fault, Payload, Plan, Row

_RECORDED = {
    "/statistics/engines/stock/markets/index/analytics/IMOEX": "analytics_IMOEX_2023-06-01.json",
    "/securities/SBER/dividends": "sber_dividends.json",
}
_MINUTES = {1: 1, 10: 10, 60: 60}


def recorded_replies(root: Path) -> dict[str, bytes]:
    """Return the recorded replies by the route that they answer."""
    folder = root / "iss"
    replies = {route: (folder / name).read_bytes() for route, name in _RECORDED.items()}
    described = {
        f"/securities/{path.stem}": path.read_bytes() for path in (folder / "securities").glob("*.json")
    }
    return replies | described


def recorded_rows(root: Path, name: str, block: str) -> list[Row]:
    """Return the rows of a recorded reply's block."""
    found = json.loads((root / "iss" / name).read_text(encoding="utf-8"))[block]
    return [dict(zip(found["columns"], row, strict=True)) for row in found["data"]]


def real_candles(
    root: Path, name: str, secid: str, *, interval: int, since: str = "", till: str = "9999"
) -> list[Row]:
    """Return real candles of one share as ISS writes them."""
    frame = pl.read_parquet(root / "candles" / name).filter(pl.col("secid") == secid).sort("begin")
    rows = []
    length = timedelta(minutes=_MINUTES[interval], seconds=-1)
    for row in frame.iter_rows(named=True):
        begin = f"{row['begin']:%Y-%m-%d %H:%M:%S}"
        if since <= begin < till:
            figures = {column: row[column] for column in ("open", "close", "high", "low", "volume")}
            end = f"{row['begin'] + length:%Y-%m-%d %H:%M:%S}"
            rows.append(figures | {"value": row.get("value"), "begin": begin, "end": end})
    return rows


def without_column(name: str, block: str = "candles") -> Callable[[Payload], Payload]:
    """Return a change that takes a column away."""

    def change(payload: Payload) -> Payload:
        found = payload[block]
        at = found["columns"].index(name)
        for row in (found["columns"], *found["data"]):
            del row[at]
        return payload

    return change


def with_new_columns(payload: Payload) -> Payload:
    """Put columns in that nobody knows, one of them first."""
    for found in payload.values():
        found["columns"] = ["novelty", *found["columns"], "numtrades"]
        found["data"] = [["?", *row, 7] for row in found["data"]]
    return payload


def repeated_rows(payload: Payload) -> Payload:
    """Send some rows of a page twice, on top of the page's size."""
    for found in payload.values():
        found["data"] = found["data"] + found["data"][::7]
    return payload


def shuffled_rows(payload: Payload) -> Payload:
    """Send the rows of a page in another order."""
    for found in payload.values():
        random.Random(len(found["data"])).shuffle(found["data"])  # seeded, for tests
    return payload


def disordered(rows: Sequence[Row], page_size: int) -> list[Row]:
    """Return rows of which neighbours at every page's end have changed places, and some stand there twice."""
    mixed = list(rows)
    for at in range(page_size, len(mixed), page_size):
        mixed[at - 1], mixed[at] = mixed[at], mixed[at - 1]
    twice: list[Row] = []
    for at, row in enumerate(mixed):
        twice += [row, row] if at % (2 * page_size + 1) == 5 else [row]
    return twice


RETRIED: dict[str, Fault] = {
    "429": Fault(status=429),
    "403": Fault(status=403, body=b"Too Many Requests"),
    "500": Fault(status=500, body=b"<html>Internal Server Error</html>"),
    "502": Fault(status=502),
    "html": Fault(body=b"<!DOCTYPE html><html><head><title>MOEX</title></head></html>"),
    "truncated": Fault(cut=True),
    "reset": Fault(reset=True),
    "hang_up": Fault(hang_up=True),
    "slow": Fault(delay_s=0.1),
}
"""Faults after which the same question gets its answer."""

CHANGED: dict[str, Fault] = {
    "new_columns": Fault(change=with_new_columns),
    "repeated_rows": Fault(change=repeated_rows),
    "shuffled_rows": Fault(change=shuffled_rows),
}
"""Answers that say the same in another form."""


def every(n: int, fault: Fault) -> Plan:
    """Return a plan by which every n-th request for candles meets a fault."""
    seen = {"n": 0}

    def plan(_number: int, path: str) -> Fault | None:
        seen["n"] += "/candles" in path
        return fault if "/candles" in path and seen["n"] % n == 1 else None

    return plan


def mixed(seed: int, share: float) -> Plan:
    """Return a plan by which a share of the requests meets some fault or other."""
    chance = random.Random(seed)  # seeded, for tests
    faults: list[Any] = [*RETRIED.values(), *CHANGED.values()]

    def plan(_number: int, path: str) -> Fault | None:
        drawn = chance.random() < share
        return chance.choice(faults) if drawn and "/candles" in path else None

    return plan
