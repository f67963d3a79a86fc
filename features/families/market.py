"""The market by its own shares: a proxy of the index, breadth, and a share against the market."""

from __future__ import annotations

from typing import Final, Literal

from features.spec import FeatureSpec

Unit = Literal["log", "0..1", "-1..1", "ratio"]
RANGES: Final[dict[Unit, tuple[float | None, float | None]]] = {
    "log": (None, None),
    "0..1": (0.0, 1.0),
    "-1..1": (-1.0, 1.0),
    "ratio": (None, None),
}
PROXY: Final = (
    "candles of all shares, preferred ones too, without funds: weighted by their mean turnover in the 300 grid rows "
    "before the month (alike where fewer than 60 rows lie before it), carried over rows without a bar (until 60 rows and 3 days); no intraday index"
)
SHARES: Final = (
    "candles of all shares, preferred ones too, without funds; unknown with fewer than 5 at the row"
)


def _market(
    name: str, formula: str, kernel: str, unit: Unit, source: str = PROXY, **parameters: float
) -> FeatureSpec:
    return FeatureSpec(
        name=name,
        family="market",
        formula=formula,
        kernel=kernel,
        parameters=parameters,
        lookback_bars=0,
        unit=unit,
        low=0.0 if unit == "ratio" and kernel == "market_turnover_ratio" else RANGES[unit][0],
        high=RANGES[unit][1],
        source=source,
        reads="panel",
    )


def _spread(name: str, formula: str, kernel: str, source: str = PROXY, **parameters: float) -> FeatureSpec:
    return FeatureSpec(
        name=name,
        family="market",
        formula=formula,
        kernel=kernel,
        parameters=parameters,
        lookback_bars=0,
        unit="log",
        low=0.0,
        high=None,
        source=source,
        reads="panel",
    )


def _fit(window: int) -> tuple[FeatureSpec, ...]:
    pairs = f"own bars of {window} rows (at least half), market between the same bars"
    return (
        _market(
            f"market_beta_{window}", f"cov / var(market), {pairs}", "market_beta", "ratio", window=window
        ),
        _market(
            f"market_corr_{window}",
            f"corr(ret, market), {pairs}",
            "market_correlation",
            "-1..1",
            window=window,
        ),
    )


FEATURES: Final[tuple[FeatureSpec, ...]] = (
    *(
        _market(
            f"market_ret_{rows}", f"log return of the proxy, {rows} rows", "market_return", "log", window=rows
        )
        for rows in (1, 5, 20, 60)
    ),
    *(
        _spread(f"market_vol_{rows}", f"std of market_ret_1, {rows} rows", "market_volatility", window=rows)
        for rows in (20, 60)
    ),
    _market("market_range_60", "(level - low60) / (high60 - low60)", "market_position", "0..1", window=60),
    *(
        _market(
            f"market_rel_{rows}",
            f"ret over {rows} rows - market_ret_{rows}",
            "relative_strength",
            "log",
            window=rows,
        )
        for rows in (5, 20, 60)
    ),
    *_fit(60),
    *_fit(250),
    _spread(
        "market_residual_vol_60",
        "std(ret) sqrt(1 - market_corr_60^2), 60 rows",
        "market_residual_volatility",
        window=60,
    ),
    *(
        _market(
            f"market_above_ma_{rows}",
            f"share of shares with log close above its mean of {rows} rows",
            "share_above_mean",
            "0..1",
            SHARES,
            window=rows,
        )
        for rows in (20, 50)
    ),
    _market("market_advancers", "share of shares with ret > 0", "advancers", "0..1", SHARES),
    _market(
        "market_new_highs_60",
        "share of shares closing above 59 rows before",
        "new_highs",
        "0..1",
        SHARES,
        window=60,
    ),
    _market(
        "market_new_lows_60",
        "share of shares closing below 59 rows before",
        "new_lows",
        "0..1",
        SHARES,
        window=60,
    ),
    _market(
        "market_big_moves_60",
        "share of shares with |ret| > 2 std of the 60 rows before",
        "big_moves",
        "0..1",
        SHARES,
        window=60,
        least_std=2.0,
    ),
    *(
        _spread(
            f"market_dispersion_{rows}",
            f"std across shares of the log return over {rows} rows",
            "dispersion",
            SHARES,
            window=rows,
        )
        for rows in (1, 20)
    ),
    _market(
        "market_mean_corr_60",
        "(var(sum ret) - sum var) / ((sum std)^2 - sum var), 60 rows",
        "mean_correlation",
        "-1..1",
        SHARES,
        window=60,
    ),
    _market(
        "market_turnover_20_120",
        "mean turnover of all shares, 20 rows / 120 rows",
        "market_turnover_ratio",
        "ratio",
        SHARES,
        fast=20,
        slow=120,
    ),
)
