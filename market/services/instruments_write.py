"""Writing reference data of instruments."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.db import transaction

from market.contracts import CandleWriteReport, TickerSpan
from market.models import Instrument, InstrumentTerms
from market.selectors.tickers import ticker_holders
from market.sources.records import InstrumentRecord

_STAFF_FIELDS = ("sector", "industry", "shortable", "active")
_TERMS = ("lot_size", "price_step_rub", "decimals")


def instruments_write(*, records: tuple[InstrumentRecord, ...]) -> CandleWriteReport:
    """Store instruments; what staff may edit (sector, industry, shortable, active) is set once and left to staff.

    What a source does not tell never takes away what another one told. A share whose last day of trading becomes
    known is no longer active. Lots and price steps with dates of their own (`terms_write`) stay. A record under a ticker that its instrument has given up tells nothing of today's and changes nothing; one
    that was first traded after that is another company's, which is stored beside it.

    Repeating: the same records change nothing.
    """
    new = changed = 0
    records_given = len(records)
    holders = ticker_holders()
    records = tuple(record for record in records if not _given_up(record, holders))
    with transaction.atomic():
        stored = {
            row.secid: row
            for row in Instrument.objects.select_for_update().filter(secid__in=[r.secid for r in records])
        }
        dated = set(InstrumentTerms.objects.values_list("instrument_id", flat=True))
        for record in records:
            values = _values(record)
            row = stored.get(record.secid)
            if row is None:
                Instrument.objects.create(**values)
                new += 1
                continue
            fresh = _fresh(row, values, terms_told=record.terms_told and row.pk not in dated)
            if fresh:
                Instrument.objects.filter(pk=row.pk).update(**fresh)
                changed += 1
    return CandleWriteReport(new=new, changed=changed, unchanged=records_given - new - changed)


def _values(record: InstrumentRecord) -> dict[str, Any]:
    values = asdict(record) | {"decimals": decimals_of(record.price_step_rub)}
    del values["first_traded_on"], values["terms_told"]
    return values


def _fresh(row: Instrument, values: Mapping[str, Any], *, terms_told: bool) -> dict[str, Any]:
    """Return what a record tells beyond what is stored."""
    fresh = {
        name: value
        for name, value in values.items()
        if getattr(row, name) != value
        and value not in ("", None)
        and (terms_told or name not in _TERMS)
        and (name not in _STAFF_FIELDS or getattr(row, name) == "")
    }
    if "delisted_on" in fresh and row.delisted_on is None:
        fresh["active"] = False
    return fresh


def _given_up(record: InstrumentRecord, holders: Mapping[str, tuple[TickerSpan, ...]]) -> bool:
    spans = holders.get(record.secid, ())
    if not spans or spans[-1].valid_till is None:
        return False
    return record.first_traded_on is None or record.first_traded_on < spans[-1].valid_till


def decimals_of(price_step_rub: float) -> int:
    """Return how many decimals a price on this step has: 2 for 0.05, 0 for 1.0."""
    for decimals in range(10):
        scaled = price_step_rub * 10**decimals
        if math.isclose(scaled, round(scaled), rel_tol=1e-9) and round(scaled) > 0:
            return decimals
    raise ValueError(f"price_step_rub must have at most 9 decimals, was {price_step_rub}")
