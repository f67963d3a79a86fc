"""The stage that brings candles which are due."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.conf import settings

from market.contracts import IngestReport, Timeframe
from market.iss.client import iss_reachable
from market.selectors.bars import newest_bars
from market.selectors.instruments import instrument_list
from market.services.ingest import ingest_candles
from market.services.sources import source_open
from market.sources.records import Source
from traderai.common import clock
from traderai.common.errors import TraderAIError
from traderai.jobs.services import job_claim, job_fail, job_finish

_log = logging.getLogger(__name__)
KIND = "market.candles_ingest"
_LEASE = timedelta(minutes=10)
_NEVER = clock.from_epoch_s(0)


def candles_ingest_due(*, limit: int, now: datetime, source: Source | None = None) -> IngestReport:
    """Bring the 1h candles of at most `limit` shares for which ISS may have a newer closed bar.

    Repeating: a share is claimed once an hour; a second worker finds it claimed. A share that fails is due
    again, three times at most, and does not hold up the others.
    """
    total = IngestReport(kind="candles", source="iss")
    slot = _slot(now)
    due = _due_secids(slot)
    if due and source is None and not iss_reachable(base_url=settings.ISS_BASE_URL.rstrip("/")):
        _log.warning("ISS does not answer at %s; candles stay as they are", settings.ISS_BASE_URL)
        return total
    opened = source or source_open(name="iss")
    done = 0
    for secid in due:
        key = f"{secid} 1h {slot:%Y-%m-%dT%H:%MZ}"
        claim = job_claim(kind=KIND, business_key=key, now=now, lease=_LEASE) if done < limit else None
        if claim is None:
            continue
        done += 1
        try:
            total = total.plus(ingest_candles(source=opened, secids=[secid], now=now))
        except TraderAIError as error:
            job_fail(claim=claim, now=clock.now(), error=f"{type(error).__name__}: {error.detail}")
            continue
        job_finish(claim=claim, now=clock.now())
    return total


def _due_secids(slot: datetime) -> list[str]:
    newest = newest_bars(timeframe=Timeframe.H1)
    return [
        facts.secid
        for facts in instrument_list()
        if not facts.is_simulated and newest.get(facts.secid, _NEVER) < slot - Timeframe.H1.duration
    ]


def _slot(now: datetime) -> datetime:
    """Return the end of the newest 1h bar that anonymous data may tell of: the claim's key for this hour."""
    # Two minutes more than the exchange promises: a job done too early would leave the bar for the next hour.
    late = now - timedelta(minutes=settings.ISS_DATA_LAG_MINUTES + 2)
    return late.replace(minute=0, second=0, microsecond=0)
