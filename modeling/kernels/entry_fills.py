"""What orders make by the style of their entry: at once, by a limit, after a pullback, in halves.

The barriers are those of `enter_now`, whose results are the label code's: another style changes when and at what price a
position is opened, never where it is closed.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np

from modeling.contracts.decisions import EntryStyle
from modeling.contracts.policy import StyleRules
from modeling.kernels.barriers import TOUCH_SLACK_FRAC, PricePath
from modeling.kernels.loops import borrowing_njit, inlined_borrowing_njit
from traderai.common.arrays import F64, I64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StyledOrders:
    """n orders on the bars of one market; bars are rows of its price path."""

    decision: I64  # (n,) bar at whose close the order was decided
    entry: I64  # (n,) first bar in which it can be filled
    last: I64  # (n,) last bar of its window
    sign: F64  # (n,) 1.0 for a long, -1.0 for a short
    take_profit_frac: F64  # (n,) of the open of the entry's bar
    stop_loss_frac: F64  # (n,)
    atr_frac: F64  # (n,) of the close
    cost_frac: F64  # (n,) round trip

    def __post_init__(self) -> None:
        for field in fields(self):
            if getattr(self, field.name).shape != self.entry.shape or self.entry.ndim != 1:
                raise ValueError(f"{field.name} must have the shape {self.entry.shape} of one axis")
        if not np.all((self.decision <= self.entry) & (self.entry <= self.last)):
            raise ValueError(
                "an order must be decided by its entry's bar, and that must not be behind its last"
            )
        if not np.all(self.cost_frac > 0):
            raise ValueError("cost_frac must be above 0, for no trade is free")


class StyleResult(NamedTuple):
    """What a style made of n orders."""

    net_frac: F64  # (n,) of a whole position's value, after costs; 0 where nothing was filled
    filled: F64  # (n,) part of the position that was filled


def style_result(
    path: PricePath, orders: StyledOrders, *, style: EntryStyle, rules: StyleRules
) -> StyleResult:
    """Return what orders make if all are entered in a style.

    * `enter_now`: at the open of the entry's bar.
    * `limit`: at the decision's close, the near bound of the entry range, in the first `wait_bars` bars that open at
      or beyond it, then at the open, or trade through it. A price that only touches it fills nobody: others stood first.
    * `wait_pullback`: the same at the close less `pullback_atr` ATR (for a short: plus).
    * `scale_in`: half as `enter_now`, half as `wait_pullback`.

    A position opened inside of a bar can be stopped in it but reaches no take-profit there, because the order inside
    the bar is unknown. Every fill pays the whole round trip, a limit's too.

    Shapes: orders of n; returns (n,) each.
    Units:  fractions of the fill's price, times the part that was filled.
    NaN:    an unknown ATR fills no pullback.
    Causal: a fill reads bars up to its own, an exit those up to its own.
    """
    if style == "enter_now":
        return _entered(path, orders, np.full(orders.entry.size, np.inf), wait_bars=1)
    if style == "limit":
        return _entered(path, orders, np.zeros(orders.entry.size), wait_bars=rules.wait_bars)
    back = _entered(path, orders, -rules.pullback_atr * orders.atr_frac, wait_bars=rules.wait_bars)
    if style == "wait_pullback":
        return back
    now = style_result(path, orders, style="enter_now", rules=rules)
    return StyleResult((now.net_frac + back.net_frac) / 2.0, (now.filled + back.filled) / 2.0)


def _entered(path: PricePath, orders: StyledOrders, beyond_frac: F64, *, wait_bars: int) -> StyleResult:
    """Return the results of limits that lie so far beyond the close; an infinite one takes the first open."""
    net, filled = np.zeros((2, orders.entry.size))
    columns = _Columns(
        orders.decision, orders.entry, orders.last, orders.sign, orders.take_profit_frac, orders.stop_loss_frac,
        orders.cost_frac, beyond_frac.astype(np.float64),
    )  # fmt: skip
    _fill_results(path, columns, wait_bars, net, filled)
    return StyleResult(net, filled)


class _Columns(NamedTuple):
    """Orders as the loop reads them; all (n,)."""

    decision: I64
    entry: I64
    last: I64
    sign: F64
    take_profit_frac: F64
    stop_loss_frac: F64
    cost_frac: F64
    beyond_frac: F64


class _Fill(NamedTuple):
    """Where an order was filled."""

    bar: int  # -1: nowhere
    price: float  # as the bars have it
    at_open: bool


@borrowing_njit
def _fill_results(path: PricePath, orders: _Columns, wait_bars: int, net: F64, filled: F64) -> None:
    for row in range(net.size):
        entry, last, sign = orders.entry[row], orders.last[row], orders.sign[row]
        close = path.close[orders.decision[row]] - path.paid[orders.decision[row]]
        limit = close * (1.0 + sign * orders.beyond_frac[row])
        until = min(last, entry + wait_bars - 1)
        fill = _first_fill(path, entry, until, sign, limit)
        if fill.bar < 0:
            continue
        opened = path.open[entry] - path.paid[entry]
        take_profit = path.open[entry] + sign * opened * orders.take_profit_frac[row]
        stop_loss = path.open[entry] - sign * opened * orders.stop_loss_frac[row]
        out = _exit_price(path, fill, last, sign, take_profit, stop_loss, opened * TOUCH_SLACK_FRAC)
        moved = sign * (out - fill.price - path.paid[fill.bar])
        net[row] = moved / fill.price - orders.cost_frac[row]
        filled[row] = 1.0


@inlined_borrowing_njit
def _first_fill(path: PricePath, first: int, until: int, sign: float, limit: float) -> _Fill:
    for bar in range(first, until + 1):
        opened = path.open[bar] - path.paid[bar]
        if sign * (opened - limit) <= 0.0:
            return _Fill(bar, opened, True)
        nearest = (path.low[bar] if sign > 0 else path.high[bar]) - path.paid[bar]
        if sign * (nearest - limit) < -limit * TOUCH_SLACK_FRAC:
            return _Fill(bar, limit, False)
    return _Fill(-1, 0.0, False)


@inlined_borrowing_njit
def _exit_price(
    path: PricePath, fill: _Fill, last: int, sign: float, take_profit: float, stop_loss: float, slack: float
) -> float:
    """Return the lifted price at which a position is closed, by the rules of `barriers.first_exit`."""
    out: float = path.close[last]
    for bar in range(fill.bar, last + 1):
        whole = fill.at_open or bar > fill.bar
        opened: float = path.open[bar]
        if whole and (sign * (opened - take_profit) >= -slack or sign * (opened - stop_loss) <= slack):
            return opened
        worst, best = (path.low[bar], path.high[bar]) if sign > 0 else (path.high[bar], path.low[bar])
        if sign * (worst - stop_loss) <= slack:
            return stop_loss
        if whole and sign * (best - take_profit) >= -slack:
            return take_profit
    return out
