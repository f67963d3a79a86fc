"""The source "iss": the exchange's own information server."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

import numpy as np

from market.configs import universe_config
from market.contracts import ISS_ORIGIN, CandleOrigin, Timeframe
from market.iss.client import IssClient, IssLimits, Row, iss_reachable
from market.iss.parse import dividend_records
from market.iss_config import iss_config
from market.sources.iss_calendar import calendar_page
from market.sources.iss_candles import HISTORY_ORIGIN, IssCandles
from market.sources.iss_connection import IssConnection, gathered
from market.sources.iss_indices import index_page, member_page, sectors, weight_page
from market.sources.iss_news import news_pages
from market.sources.iss_reference import (
    board_page,
    candle_borders,
    gone_rows,
    instrument_page,
    listing_page,
    security_rows,
    terms_page,
    ticker_change_page,
)
from market.sources.records import (
    ActionPage,
    BoardRecord,
    CalendarRecord,
    CandlePage,
    CandleRequest,
    IndexMemberRecord,
    IndexWeightRecord,
    InstrumentPage,
    NewsRecord,
    RecordPage,
    TermsRecord,
    TickerChangeRecord,
)
from traderai.common import clock
from traderai.common.clock import MOSCOW, midnight

_DIVIDEND = ("secid", "registryclosedate", "value", "currencyid")


@dataclass(slots=True, kw_only=True)
class IssSource:
    """All that ISS tells; prices are turned back into as traded.

    One series is read at a time: an answer takes about a fifth of a second, so that one reader uses up the five
    requests a second that we allow ourselves. Reference data of many securities are asked for side by side.
    """

    limits: IssLimits
    data_lag: timedelta  # anonymous data come this late: a bar is complete only then
    history: timedelta  # how far back a series without a start is read
    jitter: np.random.Generator
    connection: IssConnection = field(init=False)
    reader: IssCandles = field(init=False)

    def __post_init__(self) -> None:
        self.connection = IssConnection(limits=self.limits, jitter=self.jitter)
        self.reader = IssCandles(data_lag=self.data_lag)

    @property
    def name(self) -> str:
        """Return the name under which rows are stored."""
        return "iss"

    @property
    def origin(self) -> CandleOrigin:
        """Return the origin of the candles; what it has covered is remembered."""
        return ISS_ORIGIN

    def reachable(self) -> bool:
        """Return whether ISS answers; asked once, never raises for what the world does."""
        return iss_reachable(limits=self.limits)

    def default_secids(self) -> tuple[str, ...]:
        """Return the universe that universe.yaml names for ISS."""
        return universe_config().secids(universe_config().default["iss"])

    def listed_secids(self) -> tuple[str, ...]:
        """Return every share and fund that is listed today."""
        return tuple(self.connection.ask(security_rows))

    def instruments(self, *, secids: Sequence[str]) -> InstrumentPage:
        """Return reference data of shares and funds, delisted ones included; unknown tickers are rejected."""

        async def ask(client: IssClient) -> InstrumentPage:
            rows = await security_rows(client)
            missing = [secid for secid in secids if secid not in rows]
            gone = await gone_rows(client, missing) if missing else {}
            return instrument_page(rows, secids, await sectors(client), gone)

        return self.connection.ask(ask)

    def actions(self, *, secids: Sequence[str]) -> ActionPage:
        """Return splits and dividends; the exchange's splits are completed by the manual table."""

        async def ask(client: IssClient) -> ActionPage:
            splits, rejected = await self.reader.split_table(client)
            dividends = []
            for rows in await gathered(lambda secid: _dividends(client, secid), secids):
                good, bad = dividend_records(rows)
                dividends += good
                rejected = rejected + bad
            return ActionPage(
                splits=tuple(split for split in splits if split.secid in set(secids)),
                dividends=tuple(dividends),
                rejected=tuple(rejected),
            )

        return self.connection.ask(ask)

    def candles(self, *, request: CandleRequest) -> Generator[CandlePage, None, None]:
        """Yield the closed bars of one series page by page; an index is asked for on its own board."""
        asked = self._from_the_start(request)
        return self.connection.stream(lambda client: self.reader.pages(client, asked))

    def daily_history(self, *, request: CandleRequest) -> Generator[CandlePage, None, None]:
        """Yield daily bars as traded from `/history` page by page."""
        asked = self._from_the_start(request)
        return self.connection.stream(lambda client: self.reader.history_pages(client, asked))

    def candle_borders(self, *, secid: str, board: str) -> dict[Timeframe, tuple[datetime, datetime]]:
        """Return for each timeframe that ISS has of a series its first and its last moment."""
        return self.connection.ask(lambda client: candle_borders(client, secid, board))

    def ticker_changes(self) -> RecordPage[TickerChangeRecord]:
        """Return every known replacement of a ticker."""
        return self.connection.ask(ticker_change_page)

    def boards(self, *, secids: Sequence[str]) -> RecordPage[BoardRecord]:
        """Return the main boards of shares and the spans in which they were traded there."""
        return self.connection.ask(lambda client: board_page(client, secids))

    def listing(self) -> RecordPage[BoardRecord]:
        """Return every security that was ever listed on our boards, delisted ones included."""
        return self.connection.ask(listing_page)

    def terms(self, *, secids: Sequence[str]) -> RecordPage[TermsRecord]:
        """Return today's lots and price steps."""

        async def ask(client: IssClient) -> RecordPage[TermsRecord]:
            today = clock.now().astimezone(MOSCOW).date()
            return terms_page(await security_rows(client), secids, today=today)

        return self.connection.ask(ask)

    def index_members(self) -> RecordPage[IndexMemberRecord]:
        """Return who belonged to which index when, the sector indices included."""
        indices = (*iss_config().compositions, *iss_config().sector_indices)
        return self.connection.ask(lambda client: member_page(client, indices))

    def index_weights(self, *, day: date | None = None) -> RecordPage[IndexWeightRecord]:
        """Return the weights of the indices on a day, on the newest one without it."""
        return self.connection.ask(lambda client: weight_page(client, iss_config().compositions, day=day))

    def indices(self) -> InstrumentPage:
        """Return the indices that ISS has candles of."""
        return index_page()

    def index_candles(self, *, request: CandleRequest) -> Generator[CandlePage, None, None]:
        """Yield one index's candles page by page."""
        return self.candles(request=request)

    def calendar(self, *, since: date, until: date) -> RecordPage[CalendarRecord]:
        """Return the days of a span, `until` left out.

        Raises: TransientError, InvariantError or InputError when ISS does not tell its calendar.
        """
        return self.connection.ask(lambda client: calendar_page(client, since=since, until=until))

    def news(self, *, since: datetime | None, now: datetime) -> Generator[RecordPage[NewsRecord], None, None]:
        """Yield the exchange's notices since a moment, the oldest first; without it those of the last days."""
        begin = since or now - timedelta(days=iss_config().news_days)
        return self.connection.stream(lambda client: news_pages(client, since=begin))

    def _from_the_start(self, request: CandleRequest) -> CandleRequest:
        since = request.since or midnight((request.now - self.history).astimezone(MOSCOW).date())
        board = iss_config().index_board(request.secid) or request.board
        return replace(request, since=since, board=board)


