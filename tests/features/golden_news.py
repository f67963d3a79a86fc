"""News features a second time, slowly: from the stored rows, one moment and one row after the other."""

from __future__ import annotations

import bisect
import hashlib
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, TypeAlias

from market.models import Instrument, NewsItem, NewsLink, NewsTrigger, RiskAlert
from market.models.news import EVENT_TYPES
from market.news_config import news_scoring_config

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
NAN = math.nan


class Said(NamedTuple):
    """A verdict, in the order in which the last of equally strong ones counts."""

    score: float
    known_at: datetime
    direction: int
    event: int


@dataclass(frozen=True)
class World:
    """What is stored about a share, its sector and the market; `targets` is by "share", "sector" and "market"."""

    flow_days: int
    texts: list[datetime]
    read: list[datetime]
    verdicts: dict[str, list[Said]]
    alerts: dict[str, list[RiskAlert]]
    linked: list[tuple[datetime, str]]
    has_sector: bool
    memo: dict[Any, Any] = field(default_factory=dict)


Slow: TypeAlias = Callable[[World, datetime], float]


def ceil_s(moment: datetime) -> datetime:
    """Return the first whole second at which a moment has passed."""
    return moment if moment.microsecond == 0 else moment.replace(microsecond=0) + timedelta(seconds=1)


def world_of(secid: str, *, as_of: datetime) -> World:
    """Read all rows known at a moment."""
    share = Instrument.objects.get(secid=secid)
    used = news_scoring_config().used

    def of_this_world(row: Any) -> bool:
        return (row.source.code == "simulator") == share.is_simulated

    items = [row for row in NewsItem.objects.select_related("source") if of_this_world(row)]
    ours = {row.pk for row in items}
    triggers = [
        row
        for row in NewsTrigger.objects.select_related("instrument")
        if row.known_at <= as_of
        and (
            row.item_id in ours
            or (
                row.item is None
                and bool(row.instrument and row.instrument.is_simulated) == share.is_simulated
            )
        )
    ]
    readings = {(row.item_id, row.known_at) for row in triggers if row.external_id.startswith("known ")}
    texts = {(row.pk, row.known_at) for row in items if row.known_at <= as_of} | readings
    read = {(row.item_id or f"pushed {row.pk}", row.known_at) for row in triggers if row.scorer in used}
    links = NewsLink.objects.filter(instrument=share, item__in=ours).select_related("item")
    return World(
        flow_days=15 if share.is_simulated else 3,
        texts=sorted(ceil_s(known) for _, known in texts),
        read=sorted(ceil_s(known) for _, known in read),
        verdicts=_by_target(share, [row for row in triggers if row.scorer in used and row.score > 0], _said),
        alerts=_by_target(share, _alerts(share, as_of), lambda row: row),
        linked=[
            (ceil_s(link.item.known_at), f"{link.item.title}\n{link.item.body}")
            for link in links
            if link.item.known_at <= as_of
        ],
        has_sector=bool(share.sector),
    )


def _alerts(share: Instrument, as_of: datetime) -> list[RiskAlert]:
    rows = RiskAlert.objects.filter(known_at__lte=as_of).select_related("instrument")
    if share.is_simulated:
        return [row for row in rows if row.instrument and row.instrument.is_simulated]
    return [row for row in rows if not (row.instrument and row.instrument.is_simulated)]


def _said(row: NewsTrigger) -> Said:
    return Said(row.score, ceil_s(row.known_at), row.direction, EVENT_TYPES.index(row.event_type))


def _by_target(share: Instrument, rows: list[Any], shown: Callable[[Any], Any]) -> dict[str, list[Any]]:
    return {
        "share": [shown(row) for row in rows if row.instrument_id == share.pk],
        "sector": [shown(row) for row in rows if share.sector and row.sector == share.sector],
        "market": [shown(row) for row in rows if row.is_market],
    }


def flows(known: list[datetime], t: datetime, span: timedelta, days: int) -> bool:
    """Whether each stretch of `days` that ends within [t - span, t] had three texts."""
    stretch = days * DAY
    first = bisect.bisect_right(known, t - span - 2 * stretch)
    near = known[first : bisect.bisect_right(known, t)]
    # The count falls where one leaves the stretch; between those moments it does not.
    falls = [k + stretch for k in near if t - span <= k + stretch <= t]
    return all(_count_within(near, end - stretch, end) >= 3 for end in (t - span, *falls))


def _count_within(known: list[datetime], after: datetime, until: datetime) -> int:
    """Count those in (after, until]; `known` is sorted."""
    return bisect.bisect_right(known, until) - bisect.bisect_right(known, after)


def _reads(about: str, minutes: int, slow: Slow) -> Slow:
    def value(world: World, t: datetime) -> float:
        key = ("flows", minutes, t)
        if key not in world.memo:
            world.memo[key] = flows(world.read, t, minutes * MINUTE, world.flow_days)
        if not world.memo[key] or (about == "sector" and not world.has_sector):
            return NAN
        return slow(world, t)

    return value


def _within(world: World, about: str, t: datetime, minutes: int) -> list[Said]:
    key = ("within", about, t, minutes)
    if key not in world.memo:
        world.memo[key] = [one for one in world.verdicts[about] if t - minutes * MINUTE < one.known_at <= t]
    found: list[Said] = world.memo[key]
    return found


def _sum(about: str, minutes: int, chosen: Callable[[Said], bool] = lambda one: True) -> Slow:
    def value(world: World, t: datetime) -> float:
        return sum(
            one.score / 100 / 2 ** ((t - one.known_at) / (minutes * MINUTE / 2))
            for one in _within(world, about, t, minutes)
            if chosen(one)
        )

    return _reads(about, minutes, value)


