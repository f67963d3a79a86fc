"""The staff's view of news: sources, items, verdicts and alerts. The app's admin module imports it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from market.models import NewsItem, NewsLink, NewsSource, NewsTrigger, RiskAlert
from market.services.news_alerts import STAFF
from traderai.common.admin import ReadOnlyAdmin


@admin.register(NewsSource)
class NewsSourceAdmin(ReadOnlyAdmin):
    """Sources of news; staff may change how far and how soon each is trusted, and turn it off."""

    list_display = ["code", "kind", "trust_frac", "delay_s", "covers_from", "covers_till", "active"]
    list_filter = ["kind", "active", "language"]
    search_fields = ["code", "url"]
    editable = ("trust_frac", "delay_s", "active")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        """Staff with the permission may edit the three fields."""
        return bool(request.user.has_perm("market.change_newssource"))

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:  # noqa: ARG002
        """Show everything else as text."""
        return [field.name for field in self.model._meta.fields if field.name not in self.editable]


class NewsLinkInline(TabularInline):  # type: ignore[misc]  # unfold carries no types
    """What an item is about."""

    model = NewsLink
    extra = 0
    can_delete = False
    readonly_fields = ("instrument", "sector", "is_market")

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        """Links follow from texts."""
        return False


@admin.register(NewsItem)
class NewsItemAdmin(ReadOnlyAdmin):
    """News as they came."""

    list_display = ["title_short", "source", "published_at", "known_at", "language"]
    list_filter = ["source", "language", "published_at"]
    search_fields = ["title", "external_id"]
    date_hierarchy = "published_at"
    list_select_related = ["source"]
    inlines = [NewsLinkInline]
    show_full_result_count = False

    @admin.display(description="Title")
    def title_short(self, item: NewsItem) -> str:
        """Return the beginning of the title."""
        return item.title[:100]


@admin.register(NewsTrigger)
class NewsTriggerAdmin(ReadOnlyAdmin):
    """Verdicts on news; rows of score 0 only say that a text was read, and are left out."""

    list_display = ["at", "event_type", "direction", "score", "about", "scorer", "known_at"]
    list_filter = ["event_type", "direction", "scorer", "is_market", "sector", "known_at"]
    search_fields = ["instrument__secid", "external_id", "item__title"]
    date_hierarchy = "at"
    list_select_related = ["instrument", "item"]
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[NewsTrigger]:
        """Leave out what says nothing."""
        rows: QuerySet[NewsTrigger] = super().get_queryset(request)
        return rows.filter(score__gt=0)

    @admin.display(description="About")
    def about(self, trigger: NewsTrigger) -> str:
        """Return what the verdict is about."""
        return _about(trigger)


@admin.register(RiskAlert)
class RiskAlertAdmin(ModelAdmin):  # type: ignore[misc]  # unfold carries no types
    """Alerts; what staff edits or adds is staff's from then on, and no scorer replaces it."""

    list_display = ["starts_at", "ends_at", "severity", "about", "cause", "source"]
    list_filter = ["severity", "source", "is_market", "sector"]
    search_fields = ["cause", "instrument__secid"]
    list_select_related = ["instrument"]
    readonly_fields = ["trigger", "source"]
    autocomplete_fields = ["instrument"]

    def save_model(
        self, request: HttpRequest, obj: RiskAlert, form: ModelForm[RiskAlert], change: bool
    ) -> None:
        """Mark the alert as staff's."""
        obj.source = STAFF
        super().save_model(request, obj, form, change)

    @admin.display(description="About")
    def about(self, alert: RiskAlert) -> str:
        """Return what the alert is about."""
        return _about(alert)


def _about(row: NewsTrigger | RiskAlert) -> str:
    if row.is_market:
        return "the market"
    return row.sector or ("" if row.instrument is None else row.instrument.secid)