@dataclass(frozen=True, slots=True, kw_only=True)
class IssHistory:
    """ISS with the daily bars of `/history`, as traded, in the place of its candles."""

    source: IssSource

    @property
    def name(self) -> str:
        """Return the name under which runs are recorded."""
        return "iss"

    @property
    def origin(self) -> CandleOrigin:
        """Return the origin of the candles; what it has covered is remembered."""
        return HISTORY_ORIGIN

    def default_secids(self) -> tuple[str, ...]:
        """Return the universe that universe.yaml names for ISS."""
        return self.source.default_secids()

    def instruments(self, *, secids: Sequence[str]) -> InstrumentPage:
        """Return reference data of shares and funds; tickers that no board lists are rejected."""
        return self.source.instruments(secids=secids)

    def actions(self, *, secids: Sequence[str]) -> ActionPage:
        """Return splits and dividends; the exchange's splits are completed by the manual table."""
        return self.source.actions(secids=secids)

    def candles(self, *, request: CandleRequest) -> Generator[CandlePage, None, None]:
        """Yield daily bars as traded page by page."""
        return self.source.daily_history(request=request)


async def _dividends(client: IssClient, secid: str) -> list[Row]:
    path = f"/securities/{secid}/dividends"
    return await client.rows(path, "dividends", params={}, required=_DIVIDEND)
