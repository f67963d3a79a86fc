"""Where the price stands."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Literal

from features.families.sources_said import BARS
from features.spec import FeatureSpec

Span = tuple[float | None, float | None]
_FREE: Final = (None, None)
_TRADED: Final = "own candles, the close as traded"


def _position(
    name: str,
    formula: str,
    kernel: str,
    lookback: int,
    unit: str,
    span: Span,
    **parameters: float,
) -> FeatureSpec:
    return FeatureSpec(
        name=name,
        family="position",
        formula=formula,
        kernel=kernel,
        parameters=parameters,
        lookback_bars=lookback,
        unit=unit,
        low=span[0],
        high=span[1],
        source=BARS,
    )


def _distance(side: Literal["high", "low"], window: int) -> FeatureSpec:
    extreme = "highest high" if side == "high" else "lowest low"
    spec = _position(
        f"dist_{side}_{window}",
        f"ln(close / {extreme} of {window} bars)",
        f"distance_to_{side}",
        window - 1,
        "log",
        (None, 0.0) if side == "high" else (0.0, None),
        window=window,
    )
    return replace(spec, exact_tail=True)


def _since(side: Literal["high", "low"], window: int) -> FeatureSpec:
    extreme = "highest high" if side == "high" else "lowest low"
    spec = _position(
        f"bars_since_{side}_{window}",
        f"bars since the {extreme} of {window} bars, the latest of several",
        f"bars_since_{side}",
        window - 1,
        "bars",
        (0.0, window - 1.0),
        window=window,
    )
    return replace(spec, exact_tail=True)


def _level(name: str, formula: str, kernel: str) -> FeatureSpec:
    return _position(name, formula, kernel, 1, "log", _FREE)


def _round(name: str, grid: str, steps: int) -> FeatureSpec:
    bound_bp = 1e4 / (2 * steps)
    spec = _position(
        name,
        f"1e4 (price - nearest round price) / price, the price as traded; round: the largest 1, 2 or 5 x 10^k up to {grid}",
        "round_price_distance_bp",
        0,
        "bp of the price",
        (-bound_bp, bound_bp),
        steps=steps,
    )
    return replace(spec, source=_TRADED, exact_tail=True)


FEATURES: Final[tuple[FeatureSpec, ...]] = (
    _position(
        "day_range_position",
        "(close - day low) / (day high - day low), the day so far; 0.5 while it has no range",
        "day_range_position",
        0,
        "0..1",
        (0.0, 1.0),
    ),
    _position("day_range_pct", "100 (day high - day low) / close, the day so far", "day_range_pct", 1, "percent", (0.0, None)),
    _position(
        "week_range_position",
        "(close - week low) / (week high - week low), the week of the trading day so far",
        "week_range_position",
        1,
        "0..1",
        (0.0, 1.0),
    ),
    _position(
        "prev_range_position",
        "(close - low) / (high - low) of the trading day before",
        "previous_range_position",
        2,
        "0..1 inside that day's range",
        _FREE,
    ),
    *(_distance(side, window) for side in ("high", "low") for window in (20, 60, 250)),
    *(_since(side, 60) for side in ("high", "low")),
    _level("session_gap", "ln(first open of the trading day / close before)", "session_gap"),
    _level("dist_prev_close", "ln(close / last close of the trading day before)", "distance_to_previous_close"),
    _position(
        "dist_prev_high", "ln(close / high of the trading day before)", "distance_to_previous_high", 2, "log", _FREE
    ),
    _position("dist_prev_low", "ln(close / low of the trading day before)", "distance_to_previous_low", 2, "log", _FREE),
    _level("dist_day_open", "ln(close / first open of the trading day)", "distance_to_day_open"),
    _level("dist_session_open", "ln(close / first open of the session)", "distance_to_session_open"),
    _level("dist_week_open", "ln(close / first open of the week of the trading day)", "distance_to_week_open"),
    _round("round_dist_bp", "2 % of the price", 50),
    _round("round_major_dist_bp", "10 % of the price", 10),
)  # fmt: skip
