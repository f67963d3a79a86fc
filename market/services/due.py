"""The stages that bring what the exchange has told since."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from django.conf import settings

from market.configs import universe_config
from market.contracts import ISS_ORIGIN, IngestReport, InstrumentFacts, Timeframe
from market.iss_config import ScheduledCandles, iss_config
from market.models import CandleCoverage
from market.selectors.instruments import instrument_list
from market.services.due_parts import Part, feed_parts, notice_parts, reference_parts
from market.services.ingest import ingest_candles
from market.services.sources import iss_source
from market.sources.iss import IssHistory, IssSource
from market.sources.iss_candles import HISTORY_ORIGIN
from market.sources.records import Source
from traderai.common import clock
from traderai.common.clock import MOSCOW, midnight
from traderai.common.errors import TraderAIError
from traderai.jobs.contracts import Claim
from traderai.jobs.services import job_claim, job_fail, job_finish

_log = logging.getLogger(__name__)
KIND = "market.candles_ingest"
REFERENCE_KIND = "market.reference_ingest"
NEWS_KIND = "market.news_ingest"
_LEASE = timedelta(minutes=30)
_NEWS_EVERY_S = 300
_DAY_BEGINS = timedelta(hours=5)  # in Moscow: the exchange has the new day's data before its first session


def candles_ingest_due(*, limit: int, now: datetime, source: IssSource | None = None) -> IngestReport:
    """Bring at most `limit` series of candles for which ISS may have a newer closed bar.

    Which timeframes of which universes, and how often, is said by iss.yaml, in the order of their importance.

    Repeating: a series is claimed once in its interval; a second worker finds it claimed. A series that fails is
    due again, three times at most, and does not hold up the others.
    """
    due = [(plan, secid, slot) for plan in iss_config().scheduled for secid, slot in _due_series(plan, now)]
    opened = _opened(source) if due else None
    total = IngestReport(kind="candles", source="iss")
    if opened is None:
        return total
    done = 0
    for plan, secid, slot in due:
        if done == limit:
            break
        feed = "" if plan.source == "iss" else f" {plan.source}"
        key = f"{secid} {plan.timeframe}{feed} {slot:%Y-%m-%dT%H:%MZ}"
        claim = job_claim(kind=KIND, business_key=key, now=now, lease=_LEASE)
        if claim is None:
            continue
        done += 1
        report = _claimed(claim, partial(_candles, opened, plan, secid, now))
        total = total if report is None else total.plus(report)
    return total


def reference_ingest_due(*, now: datetime, source: IssSource | None = None) -> IngestReport:
    """Bring what changes from day to day: tickers, securities, boards, lots, splits, dividends, indices, the calendar.

    Repeating: each part is brought once a Moscow day, from five in the morning on; one that fails is due again,
    three times at most, and does not hold up the others.
    """
    day = f"{(now.astimezone(MOSCOW) - _DAY_BEGINS).date()}"
    return _parts_due(REFERENCE_KIND, day, reference_parts(now=now), now, source)


def news_ingest_due(*, now: datetime, source: IssSource | None = None) -> IngestReport:
    """Bring the exchange's notices and the feeds that are switched on.

    Repeating: each of them is read once in five minutes; one that fails does not hold up the others.
    """
    slot = f"{clock.from_epoch_s(clock.to_epoch_s(now) // _NEWS_EVERY_S * _NEWS_EVERY_S):%Y-%m-%dT%H:%MZ}"
    total = _parts_due(NEWS_KIND, slot, notice_parts(now=now), now, source)
    for code, part in feed_parts(now=now).items():
        total = total.plus(_part_due(NEWS_KIND, f"{code} {slot}", part, now))
    return total


def _candles(opened: IssSource, plan: ScheduledCandles, secid: str, now: datetime) -> IngestReport:
    source: Source = IssHistory(source=opened) if plan.source == "iss_history" else opened
    return ingest_candles(
        source=source,
        secids=[secid],
        timeframes=[Timeframe.parse(plan.timeframe)],
        since=midnight((now - timedelta(days=plan.history_days)).astimezone(MOSCOW).date()),
        now=now,
    )


def _parts_due(
    kind: str, slot: str, parts: dict[str, Part], now: datetime, source: IssSource | None
) -> IngestReport:
    total = IngestReport(kind=kind.removeprefix("market.").removesuffix("_ingest"), source="iss")
    opened = _opened(source) if parts else None
    if opened is None:
        return total
    for name, part in parts.items():
        total = total.plus(_part_due(kind, f"{name} {slot}", partial(part, opened), now))
    return total


def _part_due(kind: str, key: str, part: Callable[[], IngestReport], now: datetime) -> IngestReport:
    nothing = IngestReport(kind=kind.removeprefix("market.").removesuffix("_ingest"), source="iss")
    claim = job_claim(kind=kind, business_key=key, now=now, lease=_LEASE)
    return nothing if claim is None else nothing.plus(_claimed(claim, part) or nothing)


def _claimed(claim: Claim, work: Callable[[], IngestReport]) -> IngestReport | None:
    """Do claimed work and settle the claim; return None where it failed."""
    try:
        report = work()
    except TraderAIError as error:
        job_fail(claim=claim, now=clock.now(), error=f"{type(error).__name__}: {error.detail}")
        return None
    job_finish(claim=claim, now=clock.now())
    return report


def _opened(source: IssSource | None) -> IssSource | None:
    """Return the source, None where ISS does not answer."""
    if source is not None:
        return source
    opened = iss_source()
    if opened.reachable():
        return opened
    _log.warning("ISS does not answer at %s; everything stays as it is", opened.limits.base_url)
    return None


def _due_series(plan: ScheduledCandles, now: datetime) -> list[tuple[str, datetime]]:
    """Return the tickers of which ISS may have told a bar since, each with the end of its newest such bar."""
    timeframe = Timeframe.parse(plan.timeframe)
    slot = _slot(now, every=timedelta(minutes=plan.every_minutes))
    origin = ISS_ORIGIN if plan.source == "iss" else HISTORY_ORIGIN
    covered = dict(
        CandleCoverage.objects.filter(timeframe_min=timeframe.minutes, source__name=origin.name).values_list(
            "instrument_id", "covered_till"
        )
    )
    never = clock.from_epoch_s(0)
    return [(facts.secid, slot) for facts in _planned(plan) if covered.get(facts.id, never) < slot]


def _planned(plan: ScheduledCandles) -> list[InstrumentFacts]:
    known = [facts for facts in instrument_list() if not facts.is_simulated]
    if plan.source == "iss_history":
        known = [facts for facts in known if facts.kind != "index"]
    if not plan.universe:
        return known
    secids = set(universe_config().secids(plan.universe))
    return [facts for facts in known if facts.secid in secids]


def _slot(now: datetime, *, every: timedelta) -> datetime:
    """Return the last whole interval of Moscow's clock that anonymous data may tell of: the claim's key."""
    # Two minutes more than the exchange promises: a job done too early would leave the bar for the next interval.
    late = (now - timedelta(minutes=settings.ISS_DATA_LAG_MINUTES + 2)).astimezone(MOSCOW)
    today = midnight(late.date())
    return (today + (late - today) // every * every).astimezone(UTC)
