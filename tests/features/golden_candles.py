"""Candle patterns and structure a second time: plain loops, the patterns as TA-Lib's documentation tells them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

from tests.features.golden import Frame, Slow

Values: TypeAlias = list[float]
NAN = math.nan
# TA-Lib's defaults: what is averaged, over how many bars before, times which factor.
SETTINGS = {
    "body_long": ("body", 10, 1.0),
    "body_short": ("body", 10, 1.0),
    "body_doji": ("range", 10, 0.1),
    "shadow_long": ("body", 0, 1.0),
    "shadow_very_short": ("range", 10, 0.1),
    "near": ("range", 5, 0.2),
}


# By the frame's id, with the frame, so that no other one gets it. Not in its `attrs`: pandas copies those for each column.
_MEMO: dict[tuple[int, str], tuple[Frame, Any]] = {}


def _once(f: Frame, name: str, make: Callable[[], Any]) -> Any:
    if (id(f), name) not in _MEMO:
        _MEMO[id(f), name] = (f, make())
    return _MEMO[id(f), name][1]


class Candles:
    """Single candles, and the means that they are compared with."""

    def __init__(self, f: Frame) -> None:
        self.o, self.h, self.low, self.c = (
            [float(x) for x in f[name]] for name in ("open", "high", "low", "close")
        )
        self._means: dict[tuple[str, int, int], Values] = {}

    def body(self, i: int) -> float:
        return abs(self.c[i] - self.o[i])

    def top(self, i: int) -> float:
        return max(self.c[i], self.o[i])

    def bottom(self, i: int) -> float:
        return min(self.c[i], self.o[i])

    def upper(self, i: int) -> float:
        return self.h[i] - self.top(i)

    def lower(self, i: int) -> float:
        return self.bottom(i) - self.low[i]

    def color(self, i: int) -> int:
        return 1 if self.c[i] >= self.o[i] else -1

    def mean(self, setting: str, i: int, *, start: int, back: int = 0) -> float:
        """Return the mean for candle i - back, of the candles before it; the first one asked for is bar `start`."""
        what, period, factor = SETTINGS[setting]
        if period == 0:
            return factor * self.body(i - back)
        key = (setting, start, back)
        if key not in self._means:
            self._means[key] = self._running(what, period, factor, start, back)
        return self._means[key][i]

    def _running(self, what: str, period: int, factor: float, start: int, back: int) -> Values:
        def size(i: int) -> float:
            return self.body(i) if what == "body" else self.h[i] - self.low[i]

        out = [NAN] * len(self.c)
        for i in range(start, len(self.c)):
            out[i] = factor * (by_doubling([size(j - back) for j in range(i - period, i)]) / period)
        return out


def by_doubling(values: Values) -> float:
    """Return the sum, added up as the kernel does it: whether a body equals its mean is a matter of the last bit."""
    total, width = 0.0, 1
    while values:
        if len(values) // width % 2:
            parts, values = values[:width], values[width:]
            while len(parts) > 1:
                parts = [parts[k] + parts[k + 1] for k in range(0, len(parts), 2)]
            total += parts[0]
        width *= 2
    return total


Pattern: TypeAlias = Callable[[Candles, int], int]


def _doji(k: Candles, i: int) -> int:
    return int(k.body(i) <= k.mean("body_doji", i, start=10))


def _dragonfly(k: Candles, i: int) -> int:
    tiny = k.mean("shadow_very_short", i, start=10)
    return int(bool(_doji(k, i)) and k.upper(i) < tiny < k.lower(i))


def _gravestone(k: Candles, i: int) -> int:
    tiny = k.mean("shadow_very_short", i, start=10)
    return int(bool(_doji(k, i)) and k.lower(i) < tiny < k.upper(i))


def _spinning_top(k: Candles, i: int) -> int:
    small = k.body(i) < k.mean("body_short", i, start=10)
    return k.color(i) if small and k.upper(i) > k.body(i) < k.lower(i) else 0


def _marubozu(k: Candles, i: int) -> int:
    tiny = k.mean("shadow_very_short", i, start=10)
    long = k.body(i) > k.mean("body_long", i, start=10)
    return k.color(i) if long and k.upper(i) < tiny and k.lower(i) < tiny else 0


def _belt_hold(k: Candles, i: int) -> int:
    shadow = k.lower(i) if k.color(i) == 1 else k.upper(i)
    bare = shadow < k.mean("shadow_very_short", i, start=10)
    return k.color(i) if bare and k.body(i) > k.mean("body_long", i, start=10) else 0


def _small_with_one_shadow(k: Candles, i: int, long: float, short: float) -> bool:
    small = k.body(i) < k.mean("body_short", i, start=11)
    return (
        small
        and long > k.mean("shadow_long", i, start=11)
        and short < k.mean("shadow_very_short", i, start=11)
    )


def _hammer(k: Candles, i: int) -> int:
    low = k.bottom(i) <= k.low[i - 1] + k.mean("near", i, start=11, back=1)
    return int(low and _small_with_one_shadow(k, i, k.lower(i), k.upper(i)))


def _hanging_man(k: Candles, i: int) -> int:
    high = k.bottom(i) >= k.h[i - 1] - k.mean("near", i, start=11, back=1)
    return -int(high and _small_with_one_shadow(k, i, k.lower(i), k.upper(i)))


def _inverted_hammer(k: Candles, i: int) -> int:
    gap = k.top(i) < k.bottom(i - 1)
    return int(gap and _small_with_one_shadow(k, i, k.upper(i), k.lower(i)))


def _shooting_star(k: Candles, i: int) -> int:
    gap = k.bottom(i) > k.top(i - 1)
    return -int(gap and _small_with_one_shadow(k, i, k.upper(i), k.lower(i)))


def _engulfing(k: Candles, i: int) -> int:
    """The body of the other colour holds the one before; one end, not both, may be the same."""
    holds = k.top(i) >= k.top(i - 1) and k.bottom(i) <= k.bottom(i - 1)
    same = k.top(i) == k.top(i - 1) and k.bottom(i) == k.bottom(i - 1)
    return k.color(i) if k.color(i) != k.color(i - 1) and holds and not same else 0


def _harami(k: Candles, i: int) -> int:
    long = k.body(i - 1) > k.mean("body_long", i, start=11, back=1)
    short = k.body(i) <= k.mean("body_short", i, start=11)
    held = k.top(i) <= k.top(i - 1) and k.bottom(i) >= k.bottom(i - 1)
    return -k.color(i - 1) if long and short and held else 0


def _doji_star(k: Candles, i: int) -> int:
    long = k.body(i - 1) > k.mean("body_long", i, start=11, back=1)
    doji = k.body(i) <= k.mean("body_doji", i, start=11)
    up = k.color(i - 1) == 1 and k.bottom(i) > k.top(i - 1)
    down = k.color(i - 1) == -1 and k.top(i) < k.bottom(i - 1)
    return -k.color(i - 1) if long and doji and (up or down) else 0


def _piercing(k: Candles, i: int) -> int:
    long = k.body(i - 1) > k.mean("body_long", i, start=11, back=1) and k.body(i) > k.mean(
        "body_long", i, start=11
    )
    turn = k.color(i - 1) == -1 and k.color(i) == 1 and k.o[i] < k.low[i - 1]
    return int(long and turn and k.o[i - 1] > k.c[i] > k.c[i - 1] + 0.5 * k.body(i - 1))


def _dark_cloud(k: Candles, i: int) -> int:
    long = k.body(i - 1) > k.mean("body_long", i, start=11, back=1)
    turn = k.color(i - 1) == 1 and k.color(i) == -1 and k.o[i] > k.h[i - 1]
    return -int(long and turn and k.o[i - 1] < k.c[i] < k.c[i - 1] - 0.5 * k.body(i - 1))


def _three_inside(k: Candles, i: int) -> int:
    long = k.body(i - 2) > k.mean("body_long", i, start=12, back=2)
    short = k.body(i - 1) <= k.mean("body_short", i, start=12, back=1)
    held = k.top(i - 1) < k.top(i - 2) and k.bottom(i - 1) > k.bottom(i - 2)
    first = k.color(i - 2)
    beyond = k.c[i] < k.o[i - 2] if first == 1 else k.c[i] > k.o[i - 2]
    return -first if long and short and held and k.color(i) == -first and beyond else 0


def _three_outside(k: Candles, i: int) -> int:
    """The second body is beyond both ends of the first, of the other colour; the third closes further on."""
    second = k.color(i - 1)
    holds = k.top(i - 1) > k.top(i - 2) and k.bottom(i - 1) < k.bottom(i - 2)
    further = (k.c[i] - k.c[i - 1]) * second > 0
    return second if k.color(i - 2) == -second and holds and further else 0


def _star(k: Candles, i: int, first: int) -> int:
    long = k.body(i - 2) > k.mean("body_long", i, start=12, back=2)
    short = k.body(i - 1) <= k.mean("body_short", i, start=12, back=1)
    third = k.body(i) > k.mean("body_short", i, start=12)
    up, down = k.bottom(i - 1) > k.top(i - 2), k.top(i - 1) < k.bottom(i - 2)
    deep = (k.c[i] - k.c[i - 2]) * -first > 0.3 * k.body(i - 2)
    turn = k.color(i - 2) == first and k.color(i) == -first
    return -first if long and short and third and turn and deep and (up if first == 1 else down) else 0


def _hikkake(k: Candles, i: int) -> int:
    """A bar inside the one before, a break out of it; or the break the other way within three bars after."""

    def broke(at: int) -> int:
        inside = k.h[at - 1] < k.h[at - 2] and k.low[at - 1] > k.low[at - 2]
        if inside and k.h[at] < k.h[at - 1] and k.low[at] < k.low[at - 1]:
            return 1
        return -1 if inside and k.h[at] > k.h[at - 1] and k.low[at] > k.low[at - 1] else 0

    if broke(i):
        return broke(i)
    at = next((at for at in (i - 1, i - 2, i - 3) if at >= 2 and broke(at)), None)
    if at is None:
        return 0

    def back(now: int) -> bool:
        return k.c[now] > k.h[at - 1] if broke(at) == 1 else k.c[now] < k.low[at - 1]

    return broke(at) if back(i) and not any(back(now) for now in range(at + 1, i)) else 0


def _pattern(lookback: int, of: Pattern) -> Slow:
    def slow(f: Frame) -> Any:
        candles = _once(f, "candles", lambda: Candles(f))
        return [NAN if i < lookback else float(of(candles, i)) for i in range(len(f))]

    return slow


def atr_of(f: Frame) -> Values:
    """Return Wilder's average true range of 14 bars."""
    return list(_once(f, "atr", lambda: _wilder(list(f.high), list(f.low), list(f.close))))


