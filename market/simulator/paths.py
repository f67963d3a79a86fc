"""Correlated prices with fat tails, clustering volatility and a day's rhythm, deterministic by seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from market.simulator.config import SimulatorConfig
from traderai.common.arrays import F64, I64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimulatedPanel:
    """Bars of all simulated shares; figures have shape (n bars, k shares)."""

    begin_s: I64
    open: F64
    high: F64
    low: F64
    close: F64
    volume_shares: F64
    value_rub: F64


def simulated_panel(config: SimulatorConfig, begin_s: I64, hour: I64, day: I64) -> SimulatedPanel:
    """Return prices and volumes for the bars of a calendar.

    Log prices are martingales up to half their variance: no rule can earn on them before costs.

    Shapes: begin_s, hour, day (n,) -> (n, k)
    Units: roubles; shares in whole lots
    NaN: none
    Causal: bar i depends on the seed and on bars up to i alone; a longer calendar only appends
    Source: GARCH(1,1), Bollerslev 1986; extremes of a Brownian bridge, e.g. Glasserman 2003, section 6.4
    """
    streams = [np.random.default_rng(seed) for seed in np.random.SeedSequence(config.seed).spawn(6)]
    n, k = begin_s.size, len(config.shares)
    z = _correlated_moves(config, streams, n)
    variance = _garch_variance(z, config)
    daily = np.array([share.daily_volatility_frac for share in config.shares])
    in_hour = np.array([config.hours[int(h)][0] for h in hour])[:, None]
    sigma = daily * np.sqrt(variance * in_hour * (1.0 - config.overnight_frac))
    gap_sigma = daily * np.sqrt(variance * config.overnight_frac) * _opens_day(day)[:, None]
    gap = gap_sigma * streams[3].standard_normal((n, k)) - 0.5 * gap_sigma**2
    move = sigma * z - 0.5 * sigma**2
    start = np.log([share.price_rub for share in config.shares])
    log_close = start + np.cumsum(gap + move, axis=0)
    log_open = log_close - move
    high, low = _bridge_extremes(log_open, log_close, sigma, streams[4])
    return _rounded(config, begin_s, hour, z, (log_open, high, low, log_close), streams[5])


def _correlated_moves(config: SimulatorConfig, streams: list[np.random.Generator], n: int) -> F64:
    """Return standardised Student moves: market, sector and own parts with the configured variances."""
    k, df = len(config.shares), config.degrees_of_freedom
    sectors = sorted({share.sector for share in config.shares})
    where = [sectors.index(share.sector) for share in config.shares]
    scale = np.sqrt((df - 2.0) / df)
    market = streams[0].standard_t(df, (n, 1)) * scale
    by_sector = streams[1].standard_t(df, (n, len(sectors)))[:, where] * scale
    own = streams[2].standard_t(df, (n, k)) * scale
    rest = 1.0 - config.market_frac - config.sector_frac
    moves: F64 = (
        np.sqrt(config.market_frac) * market + np.sqrt(config.sector_frac) * by_sector + np.sqrt(rest) * own
    )
    return moves


def _garch_variance(z: F64, config: SimulatorConfig) -> F64:
    """Return each bar's variance multiple, 1 on average; a multiple above 25 would be no market any more."""
    variance = np.ones_like(z)
    base = 1.0 - config.garch_alpha - config.garch_beta
    for i in range(1, len(z)):
        raised = (config.garch_alpha * z[i - 1] ** 2 + config.garch_beta) * variance[i - 1]
        variance[i] = np.minimum(base + raised, 25.0)
    return variance


def _opens_day(day: I64) -> F64:
    opens = np.zeros(day.size)
    opens[1:] = day[1:] != day[:-1]
    return opens


def _bridge_extremes(
    log_open: F64, log_close: F64, sigma: F64, stream: np.random.Generator
) -> tuple[F64, F64]:
    """Return the highest and lowest points of Brownian bridges from open to close."""
    # One draw of shape (n, 2, k): two separate draws would not stay the same when bars are appended.
    draws = np.log(1.0 - stream.random((len(log_open), 2, log_open.shape[1])))
    step = log_close - log_open
    high = log_open + 0.5 * (step + np.sqrt(step**2 - 2.0 * sigma**2 * draws[:, 0]))
    low = log_open + 0.5 * (step - np.sqrt(step**2 - 2.0 * sigma**2 * draws[:, 1]))
    return high, low


def _rounded(
    config: SimulatorConfig,
    begin_s: I64,
    hour: I64,
    z: F64,
    log_prices: tuple[F64, F64, F64, F64],
    stream: np.random.Generator,
) -> SimulatedPanel:
    steps = np.array([share.price_step_rub for share in config.shares])
    lots = np.array([share.lot_size for share in config.shares], dtype=np.float64)
    turnover = np.array([share.daily_turnover_rub for share in config.shares])
    # Rounding is monotone, so that low <= open, close <= high survives it; nine decimals undo binary dust.
    opened, high, low, close = (
        np.round(np.maximum(np.round(np.exp(prices) / steps), 1.0) * steps, 9) for prices in log_prices
    )
    of_day = np.array([config.hours[int(h)][1] for h in hour])[:, None]
    noise = config.volume_noise * stream.standard_normal(z.shape)
    value = turnover * of_day * np.exp(0.4 * (np.abs(z) - 0.74) + noise - 0.5 * config.volume_noise**2)
    mean_price = (opened + high + low + close) / 4.0
    volume = np.maximum(np.round(value / mean_price / lots), 1.0) * lots
    return SimulatedPanel(
        begin_s=begin_s,
        open=opened,
        high=high,
        low=low,
        close=close,
        volume_shares=volume,
        value_rub=np.round(volume * mean_price, 2),
    )
