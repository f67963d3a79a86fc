"""Where candles come from, as rows of the database: each source has its rank."""

from __future__ import annotations

from market.contracts import CandleOrigin
from market.models import CandleSource


def candle_source_ensure(*, origin: CandleOrigin) -> CandleSource:
    """Return the stored source of an origin, made or given its new priority where needed.

    Repeating: changes nothing.
    """
    row, _ = CandleSource.objects.get_or_create(
        name=origin.name, defaults={"kind": origin.kind, "priority": origin.priority}
    )
    if (row.kind, row.priority) != (origin.kind, origin.priority):
        CandleSource.objects.filter(pk=row.pk).update(kind=origin.kind, priority=origin.priority)
        row.kind, row.priority = origin.kind, origin.priority
    return row


def sources_overwritten_by(source: CandleSource) -> list[int]:
    """Return the ids of the sources whose bars give way to those of `source`, itself included.

    The order is total (priority, then name), so that the table does not depend on which file came first.
    """
    rank = (source.priority, source.name)
    rows = CandleSource.objects.values_list("pk", "priority", "name")
    return [pk for pk, priority, name in rows if (priority, name) <= rank]