def _wilder(high: Values, low: Values, close: Values) -> Values:
    spans = [NAN]
    spans += [max(high[t], close[t - 1]) - min(low[t], close[t - 1]) for t in range(1, len(close))]
    out = [NAN] * len(close)
    for t in range(14, len(close)):
        out[t] = sum(spans[1:15]) / 14 if t == 14 else (13 * out[t - 1] + spans[t]) / 14
    return out


def _over(above: float, below: float) -> float:
    return above / below if below > 0.0 else NAN


def _nested(is_so: Callable[[float, float, float, float], bool]) -> Slow:
    """Return a column of whether high and low before and high and low now are so."""

    def slow(f: Frame) -> Values:
        high, low = list(f.high), list(f.low)
        return [NAN, *(float(is_so(high[t - 1], low[t - 1], high[t], low[t])) for t in range(1, len(f)))]

    return slow


def _gap(f: Frame, *, night: bool) -> Values:
    atr, out = atr_of(f), [NAN] * len(f)
    opens, closes, days = list(f.open), list(f.close), list(f.day)
    first = {day: days.index(day) for day in set(days)}
    for t in range(1, len(f)):
        # Over night the day's first bar counts for all of its bars.
        at = first[days[t]] if night else t
        if at > 0 and (night or days[t] == days[t - 1]):
            out[t] = _over(opens[at] - closes[at - 1], atr[at - 1])
    return out


