"""Staff look at what was checked and reported; nobody edits it."""

from __future__ import annotations

from django.contrib import admin

from behavior.models import Feedback, PreTradeCheck, WeeklyReport
from traderai.common.admin import ReadOnlyAdmin


@admin.register(Feedback)
class FeedbackAdmin(ReadOnlyAdmin):
    """What users say of signals, the newest first."""

    list_display = ("id", "user", "signal", "kind", "comment", "at")
    list_select_related = ("user", "signal")
    list_filter = ("kind",)
    ordering = ("-id",)
    show_full_result_count = False


@admin.register(PreTradeCheck)
class PreTradeCheckAdmin(ReadOnlyAdmin):
    """Checks before trades, the newest first."""

    list_display = ("id", "user", "instrument", "side", "qty_shares", "price_rub", "verdict", "at")
    list_select_related = ("user", "instrument")
    list_filter = ("verdict", "side")
    ordering = ("-id",)
    show_full_result_count = False


@admin.register(WeeklyReport)
class WeeklyReportAdmin(ReadOnlyAdmin):
    """Weekly reports, the newest first."""

    list_display = ("id", "user", "week", "score", "made_at")
    list_select_related = ("user",)
    ordering = ("-id",)
    show_full_result_count = False
