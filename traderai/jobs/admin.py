"""What runs, what failed and why, for staff."""

from __future__ import annotations

from django.contrib import admin

from traderai.common.admin import ReadOnlyAdmin
from traderai.jobs.models import Job


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    """Units of work; read-only, since stages own them."""

    list_display = ["kind", "business_key", "state", "attempts", "progress_frac", "started_at", "finished_at"]
    list_filter = ["state", "kind"]
    search_fields = ["business_key", "error"]
    ordering = ["-started_at"]
