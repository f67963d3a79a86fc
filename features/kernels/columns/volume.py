"""Volume and liquidity. Columns of own bars: called with the window and the feature's parameters."""

from __future__ import annotations

from typing import Final

from features.kernels import correlation, liquidity, volume
from features.kernels.columns import shared
from features.kernels.columns.column import Column

COLUMNS: Final[dict[str, Column]] = {
    "volume_ratio": lambda w, **p: volume.volume_ratio(w.volume, **p),
    "volume_mean_ratio": lambda w, **p: volume.mean_ratio(w.volume, **p),
    "volume_robust_z": lambda w, **p: volume.volume_robust_z(shared.log_volume(w), **p),
    "volume_variation": lambda w, **p: volume.volume_variation(w.volume, **p),
    "volume_trend": lambda w, **p: volume.volume_trend(w.volume, **p),
    "zero_volume_share": lambda w, **p: volume.zero_volume_share(w.volume, **p),
    "turnover_ratio": lambda w, **p: volume.mean_ratio(w.turnover, **p),
    "obv_slope": lambda w, **p: volume.obv_slope(shared.ret_1(w), w.volume, **p),
    "volume_balance": lambda w, **p: volume.volume_balance(shared.ret_1(w), w.volume, **p),
    "chaikin_money_flow": lambda w, **p: volume.chaikin_money_flow(w.high, w.low, w.close, w.volume, **p),
    "volume_price_correlation": lambda w, **p: correlation.rolling_correlation(
        w.close, shared.log_volume(w), **p
    ),
    "volume_return_correlation": lambda w, **p: correlation.rolling_correlation(
        shared.ret_1(w), shared.log_volume(w), **p
    ),
    "amihud_illiquidity": lambda w, **p: liquidity.amihud_illiquidity(shared.ret_1(w), w.turnover, **p),
    "corwin_schultz_spread_bp": lambda w, **p: liquidity.corwin_schultz_spread_bp(
        w.high, w.low, w.close, **p
    ),
    "abdi_ranaldo_spread_bp": lambda w, **p: liquidity.abdi_ranaldo_spread_bp(w.high, w.low, w.close, **p),
    "distance_to_vwap": lambda w, **p: liquidity.distance_to_vwap(
        w.close, shared.adjusted_turnover(w), w.volume, **p
    ),
    "distance_to_day_vwap": lambda w: liquidity.distance_to_day_vwap(
        w.close, shared.adjusted_turnover(w), w.volume, w.trading_day
    ),
}
