"""Staff see which messages went out; nobody edits them."""

from __future__ import annotations

from django.contrib import admin

from traderai.common.admin import ReadOnlyAdmin
from traderai.site.models import Notice


@admin.register(Notice)
class NoticeAdmin(ReadOnlyAdmin):
    """Messages by Telegram, the newest first."""

    list_display = (
        "id",
        "user",
        "kind",
        "business_key",
        "state",
        "attempts",
        "created_at",
        "ended_at",
        "reason",
    )
    list_select_related = ("user",)
    list_filter = ("state", "kind")
    ordering = ("-id",)
    show_full_result_count = False
