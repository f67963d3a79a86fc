"""Reads what users said of signals."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Count

from modeling.models import SignalWord


def words_counted(*, since: datetime | None, as_of: datetime) -> dict[str, dict[str, int]]:
    """Return by version and kind how many words were said in (since, as_of]; {} where nobody said anything."""
    said = SignalWord.objects.filter(known_at__lte=as_of)
    if since is not None:
        said = said.filter(known_at__gt=since)
    found: dict[str, dict[str, int]] = {}
    rows = said.values_list("model_version", "kind").annotate(n=Count("pk")).order_by("model_version", "kind")
    for version, kind, n in rows:
        found.setdefault(version, {})[kind] = n
    return found
