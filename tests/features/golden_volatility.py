"""Volatility and range a second time, window by window, written from the formulas and not from the kernels."""

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
    std,
    true_range,
    wilder,
)
from traderai.common.arrays import F64


def _atr(f: Frame, window: int) -> F64:
    return wilder(true_range(f), window)


def _std(f: Frame, window: int) -> F64:
    return over_windows(std, window, returns(f))


def _log(f: Frame, above: str, below: str) -> F64:
    return np.array([math.log(a / b) for a, b in zip(f[above], f[below], strict=True)])


def _parkinson(f: Frame, window: int) -> F64:
    def volatility(spans: F64) -> float:
        return math.sqrt(math.fsum(span**2 for span in spans) / (4 * window * math.log(2)))

    return over_windows(volatility, window, _log(f, "high", "low"))


def _garman_klass(f: Frame) -> F64:
    def volatility(spans: F64, moves: F64) -> float:
        parts = [0.5 * s * s - (2 * math.log(2) - 1) * m * m for s, m in zip(spans, moves, strict=True)]
        return math.sqrt(math.fsum(parts) / 20)

    return over_windows(volatility, 20, _log(f, "high", "low"), _log(f, "close", "open"))


def _rogers_satchell_bars(f: Frame) -> F64:
    upper = _log(f, "high", "close") * _log(f, "high", "open")
    return upper + _log(f, "low", "close") * _log(f, "low", "open")


def _rogers_satchell(f: Frame) -> F64:
    return over_windows(lambda parts: math.sqrt(mean(parts)), 20, _rogers_satchell_bars(f))


def _yang_zhang(f: Frame) -> F64:
    close, open_ = column(f, "close"), column(f, "open")
    nights = np.array([NAN, *(math.log(open_[t] / close[t - 1]) for t in range(1, close.size))])
    k = 0.34 / (1.34 + 21 / 19)

    def volatility(night: F64, day: F64, inside: F64) -> float:
        return math.sqrt(std(night) ** 2 + k * std(day) ** 2 + (1 - k) * mean(inside))

    return over_windows(volatility, 20, nights, _log(f, "close", "open"), _rogers_satchell_bars(f))


def _squeeze_ratio(f: Frame) -> F64:
    return each_divided(2 * over_windows(std, 20, column(f, "close")), 1.5 * _atr(f, 20))


def _squeeze(f: Frame) -> F64:
    return np.array([NAN if math.isnan(r) else float(r < 1) for r in _squeeze_ratio(f)])


def _range_ratio(f: Frame) -> F64:
    spans = column(f, "high") - column(f, "low")
    return each_divided(spans, over_windows(mean, 20, spans))


def _percentile(f: Frame) -> F64:
    def place(window: F64) -> float:
        newest = window[-1]
        equal = sum(math.isclose(other, newest, rel_tol=1e-9) for other in window[:-1])
        below = sum(other < newest and not math.isclose(other, newest, rel_tol=1e-9) for other in window[:-1])
        return float(below + equal / 2) / 249

    return over_windows(place, 250, _std(f, 20))


def _vol_of_vol(f: Frame) -> F64:
    recent = _std(f, 20)
    return each_divided(over_windows(std, 60, recent), over_windows(mean, 60, recent))


def _squares(part: F64, sign: int) -> float:
    return math.fsum(move**2 for move in part if move * sign > 0)


def _semivolatility(f: Frame) -> F64:
    moves = returns(f)
    up = over_windows(lambda part: _squares(part, 1), 60, moves)
    return np.sqrt(each_divided(up, over_windows(lambda part: _squares(part, -1), 60, moves)))


def _downside(f: Frame) -> F64:
    moves = returns(f)
    down = over_windows(lambda part: _squares(part, -1), 20, moves)
    return each_divided(down, over_windows(lambda part: math.fsum(part**2), 20, moves))


def _jumps(f: Frame) -> F64:
    def share(part: F64) -> float:
        pairs = [abs(part[i] * part[i - 1]) for i in range(1, 60)]
        total = math.fsum(part**2)
        return max(0.0, 1 - math.pi / 2 * 60 / 59 * math.fsum(pairs) / total) if total else NAN

    return over_windows(share, 60, returns(f))


def _ewma(f: Frame) -> F64:
    squares = returns(f) ** 2
    variance = mean(squares[1:21])
    out = np.full(squares.size, NAN)
    out[20] = math.sqrt(variance)
    for t in range(21, squares.size):
        variance = 0.94 * variance + 0.06 * squares[t]
        out[t] = math.sqrt(variance)
    return out


def _band_position(f: Frame) -> F64:
    def position(part: F64) -> float:
        width = 2 * std(part)
        return divided(part[-1] - (mean(part) - width), 2 * width)

    return over_windows(position, 20, column(f, "close"))


def _band_width(f: Frame) -> F64:
    return over_windows(lambda part: 100 * 4 * std(part) / mean(part), 20, column(f, "close"))


GOLDEN: dict[str, Slow] = {
    "atr_14_pct": lambda f: 100 * _atr(f, 14) / column(f, "close"),
    "atr_ratio_5_30": lambda f: each_divided(_atr(f, 5), _atr(f, 30)),
    "std_20": lambda f: _std(f, 20),
    "std_60": lambda f: _std(f, 60),
    "parkinson_20": lambda f: _parkinson(f, 20),
    "ewma_vol_94": _ewma,
    "bb_position_20": _band_position,
    "bb_width_20": _band_width,
    "atr_5_pct": lambda f: 100 * _atr(f, 5) / column(f, "close"),
    "atr_30_pct": lambda f: 100 * _atr(f, 30) / column(f, "close"),
    "atr_ratio_5_14": lambda f: each_divided(_atr(f, 5), _atr(f, 14)),
    "atr_ratio_14_60": lambda f: each_divided(_atr(f, 14), _atr(f, 60)),
    "std_120": lambda f: _std(f, 120),
    "std_ratio_20_60": lambda f: each_divided(_std(f, 20), _std(f, 60)),
    "std_ratio_20_120": lambda f: each_divided(_std(f, 20), _std(f, 120)),
    "parkinson_60": lambda f: _parkinson(f, 60),
    "garman_klass_20": _garman_klass,
    "rogers_satchell_20": _rogers_satchell,
    "yang_zhang_20": _yang_zhang,
    "squeeze_ratio_20": _squeeze_ratio,
    "squeeze_20": _squeeze,
    "bar_range_pct": lambda f: 100 * (column(f, "high") - column(f, "low")) / column(f, "close"),
    "bar_range_ratio_20": _range_ratio,
    "true_range_ratio_14": lambda f: each_divided(true_range(f), _atr(f, 14)),
    "vol_percentile_250": _percentile,
    "vol_of_vol_60": _vol_of_vol,
    "semivol_ratio_60": _semivolatility,
    "downside_share_20": _downside,
    "jump_share_60": _jumps,
}