def _run(f: Frame) -> Values:
    closes, out = list(f.close), [NAN] * len(f)
    for t in range(20, len(f)):
        moves = [(closes[i] > closes[i - 1]) - (closes[i] < closes[i - 1]) for i in range(t - 19, t + 1)]
        length = next((k for k in range(20) if moves[19 - k] != moves[19]), 20)
        out[t] = float(length * moves[19])
    return out


def is_daily(f: Frame) -> bool:
    """Return whether the bars are as long as a day."""
    return bool(f["at"].diff().dt.total_seconds().min() >= 20 * 3600)


def _pivot(f: Frame, line: Callable[[float, float, float], float]) -> Values:
    atr, out = atr_of(f), [NAN] * len(f)
    days, high, low, close = list(f.day), list(f.high), list(f.low), list(f.close)
    rows: dict[int, list[int]] = {}
    for t, day in enumerate(days):
        rows.setdefault(day, []).append(t)
    order = sorted(rows)
    for place in range(1 if is_daily(f) else 2, len(order)):
        before = rows[order[place - 1]]
        level = line(max(high[t] for t in before), min(low[t] for t in before), close[before[-1]])
        for t in rows[order[place]]:
            out[t] = _over(close[t] - level, atr[t])
    return out


def _p(h: float, d: float, c: float) -> float:
    return (h + d + c) / 3


def _levels(f: Frame) -> list[list[float]]:
    """Return at each bar the newest 20 swing points whose bars all lie within the last 240."""
    return list(_once(f, "levels", lambda: _swing_points(list(f.high), list(f.low))))


def _swing_points(highs: Values, lows: Values) -> list[list[float]]:
    points: list[tuple[int, float]] = []
    for i in range(5, len(highs) - 5):
        before, after = range(i - 5, i), range(i + 1, i + 6)
        if all(highs[j] < highs[i] for j in before) and all(highs[j] <= highs[i] for j in after):
            points.append((i, highs[i]))
        if all(lows[j] > lows[i] for j in before) and all(lows[j] >= lows[i] for j in after):
            points.append((i, lows[i]))
    return [
        [level for i, level in points if t - 239 <= i - 5 and i + 5 <= t][-20:] for t in range(len(highs))
    ]


