"""How often we ask: tokens that come back one second after the answer."""

from __future__ import annotations

import asyncio
import fcntl
import functools
import hashlib
import heapq
import json
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

from traderai.common import clock
from traderai.common.errors import InputError

T = TypeVar("T")
_ALL_OUT_S = 0.02  # how long to wait before looking again when every token is out


class TokenStore(Protocol):
    """Where the tokens lie."""

    def take(self, now_s: float) -> tuple[str, float]:
        """Return a token and 0, or "" and the seconds until the next one may be free."""

    def give_back(self, token: str, free_at_s: float) -> None:
        """Put a token back; it may be taken again from `free_at_s` on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenBucket:
    """At most so many requests in any second, however long they and their answers are on the way.

    A token is out from before a request is sent until a second after its answer has come. ISS receives the
    request in between: two requests with one token reach it more than a second apart.
    """

    rest_s: float
    tokens: TokenStore

    @asynccontextmanager
    async def token(self) -> AsyncIterator[None]:
        """Hold a token while asking; waits until there is one."""
        while True:
            token, wait_s = self.tokens.take(clock.monotonic_s())
            if token:
                break
            await asyncio.sleep(wait_s)
        try:
            yield
        finally:
            self.tokens.give_back(token, clock.monotonic_s() + self.rest_s)


@functools.cache
def token_bucket(*, name: str, rate: float, folder: Path | None, lease_s: float) -> TokenBucket:
    """Return the bucket of a server, one for the process; with a folder, one for all processes that name it.

    Raises: InputError if the rate is not positive.
    """
    if not rate > 0:
        raise InputError(f"requests per second must be more than 0, was {rate}; set ISS_REQUESTS_PER_SECOND")
    n = max(1, int(rate))
    rest_s = n / rate
    if folder is None:
        return TokenBucket(rest_s=rest_s, tokens=MemoryTokens(n=n))
    path = folder / f"requests-{hashlib.sha256(name.encode()).hexdigest()[:12]}.json"
    return TokenBucket(rest_s=rest_s, tokens=FileTokens(path=path, n=n, lease_s=lease_s + rest_s))


@dataclass(slots=True, kw_only=True)
class MemoryTokens:
    """Tokens of one process."""

    n: int
    free_at_s: list[float] = field(init=False)
    lock: threading.Lock = field(init=False, default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.free_at_s = [0.0] * self.n

    def take(self, now_s: float) -> tuple[str, float]:
        """Return a token and 0, or "" and the seconds until the next one may be free."""
        with self.lock:
            if self.free_at_s and self.free_at_s[0] <= now_s:
                heapq.heappop(self.free_at_s)
                return "token", 0.0
            return "", self.free_at_s[0] - now_s if self.free_at_s else _ALL_OUT_S

    def give_back(self, token: str, free_at_s: float) -> None:  # noqa: ARG002  # all are alike
        """Put a token back; it may be taken again from `free_at_s` on."""
        with self.lock:
            heapq.heappush(self.free_at_s, free_at_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileTokens:
    """Tokens of all processes of a machine that share a small file.

    The monotonic clock is the same for all of them. A process that was killed gives nothing back: its token
    is free again when the longest request would have ended.
    """

    path: Path
    n: int
    lease_s: float

    def take(self, now_s: float) -> tuple[str, float]:
        """Return a token and 0, or "" and the seconds until the next one may be free."""

        def taken(free_at_s: list[float]) -> tuple[str, float]:
            first = min(range(self.n), key=free_at_s.__getitem__)
            wait_s = free_at_s[first] - now_s
            if wait_s > 0:
                return "", min(wait_s, _ALL_OUT_S * 5)
            free_at_s[first] = now_s + self.lease_s
            return f"{first} {free_at_s[first]!r}", 0.0

        return self._change(taken, now_s)

    def give_back(self, token: str, free_at_s: float) -> None:
        """Put a token back; it may be taken again from `free_at_s` on."""
        at, lease = token.split(" ")

        def given(times: list[float]) -> None:
            # A lease that ran out while we were asleep is another's by now.
            if times[int(at)] == float(lease):
                times[int(at)] = free_at_s

        self._change(given, free_at_s)

    def _change(self, change: Callable[[list[float]], T], now_s: float) -> T:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a+", encoding="utf-8") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            stream.seek(0)
            times = self._sound(stream.read(), now_s)
            answer = change(times)
            stream.seek(0)
            stream.truncate()
            stream.write(json.dumps(times))
            return answer

    def _sound(self, text: str, now_s: float) -> list[float]:
        try:
            times = [float(at) for at in json.loads(text)]
        except (ValueError, TypeError):
            times = []
        # The clock starts anew with the machine: a time far beyond every lease is from before. Twice the lease,
        # because others may have taken theirs while we waited for the file.
        sound = [0.0 if at > now_s + 2 * self.lease_s else at for at in times[: self.n]]
        return sound + [0.0] * (self.n - len(sound))
