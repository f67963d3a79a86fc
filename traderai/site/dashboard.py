"""The first page of the admin: how old the data are, which model serves, what was said, what failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.timesince import timesince

from market.contracts import Timeframe
from market.selectors.candles import last_closes
from modeling.selectors.versions import champion_get, emission_paused
from signals.contracts import HeatmapRow
from signals.selectors.configuration import service_get
from signals.selectors.glance import heatmap_rows
from traderai.common import clock
from traderai.jobs.selectors import failed_count

STRONGEST = 10
ACTIONS = (
    ("BUY", "Buy"),
    ("SELL", "Sell"),
    ("HOLD", "Hold"),
    ("NO_TRADE", "No trade"),
    (None, "No call yet"),
)


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the row of health and today's calls to the context of the first page."""
    now = clock.now()
    service = service_get()
    rows = heatmap_rows(timeframe=service.timeframe, horizon=service.default_horizon, as_of=now)
    actions = Counter(row.signal for row in rows)
    return context | {
        "health": [_data(service.timeframe, now=now), _model(), _calls(rows), _jobs()],
        # The figures of single calls are for those who may see the table of signals.
        "strongest": _strongest(rows) if request.user.has_perm("signals.view_signal") else [],
        "calls": [
            {"name": name, "count": actions[action], "key": (action or "none").lower()}
            for action, name in ACTIONS
            if actions[action]
        ],
        "calls_of": f"{service.timeframe}, {service.default_horizon}",
    }


def _data(timeframe: str, *, now: datetime) -> dict[str, str]:
    parsed = Timeframe.parse(timeframe)
    closes = last_closes(timeframe=parsed, as_of=now)
    link = reverse("admin:market_ingestionrun_changelist")
    if not closes:
        return {"title": "Newest candle", "value": "none", "note": "nothing has been ingested", "link": link}
    ended = max(close.begin for close in closes.values()) + parsed.duration
    shown = ended.astimezone(clock.MOSCOW).strftime("%Y-%m-%d %H:%M MSK")
    return {
        "title": "Newest candle",
        "value": f"{timesince(ended, now)} old",
        "note": f"ended {shown}",
        "link": link,
    }


def _model() -> dict[str, str]:
    champion = champion_get()
    link = reverse("admin:modeling_modelversion_changelist")
    if champion is None:
        return {"title": "Model in service", "value": "none", "note": "every call is NO_TRADE", "link": link}
    if emission_paused():
        note = f"{champion.version} has degraded: every call is NO_TRADE until it is resumed or replaced"
        return {"title": "Model in service", "value": "silent", "note": note, "link": link}
    trained = champion.trained_until.astimezone(clock.MOSCOW).strftime("%Y-%m-%d")
    return {
        "title": "Model in service",
        "value": {"trade": "proven", "inform": "on paper"}.get(champion.grade, champion.grade),
        "note": f"{champion.version}, trained until {trained}",
        "link": link,
    }


def _calls(rows: Sequence[HeatmapRow]) -> dict[str, str]:
    traded = [row for row in rows if row.signal in ("BUY", "SELL")]
    gone = sum("expired" in row.warnings for row in traded)
    link = reverse("admin:signals_signal_changelist")
    note = f"{gone} more have expired" if gone else "the newest call of every share counts"
    return {
        "title": "Calls to trade now",
        "value": f"{len(traded) - gone} of {len(rows)}",
        "note": note,
        "link": link,
    }


def _strongest(rows: Sequence[HeatmapRow]) -> list[dict[str, Any]]:
    """Return the newest calls with the largest edge, those that still hold first."""
    told = [row for row in rows if row.signal is not None]
    told.sort(key=lambda row: ("expired" in row.warnings, -(row.edge if row.edge is not None else -1.0)))
    return [
        {
            field: getattr(row, field)
            for field in ("secid", "signal", "confidence", "edge", "change_pct", "as_of", "warnings")
        }
        | {"edge_points": None if row.edge is None else f"{100 * row.edge:+.1f}"}
        for row in told[:STRONGEST]
    ]


def _jobs() -> dict[str, str]:
    failed = failed_count()
    link = reverse("admin:jobs_job_changelist") + ("?state__exact=failed" if failed else "")
    note = "look at their errors" if failed else "no unit of work stands failed"
    return {"title": "Failed jobs", "value": str(failed), "note": note, "link": link}
