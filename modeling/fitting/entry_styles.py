"""What styles of entry make of the same held-out orders: only one that beats entering now is to be in use."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np

from features.kernels.technical import atr
from modeling.contracts.decisions import EntryStyle
from modeling.contracts.policy import StyleRules
from modeling.fitting.dataset import Dataset
from modeling.fitting.evaluation import DayBootstrap, mean_figure
from modeling.kernels.entry_fills import StyledOrders, style_result
from modeling.kernels.label_windows import ATR_BARS
from modeling.kernels.simulator_market import Market
from modeling.kernels.simulator_orders import Orders
from traderai.common.arrays import F64

STYLES: tuple[EntryStyle, ...] = get_args(EntryStyle)


def style_figures(
    orders: Orders, dataset: Dataset, rules: StyleRules, bootstrap: DayBootstrap
) -> dict[str, dict[str, Any]]:
    """Return by style what all the orders make, entered so, and by how much that is more than entering now.

    Each order counts once with a whole position's value, filled or not, so a style that fills little makes little. Orders
    overlap and the account's limits hold none back here, so bounds are over days.
    """
    styled = styled_orders(orders, dataset)
    days = dataset.day[styled.decision]
    now = style_result(dataset.market.path, styled, style="enter_now", rules=rules)
    found: dict[str, dict[str, Any]] = {}
    for style in STYLES:
        own = style_result(dataset.market.path, styled, style=style, rules=rules)
        found[style] = {
            "orders": int(own.filled.size),
            "days": int(np.unique(days).size),
            "filled": float(own.filled.mean()) if own.filled.size else None,
            "net_bp": mean_figure(own.net_frac * 1e4, days, bootstrap) if own.filled.size else None,
            "gain_bp": mean_figure((own.net_frac - now.net_frac) * 1e4, days, bootstrap)
            if own.filled.size
            else None,
        }
    return found


def styled_orders(orders: Orders, dataset: Dataset) -> StyledOrders:
    """Return orders as the fills' kernel reads them: bars are rows of the dataset's market."""
    first = dataset.market.offset[orders.instrument]
    decision = first + orders.decision_bar
    return StyledOrders(
        decision=decision,
        entry=first + orders.entry_bar,
        last=first + orders.last_bar,
        sign=orders.side.astype(np.float64),
        take_profit_frac=orders.take_profit_frac,
        stop_loss_frac=orders.stop_loss_frac,
        atr_frac=_atr_frac(dataset.market)[decision],
        cost_frac=dataset.cost_frac[decision],
    )


def _atr_frac(market: Market) -> F64:
    """Return ATR(14) at each bar as a fraction of its close (n,), NaN where it is not known yet."""
    found = np.full(market.begin_s.size, np.nan)
    path = market.path
    for first, stop in zip(market.offset[:-1], market.offset[1:], strict=True):
        own = slice(int(first), int(stop))
        if stop - first > ATR_BARS:
            ranges = atr(path.high[own], path.low[own], path.close[own], window=ATR_BARS)
            found[own] = ranges / (path.close[own] - path.paid[own])
    return found
