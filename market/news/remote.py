"""An external scorer over HTTP: our client posts a text and reads verdicts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import httpx

from market.news.scorer import NewsText, Target, Verdict, storable
from traderai.common import clock
from traderai.common.errors import TransientError

MAX_BYTES = 256 * 1024
_SECTOR_CHARS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteScorer:
    """Posts `{title, body, published_at, tickers, language}` and reads `{"verdicts": [...]}`.

    A verdict is `{target: {secid} | {sector} | {is_market: true}, score, direction, event_type, why}`. What does not
    answer in time, or answers anything else, is a TransientError: the text waits for the next run, news go on coming.
    """

    name: str
    url: str
    version: str
    timeout_s: float = 3.0

    def score(self, text: NewsText) -> tuple[Verdict, ...]:
        """Return the verdicts of the module."""
        asked = {
            "title": text.title,
            "body": text.body,
            "published_at": text.published_at.isoformat() if text.published_at else None,
            "tickers": list(text.tickers),
            "language": text.language,
        }
        try:
            answer = json.loads(self._post(asked))
            return tuple(verdict_of(one) for one in answer["verdicts"])
        except httpx.HTTPError as error:
            raise TransientError(
                f"{self.url} must answer, failed ({type(error).__name__}: {error})"
            ) from error
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise TransientError(f"{self.url} must answer verdicts as documented: {error!r}") from error

    def _post(self, asked: dict[str, Any]) -> bytes:
        """Return the reply; httpx limits each step, the clock here limits the whole."""
        started, content = clock.monotonic_s(), bytearray()
        with httpx.Client(timeout=self.timeout_s) as http, http.stream("POST", self.url, json=asked) as reply:
            if reply.status_code != 200:
                raise TransientError(f"{self.url} must answer 200, answered {reply.status_code}")
            for chunk in reply.iter_bytes():
                content += chunk
                if len(content) > MAX_BYTES or clock.monotonic_s() - started > self.timeout_s:
                    raise TransientError(
                        f"{self.url} must answer within {self.timeout_s} s and {MAX_BYTES} bytes"
                    )
        return bytes(content)


def verdict_of(told: dict[str, Any]) -> Verdict:
    """Return a verdict from plain JSON; anything wrong is a ValueError, a KeyError or a TypeError."""
    target, direction = told["target"], told["direction"]
    if not isinstance(target, dict):
        raise TypeError(f"target must be an object, was {target!r}")
    is_market, sector = target.get("is_market") or False, str(target.get("sector") or "")
    if not isinstance(is_market, bool):
        raise TypeError(f"is_market must be true or false, was {is_market!r}")
    if len(sector) > _SECTOR_CHARS or not storable(sector):
        raise ValueError(f"sector must be a code of at most {_SECTOR_CHARS} characters")
    if isinstance(direction, bool) or not isinstance(direction, int):
        raise TypeError(f"direction must be -1, 0 or 1, was {direction!r}")
    why = tuple(dict(reason) for reason in told.get("why", ()))
    if not storable(why):
        raise ValueError("why must hold JSON without NaN, NUL characters and halves of surrogate pairs")
    return Verdict(
        target=Target(secid=str(target.get("secid") or "").upper(), sector=sector, is_market=is_market),
        score=float(told["score"]),
        direction=direction,
        event_type=str(told["event_type"]),
        why=why,
    )
