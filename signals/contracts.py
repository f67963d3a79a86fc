"""What leaves the signals app: a stored decision with everything it was made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalFacts:
    """One stored decision, in the shape that the API and the explanation read.

    `payload` holds what the decision was made of, as plain JSON: prediction, market state, decision, regime,
    scenarios, levels, drivers and the facts of the explanation. Prices are as traded.
    """

    id: int
    secid: str
    name_ru: str
    name_en: str
    sector: str
    timeframe: str
    horizon: str
    bar_begin: datetime  # of the last closed bar used
    as_of: datetime  # when that bar was known: the decision time
    valid_until: datetime
    action: str
    confidence: int | None
    strength: str | None
    proven: bool
    source: str  # live, replay or simulated
    model_version: str | None
    trained_until: datetime | None
    payload: dict[str, object]
