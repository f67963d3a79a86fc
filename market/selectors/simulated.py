"""A simulated market as arrays in memory: what would be stored of it, made without the database.

The bars, texts and verdicts are those that an ingest and a scoring of the same simulator would store, by the same source,
adjustment, scorer and alert rules. Several processes may make markets at once; nothing of them remains.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from datetime import date, datetime, timedelta

import numpy as np

from market.configs import simulator_config
from market.contracts import Bars, CandleColumns, InstrumentFacts, LinkedText, Timeframe
from market.kernels.news_arrays import (
    OPEN_END_S,
    SEVERITIES,
    Target,
    alert_arrays,
    by_target,
    verdict_arrays,
)
from market.kernels.news_events import EVENT_TYPES
from market.models import NewsItem, NewsTrigger, RiskAlert
from market.news.companies import CompanyConfig
from market.news.scorer import NewsText, Verdict
from market.news.scorers import rules_scorer
from market.news_config import news_sources_config
from market.selectors.bar_arrays import ActionArrays, TradingCalendar, bars_of, day_number, sessions_of
from market.services.instruments_write import decimals_of
from market.services.news_alerts import alerts_of
from market.simulated_config import SimulatedMarketsConfig
from market.simulated_contracts import PlantedRows, SimulatedMarket, SimulatedNewsFacts
from market.simulator.calendar import DAY_S, MOSCOW_S
from market.simulator.config import SimulatorConfig
from market.simulator.edges import drift_sizes
from market.simulator.paths import SimulatedPanel
from market.sources.records import CandleRequest, InstrumentRecord, NewsRecord
from market.sources.simulator import NAME, SimulatorSource
from traderai.common.arrays import I64
from traderai.common.clock import midnight, to_epoch_s
from traderai.common.errors import InputError, did_you_mean

_NOTHING_DONE = ActionArrays(
    split_days=np.zeros(0, dtype=np.int64),
    split_ratios=np.zeros(0),
    dividend_days=np.zeros(0, dtype=np.int64),
    dividend_rub=np.zeros(0),
    dividend_known_s=np.zeros(0),
)


def simulated_market(
    *,
    config: SimulatedMarketsConfig,
    size: str,
    seed: int,
    planted: Sequence[str] = (),
    strength: float | None = None,
    longer: Sequence[Timeframe] = (Timeframe.D1,),
) -> SimulatedMarket:
    """Return the market of a seed with the edges named, at another strength than the configured one if given.

    Hourly bars of every share and of the index, `longer` ones of both. The same arguments give the same bits.

    Raises: InputError for an unknown size or edge; ValueError for shares that make no index.
    """
    simulator = _simulator(config, size, seed=seed, planted=planted, strength=strength)
    as_of = midnight(date.fromisoformat(config.start) + timedelta(days=config.sizes[size].days))
    return market_of(simulator, as_of=as_of, longer=longer)


def market_of(
    simulator: SimulatorConfig, *, as_of: datetime, longer: Sequence[Timeframe] = (Timeframe.D1,)
) -> SimulatedMarket:
    """Return the market of a simulator as it would be stored at a moment.

    Raises: InputError for a moment before the simulator's first day.
    """
    source = SimulatorSource(config=simulator, as_of=as_of)
    panel = source.panel(as_of)
    records = source.instruments(secids=source.default_secids()).records
    shares = tuple(_facts(record, place + 1) for place, record in enumerate(records))
    index = _facts(source.indices().records[0], len(shares) + 1)
    return SimulatedMarket(
        as_of=as_of,
        shares=shares,
        index=index,
        bars={
            timeframe: _bars(source, (*shares, index), timeframe, as_of)
            for timeframe in (Timeframe.H1, *longer)
        },
        news=_news(source, shares, as_of),
        planted=_planted(simulator, panel),
    )


def _simulator(
    config: SimulatedMarketsConfig, size: str, *, seed: int, planted: Sequence[str], strength: float | None
) -> SimulatorConfig:
    base = simulator_config()
    known = {share.secid: share for share in base.shares}
    for what, names, among in (
        ("size", [size], list(config.sizes)),
        ("edge", planted, list(config.edges)),
        ("share", config.shares, list(known)),
    ):
        for name in names:
            if name not in among:
                raise InputError(
                    f"{what} must be one of {', '.join(among)}, was {name!r}{did_you_mean(name, among)}"
                )
    return replace(
        base,
        seed=seed,
        start=config.start,
        events=config.events,
        edges=config.edges,
        planted=(),
        shares=tuple(known[secid] for secid in config.shares[: config.sizes[size].shares]),
    ).planting(*planted, strength=strength)


def _facts(record: InstrumentRecord, key: int) -> InstrumentFacts:
    same = {
        field.name: getattr(record, field.name)
        for field in fields(InstrumentFacts)
        if hasattr(record, field.name)
    }
    return InstrumentFacts(id=key, decimals=decimals_of(record.price_step_rub), **same)


def _bars(
    source: SimulatorSource, instruments: Sequence[InstrumentFacts], timeframe: Timeframe, as_of: datetime
) -> dict[str, Bars]:
    """Return the bars that had ended, as `bars_load` gives them when they are stored."""
    newest_s = to_epoch_s(as_of - timeframe.duration)
    tables = []
    for facts in instruments:
        request = CandleRequest(secid=facts.secid, timeframe=timeframe, now=as_of)
        pages = (
            source.index_candles(request=request)
            if facts.kind == "index"
            else source.candles(request=request)
        )
        columns = next(pages).columns
        tables.append(_table(columns.take(columns.begin_s <= newest_s)))
    calendar = _calendar(source.panel(as_of))
    actions = _actions(source.panel(as_of), len(instruments) - 1, to_epoch_s(as_of))
    return {
        facts.secid: bars_of(facts, timeframe, table, session, calendar, done, None)
        for facts, table, session, done in zip(
            instruments, tables, sessions_of(tables, timeframe), [*actions, _NOTHING_DONE], strict=True
        )
    }


def _table(columns: CandleColumns) -> dict[str, I64]:
    named = {field.name: getattr(columns, field.name) for field in fields(columns)}
    return named | {
        "day": (columns.begin_s + MOSCOW_S) // DAY_S,
        "volume": columns.volume_shares,
        "turnover": columns.value_rub,
    }


def _calendar(panel: SimulatedPanel) -> TradingCalendar:
    """Return the days with a bar of any share: those that storing bars marks."""
    seen = panel.traded.any(axis=1)
    days, first = np.unique(panel.clock.date[seen], return_index=True)
    trading = panel.clock.trading_day[seen][first]
    return TradingCalendar(days=days, trading=trading, sorted_trading=np.unique(trading))


def _actions(panel: SimulatedPanel, shares: int, as_of_s: int) -> list[ActionArrays]:
    """Return by share the splits and dividends known at a moment, as they would be stored."""
    found = []
    for share in range(shares):
        splits = [one for one in panel.corporate.splits if one.share == share]
        paid = [
            (
                day_number(one.ex_date),
                one.amount_rub,
                to_epoch_s(midnight(one.announced_on + timedelta(days=1))),
            )
            for one in panel.corporate.dividends
            if one.share == share
        ]
        known = [row for row in paid if row[2] <= as_of_s]
        found.append(
            ActionArrays(
                split_days=np.array([day_number(one.ex_date) for one in splits], dtype=np.int64),
                split_ratios=np.array([one.shares_after_per_before for one in splits], dtype=np.float64),
                dividend_days=np.array([day for day, _, _ in known], dtype=np.int64),
                dividend_rub=np.array([amount for _, amount, _ in known], dtype=np.float64),
                dividend_known_s=np.array([moment for _, _, moment in known], dtype=np.float64),
            )
        )
    return found


def _news(source: SimulatorSource, shares: Sequence[InstrumentFacts], as_of: datetime) -> SimulatedNewsFacts:
    delay = timedelta(seconds=next(one.delay_s for one in news_sources_config().sources if one.code == NAME))
    records = [
        record
        for page in source.news(since=None, now=as_of)
        for record in page.records
        if record.published_at + delay <= as_of
    ]
    ids = {facts.secid: facts.id for facts in shares}
    verdicts = _Verdicts(shares)
    known_s = np.array([to_epoch_s(record.published_at + delay) for record in records], dtype=np.int64)
    texts: list[LinkedText] = []
    triggers: list[NewsTrigger] = []
    for item_id, record in enumerate(records):
        found = tuple(verdicts.triggers(record, record.published_at + delay))
        linked = {ids[secid] for secid in record.tickers} | {key for key, _ in found}
        text = f"{record.title}\n{record.body}"
        texts += [
            LinkedText(instrument_id=key, item_id=item_id, known_s=int(known_s[item_id]), text=text)
            for key in sorted(linked)
        ]
        triggers += [trigger for _, trigger in found]
    return SimulatedNewsFacts(
        known_s=known_s,
        read_s=known_s,
        verdicts=by_target((_verdict_row(trigger) for trigger in triggers), verdict_arrays),
        alerts=by_target((_alert_row(alert) for alert in alerts_of(triggers)), alert_arrays),
        texts=tuple(texts),
    )


class _Verdicts:
    """What the rules say of texts; of the simulator's few texts each is read once."""

    def __init__(self, shares: Sequence[InstrumentFacts]) -> None:
        self._ids = {facts.secid: facts.id for facts in shares}
        self._scorer = rules_scorer(extra=tuple(CompanyConfig(tickers=(one,)) for one in self._ids))
        self._read: dict[NewsText, tuple[Verdict, ...]] = {}

    def triggers(self, record: NewsRecord, known_at: datetime) -> Iterator[tuple[int, NewsTrigger]]:
        """Yield the strongest verdict on each simulated share, as a row that is stored nowhere."""
        # The rules do not look at the moment.
        text = NewsText(
            title=record.title,
            body=record.body,
            tickers=tuple(sorted(record.tickers)),
            language=record.language,
        )
        if text not in self._read:
            self._read[text] = self._scorer.score(text)
        strongest: dict[str, Verdict] = {}
        for verdict in self._read[text]:
            secid = "" if verdict.target is None else verdict.target.secid
            if secid in self._ids and (secid not in strongest or verdict.score > strongest[secid].score):
                strongest[secid] = verdict
        for secid, verdict in strongest.items():
            if verdict.score > 0:
                row = NewsTrigger(
                    item=NewsItem(title=record.title), instrument_id=self._ids[secid], known_at=known_at,
                    score=verdict.score, direction=verdict.direction, event_type=verdict.event_type,
                    scorer=self._scorer.name,
                )  # fmt: skip
                yield self._ids[secid], row


