"""The daily figures behind a regime: level and trend, the cross-section of the shares, volatility, news."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np

from features.kernels.regime_config import QuantileRamp, RegimeConfig
from features.kernels.regime_news import NewsLoad
from features.kernels.regime_trailing import (
    change,
    ewma_sigma,
    past_quantile,
    realised_sigma,
    trailing_max,
    trailing_mean,
    trailing_percentile,
)
from traderai.common.arrays import F64, I64, Bools

SIGMA_DAYS = 20
SPEED_DAYS = 5
SWING_DAYS = 20


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RegimeInputs:
    """What one scope's regime is computed from, day by day."""

    closes: F64  # (d, s) adjusted for splits and dividends, NaN where a share did not trade
    index_close: F64  # (d,) NaN where no index is stored: the shares' mean stands in for it
    volatility_index: F64  # (d,) NaN where none is stored
    news: NewsLoad  # (d,)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RegimeFigures:
    """The daily figures behind a regime; arrays of shape (d,), NaN where history is too short or a source absent."""

    return_1d_pct: F64  # of the index, of the mean share where there is none
    return_5d_pct: F64
    return_20d_pct: F64
    drawdown_20d_pct: F64
    fall_speed_pct: F64  # the largest 5-day loss seen on one of the last 5 days
    distance_sigmas: F64
    slope_sigmas: F64
    volatility_1d_pct: F64  # EWMA
    realised_1d_pct: F64
    volatility_index: F64
    volatility_percentile: F64  # mean of the percentiles of those of the three that are known
    dispersion_pct: F64  # standard deviation of the day's returns across shares
    dispersion_percentile: F64
    breadth_frac: F64
    big_move_pct: F64  # from here on a share's move counts as big
    big_fall_frac: F64  # the largest share of shares with a big fall on one of the last 5 days
    big_rise_frac: F64
    news_number: F64
    news_severity: F64
    news_number_ratio: F64
    news_severity_ratio: F64

    def at(self, day: int) -> dict[str, float]:
        """Return the known figures of one day by name."""
        found = {field.name: float(getattr(self, field.name)[day]) for field in fields(self)}
        return {name: value for name, value in found.items() if math.isfinite(value)}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CrossSection:
    """The moves of a day across the shares that count; arrays of shape (d,), NaN on a day without any."""

    shares: I64  # shares with a return that counts
    mean: F64
    dispersion: F64
    breadth_frac: F64
    big_move: F64  # log return
    fall_frac: F64
    rise_frac: F64


def share_returns(closes: F64) -> F64:
    """Return each share's daily log return since its last known close.

    Shapes: closes (d, s), NaN where a share did not trade; returns (d, s).
    Units:  natural log of the price ratio.
    NaN:    where a share did not trade, and its first close.
    Causal: row t reads closes up to t.
    """
    out = np.full(closes.shape, np.nan)
    last = np.full(closes.shape[1], np.nan)
    for t, row in enumerate(closes):
        traded = np.isfinite(row)
        out[t, traded] = np.log(row[traded] / last[traded])
        last[traded] = row[traded]
    return out


def is_liquid(closes: F64, *, days: int, frac: float) -> Bools:
    """Return which shares had traded on enough of the last `days` days, of as many as there were.

    Shapes: closes (d, s); returns (d, s).
    Causal: row t reads closes t - days + 1 to t.
    """
    traded = np.cumsum(np.isfinite(closes), axis=0)
    before = np.zeros_like(traded)
    before[days:] = traded[:-days] if days < len(traded) else traded[:0]
    span = np.minimum(np.arange(len(closes)) + 1, days)
    return np.asarray(traded - before >= frac * span[:, None] - 1e-9)


