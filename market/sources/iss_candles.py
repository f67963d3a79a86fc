"""Candles of ISS: page by page, closed bars only, prices turned back into as traded."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

import numpy as np

from market.contracts import ISS_ORIGIN, CandleColumns, CandleOrigin, Timeframe
from market.iss.client import IssClient
from market.iss.parse import candle_columns, split_records
from market.iss_config import iss_config
from market.kernels.adjustment import continuous_across_split, prices_as_traded
from market.sources.corporate_files import SAME_SPLIT_DAYS, manual_splits
from market.sources.records import CandlePage, CandleRequest, RejectedRow, SplitRecord
from traderai.common.clock import MOSCOW, midnight, to_epoch_s
from traderai.common.errors import InputError, NotReadyError

HISTORY_ORIGIN = CandleOrigin(name="iss/history", kind="iss", priority=1000)
"""Daily bars of `/history`: as traded by themselves, so they outrank those that were turned back."""

_CANDLE = ("open", "high", "low", "close", "volume", "value", "begin")
_HISTORY = ("BOARDID", "TRADEDATE", "OPEN", "HIGH", "LOW", "CLOSE", "VOLUME", "VALUE", "NUMTRADES")
_AS_CANDLE = {
    "OPEN": "open", "HIGH": "high", "LOW": "low", "CLOSE": "close", "VOLUME": "volume", "VALUE": "value",
    "TRADEDATE": "begin",
}  # fmt: skip
_ALL_SESSIONS = 3
# A share may rest some days around its split; few need the longest look.
_PROBES = (timedelta(days=4), timedelta(days=12), timedelta(days=40))


def security_path(secid: str, board: str) -> str:
    """Return the route of a security on its board.

    Raises: InputError for a board that iss.yaml does not name.
    """
    boards = iss_config().boards
    if board not in boards:
        raise InputError(f"board must be one of {', '.join(boards)}, was {board!r}; add it to iss.yaml")
    return f"/engines/stock/markets/{boards[board].market}/boards/{board}/securities/{secid}"


@dataclass(slots=True, kw_only=True)
class IssCandles:
    """The candles of ISS, with what is known of splits while they are read."""

    data_lag: timedelta
    splits: list[SplitRecord] | None = None
    served_divided: dict[tuple[str, Timeframe, date], bool] = field(default_factory=dict)

    async def pages(self, client: IssClient, request: CandleRequest) -> AsyncGenerator[CandlePage, None]:
        """Yield the closed bars of one series page by page."""
        interval = request.timeframe.iss_interval
        if interval is None:
            raise InputError(f"ISS has no {request.timeframe.value} bars; ask for 1m, 10m, 1h, 1d or 1w")
        path = f"{security_path(request.secid, request.board)}/candles"
        params = _span(request.since, request.until) | {"interval": interval}
        async for place, rows in client.pages(
            path, "candles", params=params, required=_CANDLE, key=("begin",)
        ):
            columns, rejected = candle_columns(rows, place=place)
            closed = self._closed(columns, request)
            splits = await self._splits_applied(client, request, columns)
            yield CandlePage(
                place=place,
                origin=ISS_ORIGIN,
                board=request.board,
                columns=_turned_back(columns.take(closed), splits),
                rejected=rejected,
                unclosed=int((~closed).sum()),
            )

    async def history_pages(
        self, client: IssClient, request: CandleRequest
    ) -> AsyncGenerator[CandlePage, None]:
        """Yield daily bars as traded from `/history`; days without a trade have no bar."""
        if request.timeframe is not Timeframe.D1:
            raise InputError(f"ISS's history has 1d bars only, asked for {request.timeframe.value}")
        path = f"/history{security_path(request.secid, request.board)}"
        params = {name: str(text)[:10] for name, text in _span(request.since, request.until).items()}
        async for place, rows in client.pages(
            path, "history", params=params, required=_HISTORY, key=("BOARDID", "TRADEDATE", "TRADINGSESSION")
        ):
            traded = [row for row in rows if _is_traded_day(row, request.board)]
            named = [{_AS_CANDLE.get(name, name): value for name, value in row.items()} for row in traded]
            columns, rejected = candle_columns(named, place=place)
            closed = self._closed(columns, request)
            yield CandlePage(
                place=place,
                origin=HISTORY_ORIGIN,
                board=request.board,
                columns=columns.take(closed),
                rejected=rejected,
                unclosed=int((~closed).sum()),
                outside=len(rows) - len(traded),
            )

    async def split_table(self, client: IssClient) -> tuple[list[SplitRecord], list[RejectedRow]]:
        """Return the exchange's splits completed by the manual table, and the rows that are none."""
        path = "/statistics/engines/stock/splits"
        required = ("tradedate", "secid", "before", "after")
        splits, rejected = split_records(await client.rows(path, "splits", params={}, required=required))
        self.splits = splits + [one for one in manual_splits() if not _is_told(one, splits)]
        return self.splits, rejected

    def _closed(
        self, columns: CandleColumns, request: CandleRequest
    ) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        ends_s = columns.begin_s + request.timeframe.minutes * 60
        return np.asarray(ends_s <= to_epoch_s(request.now - self.data_lag))

    async def _splits_applied(
        self, client: IssClient, request: CandleRequest, columns: CandleColumns
    ) -> list[SplitRecord]:
        """Return the splits by which ISS has divided bars of this page, seen from the prices themselves."""
        if self.splits is None:
            await self.split_table(client)
        applied = []
        for split in self.splits or []:
            ex_s = to_epoch_s(midnight(split.ex_date))
            happened = to_epoch_s(request.now) >= ex_s
            if split.secid != request.secid or not happened or not (columns.begin_s < ex_s).any():
                continue
            key = (split.secid, request.timeframe, split.ex_date)
            if key not in self.served_divided:
                self.served_divided[key] = await _divided_by(client, split, request)
            if self.served_divided[key]:
                applied.append(split)
        return applied


