"""Reading of which share a signal was told."""

from __future__ import annotations

from collections.abc import Iterable

from signals.models import Signal


def signal_secids(*, ids: Iterable[int]) -> dict[int, str]:
    """Return by id the tickers of the signals that there are."""
    return dict(Signal.objects.filter(pk__in=set(ids)).values_list("pk", "instrument__secid"))