def _count(about: str, chosen: Callable[[Said], bool]) -> Slow:
    return _reads(
        about, 1440, lambda world, t: len([1 for one in _within(world, about, t, 1440) if chosen(one)])
    )


def _strongest(about: str, shown: Callable[[Said], float]) -> Slow:
    def value(world: World, t: datetime) -> float:
        found = _within(world, about, t, 1440)
        return shown(max(found)) if found else 0.0

    return _reads(about, 1440, value)


def _sign(sign: int, event: int | None = None) -> Callable[[Said], bool]:
    return lambda one: one.direction == sign and event in (None, one.event)


def _in_force(world: World, about: str, t: datetime) -> list[RiskAlert]:
    return [
        row
        for row in world.alerts[about]
        if row.known_at <= t and row.starts_at <= t and (row.ends_at is None or t < row.ends_at)
    ]


def _alert_columns(prefix: str, about: str) -> dict[str, Slow]:
    severity = {"info": 1, "warning": 2, "critical": 3}
    return {
        f"{prefix}_alert_count_1440": _reads(
            about,
            1440,
            lambda world, t: sum(t - DAY < ceil_s(row.known_at) <= t for row in world.alerts[about]),
        ),
        f"{prefix}_alerts_active": _reads(about, 1440, lambda world, t: len(_in_force(world, about, t))),
        f"{prefix}_alert_severity": _reads(
            about,
            1440,
            lambda world, t: max((severity[row.severity] for row in _in_force(world, about, t)), default=0),
        ),
    }


def _intensity(minutes: int) -> Slow:
    def value(world: World, t: datetime) -> float:
        span = minutes * MINUTE
        if not flows(world.texts, t, span + 30 * DAY, world.flow_days):
            return NAN
        now = len([k for k in world.texts if t - span < k <= t])
        before = len([k for k in world.texts if t - span - 30 * DAY < k <= t - span])
        return now / (before / (30 * DAY / span))

    return value


def _vector(world: World, t: datetime) -> list[float]:
    key = ("vector", t)
    if key not in world.memo:
        counts: dict[str, int] = {}
        for known, text in world.linked:
            for word in _words(text) if t - DAY < known <= t else ():
                counts[word] = counts.get(word, 0) + 1
        summed = [sum(count * _random_sign(word, dim) for word, count in counts.items()) for dim in range(32)]
        length = math.sqrt(sum(x * x for x in summed))
        world.memo[key] = [x / length if length else 0.0 for x in summed]
    found: list[float] = world.memo[key]
    return found


def _words(text: str) -> set[str]:
    text = re.sub(r"(https?://|www\.|t\.me/)\S+", " ", text[:6000])
    text = re.sub(r"@\w+", " ", text).lower().replace("ё", "е")
    letters = "".join(sign if sign.isalpha() else "_" if sign in "_0123456789" else " " for sign in text)
    return {word[:6] for part in letters.split() for word in part.split("_") if len(word) >= 3}


def _random_sign(word: str, dim: int) -> int:
    digest = hashlib.blake2b(word.encode("utf-8"), digest_size=4, key=b"news_embedding").hexdigest()
    return 1 if format(int(digest, 16), "032b")[dim] == "1" else -1


def _shared_columns(prefix: str, about: str, spans: tuple[int, ...]) -> dict[str, Slow]:
    return {
        f"{prefix}_trigger_score": _strongest(about, lambda one: one.score),
        f"{prefix}_direction": _strongest(about, lambda one: one.direction),
        **{f"{prefix}_sum_{span}": _sum(about, span) for span in (60, 240, 720, 1440)},
        **{f"{prefix}_bull_sum_{span}": _sum(about, span, _sign(1)) for span in spans},
        **{f"{prefix}_bear_sum_{span}": _sum(about, span, _sign(-1)) for span in spans},
        f"{prefix}_bull_count_1440": _count(about, _sign(1)),
        f"{prefix}_bear_count_1440": _count(about, _sign(-1)),
        **_alert_columns(prefix, about),
    }


def _typed_columns(code: int, event: str) -> dict[str, Slow]:
    return {
        f"news_event_type_{event}": _strongest("share", lambda one: float(one.event == code)),
        f"news_{event}_bull_sum_1440": _sum("share", 1440, _sign(1, code)),
        f"news_{event}_bear_sum_1440": _sum("share", 1440, _sign(-1, code)),
        f"news_{event}_bull_count_1440": _count("share", _sign(1, code)),
        f"news_{event}_bear_count_1440": _count("share", _sign(-1, code)),
    }


GOLDEN: dict[str, Slow] = {
    **_shared_columns("news", "share", (60, 240, 720, 1440)),
    **_shared_columns("news_sector", "sector", (1440,)),
    **_shared_columns("news_market", "market", (1440,)),
    **{
        name: slow
        for code, event in enumerate(EVENT_TYPES)
        for name, slow in _typed_columns(code, event).items()
    },
    "news_market_intensity_60": _intensity(60),
    "news_market_intensity_1440": _intensity(1440),
    **{
        f"news_embedding_{dim:02d}": _reads("share", 1440, lambda world, t, dim=dim: _vector(world, t)[dim])  # type: ignore[misc]
        for dim in range(32)
    },
}


def golden_column(name: str, world: World, moments_s: Any) -> list[float]:
    """Return a feature at moments given in seconds since 1970 UTC."""
    return [float(GOLDEN[name](world, datetime.fromtimestamp(int(s), tz=UTC))) for s in moments_s]
