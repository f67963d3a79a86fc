"""Volatility and range. Columns of own bars: called with the window and the feature's parameters."""

from __future__ import annotations

from typing import Final

from features.kernels import range_volatility, rank, volatility
from features.kernels.columns import shared
from features.kernels.columns.column import Column
from features.kernels.quotient import quotient
from features.kernels.technical import require_order
from features.kernels.window import Window
from traderai.common.arrays import F64


def _squeeze_ratio(w: Window, window: int, width_std: float, width_atr: float) -> F64:
    return w.once(
        f"squeeze_ratio/{window}/{width_std}/{width_atr}",
        lambda: volatility.squeeze_ratio(
            shared.close_std(w, window), shared.atr(w, window), width_std=width_std, width_atr=width_atr
        ),
    )


def _atr_ratio(w: Window, fast: int, slow: int) -> F64:
    require_order(fast, slow)
    return quotient(shared.atr(w, fast), shared.atr(w, slow))


def _return_std_ratio(w: Window, fast: int, slow: int) -> F64:
    require_order(fast, slow)
    return quotient(shared.return_std(w, fast), shared.return_std(w, slow))


COLUMNS: Final[dict[str, Column]] = {
    "atr_pct": lambda w, window: 100.0 * shared.atr(w, window) / w.close,
    "atr_ratio": _atr_ratio,
    "return_std": lambda w, window: shared.return_std(w, window),
    "return_std_ratio": _return_std_ratio,
    "parkinson_volatility": lambda w, **p: volatility.parkinson_volatility(w.high, w.low, **p),
    "garman_klass_volatility": lambda w, **p: range_volatility.garman_klass_volatility(
        w.open, w.high, w.low, w.close, **p
    ),
    "rogers_satchell_volatility": lambda w, **p: range_volatility.rogers_satchell_volatility(
        w.open, w.high, w.low, w.close, **p
    ),
    "yang_zhang_volatility": lambda w, **p: range_volatility.yang_zhang_volatility(
        w.open, w.high, w.low, w.close, **p
    ),
    "ewma_volatility": lambda w, **p: volatility.ewma_volatility(shared.ret_1(w), **p),
    "bollinger_position": lambda w, window, width_std: volatility.bollinger_position(
        w.close, shared.sma(w, window), shared.close_std(w, window), width_std=width_std
    ),
    "bollinger_width": lambda w, window, width_std: volatility.bollinger_width(
        shared.sma(w, window), shared.close_std(w, window), width_std=width_std
    ),
    "squeeze_ratio": _squeeze_ratio,
    "squeeze_flag": lambda w, **p: volatility.squeeze_flag(_squeeze_ratio(w, **p)),
    "bar_range_pct": lambda w: range_volatility.range_pct(w.high, w.low, w.close),
    "bar_range_ratio": lambda w, **p: range_volatility.range_ratio(w.high, w.low, **p),
    "true_range_ratio": lambda w, window: range_volatility.true_range_ratio(
        w.high, w.low, w.close, shared.atr(w, window)
    ),
    "volatility_percentile": lambda w, window, std_window: rank.rolling_percentile(
        shared.return_std(w, std_window), window=window
    ),
    "volatility_of_volatility": lambda w, window, std_window: volatility.volatility_of_volatility(
        shared.return_std(w, std_window), window=window
    ),
    "semivolatility_ratio": lambda w, **p: volatility.semivolatility_ratio(shared.ret_1(w), **p),
    "downside_share": lambda w, **p: volatility.downside_share(shared.ret_1(w), **p),
    "jump_share": lambda w, **p: volatility.jump_share(shared.ret_1(w), **p),
}
