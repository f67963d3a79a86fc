"""The part of the technical features that pandas computes by rolling calls: what one writes without kernels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from market.contracts import Bars

Frame: TypeAlias = Any  # pandas carries no types here


def frame_of(bars: Bars) -> Frame:
    """Return bars without dividends as a frame."""
    return pd.DataFrame(
        {
            "open": bars.open,
            "high": bars.high,
            "low": bars.low,
            "close": bars.close,
            "volume": bars.volume_shares,
            "turnover": bars.turnover_rub,
        }
    )


def _ret(f: Frame, span: int = 1) -> Any:
    return np.log(f.close).diff(span)


def _ema(values: Any, span: int) -> Any:
    return values.ewm(span=span, adjust=False).mean()


def _wilder(values: Any, window: int) -> Any:
    return values.ewm(alpha=1.0 / window, adjust=False).mean()


def _true_range(f: Frame) -> Any:
    before = f.close.shift(1)
    return np.maximum(f.high, before) - np.minimum(f.low, before)


def _atr(f: Frame, window: int) -> Any:
    return _wilder(_true_range(f), window)


def _rsi(f: Frame, window: int) -> Any:
    move = f.close.diff()
    up, down = _wilder(move.clip(lower=0), window), _wilder(-move.clip(upper=0), window)
    return 100 * up / (up + down)


def _directional(f: Frame, window: int) -> tuple[Any, Any]:
    up, down = f.high.diff(), -f.low.diff()
    plus = up.where((up > down) & (up > 0), 0.0)
    minus = down.where((down > up) & (down > 0), 0.0)
    span = _atr(f, window)
    return 100 * _wilder(plus, window) / span, 100 * _wilder(minus, window) / span


def _adx(f: Frame) -> Any:
    plus, minus = _directional(f, 14)
    return _wilder(100 * (plus - minus).abs() / (plus + minus), 14)


def _macd(f: Frame) -> tuple[Any, Any]:
    line = _ema(f.close, 12) - _ema(f.close, 26)
    return line, _ema(line, 9)


def _stochastic(f: Frame, window: int) -> Any:
    low, high = f.low.rolling(window).min(), f.high.rolling(window).max()
    return 100 * (f.close - low) / (high - low)


def _efficiency(f: Frame, window: int) -> Any:
    return f.close.diff(window).abs() / f.close.diff().abs().rolling(window).sum()


def _cci(f: Frame) -> Any:
    typical = (f.high + f.low + f.close) / 3
    mean = typical.rolling(20).mean()
    spread = typical.rolling(20).apply(lambda part: np.abs(part - part.mean()).mean(), raw=True)
    return (typical - mean) / (0.015 * spread)


def _mfi(f: Frame) -> Any:
    move = ((f.high + f.low + f.close) / 3).diff()
    rising = f.turnover.where(move > 0, 0.0).rolling(14).sum()
    return 100 * rising / f.turnover.where(move != 0, 0.0).rolling(14).sum()


def _bands(f: Frame) -> tuple[Any, Any]:
    return f.close.rolling(20).mean(), 2 * f.close.rolling(20).std()


def _chaikin(f: Frame) -> Any:
    where = (2 * f.close - f.low - f.high) / (f.high - f.low)
    return (where * f.volume).rolling(20).sum() / f.volume.rolling(20).sum()


_SPANS = (1, 2, 3, 5, 10, 20, 60)
_AVERAGES = (5, 10, 20, 50, 100, 200)

PANDAS: dict[str, Callable[[Frame], Any]] = {
    **{f"ret_{n}": lambda f, n=n: _ret(f, n) for n in _SPANS},  # type: ignore[misc]
    **{f"price_sma_{n}": lambda f, n=n: f.close / f.close.rolling(n).mean() - 1 for n in _AVERAGES},  # type: ignore[misc]
    **{f"price_ema_{n}": lambda f, n=n: f.close / _ema(f.close, n) - 1 for n in _AVERAGES},  # type: ignore[misc]
    **{  # type: ignore[misc]
        f"sma_slope_{n}": lambda f, n=n: f.close.rolling(n).mean().diff(5) / (5 * _atr(f, 14)) for n in _AVERAGES
    },
    **{f"ema_slope_{n}": lambda f, n=n: _ema(f.close, n).diff(5) / (5 * _atr(f, 14)) for n in _AVERAGES},  # type: ignore[misc]
    **{f"rsi_{n}": lambda f, n=n: _rsi(f, n) for n in (7, 14, 21)},  # type: ignore[misc]
    **{f"efficiency_{n}": lambda f, n=n: _efficiency(f, n) for n in (10, 20, 60)},  # type: ignore[misc]
    **{f"up_share_{n}": lambda f, n=n: (f.close.diff() > 0).rolling(n).mean() for n in (20, 60)},  # type: ignore[misc]
    **{f"std_{n}": lambda f, n=n: _ret(f).rolling(n).std() for n in (20, 60, 120)},  # type: ignore[misc]
    **{f"atr_{n}_pct": lambda f, n=n: 100 * _atr(f, n) / f.close for n in (5, 14, 30)},  # type: ignore[misc]
    **{f"dist_high_{n}": lambda f, n=n: np.log(f.close / f.high.rolling(n).max()) for n in (20, 60, 250)},  # type: ignore[misc]
    **{f"dist_low_{n}": lambda f, n=n: np.log(f.close / f.low.rolling(n).min()) for n in (20, 60, 250)},  # type: ignore[misc]
    **{  # type: ignore[misc]
        f"ret_autocorr_{n}": lambda f, n=n: _ret(f).rolling(n - 1).corr(_ret(f).shift(1)) for n in (20, 60)
    },
    "ema_spread_5_20": lambda f: _ema(f.close, 5) / _ema(f.close, 20) - 1,
    "ema_spread_20_60": lambda f: _ema(f.close, 20) / _ema(f.close, 60) - 1,
    "macd_line_atr": lambda f: _macd(f)[0] / _atr(f, 14),
    "macd_signal_atr": lambda f: _macd(f)[1] / _atr(f, 14),
    "macd_hist_atr": lambda f: (_macd(f)[0] - _macd(f)[1]) / _atr(f, 14),
    "adx_14": _adx,
    "plus_di_14": lambda f: _directional(f, 14)[0],
    "minus_di_14": lambda f: _directional(f, 14)[1],
    "ret_skew_60": lambda f: _ret(f).rolling(60).skew(),
    "ret_kurtosis_60": lambda f: _ret(f).rolling(60).kurt(),
    "stoch_k_14": lambda f: _stochastic(f, 14),
    "stoch_d_14": lambda f: _stochastic(f, 14).rolling(3).mean(),
    "cci_20": _cci,
    "mfi_14": _mfi,
    "atr_ratio_5_30": lambda f: _atr(f, 5) / _atr(f, 30),
    "parkinson_20": lambda f: np.sqrt((np.log(f.high / f.low) ** 2 / (4 * np.log(2))).rolling(20).mean()),
    "ewma_vol_94": lambda f: np.sqrt((_ret(f) ** 2).ewm(alpha=0.06, adjust=False).mean()),
    "bb_position_20": lambda f: (f.close - _bands(f)[0] + _bands(f)[1]) / (2 * _bands(f)[1]),
    "bb_width_20": lambda f: 200 * _bands(f)[1] / _bands(f)[0],
    "volume_ratio_20": lambda f: f.volume / f.volume.rolling(20).mean(),
    "turnover_ratio_20_120": lambda f: f.turnover.rolling(20).mean() / f.turnover.rolling(120).mean(),
    "amihud_20": lambda f: np.log1p(
        1e4 * _ret(f).abs().rolling(20).sum() / (f.turnover / 1e6).rolling(20).sum()
    ),
    "chaikin_flow_20": _chaikin,
    "vol_percentile_250": lambda f: _ret(f).rolling(20).std().rolling(250).rank(pct=True),
}  # fmt: skip
