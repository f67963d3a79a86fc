"""Labels by the plainest code that can be written: exact fractions, one bar after another.

`mutation` plants one known mistake; the tests show that each of them would be noticed.
"""

from __future__ import annotations

import bisect
import math
import statistics
from fractions import Fraction

from market.contracts import Bars
from modeling.contracts import BarrierLabelSet, ClassLabelSet, RowRules
from modeling.kernels.label_windows import RowInputs

MUTATIONS = (
    "entry ignores the lag",
    "both barriers count as profit",
    "dividends are ignored",
    "gaps fill at the barrier",
    "halts are ignored",
    "halts within a day are ignored",
    "nights are halts within a day",
    "window is longer by one",
    "window ends before the entry's own length",
    "window goes on after its day",
    "timeout with a profit is a hit",
    "a complete window needs no later bar",
    "split guard is ignored",
    "volume of the entry is ignored",
    "auctions are ignored",
    "auction of the entry is ignored",
    "turnover is ignored",
    "unknown turnover is enough",
    "spread is ignored",
    "levels are those of the entry's bar",
    "levels are parts of the decision's close",
    "a stop of the whole price is a level",
    "the entry's bar cannot exit",
    "the exit's bar counts whole",
)


def exact(x: float) -> Fraction:
    return Fraction(str(float(x)))


def is_behind(bars: Bars, rules: RowRules, horizon: str, t: int, entry: int | None, j: int) -> bool:
    """Return whether bar `j`, which comes after `t`, lies behind the window of row `t`."""
    if (rules.within_day or horizon == "eod") and bars.trading_day[j] > bars.trading_day[t]:
        return True
    if horizon.endswith("bars"):
        return j > t + int(horizon[:-4])
    if horizon.endswith("d") and horizon != "eod":
        return bool(bars.trading_day[j] > bars.trading_day[t] + int(horizon[:-1]))
    if horizon.endswith("min") and entry is not None:
        return bool(bars.begin_s[j] >= bars.begin_s[entry] + 60 * int(horizon[:-3]))
    return False


def halted(bars: Bars, rules: RowRules, j: int, mutation: str) -> bool:
    """Return whether trading halted before bar `j`."""
    gap_s = bars.begin_s[j] - bars.begin_s[j - 1]
    same_day = bars.trading_day[j] == bars.trading_day[j - 1] or mutation == "nights are halts within a day"
    if mutation == "halts within a day are ignored":
        same_day = False
    if rules.max_gap_min is not None and same_day and gap_s > 60 * rules.max_gap_min:
        return True
    return bool(gap_s > rules.max_gap_days * 86_400)


def row_window(
    bars: Bars, rules: RowRules, horizon: str, t: int, mutation: str
) -> tuple[bool, int | None, int]:
    """Return whether the window is complete, the entry and the window's last bar."""
    n = len(bars)
    lag_s = 0 if mutation == "entry ignores the lag" else 60 * rules.data_lag_min
    earliest = bars.begin_s[t] + 60 * bars.timeframe.minutes + lag_s
    entry = next((j for j in range(t + 1, n) if bars.begin_s[j] >= earliest), None)
    if isinstance(rules, ClassLabelSet):
        entry = t
    from_bar = t if mutation == "window ends before the entry's own length" else entry
    behind = [j for j in range(t + 1, n) if is_behind(bars, rules, horizon, t, from_bar, j)]
    if mutation == "window goes on after its day" and behind:
        behind = behind[1:]
    complete = bool(behind) or mutation == "a complete window needs no later bar"
    complete |= horizon.endswith("bars") and t + int(horizon[:-4]) < n
    last = (behind[0] if behind else n) - 1 + (mutation == "window is longer by one")
    return complete and t + rules.split_guard_bars < n and last < n, entry, last