def _is_told(split: SplitRecord, told: Sequence[SplitRecord]) -> bool:
    return any(
        one.secid == split.secid and abs((one.ex_date - split.ex_date).days) <= SAME_SPLIT_DAYS
        for one in told
    )


async def _divided_by(client: IssClient, split: SplitRecord, request: CandleRequest) -> bool:
    for reach in _PROBES:
        before, after = await _around(client, split, request, reach)
        if before is not None and after is not None:
            return continuous_across_split(before, after, split.shares_after_per_before)
    raise NotReadyError(
        f"{split.secid} must have bars within {_PROBES[-1].days} days of its split of {split.ex_date}, had none "
        "on one side; its price basis cannot be told; ingest from a later day"
    )


async def _around(
    client: IssClient, split: SplitRecord, request: CandleRequest, reach: timedelta
) -> tuple[float | None, float | None]:
    """Return the last close before a split and the first open after it."""
    at = midnight(split.ex_date)
    path = f"{security_path(split.secid, request.board)}/candles"
    params = _span(at - reach, at + reach) | {"interval": request.timeframe.iss_interval or 0}
    before: tuple[int, float] | None = None
    after: tuple[int, float] | None = None
    async for place, rows in client.pages(path, "candles", params=params, required=_CANDLE, key=("begin",)):
        columns, _ = candle_columns(rows, place=place)
        for begin_s, opened, close in zip(
            columns.begin_s.tolist(), columns.open.tolist(), columns.close.tolist(), strict=True
        ):
            if begin_s < to_epoch_s(at) and (before is None or begin_s > before[0]):
                before = (begin_s, close)
            if begin_s >= to_epoch_s(at) and (after is None or begin_s < after[0]):
                after = (begin_s, opened)
        if after is not None:
            break
    return (before[1] if before else None), (after[1] if after else None)


def _span(since: datetime | None, until: datetime | None) -> dict[str, str | int]:
    span: dict[str, str | int] = {}
    if since is not None:
        span["from"] = f"{since.astimezone(MOSCOW):%Y-%m-%d %H:%M:%S}"
    if until is not None:
        # `till` includes bars that begin at it, `until` does not.
        span["till"] = f"{until.astimezone(MOSCOW) - timedelta(seconds=1):%Y-%m-%d %H:%M:%S}"
    return span


def _is_traded_day(row: dict[str, object], board: str) -> bool:
    whole = row.get("TRADINGSESSION") in {_ALL_SESSIONS, None}
    return whole and row["BOARDID"] == board and bool(row["NUMTRADES"])


def _turned_back(columns: CandleColumns, splits: Sequence[SplitRecord]) -> CandleColumns:
    if not splits:
        return columns
    ex_s = np.array([to_epoch_s(midnight(split.ex_date)) for split in splits], dtype=np.int64)
    ratios = np.array([split.shares_after_per_before for split in splits])
    prices = np.column_stack([columns.open, columns.high, columns.low, columns.close])
    turned = prices_as_traded(prices, columns.begin_s, ex_s, ratios)
    return replace(columns, open=turned[:, 0], high=turned[:, 1], low=turned[:, 2], close=turned[:, 3])
