"""Asking ISS over HTTP: gently, again when it hiccups, page by page until a page is empty."""

from __future__ import annotations

import asyncio
import functools
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from market.iss.bucket import TokenBucket, token_bucket
from market.iss.parse import Payload, block_rows, cursor_total, payload_of
from traderai.common.errors import InputError, InvariantError, TransientError

_RETRIED = {403, 408, 425, 429}  # ISS blocks the hasty with 403 "Too Many Requests" as well as with 429
CONNECTIONS = 8
_STUCK_PAGES = 3

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class IssLimits:
    """How gently and how long we ask."""

    base_url: str
    requests_per_s: float = 5.0
    attempts: int = 6
    backoff_s: float = 1.0
    backoff_max_s: float = 60.0
    timeout_s: float = 20.0
    shared_in: Path | None = None  # a folder: all processes that name it keep the limit together


@dataclass(frozen=True, slots=True, kw_only=True)
class IssClient:
    """One open set of connections to ISS."""

    http: httpx.AsyncClient
    limits: IssLimits
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
            try:
                reply = await self._ask(f"{path}.json", {"iss.meta": "off", **params})
                problem = f"status {reply.status_code}"
                if reply.status_code == 200:
                    return payload_of(reply.content, place=path)
            except (httpx.RequestError, TimeoutError, TransientError) as error:
                problem = f"{type(error).__name__}: {error}"
                continue
            _refuse(path, reply.status_code)
        raise TransientError(
            f"{self.limits.base_url}{path} must answer, failed {self.limits.attempts} times ({problem}); "
            "try again later"
        )

    async def rows(
        self, path: str, block: str, *, params: Mapping[str, str | int], required: Sequence[str]
    ) -> list[Row]:
        """Return the rows of a reply that has no pages."""
        return block_rows(await self.get(path, params), block, required=required, place=path)

    async def pages(
        self,
        path: str,
        block: str,
        *,
        params: Mapping[str, str | int],
        required: Sequence[str],
        key: Sequence[str] = (),
    ) -> AsyncIterator[tuple[str, list[Row]]]:
        """Yield (place, rows) of each page until one is empty, or until the reply's own cursor says so.

        The next page starts after the rows that are new: a page that repeats rows of the page before or of its
        own must not make us pass over others. `key` names the columns that tell rows apart, all without it.

        Raises: TransientError when there are fewer rows than the cursor says.
        """
        start, stuck = 0, 0
        before: set[Any] = set()
        while True:
            place = f"{path} from row {start}"
            payload = await self.get(path, {**params, "start": start})
            rows = block_rows(payload, block, required=required, place=place)
            total = cursor_total(payload, block)
            if not rows:
                _check_total(place, start, total)
                return
            told = {tuple(repr(row.get(name)) for name in key or row) for row in rows}
            new = len(told - before)
            stuck = 0 if new else stuck + 1
            if stuck == _STUCK_PAGES:
                raise InvariantError(f"{place} must bring new rows or none, repeats itself; it has no pages")
            yield place, rows
            start += new or len(rows)
            before = told
            if total is not None and start >= total:
                return

    async def _ask(self, path: str, params: Mapping[str, str | int]) -> httpx.Response:
        async with _bucket(self.limits).token(), asyncio.timeout(3 * self.limits.timeout_s):
            # httpx's timeout is for each step: a reply that trickles in would never end.
            return await self.http.get(path, params=dict(params))

    def _backoff_s(self, attempt: int) -> float:
        ceiling = min(self.limits.backoff_max_s, self.limits.backoff_s * 2.0 ** (attempt - 1))
        return ceiling * float(self.jitter.uniform(0.5, 1.0))


def iss_http(limits: IssLimits) -> httpx.AsyncClient:
    """Return an HTTP client for ISS; close it after use."""
    return httpx.AsyncClient(
        base_url=limits.base_url,
        timeout=limits.timeout_s,
        verify=_trusted(),
        limits=httpx.Limits(max_connections=CONNECTIONS),
        headers={"User-Agent": "traderai"},
        follow_redirects=True,
    )


def iss_reachable(*, limits: IssLimits, timeout_s: float = 3.0) -> bool:
    """Return whether ISS answers JSON within the time; asked once, never raises for what the world does."""

    async def ask() -> bool:
        async with _bucket(limits).token(), httpx.AsyncClient(timeout=timeout_s, verify=_trusted()) as http:
            # httpx's timeout is for each step; the whole answer has to fit into the time.
            async with asyncio.timeout(timeout_s):
                reply = await http.get(f"{limits.base_url}/engines.json", params={"iss.meta": "off"})
            return reply.status_code == 200 and "engines" in payload_of(reply.content, place="/engines")

    try:
        return asyncio.run(ask())
    except (httpx.HTTPError, httpx.InvalidURL, OSError, TimeoutError, TransientError):
        return False


def _bucket(limits: IssLimits) -> TokenBucket:
    return token_bucket(
        name=limits.base_url,
        rate=limits.requests_per_s,
        folder=limits.shared_in,
        lease_s=4 * limits.timeout_s,
    )


@functools.cache
def _trusted() -> ssl.SSLContext:
    # Reading the certificates takes longer than a request; a client is made for each series.
    return httpx.create_ssl_context()


def _check_total(place: str, start: int, total: int | None) -> None:
    if total is not None and start < total:
        raise TransientError(f"{place}: {total} rows must come, came {start}; try again later")


def _refuse(path: str, status: int) -> None:
    if status in _RETRIED or status >= 500:
        return
    if status == 404:
        raise InvariantError(f"ISS must have the route {path}, answered 404; its routes changed")
    raise InputError(f"ISS must accept {path}, answered {status}; check the ticker and the dates")