def above_average(closes: F64, *, days: int) -> F64:
    """Return whether each share stands above the mean of its closes of the last `days` days, 1 or 0.

    Shapes: closes (d, s); returns (d, s).
    NaN:    where a share has no close of `days` days ago yet; a day without trading keeps the close before it.
    Causal: row t reads closes up to t.
    """
    held = closes.copy()
    for t in range(1, len(held)):
        held[t] = np.where(np.isfinite(held[t]), held[t], held[t - 1])
    out = np.full(closes.shape, np.nan)
    if len(held) >= days:
        total = np.zeros((len(held) - days + 1, held.shape[1]))
        for back in range(days):
            total += held[days - 1 - back : len(held) - back]
        newest = held[days - 1 :]
        out[days - 1 :] = np.where(np.isfinite(total), newest > total / days, np.nan)
    return out


def cross_section(closes: F64, config: RegimeConfig) -> CrossSection:
    """Return the moves across the liquid shares, leaving out those that no market makes.

    A return further than `outlier_log` from the day's median is a split or an error that nobody told of. Sums are
    exact, so that shares listed later change no bit of the days before.

    Shapes: closes (d, s), adjusted for splits and dividends; returns (d,).
    Units:  log returns and fractions of the shares with a return that counts.
    NaN:    on a day without such a share; the breadth while no average is known.
    Causal: day t reads closes up to t; the size of a big move is the usual one of the days before t.
    """
    count = len(closes)
    moves, above = _counted_moves(closes, config)
    figures, larger = np.full((3, count), np.nan), np.full(count, np.nan)
    for t, row in enumerate(moves):
        if not row.size:
            continue
        mean = math.fsum(row) / row.size
        side = above[t][np.isfinite(above[t])]
        figures[:, t] = (
            mean,
            math.sqrt(math.fsum((row - mean) ** 2) / row.size),
            side.mean() if side.size else np.nan,
        )
        larger[t] = np.quantile(np.abs(row), config.big_move.quantile)
    big = _big_move(larger, config)
    return CrossSection(
        shares=np.array([row.size for row in moves], dtype=np.int64),
        mean=figures[0],
        dispersion=figures[1],
        breadth_frac=figures[2],
        big_move=big,
        fall_frac=np.array(
            [np.mean(row < -size) if row.size else np.nan for row, size in zip(moves, big, strict=True)]
        ),
        rise_frac=np.array(
            [np.mean(row > size) if row.size else np.nan for row, size in zip(moves, big, strict=True)]
        ),
    )


