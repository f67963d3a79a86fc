"""What users say of signals, as `modeling` sees it: no user in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

WordKind = Literal["useful", "wrong", "followed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One word on one signal; `place` is its number where it was said."""

    place: int
    model_version: str
    secid: str
    timeframe: str
    horizon: str
    action: str
    decided_at: datetime
    kind: WordKind
    known_at: datetime
