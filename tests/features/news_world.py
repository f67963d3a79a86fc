"""A market with news in PostgreSQL: seeded rows of every kind, and the source asked month by month as a build does."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from features.families.news import FEATURES
from features.kernels.engine import month_slices
from features.sources.base import BuildScope, ColumnSource, MonthBars, MonthScope
from features.sources.news import NewsSource
from market.contracts import Bars, InstrumentFacts
from market.models import Instrument, NewsItem, NewsLink, NewsTrigger, RiskAlert
from market.models import NewsSource as SourceRow
from market.models.news import EVENT_TYPES
from market.selectors.instruments import instrument_get
from market.services.news_sources import news_sources_ensure
from tests.features.series import random_bars
from traderai.common.arrays import F64
from traderai.common.clock import MOSCOW, from_epoch_s, to_epoch_s

NAMES = [spec.name for spec in FEATURES]
BEGIN = datetime(2024, 1, 20, tzinfo=UTC)  # the news begin five days after the bars
DAYS = 64
GAP = (datetime(2024, 3, 8, tzinfo=UTC), datetime(2024, 3, 14, tzinfo=UTC))  # nobody told anything
AS_OF = datetime(2024, 6, 1, tzinfo=UTC)
BARS = random_bars(700, seed=7)  # hours of 50 trading days from 2024-01-15
SHARES = {"LKOH": "oil_gas", "ROSN": "oil_gas", "SBER": "finance", "NOSE": ""}
WORDS = ("дивиденды прибыль акция совет отчёт санкции рост падение buyback merger ruble " * 2).split()
Maker = Callable[..., ColumnSource]
_KEYS = itertools.count()
SOURCES: dict[str, SourceRow] = {}  # what the last market made


def empty_market() -> dict[str, InstrumentFacts]:
    """Make shares without news."""
    SOURCES.clear()
    SOURCES.update(news_sources_ensure())
    return {secid: share(secid, sector) for secid, sector in SHARES.items()}


def share(secid: str, sector: str = "", *, simulated: bool = False) -> InstrumentFacts:
    Instrument.objects.create(
        secid=secid, name_ru=secid, name_en=secid, sector=sector, is_simulated=simulated
    )
    return instrument_get(secid=secid)


def item_of(
    known_at: datetime, *, text: str = "ничего", source: str = "table", late_h: float = 0.5
) -> NewsItem:
    return NewsItem(
        source=SOURCES[source],
        external_id=str(next(_KEYS)),
        title=text,
        published_at=known_at - timedelta(hours=late_h),
        fetched_at=known_at,
        known_at=known_at,
    )


def verdict_of(of: NewsItem | None, known_at: datetime, **changed: Any) -> NewsTrigger:
    values = {
        "item": of,
        "external_id": f"known {known_at.isoformat()}" if of else f"pushed {next(_KEYS)}",
        "at": known_at - timedelta(hours=0.5),
        "known_at": known_at,
        "score": 50.0,
        "direction": 1,
        "event_type": "report",
        "scorer": "rules",
        "scorer_version": "1",
    }
    return NewsTrigger(**(values | changed))


def alert_of(known_at: datetime, *, hours: float | None, severity: str, **target: Any) -> RiskAlert:
    return RiskAlert(
        severity=severity,
        starts_at=known_at,
        ends_at=None if hours is None else known_at + timedelta(hours=hours),
        known_at=known_at,
        cause="test",
        source="test",
        **target,
    )


def item(known_at: datetime, **changed: Any) -> NewsItem:
    one = item_of(known_at, **changed)
    one.save()
    return one


def verdict(of: NewsItem | None, known_at: datetime, **changed: Any) -> None:
    verdict_of(of, known_at, **changed).save()


def alert(known_at: datetime, **changed: Any) -> RiskAlert:
    one = alert_of(known_at, **changed)
    one.save()
    return one


def quiet_flow(*, begin: datetime = BEGIN, days: int = DAYS, source: str = "table") -> None:
    """Store a read text about nothing every six hours."""
    moments = [begin + timedelta(hours=6 * step) for step in range(4 * days)]
    items = NewsItem.objects.bulk_create(item_of(known_at, source=source) for known_at in moments)
    NewsTrigger.objects.bulk_create(
        verdict_of(one, one.known_at, score=0.0, direction=0, is_market=True) for one in items
    )


def busy_market() -> dict[str, InstrumentFacts]:
    """Store 800 texts with verdicts of all types, alerts, revisions, late and pushed ones, a gap, a simulated share."""
    shares = empty_market()
    shares["SIMA"] = share("SIMA", "oil_gas", simulated=True)
    rng = np.random.default_rng(11)
    targets = itertools.cycle(
        [{"instrument_id": shares["LKOH"].id}] * 5
        + [{"instrument_id": shares["ROSN"].id}, {"sector": "oil_gas"}, {"sector": "finance"}]
        + [{"is_market": True}] * 2
        + [{"instrument_id": shares["SIMA"].id}]
    )
    kinds = itertools.cycle(itertools.product(EVENT_TYPES, (1, -1, 0)))
    rows: list[Any] = []
    for number, target in zip(range(800), targets, strict=False):
        known_at = BEGIN + timedelta(seconds=float(rng.uniform(0, DAYS * 86_400)))
        if rng.random() < 0.7:
            known_at = known_at.replace(microsecond=0)
        if not GAP[0] <= known_at <= GAP[1]:
            rows += _one(rng, number, known_at, target, next(kinds), shares["SIMA"].id)
    for day, event in enumerate(EVENT_TYPES):
        about = {"instrument_id": shares["LKOH"].id, "event_type": event}
        rows.append(verdict_of(None, BEGIN + timedelta(days=2 + day, hours=10), score=100.0, **about))
    for model in (NewsItem, NewsLink, NewsTrigger, RiskAlert):
        model.objects.bulk_create([row for row in rows if isinstance(row, model)])
    return shares


def _one(
    rng: Any, number: int, known_at: datetime, target: dict[str, Any], kind: tuple[str, int], simulated: int
) -> list[Any]:
    text = " ".join(rng.choice(WORDS, 6)) + f" https://t.me/x/{number} @somebody 2024"
    source = "simulator" if target.get("instrument_id") == simulated else "table"
    one = item_of(known_at, text=text, source=source, late_h=float(rng.uniform(0, 60)))
    said = {"event_type": kind[0], "direction": kind[1], "score": float(rng.integers(1, 101)), **target}
    rows: list[Any] = [one, verdict_of(one, known_at, **said)]
    if "instrument_id" in target:
        rows.append(NewsLink(item=one, **target))
    if number % 9 == 0:  # revised since: the reading above stays, another follows
        one.known_at = known_at + timedelta(hours=float(rng.uniform(0, 30)))
        one.title += " изменено"
        rows.append(verdict_of(one, one.known_at, **said | {"score": 100.0 - said["score"] / 2}))
    if number % 7 == 0:
        rows.append(verdict_of(None, known_at + timedelta(minutes=7), **said))  # pushed
        rows.append(verdict_of(one, known_at, **said | {"scorer": "stranger"}))
    if number % 8 == 0:
        severity = ("info", "warning", "critical")[number // 8 % 3]
        rows.append(alert_of(known_at, hours=float(rng.uniform(1, 60)), severity=severity, **target))
    return rows


def columns_of(
    shares: Mapping[str, InstrumentFacts],
    bars: Bars = BARS,
    *,
    as_of: datetime = AS_OF,
    source: Maker = NewsSource,
    months: slice = slice(None),
) -> dict[str, F64]:
    """Return by ticker the news columns at the bars, one build over all months; every share has the same bars."""
    slices = month_slices(bars.begin_s, warmup_bars=50)[months]
    scopes = [
        MonthScope(
            month=one.month,
            begin_s=_midnight_s(one.month),
            end_s=_midnight_s(_next(one.month)),
            bars={
                secid: MonthBars(
                    bars=replace(_part(bars, one.warmup_start, one.stop), secid=secid),
                    start=one.start - one.warmup_start,
                )
                for secid in shares
            },
        )
        for one in slices
    ]
    scope = BuildScope(
        timeframe=bars.timeframe,
        universe=tuple(shares.values()),
        since_s=scopes[0].begin_s,
        until_s=scopes[-1].end_s,
        as_of=as_of,
    )
    made = source(scope, FEATURES)
    found: dict[str, list[F64]] = {secid: [] for secid in shares}
    for month in scopes:
        columns = made.month_columns(month)
        for secid, own in month.bars.items():
            found[secid].append(columns.get(secid, np.full((own.rows, len(FEATURES)), np.nan)))
    return {secid: np.concatenate(parts) for secid, parts in found.items()}


def real_shares(shares: Mapping[str, InstrumentFacts]) -> dict[str, InstrumentFacts]:
    return {secid: facts for secid, facts in shares.items() if not facts.is_simulated}


def _part(bars: Bars, start: int, stop: int) -> Bars:
    arrays: dict[str, Any] = {
        name: getattr(bars, name)[start:stop]
        for name in bars.__dataclass_fields__
        if isinstance(getattr(bars, name), np.ndarray)
    }
    return replace(bars, **arrays)


def _midnight_s(month: str) -> int:
    return to_epoch_s(datetime.fromisoformat(f"{month}-01").replace(tzinfo=MOSCOW))


def _next(month: str) -> str:
    middle = from_epoch_s(_midnight_s(month)) + timedelta(days=40)
    return f"{middle.astimezone(MOSCOW):%Y-%m}"
