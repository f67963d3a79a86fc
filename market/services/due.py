"""The stages that bring what the exchange has told since."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.conf import settings

from market.configs import universe_config
from market.contracts import ISS_ORIGIN, IngestReport, InstrumentFacts, Timeframe
from market.iss.client import iss_reachable
from market.iss_config import ScheduledCandles, iss_config
from market.models import CandleCoverage
from market.selectors.instruments import instrument_list
from market.services.ingest import ingest_actions, ingest_candles, ingest_instruments
from market.services.sources import source_open
from market.sources.records import Source
from market.sources.wall_clock import midnight
from traderai.common import clock
from traderai.common.clock import MOSCOW
from traderai.common.errors import TraderAIError
from traderai.jobs.contracts import Claim
from traderai.jobs.services import job_claim, job_fail, job_finish

_log = logging.getLogger(__name__)
KIND = "market.candles_ingest"
REFERENCE_KIND = "market.reference_ingest"
NEWS_KIND = "market.news_ingest"
_LEASE = timedelta(minutes=30)
_NEWS_EVERY = timedelta(minutes=5)
_DAY_BEGINS = timedelta(hours=5)  # in Moscow: the exchange has the new day's data before its first session


def candles_ingest_due(*, limit: int, now: datetime, source: Source | None = None) -> IngestReport:
    """Bring at most `limit` series of candles for which ISS may have a newer closed bar.

    Which timeframes of which universes, and how often, is said by iss.yaml, in the order of their importance.

    Repeating: a series is claimed once in its interval; a second worker finds it claimed. A series that fails is
    due again, three times at most, and does not hold up the others.
    """
    due = [(plan, secid, slot) for plan in iss_config().scheduled for secid, slot in _due_series(plan, now)]
    opened = _opened(source, needed=bool(due))
    total = IngestReport(kind="candles", source="iss")
    if opened is None:
        return total
    done = 0
    for plan, secid, slot in due:
        timeframe = Timeframe.parse(plan.timeframe)
        key = f"{secid} {timeframe.value} {slot:%Y-%m-%dT%H:%MZ}"
        claim = job_claim(kind=KIND, business_key=key, now=now, lease=_LEASE) if done < limit else None
        if claim is None:
            continue
        done += 1
        report = _claimed(
            claim,
            lambda secid=secid, timeframe=timeframe, plan=plan: ingest_candles(  # type: ignore[misc]
                source=opened,
                secids=[secid],
                timeframes=[timeframe],
                since=_begin(plan, now),
                now=now,
            ),
        )
        total = total if report is None else total.plus(report)
    return total


def reference_ingest_due(*, now: datetime, source: Source | None = None) -> IngestReport:
    """Bring what changes from day to day: securities, ticker changes, splits, dividends, indices, the calendar.

    Repeating: each part is brought once a Moscow day, from five in the morning on; one that fails is due again,
    three times at most, and does not hold up the others.
    """
    day = f"{(now.astimezone(MOSCOW) - _DAY_BEGINS).date()}"
    parts = _reference_parts(now)
    return _parts_due(REFERENCE_KIND, {f"{name} {day}": part for name, part in parts.items()}, now, source)


Part = Callable[[Source], IngestReport]


def _reference_parts(now: datetime) -> dict[str, Part]:
    """Return the parts of reference data in the order in which they need each other."""
    secids = [facts.secid for facts in instrument_list() if not facts.is_simulated and facts.kind != "index"]

    def wanted(source: Source) -> list[str]:
        return sorted({*secids, *source.default_secids()})

    return {
        "instruments": lambda source: ingest_instruments(source=source, secids=wanted(source), now=now),
        "actions": lambda source: ingest_actions(source=source, secids=wanted(source), now=now),
    }


def _parts_due(kind: str, parts: dict[str, Part], now: datetime, source: Source | None) -> IngestReport:
    total = IngestReport(kind=kind.removeprefix("market.").removesuffix("_ingest"), source="iss")
    opened = _opened(source, needed=True)
    if opened is None:
        return total
    for key, part in parts.items():
        claim = job_claim(kind=kind, business_key=key, now=now, lease=_LEASE)
        if claim is None:
            continue
        report = _claimed(claim, lambda part=part: part(opened))  # type: ignore[misc]
        total = total if report is None else total.plus(report)
    return total


def _claimed(claim: Claim, work: Callable[[], IngestReport]) -> IngestReport | None:
    """Do claimed work and settle the claim; return None where it failed."""
    try:
        report = work()
    except TraderAIError as error:
        job_fail(claim=claim, now=clock.now(), error=f"{type(error).__name__}: {error.detail}")
        return None
    job_finish(claim=claim, now=clock.now())
    return report


def _opened(source: Source | None, *, needed: bool) -> Source | None:
    """Return the source, None where nothing is needed or ISS does not answer."""
    if not needed:
        return None
    if source is None and not iss_reachable(base_url=settings.ISS_BASE_URL.rstrip("/")):
        _log.warning("ISS does not answer at %s; everything stays as it is", settings.ISS_BASE_URL)
        return None
    return source or source_open(name="iss")


def _due_series(plan: ScheduledCandles, now: datetime) -> list[tuple[str, datetime]]:
    """Return the tickers of which ISS may have told a bar since, each with the end of its newest such bar."""
    timeframe = Timeframe.parse(plan.timeframe)
    slot = _slot(now, every=timedelta(minutes=plan.every_minutes))
    covered = dict(
        CandleCoverage.objects.filter(
            timeframe_min=timeframe.minutes, source__name=ISS_ORIGIN.name
        ).values_list("instrument_id", "covered_till")
    )
    never = clock.from_epoch_s(0)
    return [(facts.secid, slot) for facts in _planned(plan) if covered.get(facts.id, never) < slot]


def _planned(plan: ScheduledCandles) -> list[InstrumentFacts]:
    known = [facts for facts in instrument_list() if not facts.is_simulated]
    if not plan.universe:
        return known
    secids = set(universe_config().secids(plan.universe))
    return [facts for facts in known if facts.secid in secids]


def _begin(plan: ScheduledCandles, now: datetime) -> datetime:
    return midnight((now - timedelta(days=plan.history_days)).astimezone(MOSCOW).date())


def _slot(now: datetime, *, every: timedelta) -> datetime:
    """Return the last whole interval of Moscow's clock that anonymous data may tell of: the claim's key."""
    # Two minutes more than the exchange promises: a job done too early would leave the bar for the next interval.
    late = (now - timedelta(minutes=settings.ISS_DATA_LAG_MINUTES + 2)).astimezone(MOSCOW)
    today = midnight(late.date())
    return (today + (late - today) // every * every).astimezone(UTC)