def _verdict_row(trigger: NewsTrigger) -> tuple[Target, tuple[int, float, int, int]]:
    return trigger.instrument_id, (
        to_epoch_s(trigger.known_at),
        trigger.score,
        trigger.direction,
        EVENT_TYPES.index(trigger.event_type),
    )


def _alert_row(alert: RiskAlert) -> tuple[Target, tuple[int, int, int, int]]:
    moments = [alert.known_at, alert.starts_at, alert.ends_at]
    known_s, starts_s, ends_s = (OPEN_END_S if at is None else to_epoch_s(at) for at in moments)
    return alert.instrument_id, (known_s, starts_s, ends_s, SEVERITIES.index(alert.severity) + 1)


def _planted(simulator: SimulatorConfig, panel: SimulatedPanel) -> dict[str, dict[str, PlantedRows]]:
    place = np.cumsum(panel.traded, axis=0) - 1
    found: dict[str, dict[str, PlantedRows]] = {}
    for name, edge, pattern in zip(simulator.planted, simulator.planted_edges, panel.patterns, strict=True):
        sizes = drift_sizes(edge, simulator)
        found[name] = {}
        for at, share in enumerate(simulator.shares):
            # A share that is not traded shows no bar in which the pattern could be seen.
            rows = np.flatnonzero((pattern[:, at] != 0) & panel.traded[:, at])
            side = pattern[rows, at]
            found[name][share.secid] = PlantedRows(
                row=place[rows, at],
                side=side,
                drift_frac=np.expm1(side * sizes[at]),
                window_bars=edge.window_bars,
                delay_bars=edge.delay_bars,
            )
    return found
