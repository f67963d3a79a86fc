"""The source "iss": the exchange's own information server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

import numpy as np

from market.configs import instruments_config, universe_config
from market.contracts import ISS_ORIGIN, CandleColumns, Timeframe
from market.iss.client import IssClient, IssLimits, TokenBucket, iss_http
from market.iss.parse import block_rows, candle_columns, dividend_records, split_records
from market.kernels.adjustment import continuous_across_split, prices_as_traded
from market.sources.records import (
    ActionPage,
    CandlePage,
    CandleRequest,
    InstrumentPage,
    InstrumentRecord,
    RejectedRow,
    SplitRecord,
)
from market.sources.reference_files import manual_splits
from market.sources.wall_clock import midnight
from traderai.common.clock import MOSCOW, to_epoch_s
from traderai.common.errors import InputError, NotReadyError

T = TypeVar("T")
_BOARD = "/engines/stock/markets/shares/boards/TQBR/securities"
_CANDLE = ("open", "high", "low", "close", "volume", "value", "begin")
_SECURITY = ("SECID", "SHORTNAME", "LATNAME", "LOTSIZE", "MINSTEP", "ISIN", "ISSUESIZE", "LISTLEVEL", "STATUS", "SECTYPE")  # fmt: skip
_PROBE = timedelta(days=40)  # a share may rest some days around its split


@dataclass(slots=True, kw_only=True)
class IssSource:
    """ISS's candles, reference data, splits and dividends; prices are turned back into as traded."""

    limits: IssLimits
    data_lag: timedelta  # anonymous data come this late: a bar is complete only then
    history: timedelta  # how far back a series without a start is read
    jitter: np.random.Generator
    bucket: TokenBucket = field(init=False)
    _splits: list[SplitRecord] | None = field(init=False, default=None)
    _as_served: dict[tuple[str, Timeframe, date], bool] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.bucket = TokenBucket(rate=self.limits.requests_per_s, burst=self.limits.burst)

    @property
    def name(self) -> str:
        """Return the name under which rows are stored."""
        return "iss"

    def default_secids(self) -> tuple[str, ...]:
        """Return the universe that universe.yaml names for ISS."""
        return universe_config().secids(universe_config().default["iss"])

    def instruments(self, *, secids: Sequence[str]) -> InstrumentPage:
        """Return the board's reference data; tickers that it does not list are rejected."""

        async def ask(client: IssClient) -> InstrumentPage:
            payload = await client.get(_BOARD, {"iss.only": "securities"})
            rows = block_rows(payload, "securities", required=_SECURITY, place=_BOARD)
            return _instrument_page({str(row["SECID"]): row for row in rows}, secids)

        return self._ask(ask)

    def actions(self, *, secids: Sequence[str]) -> ActionPage:
        """Return splits and dividends; the exchange's splits are completed by the manual table."""

        async def ask(client: IssClient) -> ActionPage:
            splits, rejected = await self._split_table(client)
            dividends = []
            for secid in secids:
                path = f"/securities/{secid}/dividends"
                rows = block_rows(
                    await client.get(path, {}),
                    "dividends",
                    required=("secid", "registryclosedate", "value", "currencyid"),
                    place=path,
                )
                good, bad = dividend_records(rows)
                dividends += good
                rejected += bad
            return ActionPage(
                splits=tuple(split for split in splits if split.secid in set(secids)),
                dividends=tuple(dividends),
                rejected=tuple(rejected),
            )

        return self._ask(ask)

    def candles(self, *, request: CandleRequest) -> Generator[CandlePage, None, None]:
        """Yield the closed bars of one series page by page."""
        interval = request.timeframe.iss_interval
        if interval is None:
            raise InputError(f"ISS has no {request.timeframe.value} bars; ask for 1m, 10m, 1h, 1d or 1w")
        since = request.since or midnight((request.now - self.history).astimezone(MOSCOW).date())
        request = replace(request, since=since)
        with asyncio.Runner() as runner:
            opened = self._open()
            client = runner.run(opened.__aenter__())
            pages = self._candle_pages(client, request, interval)
            try:
                while (page := runner.run(_next(pages))) is not None:
                    yield page
            finally:
                runner.run(opened.__aexit__(None, None, None))

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[IssClient]:
        async with iss_http(self.limits) as http:
            yield IssClient(http=http, limits=self.limits, bucket=self.bucket, jitter=self.jitter)

    def _ask(self, question: Callable[[IssClient], Coroutine[Any, Any, T]]) -> T:
        async def ask() -> T:
            async with self._open() as client:
                return await question(client)

        return asyncio.run(ask())

    async def _candle_pages(
        self, client: IssClient, request: CandleRequest, interval: int
    ) -> AsyncIterator[CandlePage]:
        path = f"{_BOARD}/{request.secid}/candles"
        params = _span(request.since, request.until) | {"interval": interval}
        async for place, rows in client.pages(path, "candles", params=params, required=_CANDLE):
            columns, rejected = candle_columns(rows, place=place)
            closed = columns.begin_s + request.timeframe.minutes * 60 <= to_epoch_s(
                request.now - self.data_lag
            )
            splits = await self._splits_applied(client, request, interval, columns)
            yield CandlePage(
                place=place,
                origin=ISS_ORIGIN,
                columns=_turned_back(columns.take(closed), splits),
                rejected=rejected,
                unclosed=int((~closed).sum()),
            )

    async def _split_table(self, client: IssClient) -> tuple[list[SplitRecord], list[RejectedRow]]:
        path = "/statistics/engines/stock/splits"
        rows = block_rows(
            await client.get(path, {}),
            "splits",
            required=("tradedate", "secid", "before", "after"),
            place=path,
        )
        splits, rejected = split_records(rows)
        told = {(split.secid, split.ex_date) for split in splits}
        self._splits = splits + [one for one in manual_splits() if (one.secid, one.ex_date) not in told]
        return self._splits, rejected

    async def _splits_applied(
        self, client: IssClient, request: CandleRequest, interval: int, columns: CandleColumns
    ) -> list[SplitRecord]:
        """Return the splits by which ISS has divided bars of this page, seen from the prices themselves."""
        if self._splits is None:
            await self._split_table(client)
        applied = []
        for split in self._splits or []:
            ex_s = to_epoch_s(midnight(split.ex_date))
            happened = to_epoch_s(request.now) >= ex_s
            if split.secid != request.secid or not happened or not (columns.begin_s < ex_s).any():
                continue
            key = (split.secid, request.timeframe, split.ex_date)
            if key not in self._as_served:
                self._as_served[key] = await self._divided_by(client, split, interval)
            if self._as_served[key]:
                applied.append(split)
        return applied

    async def _divided_by(self, client: IssClient, split: SplitRecord, interval: int) -> bool:
        at = midnight(split.ex_date)
        path = f"{_BOARD}/{split.secid}/candles"
        params = _span(at - _PROBE, at + _PROBE) | {"interval": interval}
        before = after = None
        async for place, rows in client.pages(path, "candles", params=params, required=_CANDLE):
            columns, _ = candle_columns(rows, place=place)
            old = columns.begin_s < to_epoch_s(at)
            if old.any():
                before = float(columns.close[old][-1])
            if not old.all():
                after = float(columns.open[~old][0])
                break
        if before is None or after is None:
            raise NotReadyError(
                f"{split.secid} must have bars within 40 days of its split of {split.ex_date}, had none on one "
                "side; its price basis cannot be told; ingest from a later day"
            )
        return continuous_across_split(before, after, split.shares_after_per_before)


