"""The market at a glance, filtered as asked."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from datetime import datetime

from features.selectors.regime import regime_at
from signals.contracts import Heatmap, HeatmapRow
from signals.selectors.configuration import asked_for
from signals.selectors.stored import heatmap_rows
from traderai.common.config import fingerprint
from traderai.common.errors import InputError, did_you_mean


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatmapQuestion:
    """Which part of the market; None: all of it."""

    timeframe: str | None = None
    horizon: str | None = None
    sector: str | None = None
    signal: str | None = None


def heatmap_get(*, question: HeatmapQuestion, as_of: datetime) -> Heatmap:
    """Return the newest signals of all active shares that fit the question.

    Raises: InputError for a timeframe, horizon or sector that is not there.
    """
    timeframe, horizon = asked_for(timeframe=question.timeframe, horizon=question.horizon)
    rows = heatmap_rows(timeframe=timeframe, horizon=horizon, as_of=as_of)
    sectors = sorted({row.sector for row in rows if row.sector})
    if question.sector is not None and question.sector not in sectors:
        raise InputError(
            f"sector must be one of {', '.join(sectors) or 'none (no share has one yet)'}, "
            f"was {question.sector!r}{did_you_mean(question.sector, sectors)}",
            code="unknown_sector",
            field="sector",
        )
    regime = regime_at(as_of=as_of, simulated=bool(rows) and all(row.is_simulated for row in rows))
    return Heatmap(
        timeframe=timeframe,
        horizon=horizon,
        regime=None
        if regime is None
        else {
            "name": regime.name,
            "probability": regime.probabilities[regime.name],
            "since": regime.since,
            "as_of": regime.as_of,
        },
        results=tuple(row for row in rows if _fits(row, question)),
    )


def heatmap_etag(heatmap: Heatmap, *, language: str) -> str:
    """Return the weak ETag of an answer; the age of the data, which changes every second, does not count."""
    plain = dataclasses.asdict(heatmap)
    for row in plain["results"]:
        row.pop("data_age_seconds")
    return f'W/"{fingerprint(json.loads(json.dumps([language, plain], default=str)))[:32]}"'


def _fits(row: HeatmapRow, question: HeatmapQuestion) -> bool:
    return question.sector in (None, row.sector) and question.signal in (None, row.signal)
