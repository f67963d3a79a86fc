"""Barrier labels by the plainest code that can be written: exact fractions, one bar after another.

`mutation` plants one known mistake; the tests show that each of them would be noticed.
"""

from __future__ import annotations

import bisect
import statistics
from fractions import Fraction

from market.contracts import Bars
from modeling.contracts import BarrierLabelSet

MUTATIONS = (
    "entry ignores the lag",
    "both barriers count as profit",
    "dividends are ignored",
    "gaps fill at the barrier",
    "halts are ignored",
    "window is a day longer",
    "timeout with a profit is a hit",
)


def exact(x: float) -> Fraction:
    return Fraction(str(float(x)))


def row_state(bars: Bars, spec: BarrierLabelSet, days: int, t: int, mutation: str) -> tuple[str, int, int]:
    n = len(bars)
    limit = bars.trading_day[t] + days + (mutation == "window is a day longer")
    if not any(bars.trading_day[j] > limit for j in range(t + 1, n)):
        return "incomplete_window", -1, -1
    last = max(j for j in range(t, n) if bars.trading_day[j] <= limit)
    lag_s = 0 if mutation == "entry ignores the lag" else 60 * spec.data_lag_min
    earliest = bars.begin_s[t] + 60 * bars.timeframe.minutes + lag_s
    entries = [j for j in range(t + 1, last + 1) if bars.begin_s[j] >= earliest]
    if not entries:
        return "no_entry", -1, -1
    gaps = [bars.begin_s[j] - bars.begin_s[j - 1] for j in range(t + 1, last + 1)]
    if mutation != "halts are ignored" and max(gaps) > spec.max_gap_days * 86_400:
        return "halt", -1, -1
    guard = spec.split_guard_bars
    for j in range(max(1, t - guard), min(n, t + guard + 1)):
        if bars.split_factor[j] != bars.split_factor[j - 1] and j - guard <= t < j + guard:
            return "split_neighbour", -1, -1
    if bars.volume_shares[t] <= 0 or bars.volume_shares[entries[0]] <= 0:
        return "zero_volume", -1, -1
    return "labelled", entries[0], last


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
    bars: Bars, spec: BarrierLabelSet, entry: int, last: int, side: int, mutation: str
) -> tuple[str, int, Fraction, Fraction, Fraction, Fraction]:
    """Return (reason, exit bar, exit price, gross, mfe, mae) of one side of one row."""
    price = exact(bars.open[entry])
    levels = (exact(spec.take_profit), exact(spec.stop_loss))
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
        if verdict is not None:
            reason, gain = verdict
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


def direction(bars: Bars, spec: BarrierLabelSet, t: int, entry: int, last: int) -> int:
    if t < spec.trailing_bars:
        return -1
    past = [
        (bars.close[j] + bars.dividend_rub[j]) / bars.close[j - 1] - 1
        for j in range(t - spec.trailing_bars + 1, t + 1)
    ]
    trailing = statistics.stdev(past)
    if trailing < 1e-9:
        return -1
    units = forward_moves(bars, entry, last)[0] / (trailing * (last - entry + 1) ** 0.5)
    return bisect.bisect_right(spec.direction_cuts, units)
