"""The asker of the load benchmark, in a process of its own: requests on a clock, whatever has become of those before.

Reads from its standard input what to ask and writes what came of it as JSON. The latency of a request counts from the
moment at which it was due: an answer that keeps the next one waiting is not hidden by asking less often.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import httpx

# A fifth of the writes each, feedback twice: it is what most users ever write.
_WRITES = ("feedback", "action", "watchlist", "position", "feedback")
_TOKEN = "load" * 8  # of the double-submit cookie, which is the asker's to choose


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadAsk:
    """Whom to ask what, how often and for how long."""

    address: str
    rate: float  # requests a second
    seconds: float
    people: tuple[str, ...]  # session keys
    secids: tuple[str, ...]
    horizons: tuple[str, ...]
    signal_ids: tuple[int, ...]  # for feedback
    prices: tuple[float, ...]  # by ticker
    seed: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One request: what it was, when it was due and how long after that its answer was whole."""

    kind: str
    due_s: float
    latency_s: float
    status: int  # 0: none came
    detail: str = ""


def plan(ask: LoadAsk) -> Iterator[tuple[float, str, dict[str, Any]]]:
    """Yield what is due when: 60 % the market, 30 % a share, 10 % something written; in an order drawn by the seed."""
    rng = random.Random(ask.seed)  # no secret
    count = round(ask.rate * ask.seconds)
    kinds = ["heatmap"] * round(0.6 * count) + ["analysis"] * round(0.3 * count)
    kinds += ["write"] * (count - len(kinds))
    rng.shuffle(kinds)
    writes = 0
    for number, kind in enumerate(kinds):
        person = rng.randrange(len(ask.people))
        if kind == "write":
            person, request = writes % len(ask.people), _write(ask, writes, rng)
            writes += 1
        elif kind == "analysis":
            body = {"secid": rng.choice(ask.secids), "horizon": rng.choice(ask.horizons)}
            request = {"method": "POST", "url": "/api/v1/analyze_ticker", "json": body}
        else:
            request = {"method": "GET", "url": "/api/v1/market_heatmap"}
        headers = {
            "Cookie": f"sessionid={ask.people[person]}; csrftoken={_TOKEN}",
            "X-CSRFToken": _TOKEN,
            "Accept-Language": rng.choice(["ru", "en"]),
        }
        yield number / ask.rate, kind, {**request, "headers": headers}


def _write(ask: LoadAsk, number: int, rng: random.Random) -> dict[str, Any]:
    """Return the write of a number; no two take up a position in one share for one person."""
    half = len(ask.secids) // 2
    place = (number + number // len(ask.people)) % half
    what = _WRITES[number % len(_WRITES)]
    if what == "feedback":
        url = f"/api/v1/signals/{rng.choice(ask.signal_ids)}/feedback"
        return {"method": "POST", "url": url, "json": {"kind": rng.choice(["useful", "wrong", "followed"])}}
    if what == "watchlist":
        return {"method": "PUT", "url": "/api/v1/watchlist", "json": {"secids": rng.sample(ask.secids, 5)}}
    if what == "action":
        body: dict[str, Any] = {"secid": ask.secids[place], "side": "BUY", "qty": 1, "qty_unit": "lots"}
        return {"method": "POST", "url": "/api/v1/actions", "json": {**body, "price": ask.prices[place]}}
    place += half
    body = {"secid": ask.secids[place], "side": "long", "qty": 10, "qty_unit": "shares"}
    return {"method": "POST", "url": "/api/v1/positions", "json": {**body, "avg_price": ask.prices[place]}}


async def ask_all(ask: LoadAsk) -> list[Answered]:
    """Ask everything when it is due and return the answers in the order in which they were due."""
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=64, keepalive_expiry=10)
    async with httpx.AsyncClient(base_url=ask.address, limits=limits, timeout=20.0) as client:
        begin_s = time.perf_counter() + 0.1
        waiting = []
        for due_s, kind, request in plan(ask):
            await asyncio.sleep(max(begin_s + due_s - time.perf_counter(), 0))
            one = _one(client, begin_s, due_s, kind, request)
            waiting.append(asyncio.create_task(one))
        return list(await asyncio.gather(*waiting))


async def _one(
    client: httpx.AsyncClient, begin_s: float, due_s: float, kind: str, request: dict[str, Any]
) -> Answered:
    status, detail = 0, ""
    try:
        answer = await client.request(**request)
        status = answer.status_code
        detail = "" if answer.is_success else f"{request['url']}: {answer.text[:300]}"
    except httpx.HTTPError as error:
        detail = f"{request['url']}: {type(error).__name__} {error}"
    latency_s = time.perf_counter() - begin_s - due_s
    return Answered(kind=kind, due_s=due_s, latency_s=latency_s, status=status, detail=detail)


if __name__ == "__main__":
    asked = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in json.load(sys.stdin).items()
    }
    cpu_s = time.process_time()
    answers = asyncio.run(ask_all(LoadAsk(**asked)))
    json.dump({"answers": [asdict(one) for one in answers], "cpu_s": time.process_time() - cpu_s}, sys.stdout)
