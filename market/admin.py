"""The staff's view of market data: instruments, candles, actions, runs and what was refused."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import Http404, HttpRequest
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.urls.resolvers import URLPattern
from django.utils.html import format_html
from django.utils.safestring import SafeString

import market.news_admin
import market.reference_admin  # noqa: F401  # each registers its tables
from market.contracts import Timeframe
from market.models import CorporateAction, Instrument, QuarantinedRow, TradingDay
from market.quality_admin import QUALITY_ADMINS
from market.selectors.candles import candle_list
from market.services.dividend_announcements import action_known_set
from traderai.common import clock
from traderai.common.admin import ReadOnlyAdmin
from traderai.common.errors import InputError

_ROWS_SHOWN = 200

for _model, _admin in QUALITY_ADMINS:
    admin.site.register(_model, _admin)


@admin.register(Instrument)
class InstrumentAdmin(ReadOnlyAdmin):
    """Instruments; staff may correct the sector and say what is active and shortable."""

    list_display = ["secid", "name_ru", "sector", "lot_size", "price_step_rub", "active", "shortable", "is_simulated", "candles"]  # fmt: skip
    list_filter = ["active", "shortable", "is_simulated", "sector", "kind"]
    search_fields = ["secid", "name_ru", "name_en", "isin"]
    editable = ("sector", "shortable", "active")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Staff with the permission may edit the three fields."""
        return bool(request.user.has_perm("market.change_instrument"))

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Show everything else as text, with a link to the candles."""
        fixed = [field.name for field in self.model._meta.fields if field.name not in self.editable]
        return [*fixed, "candles"]

    @admin.display(description="Candles")
    def candles(self, instrument: Instrument) -> SafeString:
        """Link to the instrument's candles."""
        return format_html(
            '<a class="text-primary-600 dark:text-primary-500" href="{}">Show</a>',
            reverse("admin:market_candles", args=[instrument.pk]),
        )

    def get_urls(self) -> list[URLPattern]:
        """Add the page of candles: a table with a composite key cannot be registered."""
        page = path("<int:pk>/candles/", self.admin_site.admin_view(self.candles_view), name="market_candles")
        return [page, *super().get_urls()]

    def candles_view(self, request: HttpRequest, pk: int) -> TemplateResponse:
        """Show the newest closed candles up to a day, as traded."""
        instrument = self.get_object(request, str(pk))
        if instrument is None or not self.has_view_permission(request, instrument):
            raise Http404(f"no instrument {pk}")
        code, day, problem = request.GET.get("timeframe", "1h"), request.GET.get("day", ""), ""
        rows: Any = ()
        try:
            as_of = _end_of_day(day) if day else clock.now()
            rows = candle_list(
                secid=instrument.secid, timeframe=Timeframe.parse(code), as_of=as_of, limit=_ROWS_SHOWN
            )
        except (InputError, ValueError) as error:
            problem = str(error)
        context = self.admin_site.each_context(request) | {
            "title": f"{instrument.secid}: candles as traded",
            "instrument": instrument,
            "places": f"{instrument.decimals}g",
            "opts": self.opts,
            "rows": rows[::-1],
            "timeframes": [member.value for member in Timeframe],
            "timeframe": code,
            "day": day,
            "problem": problem,
        }
        return TemplateResponse(request, "admin/market/candles.html", context)


@admin.register(CorporateAction)
class CorporateActionAdmin(ReadOnlyAdmin):
    """Splits and dividends; staff may correct from when on one was known, and ingests then leave it to them."""

    list_display = [
        "instrument",
        "kind",
        "ex_date",
        "shares_after_per_before",
        "amount_rub",
        "known_at",
        "source",
    ]
    list_filter = ["kind", "source"]
    search_fields = ["instrument__secid"]
    list_select_related = ["instrument"]
    date_hierarchy = "ex_date"
    ordering = ["-ex_date"]

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Staff with the permission may edit `known_at`."""
        return bool(request.user.has_perm("market.change_corporateaction"))

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Show everything else as text."""
        return [field.name for field in self.model._meta.fields if field.name != "known_at"]

    def save_model(self, request: HttpRequest, obj: CorporateAction, form: Any, change: bool) -> None:
        """Mark the row as set by staff."""
        action_known_set(action_id=obj.pk, known_at=obj.known_at)


@admin.register(TradingDay)
class TradingDayAdmin(ReadOnlyAdmin):
    """Days with trading."""

    list_display = ["date", "trading_date", "is_real", "is_simulated"]
    list_filter = ["is_real", "is_simulated"]
    ordering = ["-date"]


@admin.register(QuarantinedRow)
class QuarantinedRowAdmin(ReadOnlyAdmin):
    """Rows that were refused, with the reason."""

    list_display = ["reason", "source", "place", "run"]
    list_filter = ["reason", "source"]
    search_fields = ["place"]
    list_select_related = ["run"]
    ordering = ["-id"]


def _end_of_day(text: str) -> datetime:
    return clock.midnight(date.fromisoformat(text) + timedelta(days=1))
