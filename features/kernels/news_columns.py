"""The columns of one target's news: of a share, of its sector or of the whole market."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

import numpy as np

from features.kernels import news
from market.kernels.news_arrays import AlertArrays, VerdictArrays
from market.kernels.news_events import EVENT_TYPES
from traderai.common.arrays import F64, I8, I64, Bools

INTENSITY_DAYS: Final = 30


# From a target's news and named parameters to (M,) numbers.
NewsColumn: TypeAlias = Callable[..., F64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TextArrays:
    """Texts in the order of known_s: known_s (n,), signs (n, 32)."""

    known_s: I64
    signs: I64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TargetNews:
    """What is told of one target, and the moments at which it is asked for; `known_s` are all texts of all targets."""

    moments_s: I64
    verdicts: VerdictArrays
    alerts: AlertArrays
    texts: TextArrays
    known_s: I64
    memo: dict[str, F64] = field(default_factory=dict)

    def anything(self, span_s: int) -> Bools:
        """Return for each moment whether a verdict, an alert or a text can count at it."""
        known = (self.verdicts.known_s, self.alerts.known_s, self.texts.known_s)
        found = _alerts_of(self)[:, 0] > 0
        for known_s in known:
            if known_s.size:
                found |= news.counts_within(self.moments_s, known_s, span_s) > 0
        return found

    def at(self, rows: I64) -> TargetNews:
        """Return the same news asked for at some of the moments only."""
        return replace(self, moments_s=self.moments_s[rows], memo={})

    def once(self, name: str, make: Callable[[], F64]) -> F64:
        """Return what several columns share; it is made the first time it is asked for."""
        if name not in self.memo:
            self.memo[name] = make()
        return self.memo[name]


def _span_s(span_min: float) -> int:
    return int(60 * span_min)


def _strongest(seen: TargetNews, span_min: float, of: str) -> F64:
    """The score, direction or event code of the strongest verdict; 0, 0 and -1 where there is none."""
    verdicts = seen.verdicts
    place = seen.once(
        f"strongest/{span_min}",
        lambda: news.strongest(seen.moments_s, verdicts.known_s, verdicts.score, _span_s(span_min)).astype(
            np.float64
        ),
    ).astype(np.int64)
    by_name: dict[str, F64 | I8] = {
        "score": verdicts.score,
        "direction": verdicts.direction,
        "event": verdicts.event_code,
    }
    values = by_name[of]
    out = np.full(place.shape, -1.0 if of == "event" else 0.0)
    out[place >= 0] = values[place[place >= 0]]
    return out


def _total(seen: TargetNews, span_min: float, chosen: Bools, *, counted: bool = False) -> F64:
    """The decayed sum of score / 100 over the chosen verdicts, or their count."""
    channel = np.where(chosen, 0, -1).astype(np.int8)
    return _sums(seen, span_min, channel, 1, counted=counted)[:, 0]


def _sums(seen: TargetNews, span_min: float, channel: I8, channels: int, *, counted: bool) -> F64:
    verdicts, span_s = seen.verdicts, _span_s(span_min)
    value = np.ones(verdicts.score.size) if counted else verdicts.score / 100.0
    half_life_s = math.inf if counted else span_s / 2.0
    return news.decayed_sums(seen.moments_s, verdicts.known_s, value, channel, channels, span_s, half_life_s)


def _of_type(seen: TargetNews, span_min: float, event: float, sign: int, *, counted: bool = False) -> F64:
    """The same of one type of event; all types are added up in one go."""
    verdicts = seen.verdicts
    by_type = seen.once(
        f"types/{span_min}/{sign}/{counted}",
        lambda: _sums(
            seen,
            span_min,
            np.where(verdicts.direction == sign, verdicts.event_code, -1).astype(np.int8),
            len(EVENT_TYPES),
            counted=counted,
        ),
    )
    return by_type[:, int(event)]


def _alerts_of(seen: TargetNews) -> F64:
    """The count and the worst severity of the alerts in force at each moment."""
    alerts = seen.alerts
    return seen.once(
        "alerts",
        lambda: news.alerts_in_force(
            seen.moments_s, alerts.known_s, alerts.starts_s, alerts.ends_s, alerts.severity
        ),
    )


def _new_alerts(seen: TargetNews, span_min: float) -> F64:
    return news.counts_within(seen.moments_s, seen.alerts.known_s, _span_s(span_min)).astype(np.float64)


def _embedding(seen: TargetNews, span_min: float, dim: float) -> F64:
    texts = seen.texts
    found = seen.once(
        f"embedding/{span_min}",
        lambda: news.embedding(seen.moments_s, texts.known_s, texts.signs, span_s=_span_s(span_min)),
    )
    return found[:, int(dim)]


COLUMNS: Final[dict[str, NewsColumn]] = {
    "trigger_score": lambda seen, *, span_min: _strongest(seen, span_min, "score"),
    "trigger_direction": lambda seen, *, span_min: _strongest(seen, span_min, "direction"),
    "trigger_is": lambda seen, *, span_min, event: (_strongest(seen, span_min, "event") == event) * 1.0,
    "sum": lambda seen, *, span_min: _total(seen, span_min, seen.verdicts.score > 0),
    "bull_sum": lambda seen, *, span_min: _total(seen, span_min, seen.verdicts.direction > 0),
    "bear_sum": lambda seen, *, span_min: _total(seen, span_min, seen.verdicts.direction < 0),
    "bull_count": lambda seen, *, span_min: _total(seen, span_min, seen.verdicts.direction > 0, counted=True),
    "bear_count": lambda seen, *, span_min: _total(seen, span_min, seen.verdicts.direction < 0, counted=True),
    "type_bull_sum": lambda seen, *, span_min, event: _of_type(seen, span_min, event, 1),
    "type_bear_sum": lambda seen, *, span_min, event: _of_type(seen, span_min, event, -1),
    "type_bull_count": lambda seen, *, span_min, event: _of_type(seen, span_min, event, 1, counted=True),
    "type_bear_count": lambda seen, *, span_min, event: _of_type(seen, span_min, event, -1, counted=True),
    "alert_count": lambda seen, *, span_min: _new_alerts(seen, span_min),
    "alerts_active": lambda seen, **_: _alerts_of(seen)[:, 0],
    "alert_severity": lambda seen, **_: _alerts_of(seen)[:, 1],
    "intensity": lambda seen, *, span_min: news.intensity(
        seen.moments_s, seen.known_s, span_s=_span_s(span_min), before_days=INTENSITY_DAYS
    ),
    "embedding": lambda seen, *, span_min, dim: _embedding(seen, span_min, dim),
}
