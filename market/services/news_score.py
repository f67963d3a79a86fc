"""Scoring stored news: verdicts and the alerts that follow from them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet

from market.contracts import TickerSpan
from market.models import Instrument, NewsItem, NewsLink, NewsTrigger, RiskAlert
from market.news.scorer import NewsScorer, NewsText, Target, Verdict
from market.news.scorers import rules_scorer, scorer_open
from market.news_config import news_scoring_config
from market.selectors.tickers import ticker_at, ticker_holders
from market.services.news_alerts import STAFF, alerts_of
from market.services.news_companies import company_tickers, instrument_companies
from market.services.news_sources import SIMULATED
from traderai.common.clock import MOSCOW
from traderai.common.errors import TransientError

_CHUNK = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsScoreReport:
    """What one scoring did."""

    items: int = 0
    verdicts: int = 0  # with a target; an abstention is stored as one row of score 0 and not counted
    alerts: int = 0
    failed: int = 0  # the scorer did not answer; they are asked for again

    def plus(self, other: NewsScoreReport) -> NewsScoreReport:
        """Return the sum of two reports."""
        return NewsScoreReport(
            items=self.items + other.items,
            verdicts=self.verdicts + other.verdicts,
            alerts=self.alerts + other.alerts,
            failed=self.failed + other.failed,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scored:
    item: NewsItem
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """Whose tickers are whose, and which instruments do not exist."""

    holders: dict[str, tuple[TickerSpan, ...]]
    simulated: frozenset[int]


def news_score(*, now: datetime, limit: int = 1000, scorer: NewsScorer | None = None) -> NewsScoreReport:
    """Score news that the configured scorers have not scored yet, the newest first.

    A verdict is known when its text is: it follows from the text alone. Scoring a revised text leaves the verdicts on
    the old one as they were. A new version of a scorer replaces what its old version said of the same text.

    Repeating: scores what is left; where nothing is left it changes nothing. Of two runs at once
    each text's verdicts are stored once.
    """
    scorers = [scorer] if scorer is not None else [_open(name) for name in news_scoring_config().scorers]
    report = NewsScoreReport()
    for one in scorers:
        report = report.plus(_score_with(one, now=now, limit=limit))
    return report


def _open(name: str) -> NewsScorer:
    return rules_scorer(extra=instrument_companies()) if name == "rules" else scorer_open(name)


def news_unscored(*, scorer: str, version: str, now: datetime) -> QuerySet[NewsItem]:
    """Return the items whose text, as it is now, a scorer's version has not read."""
    read = NewsTrigger.objects.filter(
        item=OuterRef("pk"), scorer=scorer, scorer_version=version, known_at=OuterRef("known_at")
    )
    return NewsItem.objects.filter(~Exists(read), known_at__lte=now).order_by("-known_at", "-pk")


def _score_with(scorer: NewsScorer, *, now: datetime, limit: int) -> NewsScoreReport:
    simulated = Instrument.objects.filter(is_simulated=True).values_list("pk", flat=True)
    known = _Known(holders=ticker_holders(), simulated=frozenset(simulated))
    report, failed = NewsScoreReport(), set[int]()
    while report.items + len(failed) < limit:
        size = min(_CHUNK, limit - report.items - len(failed))
        waiting = news_unscored(scorer=scorer.name, version=scorer.version, now=now)
        items = list(waiting.exclude(pk__in=failed).select_related("source")[:size])
        if not items:
            break
        # A scorer may be far away: no row is locked while it thinks.
        scored, broken = _verdicts(scorer, items)
        failed |= broken
        with transaction.atomic():
            report = report.plus(_store(scorer, _still_waiting(scorer, scored, now), known))
        if not scored:
            break  # the scorer is away: the rest waits for the next run
    return report.plus(NewsScoreReport(failed=len(failed)))


def _still_waiting(scorer: NewsScorer, scored: Sequence[_Scored], now: datetime) -> list[_Scored]:
    """Leave out what another run has stored, or a feed has revised, meanwhile."""
    waiting = news_unscored(scorer=scorer.name, version=scorer.version, now=now)
    locked = waiting.filter(pk__in=[one.item.pk for one in scored]).select_for_update(of=("self",))
    known = dict(locked.values_list("pk", "known_at"))
    return [one for one in scored if known.get(one.item.pk) == one.item.known_at]


