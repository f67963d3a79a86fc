"""The staff's view of feature snapshots and of the regime: facts, read-only."""

from __future__ import annotations

from django.contrib import admin

from features.models import FeatureSnapshot, RegimeHistory, UnlistedFile
from traderai.common.admin import ReadOnlyAdmin


@admin.register(FeatureSnapshot)
class FeatureSnapshotAdmin(ReadOnlyAdmin):
    """What is stored, from which inputs, with which code."""

    list_display = (
        "feature_set", "instrument", "timeframe_min", "month", "rows", "size_bytes", "code_version", "built_at",
    )  # fmt: skip
    list_filter = ("feature_set", "timeframe_min", "code_version")
    list_select_related = ("instrument",)
    search_fields = ("instrument__secid", "file_key")
    ordering = ("-built_at",)


@admin.register(UnlistedFile)
class UnlistedFileAdmin(ReadOnlyAdmin):
    """Files waiting to be swept."""

    list_display = ("file_key", "unlisted_at")
    ordering = ("-unlisted_at",)


@admin.register(RegimeHistory)
class RegimeHistoryAdmin(ReadOnlyAdmin):
    """The regime day by day."""

    list_display = ("trading_day", "market", "scope", "name", "spell_began_on", "shares", "as_of")
    list_filter = ("market", "scope", "name")
    date_hierarchy = "trading_day"
    ordering = ("-trading_day",)
