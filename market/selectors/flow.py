"""Reading order flow and order-book figures of spans that had ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from django.db.models import QuerySet

from market.models import OrderBookStatistic, TradeStatistic
from market.selectors.instruments import instrument_get
from traderai.common.arrays import F64, I64
from traderai.common.clock import to_epoch_s

_SPAN = timedelta(minutes=5)
_FLOW = ("trades", "buy_volume_lots", "sell_volume_lots", "value_rub", "imbalance", "vwap_rub")
_ORDER_BOOK = (
    "spread_best_bp", "spread_10_levels_bp", "spread_1m_rub_bp", "imbalance_best", "imbalance_book",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FlowColumns:
    """Order flow of one share in spans of 5 minutes that had ended, oldest first; all arrays have shape (n,)."""

    begin_s: I64  # start of the span, seconds since 1970 UTC
    trades: F64
    buy_volume_lots: F64
    sell_volume_lots: F64
    value_rub: F64
    imbalance: F64  # (buys - sells) / (buys + sells)
    vwap_rub: F64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OrderBookColumns:
    """The order book of one share in spans of 5 minutes that had ended; all arrays have shape (n,), NaN unknown."""

    begin_s: I64
    spread_best_bp: F64
    spread_10_levels_bp: F64
    spread_1m_rub_bp: F64
    imbalance_best: F64
    imbalance_book: F64


def flow_load(*, secid: str, as_of: datetime, since: datetime | None = None) -> FlowColumns:
    """Return the order flow of the spans that had ended at `as_of`, from `since` on; NaN where a figure is unknown.

    Raises: NotFoundError for a ticker that we do not hold.
    """
    begin_s, figures = _columns(TradeStatistic.objects.all(), _FLOW, secid, as_of, since)
    return FlowColumns(begin_s=begin_s, **figures)


def order_book_load(*, secid: str, as_of: datetime, since: datetime | None = None) -> OrderBookColumns:
    """Return the order-book figures of the spans that had ended at `as_of`, from `since` on; NaN where unknown.

    Raises: NotFoundError for a ticker that we do not hold.
    """
    begin_s, figures = _columns(OrderBookStatistic.objects.all(), _ORDER_BOOK, secid, as_of, since)
    return OrderBookColumns(begin_s=begin_s, **figures)


def _columns(
    rows: QuerySet[TradeStatistic] | QuerySet[OrderBookStatistic],
    names: tuple[str, ...],
    secid: str,
    as_of: datetime,
    since: datetime | None,
) -> tuple[I64, dict[str, F64]]:
    ended = rows.filter(instrument_id=instrument_get(secid=secid).id, begin__lte=as_of - _SPAN)
    if since is not None:
        ended = ended.filter(begin__gte=since)
    table = list(ended.order_by("begin").values_list("begin", *names))
    begin_s = np.array([to_epoch_s(row[0]) for row in table], dtype=np.int64)
    figures = np.array([row[1:] for row in table], dtype=np.float64).reshape(len(table), len(names))
    return begin_s, {name: figures[:, at].copy() for at, name in enumerate(names)}
