"""Ranks among all shares at the same time."""

from __future__ import annotations

from typing import Final

from features.spec import FeatureSpec

UNIVERSE: Final = "candles of all shares that have a bar at the time, preferred ones too, without funds; unknown with fewer than 5"


def _rank(name: str, of: str, kernel: str, window: int) -> FeatureSpec:
    return FeatureSpec(
        name=name,
        family="cross_section",
        formula=f"share of the other shares below it, ties by halves: {of}",
        kernel=kernel,
        parameters={"window": window},
        lookback_bars=0,
        unit="0..1",
        low=0.0,
        high=1.0,
        source=UNIVERSE,
        reads="panel",
    )


FEATURES: Final[tuple[FeatureSpec, ...]] = (
    *(
        _rank(f"rank_ret_{rows}", f"log return over {rows} rows", "rank_of_return", rows)
        for rows in (1, 5, 20, 60)
    ),
    _rank("rank_vol_20", "std of ret, own bars of 20 rows (at least half)", "rank_of_volatility", 20),
    _rank(
        "rank_volume_anomaly_60",
        "ln(1 + volume) - its mean, own bars of 60 rows (at least half)",
        "rank_of_volume_anomaly",
        60,
    ),
    *(
        _rank(f"rank_turnover_{rows}", f"turnover of {rows} rows", "rank_of_turnover", rows)
        for rows in (1, 20)
    ),
    _rank("rank_dist_high_60", "ln(close / highest high of 60 rows)", "rank_of_distance_to_high", 60),
)
