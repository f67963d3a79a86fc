"""Staff look at what was said; nobody edits it."""

from __future__ import annotations

from django.contrib import admin

from signals.models import Signal
from traderai.common.admin import ReadOnlyAdmin


@admin.register(Signal)
class SignalAdmin(ReadOnlyAdmin):
    """Stored signals, newest first."""

    list_display = (
        "instrument",
        "horizon",
        "action",
        "confidence",
        "strength",
        "proven",
        "source",
        "as_of",
        "model_version",
    )
    list_filter = ("action", "strength", "proven", "source", "horizon", "timeframe")
    list_select_related = ("instrument",)
    search_fields = ("instrument__secid", "model_version")
    date_hierarchy = "as_of"
    ordering = ("-as_of", "instrument_id", "horizon")
