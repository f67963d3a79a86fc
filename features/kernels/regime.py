"""The market's regime from the daily closes of its shares: a transparent scored rule set with hysteresis.

Figures -> evidence (0..1) for each regime -> scores with a bonus for staying -> probabilities -> the most probable.
There is no news source yet, so `news_storm` always has probability 0.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from features.contracts import REGIMES
from traderai.common.arrays import F64, I64

Ramp = tuple[float, float]
UP, DOWN, FLAT, PANIC, EUPHORIA, NEWS = range(len(REGIMES))
SIGMA_DAYS = 20
SPEED_DAYS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendConfig:
    """Ramps of the evidence for a trend; mirrored for a downtrend."""

    distance_sigmas: Ramp
    slope_sigmas: Ramp
    breadth_frac: Ramp


@dataclass(frozen=True, slots=True, kw_only=True)
class PanicConfig:
    """Ramps of the evidence for panic and their weights."""

    fall_speed_pct: Ramp
    drawdown_20d_pct: Ramp
    big_fall_frac: Ramp
    volatility_percentile: Ramp
    weights: tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class EuphoriaConfig:
    """Ramps of the evidence for euphoria and their weights."""

    rise_20d_pct: Ramp
    big_rise_frac: Ramp
    volatility_percentile: Ramp
    weights: tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class HysteresisConfig:
    """How scores become probabilities and how reluctantly the regime changes."""

    sharpness: float
    panic_factor: float
    euphoria_factor: float
    stay_bonus: float
    hold_bonus: float
    hold_days: int
    interrupt_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RegimeConfig:
    """Everything that decides the regime."""

    version: int
    shares_min: int
    history_min_days: int
    average_days: tuple[int, int]
    slope_days: int
    volatility_decay: float
    big_move_pct: float
    trend: TrendConfig
    panic: PanicConfig
    euphoria: EuphoriaConfig
    hysteresis: HysteresisConfig

    def __post_init__(self) -> None:
        short, long = self.average_days
        if not 2 <= short < long:
            raise ValueError(f"average_days must be two rising numbers from 2 on, was {self.average_days}")
        if self.history_min_days < short:
            raise ValueError(f"history_min_days must be at least {short}, was {self.history_min_days}")
        for part in (self.trend, self.panic, self.euphoria):
            for field in fields(part):
                ramp = getattr(part, field.name)
                if field.name != "weights" and not ramp[0] < ramp[1]:
                    raise ValueError(f"{field.name} must rise from low to high, was {ramp}")
        for weights in (self.panic.weights, self.euphoria.weights):
            if abs(sum(weights) - 1.0) > 1e-9:
                raise ValueError(f"weights must add up to 1, was {weights}")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RegimeFigures:
    """The daily figures behind a regime; arrays of shape (d,), NaN where history is too short."""

    return_1d_pct: F64
    return_5d_pct: F64
    return_20d_pct: F64
    drawdown_20d_pct: F64
    fall_speed_pct: F64  # the largest 5-day loss seen on one of the last 5 days
    distance_sigmas: F64
    slope_sigmas: F64
    volatility_1d_pct: F64
    volatility_percentile: F64
    breadth_frac: F64
    big_fall_frac: F64
    big_rise_frac: F64

    def at(self, day: int) -> dict[str, float]:
        """Return the figures of one day by name."""
        return {field.name: float(getattr(self, field.name)[day]) for field in fields(self)}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RegimePath:
    """The regime of every day."""

    code: I64  # (d,) index into REGIMES, -1 where unknown
    probabilities: F64  # (d, 6) in the order of REGIMES, NaN where unknown
    spell_start: I64  # (d,) day on which the spell began, -1 where unknown
    figures: RegimeFigures
    shares: I64  # (d,) shares with a return


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


def regime_figures(closes: F64, config: RegimeConfig) -> tuple[RegimeFigures, I64]:
    """Return the daily figures of a market and how many shares stand behind each day.

    Shapes: closes (d, s), adjusted for splits and dividends, NaN where a share did not trade; returns arrays (d,).
    Units:  percent, fractions and standard deviations, as the names say.
    NaN:    where history is too short.
    Causal: day t reads closes up to t; the volatility percentile ranks among the days up to t.
    """
    returns = share_returns(closes)
    shares = np.isfinite(returns).sum(axis=1)
    market = _row_mean(returns, shares)
    level = np.cumsum(market)
    return_5d_pct = 100.0 * np.expm1(_change(level, SPEED_DAYS))
    short, long = config.average_days
    sigma = ewma_sigma(market, decay=config.volatility_decay, start=SIGMA_DAYS // 2)
    short_average = trailing_mean(level, days=short, least=short)
    long_average = trailing_mean(level, days=long, least=short)
    big = config.big_move_pct / 100.0
    falls = _row_mean(np.where(np.isfinite(returns), returns < -big, np.nan), shares)
    rises = _row_mean(np.where(np.isfinite(returns), returns > big, np.nan), shares)
    figures = RegimeFigures(
        return_1d_pct=100.0 * np.expm1(market),
        return_5d_pct=return_5d_pct,
        return_20d_pct=100.0 * np.expm1(_change(level, 20)),
        drawdown_20d_pct=100.0 * np.expm1(level - trailing_max(level, days=20)),
        fall_speed_pct=trailing_max(-return_5d_pct, days=SPEED_DAYS),
        distance_sigmas=(level - long_average) / (sigma * np.sqrt(SIGMA_DAYS)),
        slope_sigmas=_change(short_average, config.slope_days) / (sigma * np.sqrt(config.slope_days)),
        volatility_1d_pct=100.0 * sigma,
        volatility_percentile=expanding_percentile(sigma),
        breadth_frac=breadth(returns, closes, days=short),
        big_fall_frac=trailing_max(falls, days=SPEED_DAYS),
        big_rise_frac=trailing_max(rises, days=SPEED_DAYS),
    )
    return figures, shares.astype(np.int64)


def regime_evidence(figures: RegimeFigures, config: RegimeConfig) -> F64:
    """Return how much speaks for each regime, each for itself.

    Shapes: returns (d, 6) in the order of REGIMES.
    Units:  0 (nothing) to 1.
    NaN:    where a figure is unknown.
    Causal: row t reads the figures of day t.
    """
    trend, panic, euphoria = config.trend, config.panic, config.euphoria
    out = np.zeros((figures.return_1d_pct.size, len(REGIMES)))
    sides = ((UP, 1.0, figures.breadth_frac), (DOWN, -1.0, 1.0 - figures.breadth_frac))
    for regime, sign, side_frac in sides:
        out[:, regime] = (
            ramp(sign * figures.distance_sigmas, trend.distance_sigmas)
            + ramp(sign * figures.slope_sigmas, trend.slope_sigmas)
            + ramp(side_frac, trend.breadth_frac)
        ) / 3.0
    out[:, FLAT] = 1.0 - np.maximum(out[:, UP], out[:, DOWN])
    # Big moves and volatility come with rallies too: without a fall there is no panic, without a rise no euphoria.
    # A fall that has been made good is over, however wild the days of its recovery.
    fall = ramp(figures.fall_speed_pct, panic.fall_speed_pct)
    fall = fall * ramp(-figures.drawdown_20d_pct, panic.drawdown_20d_pct)
    out[:, PANIC] = fall * (
        panic.weights[0]
        + panic.weights[1] * ramp(figures.big_fall_frac, panic.big_fall_frac)
        + panic.weights[2] * ramp(figures.volatility_percentile, panic.volatility_percentile)
    )
    rise = ramp(figures.return_20d_pct, euphoria.rise_20d_pct)
    out[:, EUPHORIA] = rise * (
        euphoria.weights[0]
        + euphoria.weights[1] * ramp(figures.big_rise_frac, euphoria.big_rise_frac)
        + euphoria.weights[2] * ramp(figures.volatility_percentile, euphoria.volatility_percentile)
    )
    return out


def regime_path(closes: F64, config: RegimeConfig) -> RegimePath:
    """Return the regime of every day.

    Shapes: closes (d, s), adjusted for splits and dividends, NaN where a share did not trade.
    Units:  probabilities sum to 1 on every known day.
    NaN:    before `history_min_days` and on days with fewer than `shares_min` shares, which end a spell.
    Causal: day t reads closes up to t.
    """
    figures, shares = regime_figures(closes, config)
    evidence = regime_evidence(figures, config)
    d = shares.size
    code = np.full(d, -1, dtype=np.int64)
    spell_start = np.full(d, -1, dtype=np.int64)
    probabilities = np.full((d, len(REGIMES)), np.nan)
    known = (np.arange(d) >= config.history_min_days) & (shares >= config.shares_min)
    known &= np.isfinite(evidence).all(axis=1)
    for t in np.flatnonzero(known):
        before = int(code[t - 1])
        age_days = int(t - spell_start[t - 1]) if before >= 0 else 0
        probabilities[t] = day_probabilities(evidence[t], before, age_days, config.hysteresis)
        code[t] = int(np.argmax(probabilities[t]))
        spell_start[t] = spell_start[t - 1] if code[t] == before else t
    return RegimePath(
        code=code, probabilities=probabilities, spell_start=spell_start, figures=figures, shares=shares
    )


def day_probabilities(evidence: F64, before: int, age_days: int, config: HysteresisConfig) -> F64:
    """Return the probabilities of one day, given the regime of the day before and the age of its spell.

    Shapes: evidence (6,); returns (6,).
    Units:  probabilities that sum to 1; `news_storm` has 0 as there is no news source.
    """
    scores = evidence.copy()
    scores[PANIC] *= config.panic_factor
    scores[EUPHORIA] *= config.euphoria_factor
    interrupted = before != PANIC and evidence[PANIC] >= config.interrupt_at
    if before >= 0:
        bonus = config.hold_bonus if age_days < config.hold_days else config.stay_bonus
        scores[PANIC if interrupted else before] += bonus
    scores[NEWS] = -np.inf
    weights = np.exp(config.sharpness * (scores - scores.max()))
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def ramp(values: F64, span: Ramp) -> F64:
    """Return 0 below `span[0]`, 1 above `span[1]`, linear between.

    Shapes: values (d,); returns (d,).
    NaN:    where the value is NaN.
    """
    return np.clip((values - span[0]) / (span[1] - span[0]), 0.0, 1.0)


def ewma_sigma(returns: F64, *, decay: float, start: int) -> F64:
    """Return the exponentially weighted volatility; the variance starts as the mean square of the first returns.

    Shapes: returns (d,); returns (d,).
    Units:  log return of one day.
    NaN:    the first `start` days.
    Causal: out[t] reads returns up to t.
    Source: RiskMetrics Technical Document (1996).
    """
    out = np.full(returns.size, np.nan)
    variance = 0.0
    for t in range(1, returns.size):
        square = float(returns[t]) ** 2
        variance = variance + square / start if t <= start else decay * variance + (1.0 - decay) * square
        if t >= start:
            out[t] = np.sqrt(variance)
    return np.where(out > 0.0, out, np.nan)


def expanding_percentile(values: F64) -> F64:
    """Return the share of the values known so far that are not above the newest one.

    Shapes: values (d,); returns (d,).
    Units:  above 0 to 1.
    NaN:    where the value is NaN.
    Causal: out[t] reads values up to t.
    """
    out = np.full(values.size, np.nan)
    for t in np.flatnonzero(np.isfinite(values)):
        past = values[: t + 1]
        out[t] = np.mean(past[np.isfinite(past)] <= values[t])
    return out


def trailing_mean(values: F64, *, days: int, least: int) -> F64:
    """Return the mean of the last `days` values, of as many as there are from the `least`-th day on.

    Shapes: values (d,); returns (d,).
    NaN:    the first `least - 1` days.
    Causal: out[t] reads values t - days + 1 to t.
    """
    out = np.full(values.size, np.nan)
    for t in range(least - 1, values.size):
        out[t] = values[max(0, t - days + 1) : t + 1].mean()
    return out


def trailing_max(values: F64, *, days: int) -> F64:
    """Return the largest of the last `days` values, of as many as there are.

    Shapes: values (d,); returns (d,).
    NaN:    where a value of the window is NaN.
    Causal: out[t] reads values t - days + 1 to t.
    """
    return np.array(
        [values[max(0, t - days + 1) : t + 1].max() for t in range(values.size)], dtype=np.float64
    )


def breadth(returns: F64, closes: F64, *, days: int) -> F64:
    """Return the share of shares that stand above the mean of their last `days` closes.

    Shapes: returns, closes (d, s); returns (d,).
    Units:  fraction of the shares with a return on the day and `days` closes up to it.
    NaN:    where no share has them.
    Causal: out[t] reads closes t - days + 1 to t.
    """
    out = np.full(closes.shape[0], np.nan)
    for t in range(days - 1, closes.shape[0]):
        part = closes[t - days + 1 : t + 1]
        usable = np.isfinite(part).all(axis=0) & np.isfinite(returns[t])
        if usable.any():
            out[t] = np.mean(part[-1, usable] > part[:, usable].mean(axis=0))
    return out


def _row_mean(values: F64, count: I64) -> F64:
    """Return the mean of each row's finite values; a day without any counts as no move."""
    totals = np.where(np.isfinite(values), values, 0.0).sum(axis=1)
    return np.asarray(totals / np.maximum(count, 1), dtype=np.float64)


def _change(values: F64, days: int) -> F64:
    out = np.full(values.size, np.nan)
    out[days:] = values[days:] - values[:-days]
    return out
