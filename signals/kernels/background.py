"""What stands behind a decision besides the share's own bars: its sector, its company, the news about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from features.contracts import RegimeFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsWord:
    """A verdict on news that was in force when the decision was made."""

    scope: str  # instrument, sector or market
    event_type: str
    direction: int  # -1, 0 or 1
    score: float  # 0 to 100
    title: str
    published_at: datetime
    known_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """What was known at a decision; nothing of it is an input of the policy."""

    sector_regime: RegimeFacts | None = None
    company: dict[str, float] = field(default_factory=dict)  # figures by the codes of fundamentals.yaml
    news: tuple[NewsWord, ...] = ()  # the strongest first