async def _next(pages: AsyncIterator[CandlePage]) -> CandlePage | None:
    return await anext(pages, None)


def _span(since: datetime | None, until: datetime | None) -> dict[str, str | int]:
    span: dict[str, str | int] = {}
    if since is not None:
        span["from"] = f"{since.astimezone(MOSCOW):%Y-%m-%d %H:%M:%S}"
    if until is not None:
        # `till` includes bars that begin at it, `until` does not.
        span["till"] = f"{until.astimezone(MOSCOW) - timedelta(seconds=1):%Y-%m-%d %H:%M:%S}"
    return span


def _turned_back(columns: CandleColumns, splits: Sequence[SplitRecord]) -> CandleColumns:
    if not splits:
        return columns
    ex_s = np.array([to_epoch_s(midnight(split.ex_date)) for split in splits], dtype=np.int64)
    ratios = np.array([split.shares_after_per_before for split in splits])
    prices = np.column_stack([columns.open, columns.high, columns.low, columns.close])
    turned = prices_as_traded(prices, columns.begin_s, ex_s, ratios)
    return replace(columns, open=turned[:, 0], high=turned[:, 1], low=turned[:, 2], close=turned[:, 3])


def _instrument_page(rows: dict[str, dict[str, Any]], secids: Sequence[str]) -> InstrumentPage:
    packaged = instruments_config().by_secid()
    records, rejected = [], []
    for secid in secids:
        row = rows.get(secid)
        if row is None:
            rejected.append(RejectedRow(place=_BOARD, reason="unknown_ticker", raw={"secid": secid}))
            continue
        ours = packaged.get(secid)
        records.append(
            InstrumentRecord(
                secid=secid,
                name_ru=ours.name_ru if ours else str(row["SHORTNAME"]),
                name_en=ours.name_en if ours else str(row["LATNAME"] or row["SHORTNAME"]),
                isin=str(row["ISIN"] or ""),
                kind="preferred" if str(row["SECTYPE"]) == "2" else "share",
                lot_size=int(row["LOTSIZE"]),
                price_step_rub=float(row["MINSTEP"]),
                list_level=None if row["LISTLEVEL"] is None else int(row["LISTLEVEL"]),
                issue_size_shares=None if row["ISSUESIZE"] is None else int(row["ISSUESIZE"]),
                sector=ours.sector if ours else "",
                shortable=bool(ours and ours.shortable),
                active=row["STATUS"] == "A",
            )
        )
    return InstrumentPage(records=tuple(records), rejected=tuple(rejected))
