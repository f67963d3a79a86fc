"""Reading dividends that are yet to be cut off."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime

from market.contracts import DividendAhead, InstrumentFacts
from market.models import CorporateAction


def dividends_ahead(
    *, instruments: Sequence[InstrumentFacts], as_of: datetime, after: date, until: date
) -> dict[int, tuple[DividendAhead, ...]]:
    """Return by instrument the dividends known at `as_of` that are cut off after a day and up to `until`.

    Instruments without any are left out; the nearest comes first.
    """
    rows = CorporateAction.objects.filter(
        instrument_id__in=[facts.id for facts in instruments],
        kind=CorporateAction.Kind.DIVIDEND,
        known_at__lte=as_of,
        ex_date__gt=after,
        ex_date__lte=until,
    )
    found: defaultdict[int, list[DividendAhead]] = defaultdict(list)
    told = rows.order_by("ex_date", "known_at").values_list("instrument_id", "ex_date", "known_at")
    for key, ex_date, known_at in told:
        found[key].append(DividendAhead(ex_date=ex_date, known_at=known_at))
    return {key: tuple(own) for key, own in found.items()}
