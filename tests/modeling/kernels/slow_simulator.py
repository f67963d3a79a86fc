"""The trading simulator by the plainest code that can be written: exact fractions, one moment after another.

Shares, levels and prices are held as traded: a split multiplies the shares, a dividend lowers the levels. At every
moment bars end, the day ends, borrowing is paid, bars begin, and orders enter, in this order. `mutation` plants one
known mistake; the tests show that each of them would be noticed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction

from modeling.kernels.simulator_orders import FlatCost

MUTATIONS = (
    "gaps fill at the barrier",
    "both barriers count as profit",
    "barriers ignore dividends",
    "shorts keep the dividend",
    "splits leave the shares alone",
    "lots are rounded up",
    "fills ignore the step",
    "levels are rounded to profit",
    "weekends borrow for nothing",
    "the first rate of borrowing holds for ever",
    "an exit frees its place before it happens",
    "the exit's costs are those of the entry",
    "stakes never grow",
    "the lower priority goes first",
    "the gross limit is ignored",
    "positions stand at their entry",
    "orders never lapse",
    "the end of data is a timeout",
    "two positions in one share",
    "the measured spread is ignored",
    "an exit at the open waits for the bar's end",
)
MOSCOW_S, DAY_S = 10_800, 86_400


def exact(x: float) -> Fraction:
    return Fraction(str(float(x)))


@dataclass
class Position:
    order: int
    instrument: int
    side: int
    lots: int
    shares: Fraction
    price: Fraction
    entry_bar: int
    entry_s: int
    above: Fraction | None  # levels as traded now
    below: Fraction | None
    value: Fraction  # at the entry
    worth: Fraction  # at the last close, negative for a short
    factor: Fraction
    fees: Fraction = Fraction(0)
    slippage: Fraction = Fraction(0)
    borrow: Fraction = Fraction(0)
    dividend: Fraction = Fraction(0)
    pending: Fraction = Fraction(0)  # dividends of a bar that has not ended


@dataclass
class SlowMarket:
    instruments: list
    orders: object
    rules: object
    mutation: str = ""
    cash: Fraction = Fraction(0)
    turnover: Fraction = Fraction(0)
    positions: list = field(default_factory=list)
    trades: list = field(default_factory=list)
    days: list = field(default_factory=list)
    fates: dict = field(default_factory=dict)

    def traded(self, i: int, name: str, bar: int) -> Fraction:
        bars = self.instruments[i].bars
        return exact(getattr(bars, name)[bar]) / exact(bars.split_factor[bar])

    def equity(self) -> Fraction:
        return self.cash + sum(position.worth for position in self.positions)

    def side_cost(self, order: int, value: Fraction, shares: Fraction) -> tuple[Fraction, Fraction]:
        costs = self.rules.costs
        if isinstance(costs, FlatCost):
            return value * exact(costs.round_trip_bp) / 20_000, Fraction(0)
        step = exact(self.instruments[int(self.orders.instrument[order])].price_step_rub)
        measured = self.orders.half_spread_frac[order]
        spread = exact(costs.half_spread_bp) / 10_000
        if not math.isnan(measured) and self.mutation != "the measured spread is ignored":
            spread = max(spread, exact(measured))
        fee = exact(costs.exchange_fee_frac) + exact(costs.broker_fee_frac)
        slippage = value * (exact(costs.slippage_bp) / 10_000 + spread)
        return value * fee, slippage + exact(costs.slippage_steps) * step * shares

    def leave(self, position: Position, bar: int, price: Fraction, reason: str, moment: int, at_open: bool):
        value = position.shares * price
        charged = position.value if self.mutation == "the exit's costs are those of the entry" else value
        fees, slippage = self.side_cost(position.order, charged, position.shares)
        dividend = position.dividend + position.pending
        self.cash += position.side * value - fees - slippage + position.pending
        self.turnover += value
        gross = position.side * (value - position.value) + dividend
        fees, slippage = fees + position.fees, slippage + position.slippage
        self.trades.append(
            {
                "order": position.order, "instrument": position.instrument, "side": position.side,
                "entry_bar": position.entry_bar, "exit_bar": bar, "entry_s": position.entry_s, "exit_s": moment,
                "at_open": at_open, "reason": reason, "lots": position.lots, "entry_price_rub": position.price,
                "exit_price_rub": price, "gross_rub": gross, "dividend_rub": dividend, "fees_rub": fees,
                "slippage_rub": slippage, "borrow_rub": position.borrow,
                "net_rub": gross - fees - slippage - position.borrow,
            }
        )  # fmt: skip
        self.positions.remove(position)

    def fill(self, position: Position, level: Fraction) -> Fraction:
        step = exact(self.instruments[position.instrument].price_step_rub)
        if not step or self.mutation == "fills ignore the step":
            return level
        return step * (math.floor(level / step) if position.side > 0 else math.ceil(level / step))

    def end_bar(self, i: int, bar: int, moment: int) -> None:
        """Settle what happened inside a bar and at its close."""
        for position in [each for each in self.positions if each.instrument == i]:
            position.dividend += position.pending
            self.cash += position.pending
            position.pending = Fraction(0)
            high, low, close = (self.traded(i, name, bar) for name in ("high", "low", "close"))
            up = position.above is not None and high >= position.above
            down = position.below is not None and low <= position.below
            profit, loss = (up, down) if position.side > 0 else (down, up)
            if profit and loss and self.mutation == "both barriers count as profit":
                loss = False
            final = min(int(self.orders.last_bar[position.order]), len(self.instruments[i].bars) - 1)
            if profit or loss:
                level = position.above if (position.side > 0) == (not loss) else position.below
                reason = "stop_loss" if loss else "take_profit"
                self.leave(position, bar, self.fill(position, level), reason, moment, False)
            elif bar == final:
                beyond = int(self.orders.last_bar[position.order]) > final
                lie = self.mutation == "the end of data is a timeout"
                reason = "data_end" if beyond and not lie else "timeout"
                self.leave(position, bar, close, reason, moment, False)
            elif self.mutation != "positions stand at their entry":
                position.worth = position.side * position.shares * close

    def begin_bar(self, i: int, bar: int, moment: int) -> None:
        """Carry positions over a split and a dividend; let those out that the open carries over a barrier."""
        bars = self.instruments[i].bars
        for position in [each for each in self.positions if each.instrument == i]:
            factor = exact(bars.split_factor[bar])
            ratio, position.factor = factor / position.factor, factor
            if self.mutation != "splits leave the shares alone":
                position.shares *= ratio
            dividend = exact(bars.dividend_rub[bar]) / factor
            if position.side > 0 or self.mutation != "shorts keep the dividend":
                position.pending = position.side * position.shares * dividend
            moved = Fraction(0) if self.mutation == "barriers ignore dividends" else dividend
            position.above = None if position.above is None else position.above / ratio - moved
            position.below = None if position.below is None else position.below / ratio - moved
            opened = self.traded(i, "open", bar)
            up = position.above is not None and opened >= position.above
            down = position.below is not None and opened <= position.below
            if up or down:
                reason = "take_profit" if up == (position.side > 0) else "stop_loss"
                if self.mutation == "gaps fill at the barrier":
                    opened = self.fill(position, position.above if up else position.below)
                if self.mutation == "an exit at the open waits for the bar's end":
                    moment = int(bars.known_s[bar])
                self.leave(position, bar, opened, reason, moment, True)

    def pay_borrowing(self, day: int) -> None:
        if self.mutation == "weekends borrow for nothing" and (day + 3) % 7 >= 5:
            return
        rates = self.rules.borrow_rates
        rate = [each for each in rates if each.since_day <= day][-1:] or [rates[0]]
        if self.mutation == "the first rate of borrowing holds for ever":
            rate = [rates[0]]
        for position in self.positions:
            if position.side < 0:
                paid = position.value * exact(rate[0].year_frac) / 365
                position.borrow += paid
                self.cash -= paid

    def refusal(self, order: int, moment: int) -> str:
        o, i, bar = self.orders, int(self.orders.instrument[order]), int(self.orders.entry_bar[order])
        instrument = self.instruments[i]
        wait_s = moment - int(instrument.bars.known_s[int(o.decision_bar[order])])
        if o.side[order] < 0 and not instrument.shortable:
            return "not_shortable"
        if wait_s > self.rules.max_wait_days * DAY_S and self.mutation != "orders never lapse":
            return "lapsed"
        if instrument.bars.volume_shares[bar] <= 0:
            return "no_volume"
        if self.mutation != "two positions in one share" and any(p.instrument == i for p in self.positions):
            return "in_position"
        return "no_place" if len(self.positions) >= self.rules.max_open else ""

    def levels(self, order: int, price: Fraction) -> tuple[Fraction | None, Fraction | None]:
        o, side = self.orders, int(self.orders.side[order])
        step = exact(self.instruments[int(o.instrument[order])].price_step_rub)
        down = (side > 0) != (self.mutation == "levels are rounded to profit")
        found = []
        for frac, towards in ((o.take_profit_frac[order], side), (o.stop_loss_frac[order], -side)):
            if math.isinf(frac):
                found.append(None)
                continue
            level = price * (1 + towards * exact(frac))
            found.append(
                level if not step else step * (math.floor(level / step) if down else math.ceil(level / step))
            )
        return (found[0], found[1]) if side > 0 else (found[1], found[0])

    def lots(self, order: int, lot_rub: Fraction, lot_size: int) -> tuple[int, str]:
        rules, equity = self.rules, self.equity()
        base = equity if rules.compounding else exact(rules.capital_rub)
        if self.mutation == "stakes never grow":
            base = exact(rules.capital_rub)
        stake = base * exact(rules.stake_frac) * exact(self.orders.size_factor[order])
        limit = self.orders.max_value_rub[order]
        rounded = math.ceil if self.mutation == "lots are rounded up" else math.floor
        if stake < lot_rub:
            return 0, "less_than_one_lot"
        lots = rounded(stake / lot_rub)
        if not math.isinf(limit):
            lots = min(lots, math.floor(exact(limit) / lot_rub))
        if lots == 0:
            return 0, "illiquid"
        gross, most = sum(abs(p.worth) for p in self.positions), exact(rules.max_gross_frac)
        lot_cost = sum(self.side_cost(order, lot_rub, Fraction(lot_size)))
        while lots and gross + lots * lot_rub > most * (equity - lots * lot_cost):
            if self.mutation == "the gross limit is ignored":
                break
            lots -= 1
        return lots, "filled" if lots else "gross_limit"

    def enter(self, order: int, moment: int) -> str:
        refused = self.refusal(order, moment)
        if refused:
            return refused
        o, i, bar = self.orders, int(self.orders.instrument[order]), int(self.orders.entry_bar[order])
        side, price, lot_size = int(o.side[order]), self.traded(i, "open", bar), self.instruments[i].lot_size
        above, below = self.levels(order, price)
        if (above is not None and above <= price) or (below is not None and below >= price):
            return "barrier_within_step"
        lots, fate = self.lots(order, price * lot_size, lot_size)
        if lots == 0:
            return fate
        shares = Fraction(lots * lot_size)
        value = shares * price
        fees, slippage = self.side_cost(order, value, shares)
        self.cash -= side * value + fees + slippage
        self.turnover += value
        factor = exact(self.instruments[i].bars.split_factor[bar])
        self.positions.append(
            Position(
                order, i, side, lots, shares, price, bar, moment, above, below, value, side * value, factor, fees,
                slippage,
            )
        )  # fmt: skip
        return fate

    def mark(self) -> None:
        worth = [position.worth for position in self.positions]
        self.days.append(
            {
                "equity_rub": self.equity(), "cash_rub": self.cash, "positions_rub": sum(worth),
                "gross_rub": sum(map(abs, worth)), "turnover_rub": self.turnover, "open_positions": len(worth),
            }
        )  # fmt: skip
        self.turnover = Fraction(0)

    def run(self, calendar: list[int]) -> None:
        all_bars = [instrument.bars for instrument in self.instruments]
        self.cash = exact(self.rules.capital_rub)
        midnights = {(day + 1) * DAY_S - MOSCOW_S: day for day in range(calendar[0], calendar[-1] + 1)}
        moments = set(midnights)
        for bars in all_bars:
            moments |= set(bars.begin_s.tolist()) | set(bars.known_s.tolist())
        begins = [{int(s): bar for bar, s in enumerate(bars.begin_s)} for bars in all_bars]
        ends = [{int(s): bar for bar, s in enumerate(bars.known_s)} for bars in all_bars]
        for moment in sorted(moments):
            for i, bar in enumerate(each.get(moment) for each in ends):
                if bar is not None:
                    self.end_bar(i, bar, moment)
            if moment in midnights:
                if midnights[moment] in calendar:
                    self.mark()
                self.pay_borrowing(midnights[moment])
            for i, bar in enumerate(each.get(moment) for each in begins):
                if bar is not None:
                    self.begin_bar(i, bar, moment)
            self.enter_all([each.get(moment) for each in begins], moment)

    def enter_all(self, bars: list[int | None], moment: int) -> None:
        if self.mutation == "an exit frees its place before it happens":
            for i, bar in enumerate(bars):
                if bar is not None:
                    self.end_bar(i, bar, moment)
        o, sign = self.orders, 1 if self.mutation == "the lower priority goes first" else -1
        waiting = [row for row in range(len(o)) if bars[int(o.instrument[row])] == int(o.entry_bar[row])]
        for row in sorted(waiting, key=lambda row: (sign * o.priority[row], row)):
            self.fates[row] = self.enter(row, moment)


def simulate_slowly(instruments, orders, rules, calendar, mutation: str = "") -> SlowMarket:
    slow = SlowMarket(instruments, orders, rules, mutation)
    slow.run([int(day) for day in calendar])
    slow.trades.sort(key=lambda trade: (trade["entry_s"], -orders.priority[trade["order"]], trade["order"]))
    return slow
