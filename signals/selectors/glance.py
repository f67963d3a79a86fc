"""Every active share with its newest signal at a glance; what a signal's payload adds is read once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import TextField
from django.db.models.expressions import RawSQL

from market.contracts import InstrumentFacts, LastClose, Timeframe
from market.selectors.candles import last_closes
from market.selectors.instruments import traded_list
from modeling.selectors.configuration import policy_get
from signals.contracts import HeatmapRow
from signals.kernels.freshness import Reading, data_age_s, reading_warnings
from signals.models import Signal
from signals.selectors.stored import newest_of_each

_COLUMNS = ("action", "strength", "confidence", "proven", "source", "as_of", "valid_until")
# Out of the payload, which has to be unpacked for it: only of signals that have not been looked at before.
_UNPACKED = """
CASE WHEN signals_signal.id = ANY(%s::int8[]) THEN NULL ELSE jsonb_build_object(
    'side', payload #> '{decision,side}', 'edge', payload #> '{decision,edge}', 'regime', payload #> '{regime,name}',
    'warnings', payload #> '{warnings}', 'last_bar_at', payload #> '{last_bar_at}')::text END
"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GlanceRow:
    """One share as it stands, whenever it is looked at: its age and what is warned of are those of a moment."""

    row: HeatmapRow  # without an age, with the warnings that are stored
    reading: Reading | None  # None without a signal

    def at(self, moment: datetime, *, max_data_age_s: int) -> HeatmapRow:
        """Return the row as it is read at a moment."""
        if self.reading is None:
            return self.row
        return replace(
            self.row,
            data_age_seconds=data_age_s(self.reading, moment=moment),
            warnings=reading_warnings(
                self.reading, stored=self.row.warnings, moment=moment, max_data_age_s=max_data_age_s
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What is shown of a stored signal; no signal is ever changed, and no id is given twice."""

    action: str
    strength: str
    confidence: int | None
    proven: bool
    source: str
    as_of: datetime
    valid_until: datetime
    side: str | None
    edge: float | None
    regime: str | None
    warnings: Sequence[str]
    last_bar_at: datetime


# The signals of the last answer by timeframe and horizon; those of the next one are hardly others.
_SEEN: dict[tuple[str, str], Mapping[int, _Said]] = {}


def heatmap_rows(*, timeframe: str, horizon: str, as_of: datetime) -> tuple[HeatmapRow, ...]:
    """Return every active share with its newest signal decided at or before `as_of`, by ticker; none is withdrawn."""
    max_age_s = policy_get().max_data_age_s
    rows = glance_rows(timeframe=timeframe, horizon=horizon, as_of=as_of)
    return tuple(one.at(as_of, max_data_age_s=max_age_s) for one in rows)


def glance_rows(*, timeframe: str, horizon: str, as_of: datetime) -> tuple[GlanceRow, ...]:
    """Return the same before it is read at a moment, by ticker."""
    parsed = Timeframe.parse(timeframe)
    instruments = traded_list(timeframe=parsed)
    closes = last_closes(timeframe=parsed, as_of=as_of)
    said = _newest_said([facts.id for facts in instruments], timeframe, horizon, as_of)
    return tuple(
        _glance_row(instrument, said.get(instrument.id), closes.get(instrument.secid))
        for instrument in sorted(instruments, key=lambda facts: facts.secid)
    )


def _newest_said(
    instrument_ids: Sequence[int], timeframe: str, horizon: str, as_of: datetime
) -> dict[int, _Said]:
    """Return what was said last of each share, by instrument."""
    seen = _SEEN.get((timeframe, horizon), {})
    said = Signal.objects.filter(timeframe=timeframe, horizon=horizon, as_of__lte=as_of)
    newest = newest_of_each(said, instrument_ids=instrument_ids)
    unpacked = RawSQL(_UNPACKED, (list(seen),), output_field=TextField())  # noqa: S611  # ids are parameters
    by_instrument: dict[int, _Said] = {}
    now_seen: dict[int, _Said] = {}
    for pk, instrument_id, text, *columns in newest.annotate(unpacked=unpacked).values_list(
        "pk", "instrument_id", "unpacked", *_COLUMNS
    ):
        own = seen.get(pk)
        if own is None:
            own = _said(columns, json.loads(text))
        by_instrument[instrument_id] = now_seen[pk] = own
    _SEEN[timeframe, horizon] = now_seen
    return by_instrument


def _said(columns: Sequence[Any], unpacked: dict[str, Any]) -> _Said:
    last_bar_at = datetime.fromisoformat(unpacked["last_bar_at"])
    return _Said(**dict(zip(_COLUMNS, columns, strict=True)), **{**unpacked, "last_bar_at": last_bar_at})


def _glance_row(instrument: InstrumentFacts, said: _Said | None, last: LastClose | None) -> GlanceRow:
    shares = instrument.issue_size_shares
    row = HeatmapRow(
        secid=instrument.secid,
        name_ru=instrument.name_ru,
        name_en=instrument.name_en,
        sector=instrument.sector,
        is_simulated=instrument.is_simulated,
        change_pct=_change_pct(last),
        turnover=last.turnover_rub if last else None,
        market_cap=last.close * shares if last and shares else None,
        data_age_seconds=None,
        **_signal_columns(said),
    )
    return GlanceRow(row=row, reading=None if said is None else _reading(said))


def _signal_columns(said: _Said | None) -> dict[str, Any]:
    if said is None:
        names = (
            "signal",
            "strength",
            "confidence",
            "source",
            "side",
            "edge",
            "regime",
            "as_of",
            "valid_until",
        )
        return dict.fromkeys(names) | {"proven": False, "warnings": ("no_signal",)}
    return {
        "signal": said.action,
        "strength": said.strength or None,
        "confidence": said.confidence,
        "proven": said.proven,
        "source": said.source,
        "side": said.side,
        "edge": said.edge,
        "regime": said.regime,
        "as_of": said.as_of,
        "valid_until": said.valid_until,
        "warnings": tuple(said.warnings),
    }


def _reading(said: _Said) -> Reading:
    return Reading(
        action=said.action,
        proven=said.proven,
        source=said.source,
        last_bar_at=said.last_bar_at,
        valid_until=said.valid_until,
    )


def _change_pct(last: LastClose | None) -> float | None:
    if last is None or last.previous_close is None:
        return None
    return 100 * (last.close / last.previous_close - 1)
