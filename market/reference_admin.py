"""The staff's view of reference data and figures. The app's admin module imports it."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Model

from market.models import (
    CalendarDay,
    CandleSource,
    EconomicEvent,
    FundamentalMetric,
    IndexMember,
    IndexWeight,
    InstrumentBoard,
    InstrumentTerms,
    MacroValue,
    Session,
    TickerChange,
)
from traderai.common.admin import ReadOnlyAdmin

# Model: (columns, filters, fields searched, order)
_LISTS: dict[type[Model], tuple[list[str], list[str], list[str], list[str]]] = {
    TickerChange: (
        ["old_secid", "new_secid", "changed_on", "source"],
        ["source"],
        ["old_secid", "new_secid"],
        ["-changed_on"],
    ),
    InstrumentBoard: (
        ["instrument", "board", "traded_from", "traded_till", "is_primary", "source"],
        ["board", "is_primary"],
        ["instrument__secid"],
        ["instrument", "traded_from"],
    ),
    InstrumentTerms: (
        ["instrument", "valid_from", "lot_size", "price_step_rub", "source"],
        ["source"],
        ["instrument__secid"],
        ["instrument", "valid_from"],
    ),
    IndexMember: (
        ["index_secid", "instrument", "member_from", "member_till", "source"],
        ["index_secid"],
        ["instrument__secid"],
        ["index_secid", "member_from"],
    ),
    IndexWeight: (
        ["index_secid", "instrument", "day", "weight_pct", "source"],
        ["index_secid"],
        ["instrument__secid"],
        ["-day", "-weight_pct"],
    ),
    CalendarDay: (
        ["date", "is_open", "trading_date", "reason", "source"],
        ["is_open", "source"],
        [],
        ["-date"],
    ),
    Session: (
        ["date", "code", "begins_at", "ends_at", "source"],
        ["code", "source"],
        [],
        ["-date", "begins_at"],
    ),
    CandleSource: (["name", "kind", "priority"], ["kind"], ["name"], ["-priority", "name"]),
    FundamentalMetric: (
        ["instrument", "metric", "period", "value", "known_at", "source"],
        ["metric", "source"],
        ["instrument__secid"],
        ["-known_at"],
    ),
    MacroValue: (["series", "date", "value", "known_at", "source"], ["series"], [], ["-date"]),
    EconomicEvent: (["kind", "at", "title_ru", "outcome", "known_at", "source"], ["kind"], [], ["-at"]),
}

for _model, (_columns, _filters, _searched, _order) in _LISTS.items():
    admin.site.register(
        _model,
        type(
            f"{_model.__name__}Admin",
            (ReadOnlyAdmin,),
            {
                "list_display": _columns,
                "list_filter": _filters,
                "search_fields": _searched,
                "ordering": _order,
                "list_select_related": [name for name in ("instrument", "series") if name in _columns],
                "__doc__": _model.__doc__,
            },
        ),
    )
