"""Order flow a second time: bar by bar from the rows of the database."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TypeAlias, TypeVar

from market.contracts import Bars
from market.models import OrderBookStatistic, TradeStatistic
from traderai.common.clock import from_epoch_s

NAN = math.nan
FIVE = timedelta(minutes=5)
Values: TypeAlias = list[float]
Row = TypeVar("Row", TradeStatistic, OrderBookStatistic)
Get: TypeAlias = Callable[[TradeStatistic], float | None]


@dataclass(frozen=True, kw_only=True)
class FlowWorld:
    """One share's bars and the rows of its order flow."""

    bars: Bars

    @cached_property
    def begins(self) -> list[datetime]:
        """When each bar begins."""
        return [from_epoch_s(at) for at in self.bars.begin_s]

    @cached_property
    def rows(self) -> list[TradeStatistic]:
        """All spans in their order."""
        return list(TradeStatistic.objects.filter(instrument__secid=self.bars.secid).order_by("begin"))

    @cached_property
    def inside(self) -> list[list[TradeStatistic]]:
        """The spans that lie inside each bar."""
        return [_inside(self.rows, begin, begin + self.length) for begin in self.begins]

    @cached_property
    def book(self) -> list[list[OrderBookStatistic]]:
        """The spans of the order book inside each bar."""
        rows = list(OrderBookStatistic.objects.filter(instrument__secid=self.bars.secid).order_by("begin"))
        return [_inside(rows, begin, begin + self.length) for begin in self.begins]

    @property
    def length(self) -> timedelta:
        """Length of a bar."""
        return self.bars.timeframe.duration


def _begin(row: TradeStatistic | OrderBookStatistic) -> datetime:
    return row.begin


def _inside(rows: list[Row], begin: datetime, end: datetime) -> list[Row]:
    """Return the spans that lie between two moments."""
    near = rows[bisect_left(rows, begin, key=_begin) : bisect_left(rows, end, key=_begin)]
    return [row for row in near if row.begin + FIVE <= end]


def _sum(rows: list[TradeStatistic], of: Get) -> float:
    values = [of(row) for row in rows]
    if not values or any(value is None for value in values):
        return NAN
    return math.fsum(float(value) for value in values if value is not None)


def _over(above: float, below: float) -> float:
    return above / below if below > 0 else NAN


def _net(row: TradeStatistic) -> float | None:
    known = row.buy_volume_lots is not None and row.sell_volume_lots is not None
    return row.buy_volume_lots - row.sell_volume_lots if known else None  # type: ignore[operator]


def _both(row: TradeStatistic) -> float | None:
    known = row.buy_volume_lots is not None and row.sell_volume_lots is not None
    return row.buy_volume_lots + row.sell_volume_lots if known else None  # type: ignore[operator]


def _shares(row: TradeStatistic) -> float | None:
    known = row.value_rub is not None and row.vwap_rub is not None
    return row.value_rub / row.vwap_rub if known else None  # type: ignore[operator]


def _value(row: TradeStatistic) -> float | None:
    return row.value_rub


def _imbalance(world: FlowWorld) -> Values:
    return [_over(_sum(rows, lambda row: row.imbalance), len(rows)) for rows in world.inside]


def _buy_frac(world: FlowWorld) -> Values:
    return [_over(_sum(rows, lambda row: row.buy_volume_lots), _sum(rows, _both)) for rows in world.inside]


def _imbalance_12(world: FlowWorld) -> Values:
    out = []
    for begin, inside in zip(world.begins, world.inside, strict=True):
        past = bisect_right(world.rows, begin + world.length - FIVE, key=_begin)
        ended = world.rows[max(0, past - 12) : past]
        known = inside and len(ended) == 12
        out.append(_over(_sum(ended, _net), _sum(ended, _both)) if known else NAN)
    return out


def _against_before(values: Values) -> Values:
    out = []
    for t, value in enumerate(values):
        before = [one for one in values[max(0, t - 60) : t] if not math.isnan(one)]
        out.append(_over(value, sum(before) / len(before)) if len(before) >= 30 else NAN)
    return out


def _trades(world: FlowWorld) -> Values:
    return _against_before([_sum(rows, lambda row: row.trades) for rows in world.inside])


def _trade_size(world: FlowWorld) -> Values:
    return _against_before(
        [_over(_sum(rows, _value), _sum(rows, lambda row: row.trades)) for rows in world.inside]
    )


def _traded_close(world: FlowWorld, t: int) -> float:
    return float(world.bars.close[t] / world.bars.split_factor[t])


def _log(above: float, below: float) -> float:
    return math.log(above / below) if below > 0 else NAN


def _vwap(world: FlowWorld) -> Values:
    return [
        _log(_traded_close(world, t), _over(_sum(rows, _value), _sum(rows, _shares)))
        for t, rows in enumerate(world.inside)
    ]


def _day_vwap(world: FlowWorld) -> Values:
    out = []
    days = world.bars.trading_day.tolist()
    for t, rows in enumerate(world.inside):
        so_far = [world.inside[i] for i in range(days.index(days[t]), t + 1)]
        value = [_sum(part, _value) for part in so_far]
        shares = [_sum(part, _shares) for part in so_far]
        known = not math.isnan(_sum(rows, _value)) and not math.isnan(_sum(rows, _shares))
        mean = _over(sum(x for x in value if x == x), sum(x for x in shares if x == x))
        out.append(_log(_traded_close(world, t), mean) if known else NAN)
    return out


def _book(name: str) -> Callable[[FlowWorld], Values]:
    def slow(world: FlowWorld) -> Values:
        out = []
        for rows in world.book:
            values = [getattr(row, name) for row in rows]
            out.append(sum(values) / len(values) if values and None not in values else NAN)
        return out

    return slow


GOLDEN_JOINED: dict[str, Callable[[FlowWorld], Values]] = {
    "flow_imbalance": _imbalance,
    "flow_buy_frac": _buy_frac,
    "flow_imbalance_12": _imbalance_12,
    "flow_trades_ratio_60": _trades,
    "flow_trade_size_ratio_60": _trade_size,
    "flow_vwap_dist": _vwap,
    "flow_day_vwap_dist": _day_vwap,
    "book_spread_bp": _book("spread_best_bp"),
    "book_spread_1m_rub_bp": _book("spread_1m_rub_bp"),
    "book_imbalance_best": _book("imbalance_best"),
    "book_imbalance": _book("imbalance_book"),
}
