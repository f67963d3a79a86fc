"""What moves simulated prices from minute to minute: a market's, sectors' and shares' own parts with fat tails."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from market.simulator.calendar import BarClock
from market.simulator.config import SimulatorConfig
from traderai.common.arrays import F32, F64

MINUTES = 60
_MARKET, _SECTOR, _OWN, _EXTREMES, _VOLUMES = range(51, 56)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mixing:
    """How lively each hour is beyond its spell of volatility; arrays have shape (n bars, k shares).

    A Student t is a normal number with a random variance. Where that variance is drawn for the hour and the normal
    numbers for its minutes, hours have fat tails and no minute says where the next one goes.
    """

    market: F64  # variance of an hour's move that the market makes
    sector: F64
    own: F64

    @property
    def variance(self) -> F64:
        """Variance of an hour's move; 1 on average."""
        return self.market + self.sector + self.own


def mixing(config: SimulatorConfig, n: int, streams: list[np.random.Generator]) -> Mixing:
    """Draw the variances of every hour.

    Shapes: -> (n, k)
    Causal: a longer draw only appends
    """
    df, k = config.degrees_of_freedom, len(config.shares)
    market = (df - 2.0) / streams[0].chisquare(df, (n, 1))
    sector = (df - 2.0) / streams[1].chisquare(df, (n, len(_sectors(config))))[:, sector_of(config)]
    own = (df - 2.0) / streams[2].chisquare(df, (n, k))
    rest = 1.0 - config.market_frac - config.sector_frac
    return Mixing(
        market=np.broadcast_to(config.market_frac * market, (n, k)),
        sector=config.sector_frac * sector,
        own=rest * own,
    )


def sector_of(config: SimulatorConfig) -> list[int]:
    """Return the number of each share's sector."""
    sectors = _sectors(config)
    return [sectors.index(share.sector) for share in config.shares]


def months_of(clock: BarClock) -> list[tuple[int, slice]]:
    """Return each month (since 1970) with its rows; draws are made month by month."""
    months = clock.date.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    found, first = np.unique(months, return_index=True)
    stops = [*first[1:].tolist(), len(clock)][: first.size]
    return [
        (int(month), slice(int(start), stop)) for month, start, stop in zip(found, first, stops, strict=True)
    ]


def month_innovations(config: SimulatorConfig, mixed: Mixing, month: int, rows: slice) -> F32:
    """Return what moves each minute of a month's hours, in standard deviations of an hour.

    Shapes: -> (h hours, 60, k)
    Causal: an hour's numbers depend on the seed, its month and its place in it; further hours only append
    """
    hours = rows.stop - rows.start

    def normal(part: int, *shape: int) -> F32:
        stream = np.random.default_rng([config.seed, part, month])
        return stream.standard_normal((hours, MINUTES, *shape), dtype=np.float32)

    def scale(variance: F64) -> F32:
        return np.sqrt(variance[rows, None] / MINUTES).astype(np.float32)

    moved: F32 = normal(_OWN, len(config.shares))
    moved *= scale(mixed.own)
    moved += scale(mixed.sector) * normal(_SECTOR, len(_sectors(config)))[:, :, sector_of(config)]
    moved += scale(mixed.market) * normal(_MARKET)[:, :, None]
    return moved


def month_extremes(config: SimulatorConfig, month: int, hours: int) -> F32:
    """Return standard exponential numbers for the highs (0) and lows (1) of minutes: (h, 60, 2, k)."""
    stream = np.random.default_rng([config.seed, _EXTREMES, month])
    # Of uniform numbers, not drawn as exponential ones: each takes one draw, whatever it is.
    drawn: F32 = -np.log1p(-stream.random((hours, MINUTES, 2, len(config.shares)), dtype=np.float32))
    return drawn


def month_volume_parts(config: SimulatorConfig, month: int, series: int, hours: int) -> F64:
    """Return how one series' hours share their volume among their minutes, before prices count: (h, 60)."""
    stream = np.random.default_rng([config.seed, _VOLUMES, series, month])
    parts: F64 = -np.log1p(-stream.random((hours, MINUTES)))
    return parts


def garch_variance(z: F64, config: SimulatorConfig) -> F64:
    """Return each bar's variance multiple, 1 on average; a multiple above 25 would be no market any more.

    Shapes: z (n, k) standardised moves -> (n, k)
    Causal: bar i depends on moves before bar i
    Source: GARCH(1,1), Bollerslev 1986
    """
    variance = np.ones_like(z)
    base = 1.0 - config.garch_alpha - config.garch_beta
    for i in range(1, len(z)):
        raised = (config.garch_alpha * z[i - 1] ** 2 + config.garch_beta) * variance[i - 1]
        variance[i] = np.minimum(base + raised, 25.0)
    return variance


def _sectors(config: SimulatorConfig) -> list[str]:
    return sorted({share.sector for share in config.shares})