def _verdicts(scorer: NewsScorer, items: Sequence[NewsItem]) -> tuple[list[_Scored], set[int]]:
    tickers: dict[int, list[str]] = {}
    named = NewsLink.objects.filter(item__in=items, instrument__isnull=False)
    for item_id, secid in named.values_list("item_id", "instrument__secid"):
        tickers.setdefault(item_id, []).append(secid)
    scored, failed = [], set()
    for item in items:
        text = NewsText(
            title=item.title,
            body=item.body,
            published_at=item.published_at,
            tickers=tuple(sorted(tickers.get(item.pk, ()))),
            language=item.language,
        )
        try:
            scored.append(_Scored(item=item, verdicts=scorer.score(text)))
        except TransientError:
            failed.add(item.pk)
            if not scored:
                break
    return scored, failed


def _store(scorer: NewsScorer, scored: Sequence[_Scored], known: _Known) -> NewsScoreReport:
    items = [one.item for one in scored]
    stale = NewsTrigger.objects.filter(item__in=items, scorer=scorer.name, known_at=F("item__known_at"))
    RiskAlert.objects.filter(trigger__in=stale).exclude(source=STAFF).delete()
    stale.delete()
    rows: dict[tuple[int, Target | None], NewsTrigger] = {}
    for one in scored:
        for trigger, target in _rows(scorer, one, known):
            kept = rows.get((one.item.pk, target))
            if kept is None or trigger.score > kept.score:
                rows[one.item.pk, target] = trigger
    triggers = NewsTrigger.objects.bulk_create(rows.values())
    links = [
        NewsLink(item=row.item, instrument_id=row.instrument_id, sector=row.sector, is_market=row.is_market)
        for row in triggers
        if row.score > 0 and row.item is not None
    ]
    NewsLink.objects.bulk_create(links, ignore_conflicts=True)
    alerts = RiskAlert.objects.bulk_create(list(alerts_of(triggers)))
    return NewsScoreReport(items=len(items), verdicts=len(links), alerts=len(alerts))


def _rows(scorer: NewsScorer, scored: _Scored, known: _Known) -> Iterator[tuple[NewsTrigger, Target | None]]:
    """Turn verdicts into rows; what has no target that is known here becomes one row that says so.

    Simulated news are about simulated shares alone, never about a sector or the market; other news about others.
    """
    item = scored.item
    day = item.published_at.astimezone(MOSCOW).date()
    found = False
    for verdict in scored.verdicts:
        if verdict.target is None:
            continue
        span = _span(known.holders, verdict.target.secid, day) if verdict.target.secid else None
        if verdict.target.secid and span is None:
            continue
        instrument_id = None if span is None else span.instrument_id
        if (item.source.code == SIMULATED) != (instrument_id in known.simulated):
            continue
        found = True
        target = verdict.target if span is None else Target(secid=span.secid)
        yield _row(scorer, item, verdict, instrument_id), target
    if not found:
        yield _row(scorer, item, _silence(scored.verdicts), None), None


def _span(holders: dict[str, tuple[TickerSpan, ...]], secid: str, day: date) -> TickerSpan | None:
    """Return the instrument of a company on a day; a name outlives its ticker."""
    tickers = company_tickers().get(secid, (secid,))
    for ticker in tickers:
        span = ticker_at(holders, secid=ticker, day=day)
        if span is not None:
            return span
    return next((holders[ticker][-1] for ticker in tickers if holders.get(ticker)), None)


def _silence(verdicts: Sequence[Verdict]) -> Verdict:
    """A row of score 0: it only says that the text has been read."""
    why = (
        {"code": "abstains"} if not verdicts else {"code": "no_known_target", "type": verdicts[0].event_type}
    )
    return Verdict(target=Target(is_market=True), score=0.0, direction=0, event_type="other", why=(why,))


def _row(scorer: NewsScorer, item: NewsItem, verdict: Verdict, instrument_id: int | None) -> NewsTrigger:
    target = verdict.target
    return NewsTrigger(
        item=item,
        # Each reading of a text that was revised has its own key, so that the earlier one stays.
        external_id=f"known {item.known_at.isoformat()}",
        instrument_id=instrument_id,
        sector="" if target is None else target.sector,
        is_market=False if target is None else target.is_market,
        at=item.published_at,
        known_at=item.known_at,
        score=verdict.score,
        direction=verdict.direction,
        event_type=verdict.event_type,
        scorer=scorer.name,
        scorer_version=scorer.version,
        why=list(verdict.why),
    )
