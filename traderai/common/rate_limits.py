"""How often an asker may ask: counted in Redis for all web processes together, in one round trip.

Two windows are counted, the present and the one before; of the latter counts the share that a window which ends now
would still hold. Without Redis everybody is let through: a limit protects the product and must not stop it.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import datetime

import redis
import structlog
from redis.backoff import NoBackoff
from redis.retry import Retry

from traderai.common import clock
from traderai.common.config import load_config
from traderai.common.errors import did_you_mean

# Who waited as long as told must not be refused for a rounding.
_NOW_S = 1e-3
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """So many requests in so many seconds."""

    requests: int
    seconds: int

    def __post_init__(self) -> None:
        if self.requests < 1 or self.seconds < 1:
            raise ValueError(
                f"requests and seconds must be at least 1, were {self.requests} and {self.seconds}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsConfig:
    """The limits of all scopes (limits.yaml)."""

    scopes: dict[str, Limit]
    paths: dict[str, str]
    redis_timeout_s: float
    redis_pause_s: float

    def __post_init__(self) -> None:
        for path, scope in {"GET": "read", "POST": "write", **self.paths}.items():
            if scope not in self.scopes:
                raise ValueError(
                    f"the scope of {path} must be one of {', '.join(self.scopes)}, was {scope!r}"
                    f"{did_you_mean(scope, self.scopes)}"
                )


def limits_get() -> LimitsConfig:
    """Return the operator's limits."""
    return load_config("limits.yaml", LimitsConfig)


def wait_s(*, previous: int, current: int, elapsed_s: float, allowed: float, window_s: int) -> float:
    """Return in how many seconds one more request fits, 0 where it fits now.

    Units: `previous` and `current` count the requests of the window before and of this one, `elapsed_s` is the age of
    this one.
    Source: the sliding window counter, which takes the requests of the window before as evenly spread.
    """
    room = allowed - current - 1
    if room >= 0:
        # previous * (1 - age / window) <= room, solved for the age.
        age_s = window_s * (1 - room / previous) if previous else 0.0
        left_s = age_s - elapsed_s
        return left_s if left_s > _NOW_S else 0.0
    age_s = window_s * max(0.0, 1 - (allowed - 1) / current)
    return window_s - elapsed_s + age_s


class RequestCounter:
    """Counts requests in Redis; where it does not answer nothing is counted for a while, and the log says so once."""

    def __init__(self, *, url: str, timeout_s: float, pause_s: float) -> None:
        # No second try: what it would win is less than the wait that it would cost every request.
        self._redis = redis.Redis.from_url(
            url,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
            retry=Retry(NoBackoff(), 0),
            health_check_interval=0,
        )
        self._pause_s = pause_s
        self._asks_again_s = 0.0

    def wait_s(self, *, scope: str, who: str, limit: Limit, allowed: float, now: datetime) -> float:
        """Count one request and return 0.0, or return how long to wait; a refused request does not count."""
        if clock.monotonic_s() < self._asks_again_s:
            return 0.0
        window, elapsed_s = divmod(now.timestamp(), limit.seconds)
        key, before = (f"traderai:limit:{scope}:{who}:{int(window) - back}" for back in (0, 1))
        try:
            with self._redis.pipeline(transaction=False) as pipe:
                pipe.incr(key)
                pipe.expire(key, 2 * limit.seconds)
                pipe.get(before)
                current, _, previous = pipe.execute()
            wait = wait_s(
                previous=int(previous or 0),
                current=current - 1,
                elapsed_s=elapsed_s,
                allowed=allowed,
                window_s=limit.seconds,
            )
            if wait:
                self._redis.decr(key)
        except redis.RedisError as error:
            self._asks_again_s = clock.monotonic_s() + self._pause_s
            log.error("rate_limits_off", reason=str(error), seconds=self._pause_s)
            return 0.0
        return wait


@functools.lru_cache(maxsize=4)
def request_counter(url: str, timeout_s: float, pause_s: float) -> RequestCounter:
    """Return the process's counter for a Redis; its state is which Redis does not answer."""
    return RequestCounter(url=url, timeout_s=timeout_s, pause_s=pause_s)
