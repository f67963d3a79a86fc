"""The market at a glance as JSON text: a serializer would take longer to word it than the database to find it.

A test holds it against the serializers, which the API's document describes.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.utils.timezone import localtime

from signals.contracts import HeatmapRow
from signals.kernels.freshness import data_age_s, reading_warnings
from signals.selectors.glance import GlanceRow
from signals.selectors.heatmap import Glance

# In the order of the serializer; age and warnings, which are those of a moment, stand after them.
_BEFORE = ("name_ru", "name_en", "sector", "is_simulated", "signal", "side", "strength", "confidence", "edge", "proven",
           "source", "change_pct", "turnover", "market_cap", "regime")  # fmt: skip
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def heatmap_json(
    glance: Glance, *, language: str, moment: datetime, max_data_age_s: int
) -> tuple[str, bytes]:
    """Return the weak ETag and the text of an answer at a moment.

    The age of the data, which changes every second, does not count for the ETag.
    """
    head = _encode(
        {"timeframe": glance.timeframe, "horizon": glance.horizon, "regime": _regime(glance.regime)}
    )
    lines, marks = [], [language, head]
    for one in glance.rows:
        age_s, warnings = None, one.row.warnings
        if one.reading is not None:
            age_s = data_age_s(one.reading, moment=moment)
            warnings = reading_warnings(
                one.reading, stored=warnings, moment=moment, max_data_age_s=max_data_age_s
            )
        text, told = _row(one, language), _codes(warnings)
        marks += (text, told)
        lines.append(f'{text},"data_age_seconds":{"null" if age_s is None else age_s},"warnings":{told}}}')
    etag = hashlib.sha256("\n".join(marks).encode()).hexdigest()[:32]
    return f'W/"{etag}"', f'{head[:-1]},"results":[{",".join(lines)}]}}'.encode()


@lru_cache(maxsize=2048)
def _row(one: GlanceRow, language: str) -> str:
    """Return a share without age and warnings, and without the bracket that closes it."""
    row: HeatmapRow = one.row
    name = row.name_ru if language == "ru" else row.name_en
    plain: dict[str, Any] = {"secid": row.secid, "name": name}
    plain |= {field: getattr(row, field) for field in _BEFORE}
    plain |= {"as_of": _moment(row.as_of), "valid_until": _moment(row.valid_until)}
    return _encode(plain)[:-1]


def _regime(regime: dict[str, Any] | None) -> dict[str, Any] | None:
    if regime is None:
        return None
    return {**regime, "since": _moment(regime["since"]), "as_of": _moment(regime["as_of"])}


@lru_cache(maxsize=4096)
def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else localtime(moment).isoformat()


@lru_cache(maxsize=4096)
def _codes(warnings: tuple[str, ...]) -> str:
    return _encode(warnings)
