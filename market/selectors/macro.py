"""Reading series of the economy and scheduled events as they were known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

from market.kernels.reports import Reports, latest_steps, values_at
from market.models import EconomicEvent, MacroSeries, MacroValue
from market.selectors.fundamental_rows import known_from_s
from traderai.common.arrays import F64, I64
from traderai.common.errors import NotFoundError, did_you_mean

_NEVER_S = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True, kw_only=True)
class MacroFacts:
    """One value of a series of the economy as it was known."""

    code: str
    date: date  # in force from this day on
    value: float
    known_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFacts:
    """Something scheduled for the economy, as it was known."""

    kind: str
    at: datetime
    title_ru: str
    title_en: str
    outcome: float | None  # None as long as it has not taken place


def macro_at(*, code: str, as_of: datetime) -> MacroFacts | None:
    """Return the newest value of a series that was known at `as_of`, None before the first.

    A decision counts from its publication on, a few days before it comes into force.

    Raises: NotFoundError for a series that we do not hold.
    """
    rows = MacroValue.objects.filter(series_id=_series_id(code), known_at__lte=as_of)
    row = rows.order_by("-date", "-known_at").first()
    if row is None:
        return None
    return MacroFacts(code=code, date=row.date, value=row.value, known_at=row.known_at)


def macro_series(*, code: str, moments_s: I64, as_of: datetime) -> F64:
    """Return the value of a series as it was known at each moment, NaN before the first; never after `as_of`.

    Raises: NotFoundError for a series that we do not hold.
    """
    rows = MacroValue.objects.filter(series_id=_series_id(code), known_at__lte=as_of).order_by(
        "date", "known_at"
    )
    table = [(row.date.toordinal(), known_from_s(row.known_at), row.value) for row in rows]
    reports = Reports(
        quarter=np.array([day for day, _, _ in table], dtype=np.int64),
        is_year=np.zeros(len(table), dtype=np.bool_),
        known_s=np.array([known_s for _, known_s, _ in table], dtype=np.int64),
        expires_s=np.full(len(table), _NEVER_S, dtype=np.int64),
        value=np.array([value for _, _, value in table], dtype=np.float64),
    )
    return values_at(latest_steps(reports), moments_s)


def events_between(*, since: datetime, until: datetime, as_of: datetime) -> tuple[EventFacts, ...]:
    """Return the events from `since` to before `until` whose date was known at `as_of`, in their order.

    The outcome is told only of events that had taken place.
    """
    rows = EconomicEvent.objects.filter(at__gte=since, at__lt=until, known_at__lte=as_of).order_by(
        "at", "kind"
    )
    return tuple(
        EventFacts(
            kind=row.kind,
            at=row.at,
            title_ru=row.title_ru,
            title_en=row.title_en,
            outcome=row.outcome if row.at <= as_of else None,
        )
        for row in rows
    )


def _series_id(code: str) -> int:
    known = dict(MacroSeries.objects.values_list("code", "pk"))
    if code not in known:
        raise NotFoundError(
            f"series must be one of {', '.join(sorted(known)) or 'none yet: ingest macro first'}, was {code!r}"
            f"{did_you_mean(code, known)}",
            code="unknown_series",
            field="code",
        )
    return known[code]