def row_state(
    bars: Bars, rules: RowRules, inputs: RowInputs, horizon: str, t: int, mutation: str = ""
) -> tuple[str, int, int]:
    """Return (state, entry, last) of a row, before its levels are looked at."""
    complete, entry, last = row_window(bars, rules, horizon, t, mutation)
    if not complete:
        return "incomplete_window", -1, -1
    if entry is None or entry > last:
        return "no_entry", -1, -1
    if mutation != "halts are ignored" and any(
        halted(bars, rules, j, mutation) for j in range(t + 1, last + 1)
    ):
        return "halt", -1, -1
    guard = 0 if mutation == "split guard is ignored" else rules.split_guard_bars
    for j in range(1, len(bars)):
        if bars.split_factor[j] != bars.split_factor[j - 1] and j - guard <= t < j + guard:
            return "split_neighbour", -1, -1
    at = t if mutation == "volume of the entry is ignored" else entry
    if bars.volume_shares[t] <= 0 or bars.volume_shares[at] <= 0:
        return "zero_volume", -1, -1
    at = t if mutation == "auction of the entry is ignored" else entry
    if (
        rules.skip_auctions
        and mutation != "auctions are ignored"
        and (inputs.auction[t] or inputs.auction[at])
    ):
        return "auction", -1, -1
    turnover, least = inputs.median_turnover_rub[t], rules.min_median_turnover_rub
    unknown = math.isnan(turnover) and mutation != "unknown turnover is enough"
    if least > 0 and mutation != "turnover is ignored" and (unknown or turnover < least):
        return "illiquid", -1, -1
    return "labelled", entry, last


def levels(
    bars: Bars, spec: BarrierLabelSet, inputs: RowInputs, t: int, entry: int, mutation: str
) -> tuple[Fraction, Fraction] | str:
    """Return take-profit and stop as parts of the entry price, or why the row has none."""
    unit = Fraction(1)
    if spec.barrier_unit == "atr_14":
        atr_frac = float(inputs.atr_frac[entry if mutation == "levels are those of the entry's bar" else t])
        if math.isnan(atr_frac):
            return "no_levels"
        unit = exact(atr_frac)
    take_profit, stop_loss = exact(spec.take_profit) * unit, exact(spec.stop_loss) * unit
    highest = 2 if mutation == "a stop of the whole price is a level" else 1
    if not (0 < take_profit < highest and 0 < stop_loss < highest):
        return "no_levels"
    spread = 0.0 if math.isnan(inputs.spread_frac[t]) else float(inputs.spread_frac[t])
    widest = exact(spec.max_spread_of_take_profit_frac) * take_profit
    if mutation != "spread is ignored" and exact(spread) > widest:
        return "wide_spread"
    if mutation == "levels are parts of the decision's close":
        part = exact(bars.close[t]) / exact(bars.open[entry])
        return take_profit * part, stop_loss * part
    return take_profit, stop_loss


def judge_bar(
    opened: Fraction, up: Fraction, down: Fraction, levels: tuple[Fraction, Fraction], mutation: str
) -> tuple[str, Fraction] | None:
    """Return (reason, gain) if a bar ends the trade; everything as gains in units of the entry price."""
    tp, sl = levels
    capped = mutation == "gaps fill at the barrier"
    if opened >= tp:
        return "take_profit", tp if capped else opened
    if opened <= -sl:
        return "stop_loss", -sl if capped else opened
    if down <= -sl and not (up >= tp and mutation == "both barriers count as profit"):
        return "stop_loss", -sl
    return ("take_profit", tp) if up >= tp else None


def side_outcome(
    bars: Bars, levels: tuple[Fraction, Fraction], entry: int, last: int, side: int, mutation: str = ""
) -> tuple[str, int, Fraction, Fraction, Fraction, Fraction]:
    """Return (reason, exit bar, exit price, gross, mfe, mae) of one side of one row."""
    price = exact(bars.open[entry])
    best = worst = paid = Fraction(0)
    for j in range(entry, last + 1):
        if j > entry and mutation != "dividends are ignored":
            paid += exact(bars.dividend_rub[j])
        opened, high, low, close = (
            side * (exact(prices[j]) + paid - price) / price
            for prices in (bars.open, bars.high, bars.low, bars.close)
        )
        up, down = max(high, low), min(high, low)
        best, worst = max(best, opened), min(worst, opened)
        verdict = judge_bar(opened, up, down, levels, mutation)
        if verdict is not None and not (mutation == "the entry's bar cannot exit" and j == entry):
            reason, gain = verdict
            if mutation == "the exit's bar counts whole":
                best, worst = max(best, up), min(worst, down)
            return reason, j, price + side * gain * price - paid, gain, max(best, gain), min(worst, gain)
        best, worst = max(best, up), min(worst, down)
    lucky = mutation == "timeout with a profit is a hit" and close > 0
    return "take_profit" if lucky else "timeout", last, exact(bars.close[last]), close, best, worst


