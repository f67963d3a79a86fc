"""The regime of a market or sector: a transparent scored rule set with hysteresis.

Figures -> evidence (0..1) for each regime -> scores with a bonus for staying -> probabilities -> the most probable.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from features.contracts import REGIMES
from features.kernels.regime_config import HysteresisConfig, Ramp, RegimeConfig
from features.kernels.regime_figures import RegimeFigures, RegimeInputs, ramp_of_past, regime_figures
from features.kernels.regime_news import NewsLoad
from traderai.common.arrays import F64, I64, Bools

UP, DOWN, FLAT, PANIC, EUPHORIA, NEWS = range(len(REGIMES))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RegimePath:
    """The regime of every day."""

    code: I64  # (d,) index into REGIMES, -1 where unknown
    probabilities: F64  # (d, 6) in the order of REGIMES, NaN where unknown
    spell_start: I64  # (d,) day on which the spell began, -1 where unknown
    figures: RegimeFigures
    shares: I64  # (d,) shares with a return that counts
    from_index: Bools  # (d,) the level is the index's


def regime_evidence(figures: RegimeFigures, config: RegimeConfig) -> F64:
    """Return how much speaks for each regime, each for itself.

    Shapes: returns (d, 6) in the order of REGIMES.
    Units:  0 (nothing) to 1.
    NaN:    where a figure is unknown; for a news storm where no news are stored.
    Causal: row t reads the figures up to day t.
    """
    trend, panic, euphoria, news = config.trend, config.panic, config.euphoria, config.news
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
    fall = ramp_of_past(figures.fall_speed_pct, panic.fall_speed_pct, config)
    fall = fall * ramp_of_past(-figures.drawdown_20d_pct, panic.drawdown_20d_pct, config)
    out[:, PANIC] = fall * (
        panic.weights.move
        + panic.weights.big_moves * ramp(figures.big_fall_frac, panic.big_fall_frac)
        + panic.weights.volatility * ramp(figures.volatility_percentile, panic.volatility_percentile)
        + panic.weights.dispersion * ramp(figures.dispersion_percentile, panic.dispersion_percentile)
    )
    out[:, EUPHORIA] = ramp_of_past(figures.return_20d_pct, euphoria.rise_20d_pct, config) * (
        euphoria.weights.move
        + euphoria.weights.big_moves * ramp(figures.big_rise_frac, euphoria.big_rise_frac)
        + euphoria.weights.volatility * ramp(figures.volatility_percentile, euphoria.volatility_percentile)
        + euphoria.weights.dispersion * ramp(figures.dispersion_percentile, euphoria.dispersion_percentile)
    )
    out[:, NEWS] = 0.5 * (
        ramp(figures.news_number_ratio, news.number_ratio)
        + ramp(figures.news_severity_ratio, news.severity_ratio)
    )
    return out


def regime_path(inputs: RegimeInputs, config: RegimeConfig, *, shares_min: int) -> RegimePath:
    """Return the regime of every day.

    Days on which fewer than `shares_min` shares traded are left out as if they had not been: they have no regime,
    and a spell goes on behind them.

    Shapes: inputs (d,) and (d, s); returns (d,).
    Units:  probabilities sum to 1 on every known day.
    NaN:    on the first `history_min_days` days with enough shares, and on days with fewer.
    Causal: day t reads days up to t.
    """
    kept = np.flatnonzero(np.isfinite(inputs.closes).sum(axis=1) >= shares_min)
    figures, shares = regime_figures(_taken(inputs, kept), config)
    evidence = regime_evidence(figures, config)
    code = np.full(kept.size, -1, dtype=np.int64)
    spell_start = np.full(kept.size, -1, dtype=np.int64)
    probabilities = np.full((kept.size, len(REGIMES)), np.nan)
    known = (np.arange(kept.size) >= config.history_min_days) & (shares >= shares_min)
    known &= np.isfinite(evidence[:, :NEWS]).all(axis=1)
    newest = -1
    for t in np.flatnonzero(known):
        before = int(code[newest]) if newest >= 0 else -1
        age_days = int(t - spell_start[newest]) if newest >= 0 else 0
        probabilities[t] = day_probabilities(evidence[t], before, age_days, config.hysteresis)
        code[t] = int(np.argmax(probabilities[t]))
        spell_start[t] = spell_start[newest] if code[t] == before else t
        newest = int(t)
    days = len(inputs.closes)
    index = inputs.index_close[kept]
    return RegimePath(
        code=_spread(code, kept, days, -1),
        probabilities=_spread(probabilities, kept, days, np.nan),
        spell_start=_spread(np.where(spell_start >= 0, kept[spell_start], -1), kept, days, -1),
        figures=RegimeFigures(
            **{
                field.name: _spread(getattr(figures, field.name), kept, days, np.nan)
                for field in fields(figures)
            }
        ),
        shares=_spread(shares, kept, days, 0),
        from_index=_spread(
            np.isfinite(index) & np.isfinite(np.append(np.nan, index[:-1])), kept, days, False
        ),
    )


def day_probabilities(evidence: F64, before: int, age_days: int, config: HysteresisConfig) -> F64:
    """Return the probabilities of one day, given the regime of the day before and the age of its spell.

    Shapes: evidence (6,); returns (6,).
    Units:  probabilities that sum to 1; `news_storm` has 0 where no news are stored.
    """
    scores = evidence * np.array(
        [1.0, 1.0, 1.0, config.panic_factor, config.euphoria_factor, config.news_factor]
    )
    held = before
    if before != PANIC and evidence[PANIC] >= config.interrupt_at:
        held = PANIC
    elif before not in (PANIC, NEWS) and evidence[NEWS] >= config.news_interrupt_at:
        held = NEWS
    if before >= 0:
        scores[held] += config.hold_bonus if age_days < config.hold_days else config.stay_bonus
    scores[NEWS] = scores[NEWS] if np.isfinite(evidence[NEWS]) else -np.inf
    weights = np.exp(config.sharpness * (scores - scores.max()))
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def ramp(values: F64, span: Ramp) -> F64:
    """Return 0 below `span[0]`, 1 above `span[1]`, linear between.

    Shapes: values (d,); returns (d,).
    NaN:    where the value is NaN.
    """
    return np.clip((values - span[0]) / (span[1] - span[0]), 0.0, 1.0)


def _taken(inputs: RegimeInputs, days: I64) -> RegimeInputs:
    news = NewsLoad(**{field.name: getattr(inputs.news, field.name)[days] for field in fields(inputs.news)})
    return replace(
        inputs,
        closes=inputs.closes[days],
        index_close=inputs.index_close[days],
        volatility_index=inputs.volatility_index[days],
        news=news,
    )


def _spread(values: F64 | I64 | Bools, kept: I64, days: int, blank: float) -> np.ndarray:
    """Return the values of the days kept among all days."""
    out = np.full((days, *values.shape[1:]), blank, dtype=values.dtype)
    out[kept] = values
    return out