def regime_figures(inputs: RegimeInputs, config: RegimeConfig) -> tuple[RegimeFigures, I64]:
    """Return the daily figures of a scope and how many shares stand behind each day.

    Shapes: returns arrays (d,).
    Units:  percent, fractions and standard deviations, as the names say.
    NaN:    where history is too short or a source absent.
    Causal: day t reads days up to t; percentiles rank among `history.days` days up to t.
    """
    section = cross_section(inputs.closes, config)
    market = level_returns(inputs.index_close, section.mean)
    level = np.cumsum(market)
    return_5d_pct = 100.0 * np.expm1(change(level, SPEED_DAYS))
    short, long = config.average_days
    sigma = ewma_sigma(market, decay=config.volatility_decay, start=SIGMA_DAYS // 2)
    realised = realised_sigma(market, days=config.volatility_days)
    short_average = trailing_mean(level, days=short, least=short)
    long_average = trailing_mean(level, days=long, least=short)
    figures = RegimeFigures(
        return_1d_pct=100.0 * np.expm1(market),
        return_5d_pct=return_5d_pct,
        return_20d_pct=100.0 * np.expm1(change(level, SWING_DAYS)),
        drawdown_20d_pct=100.0 * np.expm1(level - trailing_max(level, days=SWING_DAYS)),
        fall_speed_pct=trailing_max(-return_5d_pct, days=SPEED_DAYS),
        distance_sigmas=(level - long_average) / (sigma * np.sqrt(SIGMA_DAYS)),
        slope_sigmas=change(short_average, config.slope_days) / (sigma * np.sqrt(config.slope_days)),
        volatility_1d_pct=100.0 * sigma,
        realised_1d_pct=100.0 * realised,
        volatility_index=inputs.volatility_index,
        volatility_percentile=_volatility_percentile(sigma, realised, inputs.volatility_index, config),
        dispersion_pct=100.0 * section.dispersion,
        dispersion_percentile=trailing_percentile(section.dispersion, days=config.history.days),
        breadth_frac=section.breadth_frac,
        big_move_pct=100.0 * np.expm1(section.big_move),
        big_fall_frac=trailing_max(section.fall_frac, days=SPEED_DAYS),
        big_rise_frac=trailing_max(section.rise_frac, days=SPEED_DAYS),
        news_number=inputs.news.number,
        news_severity=inputs.news.severity,
        news_number_ratio=inputs.news.number_ratio,
        news_severity_ratio=inputs.news.severity_ratio,
    )
    return figures, section.shares


def level_returns(index_close: F64, mean: F64) -> F64:
    """Return the log returns of the level: the index's where it has this close and the one before, else the shares'.

    Shapes: (d,); returns (d,).
    Units:  natural log of the price ratio.
    NaN:    nowhere; a day without index and shares counts as no move.
    Causal: out[t] reads days t - 1 and t.
    """
    own = np.full(index_close.size, np.nan)
    own[1:] = np.log(index_close[1:] / index_close[:-1])
    return np.nan_to_num(np.where(np.isfinite(own), own, mean), nan=0.0)


def ramp_of_past(values: F64, span: QuantileRamp, config: RegimeConfig) -> F64:
    """Return 0 below the lower quantile of the figure's past, 1 above the upper one, linear between.

    Shapes: values (d,); returns (d,).
    Units:  0 to 1.
    NaN:    where the value is NaN.
    Causal: the thresholds of day t are quantiles of the days before t.
    """
    history = config.history
    low, high = (
        np.clip(
            past_quantile(values, span.quantiles[side], days=history.days, least=history.least_days),
            span.least[side],
            span.most[side],
        )
        for side in (0, 1)
    )
    low = np.where(np.isfinite(low), low, span.at_first[0])
    high = np.where(np.isfinite(high), high, span.at_first[1])
    return np.asarray(np.clip((values - low) / (high - low), 0.0, 1.0))


def _counted_moves(closes: F64, config: RegimeConfig) -> tuple[list[F64], list[F64]]:
    """Return by day the returns of the liquid shares that a market may make, and whether each stands above its mean."""
    universe = config.universe
    returns = share_returns(closes)
    liquid = is_liquid(closes, days=universe.presence_days, frac=universe.presence_frac)
    above = above_average(closes, days=config.average_days[0])
    moves, sides = [], []
    for row, side, counts in zip(returns, above, np.isfinite(returns) & liquid, strict=True):
        move = row[counts]
        middle = np.median(move) if move.size else 0.0
        usual = np.abs(move - middle) <= universe.outlier_log
        moves.append(move[usual])
        sides.append(side[counts][usual])
    return moves, sides


def _big_move(larger: F64, config: RegimeConfig) -> F64:
    """Return the log return from which on a move is big: the median of the past days' larger moves, within bounds."""
    big = config.big_move
    usual = 100.0 * np.expm1(past_quantile(larger, 0.5, days=big.days, least=big.least_days))
    within = np.clip(np.where(np.isfinite(usual), usual, big.at_first_pct), big.least_pct, big.most_pct)
    return np.asarray(np.log1p(within / 100.0))


def _volatility_percentile(sigma: F64, realised: F64, index: F64, config: RegimeConfig) -> F64:
    """Return the mean percentile of the measures that are known; the index joins when its past is long enough."""
    history = config.history
    index_rank = trailing_percentile(index, days=history.days)
    index_rank[np.cumsum(np.isfinite(index)) < history.least_days] = np.nan
    ranks = np.stack(
        [
            trailing_percentile(sigma, days=history.days),
            trailing_percentile(realised, days=history.days),
            index_rank,
        ]
    )
    known = np.isfinite(ranks)
    total = np.where(known, ranks, 0.0).sum(axis=0)
    return np.where(known[0] & known[1], total / np.maximum(known.sum(axis=0), 1), np.nan)
