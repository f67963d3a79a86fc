"""Checking resampled bars against bars of the same span that came from elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np

from market.contracts import InstrumentFacts, Timeframe
from market.kernels.bar_comparison import FIELDS, WHY, Comparison, compare_bars
from market.kernels.resampling import BarArrays, bucket_begins, resample
from market.models import Candle, CandleSource
from market.selectors.candle_columns import StoredCandles, candle_columns
from market.selectors.instruments import instrument_get, instrument_list
from traderai.common.arrays import I8, I64
from traderai.common.errors import InputError

_NAMES = ("open", "high", "low", "close", "volume_shares", "value_rub")
_EXAMPLES = 5
_MAX_MINUTES = 1440
_CONTINUOUS_FROM_S = 36_000  # 10:00 in Moscow; the opening auction comes before


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One bar that is told differently."""

    begin: str  # Moscow wall clock
    why: str
    fields: tuple[str, ...]
    volume_made: float
    volume_alone: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesCheck:
    """How one share's resampled bars stand against one other source, on the days that both have."""

    secid: str
    timeframe_from: str
    timeframe_to: str
    source: str  # of the bars obtained on their own
    days: int
    compared: int
    equal: int  # in all five fields
    equal_in_prices: int
    differ_by_field: dict[str, int]
    why: dict[str, int]  # adds up to compared - equal
    first_bar_of_day: int  # differing bars among the days' first, which hold the opening auction
    elsewhere_too: int  # differing bars whose begin differs in another share as well: the recording had a gap
    only_made: int
    only_alone: int
    only_alone_first_of_day: int  # of those, the days' first bars: the finer bars lack the opening auction
    volume_gap_pct: float  # all shares of the finer bars against all of the others'
    worst: tuple[Difference, ...]

    @property
    def equal_pct(self) -> float:
        """Percent of the bars compared that are equal in every field."""
        return 100.0 * self.equal / self.compared if self.compared else 0.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Pair:
    secid: str
    source: str
    comparison: Comparison


def resample_check(
    *,
    timeframe_from: Timeframe,
    timeframe_to: Timeframe,
    secids: Sequence[str] | None = None,
    now: datetime,
) -> tuple[SeriesCheck, ...]:
    """Make longer bars from stored finer ones and compare them with stored bars of other sources.

    Neither side holds resampled bars. Shares with one side only are left out.

    Repeating: reads only.
    Raises: InputError if the one length is no part of the other or longer than a day; NotFoundError for an
    unknown ticker.
    """
    if (
        timeframe_to.minutes % timeframe_from.minutes
        or timeframe_from is timeframe_to
        or timeframe_to.minutes > _MAX_MINUTES
        or timeframe_to is Timeframe.H4
    ):
        raise InputError(
            "bars are checked against longer ones of 5m to 1h or 1d, whose part they are, "
            f"was {timeframe_from.value} to {timeframe_to.value}",
            code="timeframes_not_comparable",
        )
    instruments = (
        [instrument_get(secid=secid) for secid in secids] if secids else instrument_list(active_only=False)
    )
    pairs = [
        pair
        for facts in instruments
        for pair in _pairs(facts, timeframe_from, timeframe_to, now)
        if pair.comparison.wall_s.size
    ]
    shared = _shared_moments(pairs)
    return tuple(_checked(pair, timeframe_from, timeframe_to, shared) for pair in pairs)


def check_as_dict(checks: Iterable[SeriesCheck]) -> dict[str, Any]:
    """Return the report ready for JSON. Repeating: reads nothing."""
    rows = list(checks)
    return {
        "compared": sum(row.compared for row in rows),
        "equal": sum(row.equal for row in rows),
        "equal_in_prices": sum(row.equal_in_prices for row in rows),
        "only_made": sum(row.only_made for row in rows),
        "only_alone": sum(row.only_alone for row in rows),
        "why": dict(sum((Counter(row.why) for row in rows), Counter())),
        "series": [asdict(row) | {"equal_pct": round(row.equal_pct, 4)} for row in rows],
    }


def check_as_text(checks: Iterable[SeriesCheck]) -> list[str]:
    """Return the report as lines for people. Repeating: reads nothing."""
    lines = []
    for row in checks:
        lines.append(
            f"{row.secid} {row.timeframe_from} to {row.timeframe_to} against {row.source}: {row.days} days, "
            f"{row.compared} bars compared, {row.equal} equal ({row.equal_pct:.2f} %), "
            f"{row.equal_in_prices} equal in prices, volume {row.volume_gap_pct:+.4f} %"
        )
        if row.compared > row.equal:
            reasons = ", ".join(f"{count} {why}" for why, count in row.why.items())
            fields = ", ".join(f"{name} {count}" for name, count in row.differ_by_field.items() if count)
            lines.append(
                f"  differ: {reasons} (fields: {fields}); {row.first_bar_of_day} are a day's first bar, "
                f"{row.elsewhere_too} differ in another share at the same moment"
            )
        if row.only_made or row.only_alone:
            lines.append(
                f"  on one side only: {row.only_made} resampled, {row.only_alone} of the other source "
                f"({row.only_alone_first_of_day} of them a day's first bar)"
            )
    return lines


