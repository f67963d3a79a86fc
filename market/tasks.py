"""Celery tasks of the market.

Services are imported inside the tasks: the worker's parent imports this module and must stay small.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from celery import shared_task

from traderai.common import clock
from traderai.common.errors import TransientError

_AGAIN: dict[str, Any] = {
    "autoretry_for": (TransientError,),
    "max_retries": 3,
    "retry_backoff": True,
    "retry_jitter": True,
}
_FIGURES = ("rows_received", "rows_new", "rows_changed", "rows_quarantined")


@shared_task(name="market.tasks.candles_ingest_due", **_AGAIN)
def candles_ingest_due(limit: int = 50) -> dict[str, Any]:
    """Bring the candles that are due."""
    from market.services.due import candles_ingest_due as bring

    return _figures(bring(limit=limit, now=clock.now()))


@shared_task(name="market.tasks.candles_resample_due")
def candles_resample_due(limit: int = 50) -> dict[str, Any]:
    """Make the longer bars whose shorter ones have grown."""
    from market.services.resample_due import candles_resample_due as resample

    return {"series": len(resample(limit=limit, now=clock.now()))}


@shared_task(name="market.tasks.candles_recheck")
def candles_recheck() -> dict[str, Any]:
    """Make the longer bars of the last weeks anew: late bars may have come in between."""
    from market.services.resample_due import candles_recheck as recheck

    return {"series": len(recheck(now=clock.now()))}


@shared_task(name="market.tasks.calendar_build")
def calendar_build(days_back: int = 30, days_ahead: int = 400) -> dict[str, Any]:
    """Write the exchange's days and sessions around today by its rules, by what ISS says and by what was traded."""
    from market.services.calendar_write import calendar_build as build

    today = clock.now().astimezone(clock.MOSCOW).date()
    report = build(since=today - timedelta(days=days_back), until=today + timedelta(days=days_ahead))
    return {"new": report.new, "changed": report.changed}


@shared_task(name="market.tasks.share_counts_record")
def share_counts_record() -> dict[str, Any]:
    """Keep how many shares there are of each company, as known today."""
    from market.services.multiples import multiples_build

    return {"new": multiples_build(now=clock.now()).new}


@shared_task(name="market.tasks.reference_ingest_due", **_AGAIN)
def reference_ingest_due() -> dict[str, Any]:
    """Bring the day's reference data: securities, tickers, splits, dividends, indices, the calendar."""
    from market.services.due import reference_ingest_due as bring

    return _figures(bring(now=clock.now()))


@shared_task(name="market.tasks.news_ingest_due", **_AGAIN)
def news_ingest_due() -> dict[str, Any]:
    """Bring news from every feed that is switched on, and score what has no verdict yet."""
    from market.services.due import news_ingest_due as bring
    from market.services.news_score import news_score

    brought = _figures(bring(now=clock.now()))
    return brought | {"scored": news_score(now=clock.now()).items}


@shared_task(name="market.tasks.data_quality_due")
def data_quality_due() -> dict[str, Any]:
    """Look at the quality of the stored data, once a night."""
    from market.services.quality import data_quality_due as look

    report = look(now=clock.now())
    return {"verdict": None if report is None else report.verdict}


@shared_task(name="market.tasks.candles_export_due", **_AGAIN)
def candles_export_due() -> dict[str, Any]:
    """Back raw candles up in the lake, once a night."""
    from market.services.export_candles import candles_export_due as export

    report = export(now=clock.now())
    return {} if report is None else asdict(report)


@shared_task(name="market.tasks.partitions_ensure_due")
def partitions_ensure_due(years_ahead: int = 3) -> dict[str, Any]:
    """Make the candles' partitions of the years to come."""
    from market.services.partitions import partitions_ensure

    year = clock.now().year
    return {"made": list(partitions_ensure(first_year=2000, last_year=year + years_ahead))}


@shared_task(name="market.tasks.changes_forget")
def changes_forget() -> dict[str, Any]:
    """Forget which transactions have changed the market long ago."""
    from market.services.changes import changes_forget as forget

    return {"forgotten": forget(now=clock.now())}


def _figures(report: Any) -> dict[str, Any]:
    return {name: getattr(report, name) for name in _FIGURES}
