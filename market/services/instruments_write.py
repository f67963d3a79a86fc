"""Writing reference data of instruments."""

from __future__ import annotations

import math
from dataclasses import asdict

from django.db import transaction

from market.contracts import CandleWriteReport
from market.models import Instrument
from market.sources.records import InstrumentRecord

_STAFF_FIELDS = ("sector", "shortable", "active")


def instruments_write(*, records: tuple[InstrumentRecord, ...]) -> CandleWriteReport:
    """Store instruments; what staff may edit (sector, shortable, active) is set once and then left to staff.

    Repeating: the same records change nothing.
    """
    new = changed = 0
    with transaction.atomic():
        stored = {
            row.secid: row
            for row in Instrument.objects.select_for_update().filter(secid__in=[r.secid for r in records])
        }
        for record in records:
            values = asdict(record) | {"decimals": decimals_of(record.price_step_rub)}
            row = stored.get(record.secid)
            if row is None:
                Instrument.objects.create(**values)
                new += 1
                continue
            fresh = {
                name: value
                for name, value in values.items()
                if getattr(row, name) != value and (name not in _STAFF_FIELDS or getattr(row, name) == "")
            }
            if fresh:
                Instrument.objects.filter(pk=row.pk).update(**fresh)
                changed += 1
    return CandleWriteReport(new=new, changed=changed, unchanged=len(records) - new - changed)


def decimals_of(price_step_rub: float) -> int:
    """Return how many decimals a price on this step has: 2 for 0.05, 0 for 1.0."""
    for decimals in range(10):
        scaled = price_step_rub * 10**decimals
        if math.isclose(scaled, round(scaled), rel_tol=1e-9) and round(scaled) > 0:
            return decimals
    raise ValueError(f"price_step_rub must have at most 9 decimals, was {price_step_rub}")