def _pairs(facts: InstrumentFacts, feed: Timeframe, target: Timeframe, now: datetime) -> Iterable[_Pair]:
    told = {timeframe: _sources(facts, timeframe, now) for timeframe in (feed, target)}
    if not told[feed] or not told[target]:
        return
    finer = candle_columns(
        instrument_id=facts.id, timeframe=feed, as_of=now, source_ids=tuple(row.pk for row in told[feed])
    )
    begins = bucket_begins(
        finer.wall_s, finer.trading_day, np.zeros(len(finer), dtype=np.int8), minutes=target.minutes
    )
    made_s, made = resample(begins, _arrays(finer))
    lacks = _lacks(finer.wall_s, begins, full=target.minutes // feed.minutes, daily=target is Timeframe.D1)
    for source in told[target]:
        alone = candle_columns(instrument_id=facts.id, timeframe=target, as_of=now, source_ids=(source.pk,))
        yield _Pair(
            secid=facts.secid,
            source=source.name,
            comparison=compare_bars(
                made_s,
                made,
                lacks,
                alone.wall_s,
                _arrays(alone),
            ),
        )


def _lacks(wall_s: I64, begins: I64, *, full: int, daily: bool) -> I8:
    """Return by bucket what its finer bars lack, as an index into WHY."""
    _, first, counts = np.unique(begins, return_index=True, return_counts=True)
    lacks = np.zeros(first.size, dtype=np.int8)
    if not daily:
        lacks[counts < full] = WHY.index("finer_bar_missing")
    else:
        lacks[wall_s[first] % 86_400 >= _CONTINUOUS_FROM_S] = WHY.index("opening_auction_missing")
    return lacks


def _sources(facts: InstrumentFacts, timeframe: Timeframe, now: datetime) -> list[CandleSource]:
    found = (
        Candle.objects.filter(instrument_id=facts.id, timeframe_min=timeframe.minutes, begin__lt=now)
        .values_list("source_id", flat=True)
        .distinct()
    )
    return list(
        CandleSource.objects.filter(pk__in=list(found))
        .exclude(kind=CandleSource.Kind.RESAMPLED)
        .order_by("name")
    )


def _arrays(stored: StoredCandles) -> BarArrays:
    return BarArrays(**{name: getattr(stored.columns, name) for name in _NAMES})


def _shared_moments(pairs: Sequence[_Pair]) -> I64:
    """Return the begins at which bars of at least two shares differ."""
    by_share: dict[str, set[int]] = {}
    for pair in pairs:
        differing = pair.comparison.wall_s[pair.comparison.why > 0]
        by_share.setdefault(pair.secid, set()).update(differing.tolist())
    counts = Counter(moment for moments in by_share.values() for moment in moments)
    return np.array(sorted(moment for moment, count in counts.items() if count > 1), dtype=np.int64)


def _checked(pair: _Pair, feed: Timeframe, target: Timeframe, shared: I64) -> SeriesCheck:
    found = pair.comparison
    wrong = found.why > 0
    prices = np.logical_or.reduce([found.differs[name] for name in FIELDS[:4]])
    counts = np.bincount(found.why[wrong], minlength=len(WHY)).tolist()
    first = _first_of_days(np.sort(np.concatenate([found.wall_s, found.only_made_s, found.only_alone_s])))
    total = found.volume_alone.sum()
    return SeriesCheck(
        secid=pair.secid,
        timeframe_from=feed.value,
        timeframe_to=target.value,
        source=pair.source,
        days=found.days,
        compared=int(wrong.size),
        equal=int((~wrong).sum()),
        equal_in_prices=int((~prices).sum()),
        differ_by_field={name: int(found.differs[name].sum()) for name in FIELDS},
        why={WHY[code]: count for code, count in enumerate(counts) if count},
        first_bar_of_day=int(np.isin(found.wall_s[wrong], first).sum()),
        elsewhere_too=int(np.isin(found.wall_s[wrong], shared).sum()),
        only_made=int(found.only_made_s.size),
        only_alone=int(found.only_alone_s.size),
        only_alone_first_of_day=int(np.isin(found.only_alone_s, first).sum()),
        volume_gap_pct=float(100.0 * (found.volume_made.sum() - total) / total) if total else 0.0,
        worst=_worst(found),
    )


def _first_of_days(wall_s: I64) -> I64:
    _, first = np.unique(wall_s // 86_400, return_index=True)
    return wall_s[first]


def _worst(found: Comparison) -> tuple[Difference, ...]:
    """Return the bars that lack or add the greatest part of their volume."""
    gap = np.abs(found.volume_made - found.volume_alone) / np.maximum(found.volume_alone, 1.0)
    order = np.lexsort([found.wall_s, -gap])
    order = order[found.why[order] > 0][:_EXAMPLES]
    return tuple(
        Difference(
            begin=str(np.datetime64(int(found.wall_s[at]), "s")),
            why=WHY[int(found.why[at])],
            fields=tuple(name for name in FIELDS if found.differs[name][at]),
            volume_made=float(found.volume_made[at]),
            volume_alone=float(found.volume_alone[at]),
        )
        for at in order.tolist()
    )
