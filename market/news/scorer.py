"""What a scorer of news reads and what it answers; every scorer keeps the same small protocol."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from market.models.news import EVENT_TYPES

Reason = dict[str, Any]  # {"code": ..., parameters}: JSON, so that it can be stored and shown


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsText:
    """One news text; `tickers` are those that its source names itself."""

    title: str
    body: str = ""
    published_at: datetime | None = None
    tickers: tuple[str, ...] = ()
    language: str = "ru"

    @property
    def text(self) -> str:
        """Return the whole text; a body that repeats its title is taken once."""
        if self.title and not self.body.startswith(self.title[:200]):
            return f"{self.title}\n{self.body}" if self.body else self.title
        return self.body or self.title


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Target:
    """What a verdict is about: an instrument, a sector or the whole market, exactly one of them."""

    secid: str = ""
    sector: str = ""
    is_market: bool = False

    def __post_init__(self) -> None:
        if bool(self.secid) + bool(self.sector) + self.is_market != 1:
            raise ValueError(f"a target must be one of instrument, sector and market, was {self}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What news mean for a target; no target: for a Russian company that is not listed or not known here.

    Units: score is 0 to 100, importance times certainty, and no probability.
    """

    target: Target | None
    score: float
    direction: int
    event_type: str
    why: tuple[Reason, ...] = ()

    def __post_init__(self) -> None:
        if not 0.0 <= self.score <= 100.0:
            raise ValueError(f"score must be 0 to 100, was {self.score}")
        if self.direction not in (-1, 0, 1):
            raise ValueError(f"direction must be -1, 0 or 1, was {self.direction}")
        if self.event_type not in EVENT_TYPES:
            raise ValueError(f"event_type must be one of {', '.join(EVENT_TYPES)}, was {self.event_type!r}")


def storable(why: object) -> bool:
    """Return whether reasons from outside are JSON that PostgreSQL takes: no NaN, no NUL, no half of a surrogate pair."""
    try:
        text = json.dumps(why, allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, ValueError, RecursionError):
        return False
    return b"\\u0000" not in text


class NewsScorer(Protocol):
    """A scorer of news."""

    @property
    def name(self) -> str:
        """Return the name under which verdicts are stored."""

    @property
    def version(self) -> str:
        """Return what changes whenever verdicts may change."""

    def score(self, text: NewsText) -> tuple[Verdict, ...]:
        """Return the verdicts, the main one first; none where the scorer has nothing to say."""