def _swing(f: Frame, *, above: bool, touches: bool) -> Values:
    out, atr = [NAN] * len(f), atr_of(f)
    for t, (levels, close) in enumerate(zip(_levels(f), f.close, strict=True)):
        side = [level for level in levels if (level > close) == above]
        if t >= 239 and side and atr[t] > 0:
            line = min(side) if above else max(side)
            near = sum(abs(level - line) <= 0.5 * atr[t] for level in levels)
            out[t] = float(near) if touches else abs(line - close) / atr[t]
    return out


def _against_slot(f: Frame, values: Any) -> Values:
    if is_daily(f):
        return [NAN] * len(f)
    seen: dict[tuple[int, int, bool], Values] = {}
    out = []
    for at, value in zip(f["at"], values, strict=True):
        earlier = seen.setdefault((at.hour, at.minute, at.day_of_week >= 5), [])
        mean = sum(earlier[-20:]) / len(earlier[-20:]) if earlier else NAN
        out.append(value / mean if len(earlier) >= 5 and mean > 0 else NAN)
        earlier.append(value)
    return out


GOLDEN: dict[str, Slow] = {
    "candle_doji": _pattern(10, _doji),
    "candle_dragonfly_doji": _pattern(10, _dragonfly),
    "candle_gravestone_doji": _pattern(10, _gravestone),
    "candle_spinning_top": _pattern(10, _spinning_top),
    "candle_marubozu": _pattern(10, _marubozu),
    "candle_belt_hold": _pattern(10, _belt_hold),
    "candle_hammer": _pattern(11, _hammer),
    "candle_hanging_man": _pattern(11, _hanging_man),
    "candle_inverted_hammer": _pattern(11, _inverted_hammer),
    "candle_shooting_star": _pattern(11, _shooting_star),
    "candle_engulfing": _pattern(2, _engulfing),
    "candle_harami": _pattern(11, _harami),
    "candle_doji_star": _pattern(11, _doji_star),
    "candle_piercing": _pattern(11, _piercing),
    "candle_dark_cloud_cover": _pattern(11, _dark_cloud),
    "candle_three_inside": _pattern(12, _three_inside),
    "candle_three_outside": _pattern(3, _three_outside),
    "candle_morning_star": _pattern(12, lambda k, i: _star(k, i, -1)),
    "candle_evening_star": _pattern(12, lambda k, i: _star(k, i, 1)),
    "candle_hikkake": _pattern(5, _hikkake),
    "body_frac": lambda f: [
        _over(c - o, h - d) for o, h, d, c in zip(f.open, f.high, f.low, f.close, strict=True)
    ],
    "upper_shadow_frac": lambda f: [
        _over(h - max(o, c), h - d) for o, h, d, c in zip(f.open, f.high, f.low, f.close, strict=True)
    ],
    "lower_shadow_frac": lambda f: [
        _over(min(o, c) - d, h - d) for o, h, d, c in zip(f.open, f.high, f.low, f.close, strict=True)
    ],
    "inside_bar": _nested(lambda high, low, now_high, now_low: now_high <= high and now_low >= low),
    "outside_bar": _nested(lambda high, low, now_high, now_low: now_high > high and now_low < low),
    "gap_inside_atr": lambda f: _gap(f, night=False),
    "gap_night_atr": lambda f: _gap(f, night=True),
    "run_length_20": _run,
    "pivot_p_dist_atr": lambda f: _pivot(f, _p),
    "pivot_r1_dist_atr": lambda f: _pivot(f, lambda h, d, c: 2 * _p(h, d, c) - d),
    "pivot_s1_dist_atr": lambda f: _pivot(f, lambda h, d, c: 2 * _p(h, d, c) - h),
    "pivot_r2_dist_atr": lambda f: _pivot(f, lambda h, d, c: _p(h, d, c) + (h - d)),
    "pivot_s2_dist_atr": lambda f: _pivot(f, lambda h, d, c: _p(h, d, c) - (h - d)),
    "resistance_dist_atr": lambda f: _swing(f, above=True, touches=False),
    "resistance_touches": lambda f: _swing(f, above=True, touches=True),
    "support_dist_atr": lambda f: _swing(f, above=False, touches=False),
    "support_touches": lambda f: _swing(f, above=False, touches=True),
    "slot_range_ratio_20": lambda f: _against_slot(f, (f.high - f.low) / f.close),
    "slot_volume_ratio_20": lambda f: _against_slot(f, f.volume),
}
