"""The share among its own: its sector, and the shares that move most like it."""

from __future__ import annotations

from typing import Final

from features.spec import FeatureSpec

SECTOR: Final = "candles of the other shares of its sector, preferred ones too, alike in weight, carried over rows without a bar"
PEERS: Final = (
    "candles of the 5 shares with the highest correlation of returns in the 300 grid rows before the month, "
    "carried over rows without a bar"
)
Span = tuple[float | None, float | None]
ANY: Final[Span] = (None, None)
UPWARDS: Final[Span] = (0.0, None)
FRACTION: Final[Span] = (0.0, 1.0)


def _sector(
    name: str,
    formula: str,
    kernel: str,
    unit: str,
    span: Span,
    window: int,
    source: str = SECTOR,
) -> FeatureSpec:
    return FeatureSpec(
        name=name,
        family="sector",
        formula=formula,
        kernel=kernel,
        parameters={"window": window},
        lookback_bars=0,
        unit=unit,
        low=span[0],
        high=span[1],
        source=source,
        reads="panel",
    )


FEATURES: Final[tuple[FeatureSpec, ...]] = (
    *(
        _sector(
            f"sector_ret_{rows}",
            f"log return of the sector without the share, {rows} rows",
            "sector_return",
            "log",
            ANY,
            rows,
        )
        for rows in (1, 5, 20)
    ),
    *(
        _sector(
            f"sector_vol_{rows}",
            f"std of sector_ret_1, {rows} rows",
            "sector_volatility",
            "log",
            UPWARDS,
            rows,
        )
        for rows in (20, 60)
    ),
    _sector(
        "sector_range_60",
        "(level - low60) / (high60 - low60) of the sector without the share",
        "sector_position",
        "0..1",
        FRACTION,
        60,
    ),
    _sector(
        "sector_corr_60",
        "corr(ret, sector between the same bars), own bars of 60 rows (at least half)",
        "sector_correlation",
        "-1..1",
        (-1.0, 1.0),
        60,
    ),
    _sector(
        "sector_rank_20",
        "share of the others in the sector with a lower log return over 20 rows, ties by halves",
        "rank_in_sector",
        "0..1",
        FRACTION,
        20,
    ),
    *(
        _sector(
            f"sector_rel_{rows}",
            f"log return over {rows} rows - that of the sector without the share",
            "against_sector",
            "log",
            ANY,
            rows,
        )
        for rows in (1, 2, 5, 10, 20)
    ),
    _sector(
        "sector_momentum_60",
        "log return of the sector without the share, 60 rows",
        "sector_return",
        "log",
        ANY,
        60,
    ),
    _sector(
        "sector_above_ma_20",
        "share of the others in the sector with log close above its mean of 20 rows",
        "sector_breadth",
        "0..1",
        FRACTION,
        20,
    ),
    _sector(
        "sector_lead_60",
        "corr(ret, sector one row later) - corr(sector, ret one row later), 60 rows; above 0 leads",
        "sector_lead",
        "-2..2",
        (-2.0, 2.0),
        60,
    ),
    *(
        _sector(
            f"peers_rel_{rows}",
            f"log return over {rows} rows - mean of the peers",
            "against_peers",
            "log",
            ANY,
            rows,
            PEERS,
        )
        for rows in (5, 20)
    ),
    _sector(
        "peers_lead_60",
        "corr(ret, peers one row later) - corr(peers, ret one row later), 60 rows; above 0 leads",
        "peers_lead",
        "-2..2",
        (-2.0, 2.0),
        60,
        PEERS,
    ),
)
