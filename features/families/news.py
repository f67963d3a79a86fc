"""News: the strongest verdict, decayed sums, alerts, how much there is, and the words of it.

Everything counts from when it was known, never from when it was published or happened. A value over a span is unknown
unless news flowed through all of it: at least 3 texts (of all sources together) known in any 3 days (15 in the
simulated market), read by a configured scorer where verdicts or links are asked for. Then no news is 0.
"""

from __future__ import annotations

from typing import Final

from features.spec import FeatureSpec
from market.kernels.news_events import EVENT_TYPES

SPANS_MIN: Final = (60, 240, 720, 1440)
DAY_MIN: Final = 1440
EMBEDDING_DIMS: Final = 32
_ABOUT: Final = {
    "share": ("news", "the share"),
    "sector": ("news_sector", "the share's sector"),
    "market": ("news_market", "the whole market"),
}
_VERDICTS: Final = "verdicts of the configured scorers on news, by known_at"
_ALERTS: Final = "risk alerts, by known_at"
_DECAY: Final = (
    "score / 100 * 2^(-age / ({span} / 2 min)) over {what} on {about} known in the last {span} min"
)
_SIGNS: Final = (("bull", "direction +1"), ("bear", "direction -1"))


def _news(
    name: str,
    formula: str,
    kernel: str,
    *,
    unit: str,
    high: float | None = None,
    source: str = _VERDICTS,
    **parameters: float,
) -> FeatureSpec:
    return FeatureSpec(
        name=name,
        family="news",
        formula=formula,
        kernel=kernel,
        parameters={"span_min": DAY_MIN, **parameters},
        lookback_bars=0,
        unit=unit,
        low=-1.0 if unit == "-1..1" else 0.0,
        high=1.0 if unit == "-1..1" else high,
        source=source,
        reads="news",
    )


def _strongest(target: str) -> tuple[FeatureSpec, ...]:
    prefix, about = _ABOUT[target]
    best = (
        f"the strongest verdict on {about} known in the last 1440 min (of equals the newest), 0 without one"
    )
    return (
        _news(
            f"{prefix}_trigger_score",
            f"score of {best}",
            f"{target}.trigger_score",
            unit="0..100",
            high=100.0,
        ),
        _news(f"{prefix}_direction", f"direction of {best}", f"{target}.trigger_direction", unit="-1..1"),
    )


def _sums(target: str, spans_min: tuple[int, ...]) -> tuple[FeatureSpec, ...]:
    """Decayed sums of all verdicts over each span, and of the bullish and the bearish ones alone."""
    prefix, about = _ABOUT[target]
    every = [
        _news(
            f"{prefix}_sum_{span}",
            "sum of " + _DECAY.format(span=span, what="all verdicts", about=about),
            f"{target}.sum",
            unit="strength",
            span_min=span,
        )
        for span in SPANS_MIN
    ]
    signed = [
        _news(
            f"{prefix}_{sign}_sum_{span}",
            "sum of " + _DECAY.format(span=span, what=f"verdicts of {said}", about=about),
            f"{target}.{sign}_sum",
            unit="strength",
            span_min=span,
        )
        for sign, said in _SIGNS
        for span in spans_min
    ]
    counts = [
        _news(
            f"{prefix}_{sign}_count_1440",
            f"count of verdicts of {said} on {about} known in the last 1440 min",
            f"{target}.{sign}_count",
            unit="count",
        )
        for sign, said in _SIGNS
    ]
    return (*every, *signed, *counts)


def _by_type() -> tuple[FeatureSpec, ...]:
    about = _ABOUT["share"][1]
    is_type = [
        _news(
            f"news_event_type_{event}",
            f"1 where the strongest verdict on {about} known in the last 1440 min is of type {event}, else 0",
            "share.trigger_is",
            unit="0..1",
            high=1.0,
            event=code,
        )
        for code, event in enumerate(EVENT_TYPES)
    ]
    sums = [
        _news(
            f"news_{event}_{sign}_sum_1440",
            "sum of " + _DECAY.format(span=DAY_MIN, what=f"verdicts of {said} and type {event}", about=about),
            f"share.type_{sign}_sum",
            unit="strength",
            event=code,
        )
        for code, event in enumerate(EVENT_TYPES)
        for sign, said in _SIGNS
    ]
    counts = [
        _news(
            f"news_{event}_{sign}_count_1440",
            f"count of verdicts of {said} and type {event} on {about} known in the last 1440 min",
            f"share.type_{sign}_count",
            unit="count",
            event=code,
        )
        for code, event in enumerate(EVENT_TYPES)
        for sign, said in _SIGNS
    ]
    return (*is_type, *sums, *counts)


def _alerts(target: str) -> tuple[FeatureSpec, ...]:
    prefix, about = _ABOUT[target]
    force = f"alerts on {about} in force: known, begun and not ended"
    return (
        _news(
            f"{prefix}_alert_count_1440",
            f"count of alerts on {about} that became known in the last 1440 min",
            f"{target}.alert_count",
            unit="count",
            source=_ALERTS,
        ),
        _news(
            f"{prefix}_alerts_active",
            f"count of {force}",
            f"{target}.alerts_active",
            unit="count",
            source=_ALERTS,
        ),
        _news(
            f"{prefix}_alert_severity",
            f"worst severity of {force}; 0 none, 1 info, 2 warning, 3 critical",
            f"{target}.alert_severity",
            unit="0..3",
            high=3.0,
            source=_ALERTS,
        ),
    )


def _intensity(span: int) -> FeatureSpec:
    return _news(
        f"news_market_intensity_{span}",
        f"count of all texts known in the last {span} min / mean count of {span} min in the 30 days before",
        "market.intensity",
        unit="ratio",
        source="texts of all news sources, by known_at",
        span_min=span,
    )


def _embedding(dim: int) -> FeatureSpec:
    return _news(
        f"news_embedding_{dim:02d}",
        f"element {dim} of v / |v|; v = sum over the texts on the share known in the last 1440 min and over the "
        "different words of each (first 6 letters) of 32 random signs, the bits of the word's seeded BLAKE2b; 0 "
        "without a text",
        "share.embedding",
        unit="-1..1",
        source="texts linked to the share, by known_at",
        dim=dim,
    )


FEATURES: Final[tuple[FeatureSpec, ...]] = (
    *_strongest("share"),
    *_sums("share", SPANS_MIN),
    *_by_type(),
    *_alerts("share"),
    *_strongest("sector"),
    *_sums("sector", (DAY_MIN,)),
    *_alerts("sector"),
    *_strongest("market"),
    *_sums("market", (DAY_MIN,)),
    *_alerts("market"),
    _intensity(60),
    _intensity(1440),
    *(_embedding(dim) for dim in range(EMBEDDING_DIMS)),
)
