"""The terms of trading as they were at each bar: price step, lot, and whether a short could be opened."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from market.contracts import Bars, InstrumentFacts
from market.kernels.sessions import moscow_offset_s
from market.selectors.auctions import bars_in_auction
from market.selectors.trading_rules import may_short
from modeling.contracts import CostModel
from modeling.kernels.label_windows import RowInputs, row_inputs
from modeling.kernels.price_steps import price_step_rub
from traderai.common.arrays import F64, I64, Bools

_DAY_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TradingTerms:
    """What one share was traded on, by bar."""

    price_step_rub: F64  # (n,) as traded
    lot_size: I64  # (n,) shares as traded
    shortable: Bools  # (n,)

    def cost_frac(self, bars: Bars, costs: CostModel) -> F64:
        """Return the round trip's cost at each bar's close (n,), as a fraction of it."""
        closes_in_steps = bars.close / bars.split_factor / self.price_step_rub
        return costs.round_trip_frac(price_rub=closes_in_steps, price_step_rub=1.0)

    def part(self, start: int) -> TradingTerms:
        """Return the terms from a bar on."""
        return TradingTerms(
            price_step_rub=self.price_step_rub[start:],
            lot_size=self.lot_size[start:],
            shortable=self.shortable[start:],
        )


def trading_terms(item: InstrumentFacts, bars: Bars) -> TradingTerms:
    """Return the terms at each bar of an instrument.

    Step and lot are known for today only. Before a split they are reckoned in its proportion: a step was as coarse
    and a lot as large in rubles as they are now. With today's figures an old share would cost its price in steps.
    Where the prices themselves lie on a finer step, that is the step: many stored ones are a default.
    """
    turned = bars.split_factor / bars.split_factor[-1] if len(bars) else bars.split_factor
    day = (bars.begin_s + moscow_offset_s(bars.begin_s)) // _DAY_S
    days, place = np.unique(day, return_inverse=True)
    allowed = np.array(
        [
            may_short(secid=item.secid, day=each, shortable=item.shortable).allowed
            for each in days.astype("datetime64[D]").tolist()
        ],
        dtype=np.bool_,
    )
    return TradingTerms(
        price_step_rub=np.minimum(item.price_step_rub / turned, price_step_rub(bars, stored_rub=np.inf)),
        lot_size=np.maximum(np.rint(item.lot_size * turned), 1).astype(np.int64),
        shortable=allowed[place] if days.size else np.zeros(0, dtype=np.bool_),
    )


def label_inputs(item: InstrumentFacts, bars: Bars, costs: CostModel) -> RowInputs:
    """Return what the labels of a share's bars need: costs on its own terms, auctions by the exchange's sessions."""
    cost_frac = trading_terms(item, bars).cost_frac(bars, costs)
    return row_inputs(bars, cost_frac=cost_frac, auction=bars_in_auction(bars=bars))
