"""The source "simulator": a market that does not exist, for tests and for a start without the exchange."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np

from market.calendar_config import session_table
from market.configs import sectors_config, simulator_config
from market.contracts import SIMULATOR_ORIGIN, CandleColumns, Timeframe
from market.simulator.calendar import (
    DAY_S,
    HOUR_S,
    MOSCOW_S,
    bar_clock,
    day_number,
    day_of,
    trading_date_of,
    weekend_hours,
)
from market.simulator.config import SimulatedShare, SimulatorConfig
from market.simulator.corporate import listed_span
from market.simulator.index import STEP, index_basis, index_span
from market.simulator.news import simulated_news
from market.simulator.paths import SimulatedPanel, simulated_panel
from market.simulator.series import index_hours, index_minutes, longer_bars, share_hours, share_minutes
from market.sources.records import (
    ActionPage,
    BoardRecord,
    CalendarRecord,
    CandlePage,
    CandleRequest,
    DividendRecord,
    IndexMemberRecord,
    IndexWeightRecord,
    InstrumentPage,
    InstrumentRecord,
    NewsRecord,
    RecordPage,
    RejectedRow,
    SplitRecord,
    TermsRecord,
    TickerChangeRecord,
)
from traderai.common import clock
from traderai.common.clock import from_epoch_s, midnight, to_epoch_s
from traderai.common.errors import InputError

NAME = "simulator"
BOARD = "TQBR"
INDEX_BOARD = "SNDX"
_PLACE = "simulator.yaml"
_FETCHED_AFTER = timedelta(seconds=20)


@dataclass(slots=True, kw_only=True)
class SimulatorSource:
    """The simulator's shares, index, calendar and news as a source.

    What is asked without a moment (actions, weights, who is still listed) is told as of `as_of`, by default as of
    the moment for which candles or news were asked last, else as of now.
    """

    config: SimulatorConfig
    as_of: datetime | None = None
    _panel: tuple[datetime, SimulatedPanel] | None = field(init=False, default=None)
    _index: tuple[datetime, CandleColumns] | None = field(init=False, default=None)

    @property
    def name(self) -> str:
        """Return the name under which rows are stored."""
        return NAME

    def default_secids(self) -> tuple[str, ...]:
        """Return every simulated share."""
        return tuple(share.secid for share in self.config.shares)

    def instruments(self, *, secids: Sequence[str]) -> InstrumentPage:
        """Return the simulated shares; every other ticker is rejected."""
        today = self._today()
        wanted = set(secids)
        unknown = sorted(wanted - set(self.default_secids()))
        return InstrumentPage(
            records=tuple(
                self._instrument(share, today) for share in self.config.shares if share.secid in wanted
            ),
            rejected=tuple(
                RejectedRow(place=_PLACE, reason="unknown_ticker", raw={"secid": secid}) for secid in unknown
            ),
        )

    def actions(self, *, secids: Sequence[str]) -> ActionPage:
        """Return splits, dividends and the days on which dividends were announced."""
        names, wanted = self.default_secids(), set(secids)
        corporate = self.panel(self._moment()).corporate
        splits = tuple(
            SplitRecord(
                secid=names[one.share],
                ex_date=one.ex_date,
                shares_after_per_before=one.shares_after_per_before,
                source=NAME,
            )
            for one in corporate.splits
            if names[one.share] in wanted
        )
        dividends = [
            DividendRecord(
                secid=names[one.share],
                amount_rub=one.amount_rub,
                source=NAME,
                registry_close=one.registry_close,
                ex_date=one.ex_date,
                place=_PLACE,
            )
            for one in corporate.dividends
            if names[one.share] in wanted
        ]
        announced = [
            replace(record, announced_on=one.announced_on)
            for record, one in zip(
                dividends, (one for one in corporate.dividends if names[one.share] in wanted), strict=True
            )
        ]
        return ActionPage(splits=splits, dividends=(*dividends, *announced))

    def candles(self, *, request: CandleRequest) -> Generator[CandlePage, None, None]:
        """Yield a share's bars from the simulator's start to the last one that has closed."""
        if request.secid not in self.default_secids():
            raise InputError(f"the simulator has {', '.join(self.default_secids())}, was {request.secid}")
        panel = self.panel(request.now)
        share = self.default_secids().index(request.secid)
        if request.timeframe.minutes >= Timeframe.H1.minutes:
            bars = share_hours(panel, share)
        else:
            since_s, until_s = _span_s(request)
            bars = share_minutes(self.config, panel, share, since_s=since_s, until_s=until_s)
        yield self._page(request, panel, bars, BOARD)

    def indices(self) -> InstrumentPage:
        """Return the simulated index."""
        record = InstrumentRecord(
            secid=self.config.index_secid,
            name_ru="Индекс симулятора",
            name_en="Simulated index",
            kind="index",
            board=INDEX_BOARD,
            price_step_rub=STEP,
            is_simulated=True,
        )
        return InstrumentPage(records=(record,))

    def index_candles(self, *, request: CandleRequest) -> Generator[CandlePage, None, None]:
        """Yield the index's bars from the simulator's start to the last one that has closed."""
        if request.secid != self.config.index_secid:
            raise InputError(f"the simulator's index is {self.config.index_secid}, was {request.secid}")
        panel = self.panel(request.now)
        if request.timeframe.minutes >= Timeframe.H1.minutes:
            if self._index is None or self._index[0] != request.now:
                self._index = (request.now, index_hours(self.config, panel))
            bars = self._index[1]
        else:
            since_s, until_s = _span_s(request)
            bars = index_minutes(self.config, panel, since_s=since_s, until_s=until_s)
        yield self._page(request, panel, bars, INDEX_BOARD)

    def ticker_changes(self) -> RecordPage[TickerChangeRecord]:
        """Return nothing: simulated shares keep their tickers."""
        return RecordPage(place=_PLACE, records=())

    def boards(self, *, secids: Sequence[str]) -> RecordPage[BoardRecord]:
        """Return each share's board from its listing to its delisting."""
        today, records = self._today(), []
        for share in self.config.shares:
            first, last = listed_span(self.config, share)
            if share.secid in set(secids) and first <= today:
                records.append(
                    BoardRecord(
                        secid=share.secid, board=BOARD, traded_from=first,
                        traded_till=last if last < today else None, is_primary=True, source=NAME,
                    )
                )  # fmt: skip
        return RecordPage(place=_PLACE, records=tuple(records))

    def terms(self, *, secids: Sequence[str]) -> RecordPage[TermsRecord]:
        """Return lot and price step, which never change."""
        records = tuple(
            TermsRecord(
                secid=share.secid,
                valid_from=listed_span(self.config, share)[0],
                lot_size=share.lot_size,
                price_step_rub=share.price_step_rub,
                source=NAME,
            )
            for share in self.config.shares
            if share.secid in set(secids)
        )
        return RecordPage(place=_PLACE, records=records)

    def index_members(self) -> RecordPage[IndexMemberRecord]:
        """Return who belongs to the index when, as far as it has come about."""
        today, records = self._today(), []
        for share in self.config.shares:
            span = index_span(self.config, share)
            if span is None or span[0] > today:
                continue
            till = None if span[1] is None or span[1] > today else span[1] - timedelta(days=1)
            records.append(
                IndexMemberRecord(
                    index_secid=self.config.index_secid, secid=share.secid, member_from=span[0],
                    member_till=till, source=NAME,
                )
            )  # fmt: skip
        return RecordPage(place=_PLACE, records=tuple(records))

    def index_weights(self) -> RecordPage[IndexWeightRecord]:
        """Return the members' weights at the close of each month's first trading day."""
        panel = self.panel(self._moment())
        basis = index_basis(self.config, panel)
        records = [
            IndexWeightRecord(
                index_secid=self.config.index_secid,
                secid=share.secid,
                day=day_of(int(panel.clock.date[row])),
                weight_pct=100.0 * float(basis.weights_frac[row, at]),
                source=NAME,
            )
            for row in _closes_of_first_days(panel)
            for at, share in enumerate(self.config.shares)
            if basis.member[row, at]
        ]
        return RecordPage(place=_PLACE, records=tuple(records))

    def calendar(self, *, since: date, until: date) -> RecordPage[CalendarRecord]:
        """Return nothing: the simulator knows nothing of the exchange's days; `own_days` are its own.

        Trading days of simulated shares are marked as theirs where their candles are stored.
        """
        return RecordPage(place=_PLACE, records=(), outside=max((until - since).days, 0))

    def own_days(self, *, since: date, until: date) -> RecordPage[CalendarRecord]:
        """Return the simulated market's days; they must never enter the exchange's calendar."""
        start = max(since, date.fromisoformat(self.config.start))
        days = (start + timedelta(days=number) for number in range(max((until - start).days, 0)))
        return RecordPage(place=_PLACE, records=tuple(self._day(day) for day in days))

    def news(self, *, since: datetime | None, now: datetime) -> Generator[RecordPage[NewsRecord], None, None]:
        """Yield the texts published in a span; each names the simulated shares it is about, one by one."""
        items = simulated_news(self.config, self.panel(now), now_s=to_epoch_s(now))
        records = []
        for item in items:
            published_at = from_epoch_s(item.published_s)
            if since is None or published_at >= since:
                records.append(
                    NewsRecord(
                        source=NAME, external_id=item.external_id, title=item.title, body=item.body,
                        published_at=published_at, fetched_at=published_at + _FETCHED_AFTER,
                        language="ru", tickers=item.secids,
                    )
                )  # fmt: skip
        yield RecordPage(place=NAME, records=tuple(records), outside=len(items) - len(records))

    def _page(
        self, request: CandleRequest, panel: SimulatedPanel, bars: CandleColumns, board: str
    ) -> CandlePage:
        if request.timeframe not in {Timeframe.M1, Timeframe.H1}:
            now_s = to_epoch_s(request.now)
            splits = [
                (day_number(one.ex_date), one.shares_after_per_before)
                for one in panel.corporate.splits
                if self.config.shares[one.share].secid == request.secid
            ]
            bars = longer_bars(
                panel.clock, bars, request.timeframe, table=session_table(), splits=splits, closed_by_s=now_s
            )
        wanted = np.ones(len(bars), dtype=np.bool_)
        if request.since is not None:
            wanted &= bars.begin_s >= to_epoch_s(request.since)
        if request.until is not None:
            wanted &= bars.begin_s < to_epoch_s(request.until)
        return CandlePage(
            place=f"simulator {request.secid}",
            origin=SIMULATOR_ORIGIN,
            columns=bars.take(wanted),
            board=board,
            outside=int((~wanted).sum()),
        )

    def _instrument(self, share: SimulatedShare, today: date) -> InstrumentRecord:
        sector = sectors_config().sectors[share.sector]
        last = listed_span(self.config, share)[1]
        return InstrumentRecord(
            secid=share.secid,
            name_ru=f"Симулятор {share.secid[3:]}: {sector.ru}",
            name_en=f"Simulated {share.secid[3:]}: {sector.en}",
            lot_size=share.lot_size,
            price_step_rub=share.price_step_rub,
            issue_size_shares=share.issue_size_shares,
            sector=share.sector,
            shortable=True,
            active=today <= last,
            delisted_on=None if today <= last else last,
            is_simulated=True,
        )

    def _day(self, day: date) -> CalendarRecord:
        trading = trading_date_of(self.config, day)
        weekend = trading is not None and trading != day
        begins = midnight(day)
        spans = dict(self.config.sessions)
        if weekend:
            hours = weekend_hours(self.config)
            spans = {"weekend": (hours[0], hours[-1] + 1)}
        return CalendarRecord(
            day=day,
            is_open=trading is not None,
            trading_date=trading,
            reason="" if trading is not None else "simulated day off",
            source=NAME,
            sessions=tuple(
                (code, begins + timedelta(hours=first), begins + timedelta(hours=end))
                for code, (first, end) in spans.items()
                if trading is not None
            ),
        )

    def _moment(self) -> datetime:
        if self.as_of is not None:
            return self.as_of
        return clock.now() if self._panel is None else self._panel[0]

    def _today(self) -> date:
        return day_of((to_epoch_s(self._moment()) + MOSCOW_S) // DAY_S)

    def panel(self, now: datetime) -> SimulatedPanel:
        """Return the hours of the whole market that have ended by a moment; made once for each moment.

        Raises: InputError for a moment before the simulator's first day.
        """
        if self._panel is None or self._panel[0] != now:
            if now <= midnight(date.fromisoformat(self.config.start)):
                raise InputError(f"the simulator starts on {self.config.start}, now was {now.isoformat()}")
            hours = bar_clock(self.config, closed_by_s=to_epoch_s(now))
            self._panel = (now, simulated_panel(self.config, hours))
        return self._panel[1]


def simulator_source(_path: Path | None = None) -> SimulatorSource:
    """Return the packaged simulator."""
    return SimulatorSource(config=simulator_config())


def _span_s(request: CandleRequest) -> tuple[int, int]:
    """Return the whole hours that hold the wanted bars: a longer bar needs all of its minutes."""
    since_s = 0 if request.since is None else to_epoch_s(request.since) // HOUR_S * HOUR_S
    until_s = to_epoch_s(request.now if request.until is None else min(request.until, request.now))
    return since_s, -(-until_s // HOUR_S) * HOUR_S


def _closes_of_first_days(panel: SimulatedPanel) -> list[int]:
    """Return the rows that end the first trading day of each month, the last day left out: it may go on."""
    dates = panel.clock.date
    ends = np.flatnonzero(np.diff(dates) > 0)
    months = dates[ends].astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    rows: list[int] = ends[np.unique(months, return_index=True)[1]].tolist()
    return rows
