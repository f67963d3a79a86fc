"""Rows of `behavior` as others see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackFacts:
    """What a user said of a signal."""

    id: int
    signal_id: int
    kind: str
    comment: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GameAnswerFacts:
    """An answer in the game, as the game hands it over."""

    scenario: str  # the game's own name of it, the same for all tellings of one answer
    action: str  # BUY, SELL, HOLD or NO_TRADE
    model_action: str  # "": no model may speak of that moment
    regime: str | None
    r_multiple: float | None
    model_r_multiple: float | None
    took_s: float | None
    answered_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReport:
    """A weekly report as it is stored: figures and codes, worded when read."""

    week: str
    begins_at: datetime
    ends_at: datetime
    made_at: datetime
    score: int | None
    payload: dict[str, Any]
