"""Asking ISS over HTTP: gently, again when it hiccups, page by page until a page is empty."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import numpy as np

from market.iss.parse import Payload, block_rows, payload_of
from traderai.common import clock
from traderai.common.errors import InputError, InvariantError, TransientError

_RETRIED = {403, 408, 425, 429}  # ISS blocks the hasty with 403 "Too Many Requests" as well as with 429


@dataclass(frozen=True, slots=True, kw_only=True)
class IssLimits:
    """How gently and how long we ask."""

    base_url: str
    requests_per_s: float = 5.0
    burst: int = 5
    attempts: int = 5
    backoff_s: float = 1.0
    backoff_max_s: float = 60.0
    timeout_s: float = 20.0


@dataclass(slots=True, kw_only=True)
class TokenBucket:
    """So many requests a second, a few of them at once; shared by all requests of a source."""

    rate: float
    burst: int
    tokens: float = field(init=False)
    asked_s: float = field(init=False)

    def __post_init__(self) -> None:
        self.tokens, self.asked_s = float(self.burst), clock.monotonic_s()

    def take(self) -> float:
        """Take a token and return how many seconds to wait until it is there."""
        now_s = clock.monotonic_s()
        self.tokens = min(float(self.burst), self.tokens + (now_s - self.asked_s) * self.rate) - 1.0
        self.asked_s = now_s
        return max(0.0, -self.tokens / self.rate)


@dataclass(frozen=True, slots=True, kw_only=True)
class IssClient:
    """One open connection to ISS."""

    http: httpx.AsyncClient
    limits: IssLimits
    bucket: TokenBucket
    jitter: np.random.Generator

    async def get(self, path: str, params: Mapping[str, str | int]) -> Payload:
        """Return a reply's JSON.

        Raises: TransientError when ISS stays out of reach; InvariantError for a route that ISS does not have;
        InputError when it refuses the request.
        """
        problem = ""
        for attempt in range(self.limits.attempts):
            if attempt:
                await asyncio.sleep(self._backoff_s(attempt))
            await asyncio.sleep(self.bucket.take())
            try:
                reply = await self.http.get(f"{path}.json", params={"iss.meta": "off", **params})
                problem = f"status {reply.status_code}"
                if reply.status_code == 200:
                    return payload_of(reply.content, place=path)
            except (httpx.TransportError, TransientError) as error:
                problem = f"{type(error).__name__}: {error}"
                continue
            _refuse(path, reply.status_code)
        raise TransientError(
            f"{self.limits.base_url}{path} must answer, failed {self.limits.attempts} times ({problem}); "
            "try again later"
        )

    async def pages(
        self, path: str, block: str, *, params: Mapping[str, str | int], required: Sequence[str]
    ) -> AsyncIterator[tuple[str, list[dict[str, Any]]]]:
        """Yield (place, rows) of each page; ISS tells no page size, so the next page starts where rows end."""
        start = 0
        while True:
            place = f"{path} from row {start}"
            payload = await self.get(path, {**params, "start": start})
            rows = block_rows(payload, block, required=required, place=place)
            if not rows:
                return
            yield place, rows
            start += len(rows)

    def _backoff_s(self, attempt: int) -> float:
        ceiling = min(self.limits.backoff_max_s, self.limits.backoff_s * 2.0 ** (attempt - 1))
        return ceiling * float(self.jitter.uniform(0.5, 1.0))


def iss_http(limits: IssLimits) -> httpx.AsyncClient:
    """Return an HTTP client for ISS; close it after use."""
    return httpx.AsyncClient(
        base_url=limits.base_url,
        timeout=limits.timeout_s,
        limits=httpx.Limits(max_connections=8),
        headers={"User-Agent": "traderai"},
        follow_redirects=True,
    )


def iss_reachable(*, base_url: str, timeout_s: float = 3.0) -> bool:
    """Return whether ISS answers JSON within the time; asked once, never raises for what the world does."""

    async def ask() -> bool:
        async with httpx.AsyncClient(timeout=timeout_s) as http:
            # httpx's timeout is for each step; the whole answer has to fit into the time.
            async with asyncio.timeout(timeout_s):
                reply = await http.get(f"{base_url}/engines.json", params={"iss.meta": "off"})
            return reply.status_code == 200 and "engines" in payload_of(reply.content, place="/engines")

    try:
        return asyncio.run(ask())
    except (httpx.HTTPError, httpx.InvalidURL, OSError, TimeoutError, TransientError):
        return False


def _refuse(path: str, status: int) -> None:
    if status in _RETRIED or status >= 500:
        return
    if status == 404:
        raise InvariantError(f"ISS must have the route {path}, answered 404; its routes changed")
    raise InputError(f"ISS must accept {path}, answered {status}; check the ticker and the dates")
