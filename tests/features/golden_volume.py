"""Volume and liquidity a second time, window by window, written from the formulas and not from the kernels."""

from __future__ import annotations

import math

import numpy as np

from tests.features.golden import Frame, Slow
from tests.features.golden_windows import (
    NAN,
    column,
    divided,
    each_divided,
    mean,
    over_windows,
    returns,
    slope,
    std,
)
from traderai.common.arrays import F64


def _mean_ratio(values: F64, fast: int, slow: int) -> F64:
    return each_divided(over_windows(mean, fast, values), over_windows(mean, slow, values))


def _signed(f: Frame) -> F64:
    moves, volume = returns(f), column(f, "volume")
    return np.array(
        [NAN, *(math.copysign(v, m) if m else 0.0 for m, v in zip(moves[1:], volume[1:], strict=True))]
    )


def _obv_slope(f: Frame) -> F64:
    volume, signed = column(f, "volume"), _signed(f)
    out = np.full(volume.size, NAN)
    for t in range(19, volume.size):
        balance = [0.0]
        for i in range(t - 18, t + 1):
            balance.append(balance[-1] + signed[i])
        out[t] = divided(slope(np.array(balance)), mean(volume[t - 19 : t + 1]))
    return out


def _balance(f: Frame) -> F64:
    return over_windows(
        lambda signed, volume: divided(math.fsum(signed), math.fsum(volume)),
        20,
        _signed(f),
        column(f, "volume"),
    )


def _chaikin(f: Frame) -> F64:
    shares = [
        ((c - low) - (high - c)) / (high - low) if high > low else 0.0
        for high, low, c in zip(f.high, f.low, f.close, strict=True)
    ]
    volume = column(f, "volume")
    return over_windows(
        lambda flow, total: divided(math.fsum(flow), math.fsum(total)), 20, np.array(shares) * volume, volume
    )


def _correlation(left: F64, right: F64) -> float:
    if np.ptp(left) == 0.0 or np.ptp(right) == 0.0:
        return NAN
    pairs = [(x - mean(left)) * (y - mean(right)) for x, y in zip(left, right, strict=True)]
    return math.fsum(pairs) / (len(pairs) - 1) / (std(left) * std(right))


def _volume_correlation(f: Frame, values: F64) -> F64:
    return over_windows(_correlation, 20, values, np.array([math.log(1 + v) for v in f.volume]))


def _amihud(f: Frame, window: int) -> F64:
    def impact(moves: F64, turnover: F64) -> float:
        return math.log(1 + divided(1e4 * math.fsum(moves), math.fsum(turnover) / 1e6))

    return over_windows(impact, window, np.abs(returns(f)), column(f, "turnover"))


def _corwin_schultz(f: Frame) -> F64:
    high, low, close = column(f, "high"), column(f, "low"), column(f, "close")
    spreads = [NAN]
    k = 3 - 2 * math.sqrt(2)
    for t in range(1, close.size):
        shift = max(low[t] - close[t - 1], 0.0) + min(high[t] - close[t - 1], 0.0)
        top, bottom = high[t] - shift, low[t] - shift
        beta = math.log(high[t - 1] / low[t - 1]) ** 2 + math.log(top / bottom) ** 2
        gamma = math.log(max(high[t - 1], top) / min(low[t - 1], bottom)) ** 2
        alpha = (math.sqrt(2 * beta) - math.sqrt(beta)) / k - math.sqrt(gamma / k)
        spreads.append(max(0.0, 1e4 * 2 * (math.exp(alpha) - 1) / (1 + math.exp(alpha))))
    return over_windows(mean, 20, np.array(spreads))


def _abdi_ranaldo(f: Frame) -> F64:
    high, low, close = column(f, "high"), column(f, "low"), column(f, "close")
    spreads = [NAN]
    for t in range(1, close.size):
        middles = [math.log(math.sqrt(high[i] * low[i])) for i in (t - 1, t)]
        last = math.log(close[t - 1])
        spreads.append(1e4 * math.sqrt(max(0.0, 4 * (last - middles[0]) * (last - middles[1]))))
    return over_windows(mean, 20, np.array(spreads))


def _from_average(close: float, turnover: float, volume: float) -> float:
    return math.log(close * volume / turnover) if turnover > 0 and volume > 0 else NAN


def _vwap(f: Frame) -> F64:
    turnover = column(f, "turnover") * column(f, "dividend_factor")
    return over_windows(
        lambda close, paid, volume: _from_average(close[-1], math.fsum(paid), math.fsum(volume)),
        20,
        column(f, "close"),
        turnover,
        column(f, "volume"),
    )


def _day_vwap(f: Frame) -> F64:
    out = np.full(len(f), NAN)
    seen: dict[int, tuple[list[float], list[float]]] = {}
    for t, row in enumerate(f.itertuples()):
        paid, volume = seen.setdefault(row.day, ([], []))
        paid.append(row.turnover * row.dividend_factor)
        volume.append(row.volume)
        if len(seen) > 1:
            out[t] = _from_average(row.close, math.fsum(paid), math.fsum(volume))
    return out


def _robust_z(f: Frame) -> F64:
    def z(part: F64) -> float:
        ordered = sorted(part)
        median = (ordered[29] + ordered[30]) / 2
        distances = sorted(abs(x - median) for x in part)
        return divided(part[-1] - median, 1.4826 * (distances[29] + distances[30]) / 2)

    return over_windows(z, 60, np.array([math.log(1 + v) for v in f.volume]))


GOLDEN: dict[str, Slow] = {
    "volume_ratio_20": lambda f: each_divided(
        column(f, "volume"), over_windows(mean, 20, column(f, "volume"))
    ),
    "volume_robust_z_60": _robust_z,
    "turnover_ratio_20_120": lambda f: _mean_ratio(column(f, "turnover"), 20, 120),
    "amihud_20": lambda f: _amihud(f, 20),
    "volume_ratio_60": lambda f: each_divided(
        column(f, "volume"), over_windows(mean, 60, column(f, "volume"))
    ),
    "volume_ratio_5_60": lambda f: _mean_ratio(column(f, "volume"), 5, 60),
    "volume_variation_20": lambda f: each_divided(
        over_windows(std, 20, column(f, "volume")), over_windows(mean, 20, column(f, "volume"))
    ),
    "volume_trend_20": lambda f: each_divided(
        over_windows(slope, 20, column(f, "volume")), over_windows(mean, 20, column(f, "volume"))
    ),
    "zero_volume_60": lambda f: over_windows(
        lambda part: sum(volume == 0 for volume in part) / 60, 60, column(f, "volume")
    ),
    "obv_slope_20": _obv_slope,
    "volume_balance_20": _balance,
    "chaikin_flow_20": _chaikin,
    "volume_price_corr_20": lambda f: _volume_correlation(f, column(f, "close")),
    "volume_return_corr_20": lambda f: _volume_correlation(f, returns(f)),
    "turnover_ratio_5_60": lambda f: _mean_ratio(column(f, "turnover"), 5, 60),
    "amihud_60": lambda f: _amihud(f, 60),
    "corwin_schultz_20": _corwin_schultz,
    "abdi_ranaldo_20": _abdi_ranaldo,
    "vwap_dist_20": _vwap,
    "vwap_dist_day": _day_vwap,
}
