"""Looking at the stored data for faults, and keeping what was found."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from market.calendar_config import session_table
from market.contracts import Timeframe
from market.models import DataQualityReport
from market.quality_config import QualityConfig, quality_config
from market.selectors.instruments import instrument_get
from market.selectors.quality import QualityReportFacts, quality_report_facts
from market.services.quality_checks import MarketContext, SeriesLook, series_look
from market.services.quality_html import report_html
from market.services.quality_market import group_days, group_look, market_context
from market.services.quality_plots import report_plots
from market.services.quality_report import LookedAt, Scope, report_figures, stored_findings
from market.services.quality_series import SeriesKey, longest_stored, series_read, series_stored
from traderai.common import clock
from traderai.common.clock import midnight
from traderai.common.errors import NotReadyError, TraderAIError
from traderai.common.lake import lake_at
from traderai.common.progress import Progress, silent
from traderai.jobs.services import job_claim, job_fail, job_finish

KIND = "market.data_quality"
_LEASE = timedelta(minutes=30)


def data_quality_run(
    *,
    secids: Sequence[str] | None = None,
    timeframes: Sequence[Timeframe] | None = None,
    since: datetime | None = None,
    as_of: datetime,
    now: datetime,
    progress: Progress = silent,
) -> QualityReportFacts:
    """Look at the stored candles that had closed at `as_of` and keep the report: in the lake and in the database.

    One series is read at a time; what stays of it are its days and its findings.

    Repeating: makes another report and changes nothing else.

    Raises: NotFoundError for a ticker that we do not hold; NotReadyError if no bar lies in the scope.
    """
    for secid in secids or ():
        instrument_get(secid=secid)
    scope = Scope(
        secids=tuple(secids) if secids is not None else None,
        timeframes=tuple(timeframes or Timeframe),
        since=since,
        as_of=as_of,
    )
    seen = _look(scope, quality_config(), progress)
    figures = report_figures(seen=seen, scope=scope, table=session_table(), now=now)
    progress(len(seen.looks), len(seen.looks), "drawing")
    page = report_html(figures=figures, plots=report_plots(figures=figures, seen=seen, scope=scope))
    return _keep(figures, page, scope, now)


def data_quality_due(*, now: datetime) -> QualityReportFacts | None:
    """Make the night's report on the newest days, once a day; None where it is made or there is nothing to look at.

    Repeating: the day is claimed; a second worker finds it claimed, and one that failed is due again.
    """
    today = now.astimezone(clock.MOSCOW).date()
    claim = job_claim(kind=KIND, business_key=today.isoformat(), now=now, lease=_LEASE)
    if claim is None:
        return None
    since = midnight(today - timedelta(days=quality_config().nightly_days))
    try:
        report = data_quality_run(since=since, as_of=now, now=now)
    except NotReadyError:
        report = None
    except TraderAIError as error:
        job_fail(claim=claim, now=clock.now(), error=f"{type(error).__name__}: {error.detail}")
        raise
    job_finish(claim=claim, now=clock.now())
    return report


def _look(scope: Scope, config: QualityConfig, progress: Progress) -> LookedAt:
    keys = series_stored(
        secids=scope.secids, timeframes=scope.timeframes, since=scope.since, as_of=scope.as_of
    )
    if not keys:
        raise NotReadyError(
            f"a report on quality needs closed bars, there are none of {scope.text}; run `ingest` first"
        )
    markets = _markets(keys, scope)
    table = session_table()
    by_group: dict[tuple[str, Timeframe], list[SeriesLook]] = {}
    for done, key in enumerate(keys):
        progress(done, len(keys), f"{key.instrument.secid} {key.timeframe.value}")
        bars = series_read(key=key, since=scope.since, as_of=scope.as_of)
        look = series_look(bars=bars, table=table, market=markets[key.instrument.is_simulated], config=config)
        by_group.setdefault((key.group, key.timeframe), []).append(look)
    groups, market_findings = [], []
    for (name, _), looks in by_group.items():
        group = group_days(looks, config=config)
        market_findings.append(group_look(looks, group=group, as_of=scope.as_of, config=config))
        groups.append((name, tuple(looks), group))
    return LookedAt(
        looks=tuple(look for _, looks, _ in groups for look in looks),
        markets=tuple(market_findings),
        groups=tuple(groups),
    )


def _markets(keys: Sequence[SeriesKey], scope: Scope) -> dict[bool, MarketContext]:
    """Return what the real and the simulated market did, by the longest bars up to a day that are stored."""
    return {
        simulated: market_context(
            timeframe_min=longest_stored(simulated=simulated, since=scope.since, as_of=scope.as_of),
            simulated=simulated,
            since=scope.since,
            as_of=scope.as_of,
        )
        for simulated in {key.instrument.is_simulated for key in keys}
    }


def _keep(figures: dict[str, Any], page: str, scope: Scope, now: datetime) -> QualityReportFacts:
    lake = lake_at(settings.LAKE_URL)
    row = DataQualityReport.objects.create(
        created_at=now,
        as_of=scope.as_of,
        scope=figures["scope"][:200],
        verdict=figures["verdict"],
        findings=stored_findings(figures),
    )
    # The row's number makes the name unique: two reports may be made in one second.
    stem = f"quality/{now:%Y%m%dT%H%M%SZ}-{row.pk}"
    lake.write(f"{stem}.json", json.dumps(figures, ensure_ascii=False, allow_nan=False).encode())
    lake.write(f"{stem}.html", page.encode())
    row.json_key, row.html_key = f"{stem}.json", f"{stem}.html"
    DataQualityReport.objects.filter(pk=row.pk).update(json_key=row.json_key, html_key=row.html_key)
    return quality_report_facts(row)
