"""Trend, oscillators and returns a second time: plain loops written from the formulas and not from the kernels."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from tests.features.golden import Frame, Slow

Values: TypeAlias = list[float]
NAN = math.nan


def _memo(f: Frame, name: str, make: Callable[[], Any]) -> Any:
    if name not in f.attrs:
        f.attrs[name] = make()
    return f.attrs[name]


def _list(f: Frame, name: str) -> Values:
    return list(_memo(f, name, lambda: [float(x) for x in f[name]]))


def _rolled(values: Sequence[float], window: int, of: Callable[[Sequence[float]], float]) -> Values:
    """Return a function of the last `window` values, NaN where one of them is missing."""
    out = [NAN] * len(values)
    for t in range(window - 1, len(values)):
        part = values[t - window + 1 : t + 1]
        if not any(math.isnan(x) for x in part):
            out[t] = of(part)
    return out


def _quotient(above: float, below: float) -> float:
    return above / below if below > 0.0 else NAN


def _mean(part: Sequence[float]) -> float:
    return math.fsum(part) / len(part)


def _returns(f: Frame, span: int) -> Values:
    close = _list(f, "close")
    return [NAN] * span + [math.log(b / a) for a, b in zip(close, close[span:], strict=False)]


# Averages


def _sma(f: Frame, window: int) -> Values:
    return list(_memo(f, f"sma{window}", lambda: _rolled(_list(f, "close"), window, _mean)))


def _smoothed(values: Sequence[float], window: int, start: int) -> Values:
    """Return the exponential average that begins as the mean of the `window` values from `start` on."""
    out = [NAN] * len(values)
    first = start + window - 1
    if first < len(values):
        out[first] = _mean(values[start : first + 1])
    for t in range(first + 1, len(values)):
        out[t] = (2.0 * values[t] + (window - 1) * out[t - 1]) / (window + 1)
    return out


def _ema(f: Frame, window: int) -> Values:
    return list(_memo(f, f"ema{window}", lambda: _smoothed(_list(f, "close"), window, 0)))


def _distance(values: Values, average: Values) -> Values:
    return [(x - a) / a for x, a in zip(values, average, strict=True)]


def _wilder(values: Sequence[float], window: int, start: int) -> Values:
    out = [NAN] * len(values)
    first = start + window - 1
    if first < len(values):
        out[first] = _mean(values[start : first + 1])
    for t in range(first + 1, len(values)):
        out[t] = (out[t - 1] * (window - 1) + values[t]) / window
    return out


def _true_range(f: Frame) -> Values:
    high, low, close = _list(f, "high"), _list(f, "low"), _list(f, "close")
    before = close[:-1]
    spans = zip(high[1:], low[1:], before, strict=True)
    return [NAN] + [max(h - lo, abs(h - c), abs(lo - c)) for h, lo, c in spans]


def _in_ranges(f: Frame, values: Values) -> Values:
    """Return values over ATR(14); a range of at most 1e-9 of the price is none."""
    atr = _memo(f, "atr", lambda: _wilder(_true_range(f), 14, 1))
    close = _list(f, "close")
    return [v / a if a > 1e-9 * c else NAN for v, a, c in zip(values, atr, close, strict=True)]


def _slope(f: Frame, average: Values) -> Values:
    steps = [NAN] * 5 + [(b - a) / 5.0 for a, b in zip(average, average[5:], strict=False)]
    return _in_ranges(f, steps)


def _cross(f: Frame, fast: int, slow: int) -> Values:
    """Look back from every bar for the newest change of sides."""
    sides = [0]
    pairs = list(zip(_sma(f, fast), _sma(f, slow), strict=True))[slow - 1 :]
    for quick, calm in pairs:
        apart = abs(quick - calm) > 1e-9 * calm
        sides.append((1 if quick > calm else -1) if apart else sides[-1])
    sides = sides[1:]
    out = [NAN] * (slow - 1)
    for t in range(len(sides)):
        value = 0.0 if t >= 20 else NAN
        for age in range(20):
            if t >= 20 and sides[t - age] != sides[t - age - 1] != 0:
                value = sides[t - age] * (20 - age) / 20
                break
        out.append(value)
    return out


def _macd(f: Frame) -> tuple[Values, Values, Values]:
    """Return line, signal and histogram; both averages begin on bar 25, the signal line 8 bars later."""
    close = _list(f, "close")
    fast, slow = _smoothed(close, 12, 14), _smoothed(close, 26, 0)
    line = [a - b for a, b in zip(fast, slow, strict=True)]
    signal = _smoothed(line, 9, 25)
    shown = [NAN if math.isnan(s) else x for x, s in zip(line, signal, strict=True)]
    return shown, signal, [a - b for a, b in zip(line, signal, strict=True)]


# Directional movement


def _directional(f: Frame) -> tuple[Values, Values, Values]:
    """Return +DI, -DI, ADX over 14 bars; the first sums hold 13 moves, and a bar without direction keeps the ADX."""
    high, low, ranges = _list(f, "high"), _list(f, "low"), _true_range(f)
    ups = [0.0] + [b - a for a, b in itertools.pairwise(high)]
    downs = [0.0] + [a - b for a, b in itertools.pairwise(low)]
    # Equal moves of decimal prices differ by rounding, and count for neither side.
    ties = [abs(u - d) <= 1e-9 * c for u, d, c in zip(ups, downs, _list(f, "close"), strict=True)]
    moves = [
        [u if u > d and u > 0 and not tie else 0.0 for u, d, tie in zip(ups, downs, ties, strict=True)],
        [d if d > u and d > 0 and not tie else 0.0 for u, d, tie in zip(ups, downs, ties, strict=True)],
        ranges,
    ]
    plus, minus, adx = ([NAN] * len(high) for _ in range(3))
    sums = [math.fsum(column[1:14]) for column in moves]
    strengths: Values = []
    index = NAN
    for t in range(14, len(high)):
        sums = [old - old / 14 + column[t] for old, column in zip(sums, moves, strict=True)]
        both = sums[0] + sums[1]
        strength = 100 * abs(sums[0] - sums[1]) / both if both > 0 else None
        strengths.append(strength or 0.0)
        if t == 27:
            index = _mean(strengths)
        elif t > 27 and strength is not None:
            index = (13 * index + strength) / 14
        if sums[2] > 0:
            plus[t], minus[t], adx[t] = 100 * sums[0] / sums[2], 100 * sums[1] / sums[2], index
    return plus, minus, adx


def _directions(f: Frame) -> tuple[Values, Values, Values]:
    found: tuple[Values, Values, Values] = _memo(f, "directional", lambda: _directional(f))
    return found


def _spread(f: Frame) -> Values:
    plus, minus, _ = _directions(f)
    return [a - b for a, b in zip(plus, minus, strict=True)]


# Lines and ranges


def _line_slope(f: Frame, window: int) -> Values:
    steps = range(window)
    return _in_ranges(
        f, _rolled(_list(f, "close"), window, lambda part: statistics.linear_regression(steps, part).slope)
    )


def _correlation(first: Sequence[float], second: Sequence[float]) -> float:
    if len(set(first)) == 1 or len(set(second)) == 1:
        return NAN
    return statistics.correlation(first, second)


def _line_r2(f: Frame, window: int) -> Values:
    return _rolled(_list(f, "close"), window, lambda part: _correlation(range(window), part) ** 2)


def _in_range(f: Frame, window: int, *, scale: float = 1.0, offset: float = 0.0) -> Values:
    high, low, close = _list(f, "high"), _list(f, "low"), _list(f, "close")
    out = [NAN] * len(close)
    for t in range(window - 1, len(close)):
        top, bottom = max(high[t - window + 1 : t + 1]), min(low[t - window + 1 : t + 1])
        out[t] = scale * _quotient(close[t] - bottom, top - bottom) + offset
    return out


# Oscillators


def _rsi(f: Frame, window: int) -> Values:
    def make() -> Values:
        close = _list(f, "close")
        moves = [0.0] + [b - a for a, b in itertools.pairwise(close)]
        gains = _wilder([max(m, 0.0) for m in moves], window, 1)
        losses = _wilder([max(-m, 0.0) for m in moves], window, 1)
        return [100 * _quotient(g, g + x) for g, x in zip(gains, losses, strict=True)]

    return list(_memo(f, f"rsi{window}", make))


def _flag(values: Values, holds: Callable[[float], bool]) -> Values:
    return [NAN if math.isnan(x) else float(holds(x)) for x in values]


def _typical(f: Frame) -> Values:
    parts = zip(_list(f, "high"), _list(f, "low"), _list(f, "close"), strict=True)
    return [(h + lo + c) / 3 for h, lo, c in parts]


def _cci(f: Frame) -> Values:
    def of(part: Sequence[float]) -> float:
        mean = _mean(part)
        deviation = _mean([abs(x - mean) for x in part])
        return (part[-1] - mean) / (0.015 * deviation) if deviation > 1e-12 * mean else NAN

    return _rolled(_typical(f), 20, of)


def _mfi(f: Frame) -> Values:
    typical, turnover = _typical(f), _list(f, "turnover")
    out = [NAN] * len(typical)
    for t in range(14, len(typical)):
        last = range(t - 13, t + 1)
        same = 1e-9
        rising = math.fsum(turnover[i] for i in last if typical[i] - typical[i - 1] > same * typical[i])
        falling = math.fsum(turnover[i] for i in last if typical[i - 1] - typical[i] > same * typical[i])
        out[t] = 100 * _quotient(rising, rising + falling)
    return out


def _divergences(price: Values, oscillator: Values, *, known_from: int) -> list[bool]:
    """Return where a lower low of the price meets a higher one of the oscillator, confirmed at most 9 bars ago."""
    lows = [
        i
        for i in range(max(5, known_from), len(price) - 5)
        if price[i] < min(price[i - 5 : i]) and price[i] <= min(price[i + 1 : i + 6])
    ]
    confirmed = {
        later + 5
        for before, later in itertools.pairwise(lows)
        if later - before <= 60 and price[later] < price[before] and oscillator[later] > oscillator[before]
    }
    return [any(t - age in confirmed for age in range(10)) for t in range(len(price))]


def _divergence(f: Frame) -> Values:
    close, rsi = _list(f, "close"), _rsi(f, 14)
    first = next((i for i, x in enumerate(rsi) if not math.isnan(x)), len(rsi))
    bullish = _divergences(close, rsi, known_from=first)
    bearish = _divergences([-x for x in close], [-x for x in rsi], known_from=first)
    ready = first + 60 + 5 + 9
    return [NAN if t < ready else float(bullish[t]) - float(bearish[t]) for t in range(len(close))]


# Shape of the returns


def _moments(part: Sequence[float]) -> tuple[float, float, float]:
    mean = _mean(part)
    second, third, fourth = (_mean([(x - mean) ** power for x in part]) for power in (2, 3, 4))
    return second, third, fourth


def _skew(part: Sequence[float]) -> float:
    n = len(part)
    second, third, _ = _moments(part)
    return NAN if len(set(part)) == 1 else math.sqrt(n * (n - 1)) / (n - 2) * third / second**1.5


def _kurtosis(part: Sequence[float]) -> float:
    n = len(part)
    second, _, fourth = _moments(part)
    if len(set(part)) == 1:
        return NAN
    return (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * (fourth / second**2 - 3) + 6)


def _autocorrelation(f: Frame, window: int) -> Values:
    returns = _returns(f, 1)
    out = [NAN] * len(returns)
    for t in range(window + 1, len(returns)):
        out[t] = _correlation(returns[t - window + 1 : t + 1], returns[t - window : t])
    return out


def _variance_ratio(part: Sequence[float]) -> float:
    n, q = len(part), 5
    mean = _mean(part)
    longer = [math.fsum(part[i : i + q]) for i in range(n - q + 1)]
    one = math.fsum((x - mean) ** 2 for x in part) / (n - 1)
    many = math.fsum((x - q * mean) ** 2 for x in longer) / (q * (n - q + 1) * (1 - q / n))
    return NAN if len(set(part)) == 1 else many / one


def _efficiency(part: Sequence[float]) -> float:
    path = math.fsum(abs(b - a) for a, b in itertools.pairwise(part))
    return _quotient(abs(part[-1] - part[0]), path)


def _up_share(part: Sequence[float]) -> float:
    return sum(b > a for a, b in itertools.pairwise(part)) / (len(part) - 1)


def _array(make: Callable[[Frame], Values]) -> Slow:
    return lambda f: np.array(make(f))


def _trend() -> dict[str, Callable[[Frame], Values]]:
    out: dict[str, Callable[[Frame], Values]] = {}
    for n in (5, 10, 20, 50, 100, 200):
        out[f"price_sma_{n}"] = lambda f, n=n: _distance(_list(f, "close"), _sma(f, n))  # type: ignore[misc]
        out[f"price_ema_{n}"] = lambda f, n=n: _distance(_list(f, "close"), _ema(f, n))  # type: ignore[misc]
        out[f"sma_slope_{n}"] = lambda f, n=n: _slope(f, _sma(f, n))  # type: ignore[misc]
        out[f"ema_slope_{n}"] = lambda f, n=n: _slope(f, _ema(f, n))  # type: ignore[misc]
    for n in (20, 60):
        out[f"line_slope_{n}"] = lambda f, n=n: _line_slope(f, n)  # type: ignore[misc]
        out[f"line_r2_{n}"] = lambda f, n=n: _line_r2(f, n)  # type: ignore[misc]
    return out | {
        "ema_spread_5_20": lambda f: _distance(_ema(f, 5), _ema(f, 20)),
        "ema_spread_20_60": lambda f: _distance(_ema(f, 20), _ema(f, 60)),
        "sma_cross_20_50": lambda f: _cross(f, 20, 50),
        "sma_cross_50_200": lambda f: _cross(f, 50, 200),
        "macd_line_atr": lambda f: _in_ranges(f, _macd(f)[0]),
        "macd_signal_atr": lambda f: _in_ranges(f, _macd(f)[1]),
        "macd_hist_atr": lambda f: _in_ranges(f, _macd(f)[2]),
        "plus_di_14": lambda f: _directions(f)[0],
        "minus_di_14": lambda f: _directions(f)[1],
        "adx_14": lambda f: _directions(f)[2],
        "di_spread_14": _spread,
        "donchian_20": lambda f: _in_range(f, 20),
        "donchian_55": lambda f: _in_range(f, 55),
    }


SLOW: dict[str, Callable[[Frame], Values]] = {
    **_trend(),
    **{f"rsi_{n}": lambda f, n=n: _rsi(f, n) for n in (7, 14, 21)},  # type: ignore[misc]
    "stoch_k_14": lambda f: _in_range(f, 14, scale=100),
    "stoch_d_14": lambda f: _rolled(_in_range(f, 14, scale=100), 3, _mean),
    "williams_r_28": lambda f: _in_range(f, 28, scale=100, offset=-100),
    "cci_20": _cci,
    "mfi_14": _mfi,
    "rsi_overbought_14": lambda f: _flag(_rsi(f, 14), lambda x: x > 70),
    "rsi_oversold_14": lambda f: _flag(_rsi(f, 14), lambda x: x < 30),
    "stoch_overbought_14": lambda f: _flag(_in_range(f, 14), lambda x: x > 0.8 + 1e-9),
    "stoch_oversold_14": lambda f: _flag(_in_range(f, 14), lambda x: x < 0.2 - 1e-9),
    "rsi_divergence_14": _divergence,
    **{f"ret_{n}": lambda f, n=n: _returns(f, n) for n in (1, 2, 3, 5, 10, 20, 60)},  # type: ignore[misc]
    "ret_skew_60": lambda f: _rolled(_returns(f, 1), 60, _skew),
    "ret_kurtosis_60": lambda f: _rolled(_returns(f, 1), 60, _kurtosis),
    **{f"ret_autocorr_{n}": lambda f, n=n: _autocorrelation(f, n) for n in (20, 60)},  # type: ignore[misc]
    "variance_ratio_5_60": lambda f: _rolled(_returns(f, 1), 60, _variance_ratio),
    **{
        f"efficiency_{n}": lambda f, n=n: _rolled(_list(f, "close"), n + 1, _efficiency)  # type: ignore[misc]
        for n in (10, 20, 60)
    },
    **{
        f"up_share_{n}": lambda f, n=n: _rolled(_list(f, "close"), n + 1, _up_share)  # type: ignore[misc]
        for n in (20, 60)
    },
}

GOLDEN: dict[str, Slow] = {name: _array(make) for name, make in SLOW.items()}
