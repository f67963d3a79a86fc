"""The money of a virtual account, by the rules of the trading simulator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from market.contracts import BorrowTerm
from modeling.contracts import CostModel
from portfolio.contracts import PositionFacts, TradeFacts

_YEAR_DAYS = 365.0
_SLACK = 1e-9  # of the equity: money enough but for rounding is enough


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What an account is worth at a moment."""

    cash_rub: float
    equity_rub: float  # cash and positions, shorts negative
    gross_rub: float  # longs plus shorts


def cash_rub(capital_rub: float, trades: Sequence[TradeFacts]) -> float:
    """Return what is left of the capital after the trades and what they cost.

    Units:  RUB; dividends are not told of here.
    NaN:    not accepted.
    """
    flows = (
        (-1.0 if trade.side == "BUY" else 1.0) * trade.qty_shares * trade.price_rub - trade.commission_rub
        for trade in trades
    )
    return capital_rub + sum(flows)


def standing(cash: float, positions: Sequence[PositionFacts], prices_rub: Mapping[str, float]) -> Standing:
    """Return what an account is worth at some prices; a share without one counts at its average price.

    Units:  RUB for one share as of the positions' moment.
    NaN:    not accepted.
    """
    equity, gross = cash, 0.0
    for position in positions:
        value = position.qty_shares * prices_rub.get(position.secid, position.avg_price_rub)
        equity += value if position.is_long else -value
        gross += value
    return Standing(cash_rub=cash, equity_rub=equity, gross_rub=gross)


def has_room(
    now: Standing, *, held: float, traded: float, price_rub: float, cost_rub: float, max_gross_frac: float
) -> bool:
    """Return whether an account may make a trade: what makes no position larger always, else within the gross limit.

    Units:  shares, positive long and bought; RUB; `max_gross_frac` of the equity after what the trade costs.
    NaN:    not accepted.
    Source: the gross limit of `modeling.kernels.simulator`.
    """
    if abs(held + traded) <= abs(held):
        return True
    gross = now.gross_rub + (abs(held + traded) - abs(held)) * price_rub
    return gross <= max_gross_frac * (now.equity_rub - cost_rub) + _SLACK * abs(now.equity_rub)


def side_cost_rub(*, qty_shares: float, price_rub: float, price_step_rub: float, costs: CostModel) -> float:
    """Return what one side of a trade costs: fees, slippage and half the spread.

    Units:  RUB; the spread is the configured one, for none was measured.
    NaN:    not accepted.
    Source: half of `CostModel.round_trip_frac`, with which labels and the simulator reckon.
    """
    side_frac = costs.round_trip_frac(price_rub=price_rub, price_step_rub=price_step_rub) / 2.0
    return float(qty_shares * price_rub * side_frac)


def borrow_cost_rub(
    *, entry_value_rub: float, opened_on: date, closed_on: date, terms: Sequence[BorrowTerm]
) -> float:
    """Return what a short has paid for the shares it borrowed: for every midnight, on its value at the entry.

    Units:  RUB; Moscow days; a term holds from its day on, the first also before it.
    NaN:    not accepted.
    Raises: ValueError without terms.
    Source: `modeling.kernels.simulator_accounts`.
    """
    if not terms:
        raise ValueError("borrowing must have its terms, was empty; nobody lends for nothing")
    paid = 0.0
    for number in range((closed_on - opened_on).days):
        day = opened_on + timedelta(days=number)
        in_force = [term for term in terms if term.since is None or term.since <= day]
        paid += (in_force[-1] if in_force else terms[0]).year_frac / _YEAR_DAYS
    return entry_value_rub * paid