def forward_moves(bars: Bars, entry: int, last: int) -> tuple[float, float]:
    price = bars.open[entry]
    total = (bars.close[last] + sum(bars.dividend_rub[entry + 1 : last + 1])) / price - 1
    returns = [bars.close[entry] / price - 1]
    returns += [
        (bars.close[j] + bars.dividend_rub[j]) / bars.close[j - 1] - 1 for j in range(entry + 1, last + 1)
    ]
    if len(returns) < 2:
        return total, float("nan")
    return total, statistics.stdev(returns) * len(returns) ** 0.5


def trailing(bars: Bars, t: int, window: int) -> float | None:
    """Return the standard deviation of the last returns, None where too few bars are known."""
    if t < window:
        return None
    return statistics.stdev(
        (bars.close[j] + bars.dividend_rub[j]) / bars.close[j - 1] - 1 for j in range(t - window + 1, t + 1)
    )


def direction(bars: Bars, spec: BarrierLabelSet, t: int, entry: int, last: int) -> int:
    volatility = trailing(bars, t, spec.trailing_bars)
    if volatility is None or volatility < 1e-9:
        return -1
    units = forward_moves(bars, entry, last)[0] / (volatility * (last - entry + 1) ** 0.5)
    return bisect.bisect_right(spec.direction_cuts, units)


def class_of(bars: Bars, spec: ClassLabelSet, t: int, last: int, mutation: str = "") -> str:
    """Return the class of a row whose window ends with bar `last`: down, up, sell, hold or buy."""
    paid = sum((exact(x) for x in bars.dividend_rub[t + 1 : last + 1]), Fraction(0))
    if mutation == "dividends are ignored":
        paid = Fraction(0)
    price = exact(bars.close[t])
    move = (exact(bars.close[last]) + paid - price) / price
    if spec.rule == "sign":
        return "up" if move > 0 else "down"
    threshold = exact(spec.threshold_frac)
    if spec.rule == "adaptive":
        end = last if mutation == "volatility is that of the window's end" else t
        volatility = trailing(bars, end, spec.trailing_bars)
        scaled = spec.base_frac if volatility is None else spec.multiplier * volatility * (last - t) ** 0.5
        threshold = exact(scaled)
        if volatility is not None and mutation != "threshold has no floor":
            threshold = max(threshold, exact(spec.threshold_frac))
    at_least = mutation == "a move on the threshold is beyond it"
    if move > threshold or (at_least and move == threshold):
        return "buy"
    return "sell" if move < -threshold else "hold"


def ranks(values: list[Fraction]) -> list[float]:
    """Return each value's rank from -1 to 1, equal ones at the mean of theirs."""
    count = len(values)
    below = [sum(other < value for other in values) for value in values]
    equal = [sum(other == value for other in values) for value in values]
    return [2 * (b + (e - 1) / 2) / (count - 1) - 1 for b, e in zip(below, equal, strict=True)]


def wilder_atr(bars: Bars, t: int, window: int) -> Fraction | None:
    """Return the average true range at row `t`, None where too few bars are known."""
    if t < window:
        return None
    average = Fraction(0)
    for j in range(1, t + 1):
        before = exact(bars.close[j - 1])
        span = max(exact(bars.high[j]), before) - min(exact(bars.low[j]), before)
        average = average + span / window if j <= window else (average * (window - 1) + span) / window
    return average
