"""Features of order flow and the order book, for the shares of which there are any."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import numpy as np

from features.kernels import flow
from features.kernels.session import DAY_S
from features.sources.base import BuildScope, MonthBars, MonthScope
from features.spec import FeatureSpec
from market.contracts import Bars
from market.selectors.flow import FlowColumns, OrderBookColumns, flow_load, order_book_load
from market.selectors.flow_shares import flow_secids
from traderai.common.arrays import F64
from traderai.common.clock import from_epoch_s

SPAN_S: Final = 300
MEAN_BARS: Final = 60
MEAN_BARS_LEAST: Final = 30
TRAILING_SPANS: Final = 12


class FlowSource:
    """Columns of order flow. Each share's spans are read once a build."""

    def __init__(self, scope: BuildScope, specs: tuple[FeatureSpec, ...]) -> None:
        self._kernels = tuple(spec.kernel for spec in specs)
        self._bar_s = 60 * scope.timeframe.minutes
        # The fixed stretch before a month: in it lie the 60 bars before, of whatever length, holidays included.
        self._stretch_s = 14 * DAY_S + 105 * self._bar_s
        self._since = from_epoch_s(scope.since_s - self._stretch_s)
        self._as_of = min(scope.as_of, from_epoch_s(scope.until_s + 7 * DAY_S))
        has_spans = self._bar_s >= SPAN_S
        self._secids = flow_secids(as_of=self._as_of) if has_spans else frozenset()
        self._read: dict[str, tuple[FlowColumns, OrderBookColumns]] = {}

    def month_columns(self, month: MonthScope) -> Mapping[str, F64]:
        """Return by ticker the values at the month's bars; shares without any figure are left out.

        Shapes: (rows, k), in the order of the specs.
        NaN:    bars in which no span lies whole, and figures that the exchange does not tell.
        Causal: row t reads spans that had ended with bar t.
        """
        return {
            secid: self._columns(secid, part, since_s=month.begin_s - self._stretch_s)
            for secid, part in month.bars.items()
            if secid in self._secids and part.rows
        }

    def _columns(self, secid: str, part: MonthBars, *, since_s: int) -> F64:
        spans, book = self._spans(secid)
        first = int(np.searchsorted(part.bars.begin_s, since_s))
        columns = _flow_columns(part.bars, spans, first=first, since_s=since_s)
        columns |= _book_columns(part.bars, book, first=first)
        return np.column_stack([columns[name] for name in self._kernels])[part.start - first :]

    def _spans(self, secid: str) -> tuple[FlowColumns, OrderBookColumns]:
        if secid not in self._read:
            wanted: dict[str, datetime] = {"as_of": self._as_of, "since": self._since}
            self._read[secid] = (
                flow_load(secid=secid, **wanted),
                order_book_load(secid=secid, **wanted),
            )
        return self._read[secid]


def _flow_columns(bars: Bars, spans: FlowColumns, *, first: int, since_s: int) -> dict[str, F64]:
    """Return the columns at the bars from `first` on, of spans that begin at `since_s` or later."""
    kept = slice(int(np.searchsorted(spans.begin_s, since_s)), None)
    ranges = flow.spans_in_bars(
        spans.begin_s[kept], bars.begin_s[first:], span_s=SPAN_S, bar_s=60 * bars.timeframe.minutes
    )
    bought, sold = spans.buy_volume_lots[kept], spans.sell_volume_lots[kept]
    value_rub = spans.value_rub[kept]
    trades = flow.bar_sums(spans.trades[kept], ranges)
    turnover = flow.bar_sums(value_rub, ranges)
    shares = flow.bar_sums(flow.quotient(value_rub, spans.vwap_rub[kept]), ranges)
    net_12 = flow.trailing_sums(bought - sold, ranges, spans=TRAILING_SPANS)
    all_12 = flow.trailing_sums(bought + sold, ranges, spans=TRAILING_SPANS)
    day = bars.trading_day[first:]
    day_vwap = flow.quotient(flow.day_sums(turnover, day), flow.day_sums(shares, day))
    price = bars.close[first:] / bars.split_factor[first:]
    anomaly = {"window": MEAN_BARS, "least": MEAN_BARS_LEAST}
    return {
        "flow_imbalance": flow.bar_means(spans.imbalance[kept], ranges),
        "flow_buy_frac": flow.quotient(flow.bar_sums(bought, ranges), flow.bar_sums(bought + sold, ranges)),
        "flow_imbalance_12": flow.quotient(net_12, all_12),
        "flow_trades_ratio_60": flow.over_mean_before(trades, **anomaly),
        "flow_trade_size_ratio_60": flow.over_mean_before(flow.quotient(turnover, trades), **anomaly),
        "flow_vwap_dist": flow.log_distance(price, flow.quotient(turnover, shares)),
        "flow_day_vwap_dist": flow.log_distance(price, day_vwap),
    }


def _book_columns(bars: Bars, book: OrderBookColumns, *, first: int) -> dict[str, F64]:
    ranges = flow.spans_in_bars(
        book.begin_s, bars.begin_s[first:], span_s=SPAN_S, bar_s=60 * bars.timeframe.minutes
    )
    return {
        "book_spread_bp": flow.bar_means(book.spread_best_bp, ranges),
        "book_spread_1m_rub_bp": flow.bar_means(book.spread_1m_rub_bp, ranges),
        "book_imbalance_best": flow.bar_means(book.imbalance_best, ranges),
        "book_imbalance": flow.bar_means(book.imbalance_book, ranges),
    }
