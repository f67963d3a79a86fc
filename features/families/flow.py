"""Order flow."""

from __future__ import annotations

from typing import Final

from features.spec import FeatureSpec

_FLOW: Final = "the exchange's trade statistics in spans of 5 minutes that lie inside the bar"
_BOOK: Final = "the exchange's order-book statistics in spans of 5 minutes that lie inside the bar"


def _flow(
    name: str,
    formula: str,
    unit: str,
    low: float | None = None,
    high: float | None = None,
    source: str = _FLOW,
) -> FeatureSpec:
    return FeatureSpec(
        name=name,
        family="flow",
        formula=formula,
        kernel=name,
        lookback_bars=0,
        unit=unit,
        low=low,
        high=high,
        source=source,
        reads="flow",
    )


FEATURES: Final[tuple[FeatureSpec, ...]] = (
    _flow("flow_imbalance", "mean over the spans of (buys - sells) / (buys + sells), in lots", "-1..1", -1.0, 1.0),
    _flow("flow_buy_frac", "buys / (buys + sells) of the bar, in lots", "0..1", 0.0, 1.0),
    _flow("flow_imbalance_12", "(buys - sells) / (buys + sells) over the last 12 spans with trades", "-1..1", -1.0, 1.0),
    _flow("flow_trades_ratio_60", "trades / their mean in the 60 bars before, at least 30 of them known", "ratio", 0.0),
    _flow(
        "flow_trade_size_ratio_60",
        "turnover a trade / its mean in the 60 bars before, at least 30 of them known", "ratio", 0.0,
    ),
    _flow("flow_vwap_dist", "ln(close / VWAP of the bar), as traded", "log"),
    _flow("flow_day_vwap_dist", "ln(close / VWAP of the trading day so far), as traded", "log"),
    _flow("book_spread_bp", "mean spread between best ask and best bid", "basis points", 0.0, None, _BOOK),
    _flow("book_spread_1m_rub_bp", "mean spread for 1 million roubles on either side", "basis points", None, None, _BOOK),
    _flow("book_imbalance_best", "mean imbalance of the volumes at the best prices", "-1..1", -1.0, 1.0, _BOOK),
    _flow("book_imbalance", "mean imbalance of the volumes of the whole book", "-1..1", -1.0, 1.0, _BOOK),
)  # fmt: skip
