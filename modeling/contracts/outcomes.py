"""What is asked of decisions whose window may have closed, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

OutcomeState = Literal["waiting", "traded", "no_trade", "void"]
Side = Literal["long", "short"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeAsked:
    """One decision of a share and horizon."""

    bar_begin: datetime  # of the bar at whose end it was made
    side: Side | None  # None: nothing was to be traded
    # Take-profit and stop as fractions of the entry price, where the order's are not the label set's.
    own_levels: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """How a trade ended; prices as traded at their time, fractions of the entry's price."""

    exit_reason: str  # take_profit, stop_loss or timeout
    entry_at: datetime
    exit_at: datetime  # end of the exit's bar
    entry_price: float
    exit_price: float
    bars_held: int
    gross_frac: float  # dividends credited to longs and charged to shorts
    net_frac: float
    r_multiple: float  # net, in units of the order's stop
    mfe_frac: float
    mae_frac: float
    cost_frac: float  # of the round trip


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionOutcome:
    """What became of one decision."""

    state: OutcomeState  # waiting: the window is not whole yet
    void_reason: str = ""  # one of label_windows.ROW_STATES, or no_bar
    window_end_at: datetime | None = None
    trade: Trade | None = None  # of a traded one


@dataclass(frozen=True, slots=True, kw_only=True)
class SideBase:
    """What all rows of a side made that carry labels, whatever was said of them."""

    side: Side
    rows: int
    days: int  # trading days with such a row
    hit_rate: float  # share that reached the take-profit first
    break_even: float  # hit rate at which their mean net result would be 0
    mean_r: float
    net_frac: float  # mean
