"""How many and how grave the news of a day are against those of the days before it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.kernels.regime_config import NewsConfig
from traderai.common.arrays import F64, I64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NewsDays:
    """News by calendar day and source; arrays of shape (d, k)."""

    texts: I64  # read ones of any kind: whether the source was there at all
    number: F64  # verdicts, those on the whole market weighed
    severity: F64  # their scores in hundreds, weighed


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NewsLoad:
    """The load of news by day; arrays of shape (d,), NaN where no source had been read for long enough."""

    number: F64
    severity: F64
    number_ratio: F64  # against a high quantile of the days before
    severity_ratio: F64


def news_load(days: NewsDays, config: NewsConfig) -> NewsLoad:
    """Return each calendar day's number and severity of verdicts against the past of the same sources.

    A source counts from `least_days` after its first text on, as long as it has one within `alive_days`; the past
    reaches back to where the youngest of them begins, so that a new source makes no storm. Nor does an archive that
    grows: a day's ratio is the smaller one of what its verdicts are to the past's and of what they are for each text.

    Shapes: (d, k); returns (d,).
    Units:  weighed verdicts, scores in hundreds, ratios.
    NaN:    where no source counts, where their texts come on fewer than half of the days, and on days with so few
        texts that they were hardly read.
    Causal: out[t] reads days up to t.
    """
    count, sources = days.texts.shape
    out = np.full((4, count), np.nan)
    there = days.texts > 0
    first = np.where(there.any(axis=0), there.argmax(axis=0), count)
    newest = np.full(sources, -count)
    for t in range(count):
        newest[there[t]] = t
        counts = (first <= t - config.least_days) & (newest > t - config.alive_days)
        if not counts.any():
            continue
        since = max(t - config.days, int(first[counts].max()))
        texts = days.texts[since : t + 1][:, counts].sum(axis=1).astype(np.float64)
        usual = float(np.median(texts[:-1]))
        if usual < 1.0 or texts[-1] < max(1.0, config.texts_frac * usual):
            continue
        for row, values, least in (
            (0, days.number, config.number_least),
            (1, days.severity, config.severity_least),
        ):
            loads = values[since : t + 1][:, counts].sum(axis=1)
            out[row, t] = loads[-1]
            out[row + 2, t] = min(
                _against_past(loads, config.quantile, least=least),
                _against_past(loads / np.maximum(texts, 1.0), config.quantile, least=0.0),
            )
    return NewsLoad(number=out[0], severity=out[1], number_ratio=out[2], severity_ratio=out[3])


def heaviest_since(load: NewsLoad, first_day: int, through_day: I64) -> NewsLoad:
    """Return for each trading day the heaviest load of the calendar days since the trading day before.

    Shapes: load (c,), through_day (d,), rising; returns (d,).
    Units:  `first_day` and `through_day` are days since 1970: the load's first and the last that each trading day
            may read.
    NaN:    where no day of the stretch has a load.
    Causal: out[t] reads days up to through_day[t].
    """
    after = np.clip(through_day - first_day + 1, 0, load.number.size)
    since = np.append(np.maximum(after[:1] - 1, 0), after[:-1])[: after.size]

    def heaviest(values: F64) -> F64:
        return np.array(
            [np.fmax.reduce(values[a:b]) if b > a else np.nan for a, b in zip(since, after, strict=True)],
            dtype=np.float64,
        )

    return NewsLoad(
        number=heaviest(load.number),
        severity=heaviest(load.severity),
        number_ratio=heaviest(load.number_ratio),
        severity_ratio=heaviest(load.severity_ratio),
    )


def _against_past(loads: F64, quantile: float, *, least: float) -> float:
    """Return the newest load over a quantile of those before it; any load is infinitely more than none."""
    usual = max(float(np.quantile(loads[:-1], quantile)), least)
    if usual > 0.0:
        return float(loads[-1]) / usual
    return np.inf if loads[-1] > 0.0 else 0.0
