"""Reading order flow and order-book figures of 5 minutes: Parquet, CSV, or AlgoPack's JSON.

Columns are AlgoPack's: `begin`, or `tradedate` and `tradetime`, which is the start of the span too (AlgoPack publishes
a row seconds after the end of the span that its time begins); `secid`; for trades `trades`, `vol_b` and `vol_s` in
lots, `value` or `val` in roubles, `disb` and `pr_vwap`; for the order book `spread_bbo`, `spread_lv10` and
`spread_1mio` in basis points, `imbalance_vol_bbo` and `imbalance_vol`.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Generator, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from market.sources.records import FlowRecord, OrderBookRecord, RecordPage, RejectedRow
from traderai.common.clock import MOSCOW
from traderai.common.errors import InputError

TRADE_STATISTICS = "tradestats"
ORDER_BOOK_STATISTICS = "obstats"
_PAGE_ROWS = 50_000
_SPAN_MINUTES = 5
_OTHER_WIDTH = "row"
_DISB_ROUNDED_BY = 0.0501  # the exchange gives its imbalance with two decimals, on some days with one

_Record = TypeVar("_Record", FlowRecord, OrderBookRecord)
_Row = dict[str, Any]
_Table = tuple[list[str], Iterator[Any]]


class _RefusedError(Exception):
    """A row that cannot become a record; its text is the reason."""


def trade_statistics_of(path: Path) -> Generator[RecordPage[FlowRecord], None, None]:
    """Yield the order flow of a file; the imbalance is made of the volumes and checked against the file's own."""
    needed = ("secid", "trades", "vol_b", "vol_s", "pr_vwap")
    yield from _pages(path, needed, _flow)


def order_book_statistics_of(path: Path) -> Generator[RecordPage[OrderBookRecord], None, None]:
    """Yield the order-book figures of a file."""
    needed = ("secid", "spread_bbo", "spread_lv10", "spread_1mio", "imbalance_vol_bbo", "imbalance_vol")
    yield from _pages(path, needed, _order_book)


def _flow(row: _Row) -> FlowRecord:
    trades = _figure(row, "trades")
    buys, sells = _figure(row, "vol_b"), _figure(row, "vol_s")
    value = _figure(row, "value" if "value" in row else "val")
    vwap, told = _figure(row, "pr_vwap"), _figure(row, "disb")
    if trades is None or trades < 0 or trades != int(trades):
        raise _RefusedError("trades_not_a_count")
    if any(figure is not None and figure < 0 for figure in (buys, sells, value)):
        raise _RefusedError("volume_negative")
    if vwap is not None and vwap <= 0:
        raise _RefusedError("vwap_not_positive")
    imbalance = None
    if buys is not None and sells is not None and buys + sells > 0:
        imbalance = (buys - sells) / (buys + sells)
        if told is not None and abs(imbalance - told) > _DISB_ROUNDED_BY:
            raise _RefusedError("imbalance_disagrees")
    return FlowRecord(
        secid=_secid(row),
        begin_at=_begin(row),
        trades=int(trades),
        buy_volume_lots=buys,
        sell_volume_lots=sells,
        value_rub=value,
        imbalance=imbalance,
        vwap_rub=vwap,
        source=TRADE_STATISTICS,
    )


def _order_book(row: _Row) -> OrderBookRecord:
    spreads = [_figure(row, name) for name in ("spread_bbo", "spread_lv10", "spread_1mio")]
    imbalances = [_figure(row, name) for name in ("imbalance_vol_bbo", "imbalance_vol")]
    if any(spread is not None and spread < 0 for spread in spreads):
        raise _RefusedError("spread_negative")
    if any(imbalance is not None and abs(imbalance) > 1 for imbalance in imbalances):
        raise _RefusedError("imbalance_out_of_range")
    return OrderBookRecord(
        secid=_secid(row),
        begin_at=_begin(row),
        spread_best_bp=spreads[0],
        spread_10_levels_bp=spreads[1],
        spread_1m_rub_bp=spreads[2],
        imbalance_best=imbalances[0],
        imbalance_book=imbalances[1],
        source=ORDER_BOOK_STATISTICS,
    )


def _pages(
    path: Path, needed: tuple[str, ...], record_of: Callable[[_Row], _Record]
) -> Generator[RecordPage[_Record], None, None]:
    records: list[_Record] = []
    rejected: list[RejectedRow] = []
    for place, row in _rows(path, needed):
        try:
            if _OTHER_WIDTH in row:
                raise _RefusedError("row_of_other_width")
            records.append(record_of(row))
        except _RefusedError as refused:
            raw = {name: str(value) for name, value in row.items()}
            rejected.append(RejectedRow(place=place, reason=str(refused), raw=raw))
        if len(records) + len(rejected) == _PAGE_ROWS:
            yield RecordPage(place=path.name, records=tuple(records), rejected=tuple(rejected))
            records, rejected = [], []
    if records or rejected:
        yield RecordPage(place=path.name, records=tuple(records), rejected=tuple(rejected))


def _secid(row: _Row) -> str:
    secid = str(row.get("secid") or "").strip()
    if not secid:
        raise _RefusedError("secid_missing")
    return secid


def _begin(row: _Row) -> datetime:
    told = row.get("begin") or f"{row.get('tradedate')} {row.get('tradetime')}"
    try:
        moment = told if isinstance(told, datetime) else datetime.fromisoformat(str(told))
    except ValueError:
        raise _RefusedError("unparseable_time") from None
    if moment.second or moment.microsecond or moment.minute % _SPAN_MINUTES:
        raise _RefusedError("time_off_grid")
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=MOSCOW)


def _figure(row: _Row, name: str) -> float | None:
    value = row.get(name)
    if value is None or value == "":
        return None
    try:
        figure = float(value)
    except (TypeError, ValueError):
        raise _RefusedError("bad_number") from None
    if not math.isfinite(figure):
        raise _RefusedError("bad_number")
    return figure


def _rows(path: Path, needed: tuple[str, ...]) -> Iterator[tuple[str, _Row]]:
    try:
        names, rows = _READERS.get(path.suffix.casefold(), _csv)(path)
    except (OSError, ValueError, KeyError, TypeError, csv.Error, pa.ArrowException) as error:
        raise InputError(
            f"{path} cannot be read as Parquet, CSV or AlgoPack's JSON ({error!r}); save it anew or take it away"
        ) from error
    stamped = "begin" in names or {"tradedate", "tradetime"} <= set(names)
    missing = [name for name in needed if name not in names] + ([] if stamped else ["begin"])
    if missing:
        raise InputError(
            f"{path} must have the columns begin, {', '.join(needed)}, {', '.join(missing)} missing; rename its columns"
        )
    for at, values in enumerate(rows):
        # A row cut short would be stored without the figures that it lacks.
        whole = isinstance(values, list | tuple) and len(values) == len(names)
        yield f"{path.name}:{at}", dict(zip(names, values, strict=True)) if whole else {_OTHER_WIDTH: values}


def _parquet(path: Path) -> _Table:
    table = pq.read_table(path)
    names = [str(name).casefold() for name in table.column_names]
    return names, zip(*(column.to_pylist() for column in table.columns), strict=True)


def _json(path: Path) -> _Table:
    block = json.loads(path.read_text(encoding="utf-8"))["data"]
    return [str(name).casefold() for name in block["columns"]], iter(block["data"])


def _csv(path: Path) -> _Table:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.reader(stream))
    names = [name.strip().casefold() for name in rows[0]] if rows else []
    return names, iter(rows[1:])


_READERS: dict[str, Callable[[Path], _Table]] = {".parquet": _parquet, ".json": _json}
