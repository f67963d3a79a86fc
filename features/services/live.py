"""The newest row of features of a whole market, as soon as a bar has closed: the current month is kept in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from features.contracts import FeatureRow, LiveReport
from features.kernels.engine import newest_columns
from features.kernels.higher import unbroken_from
from features.kernels.window import Window, window_of
from features.live_rows import rows_held, rows_put
from features.selectors.catalogue import feature_set_get, feature_set_names, feature_specs, fresh_timeframes
from features.services.month_columns import Joins
from features.services.months import build_scope, month_begin, month_scopes, next_month
from features.sources.base import BuildScope, MonthBars, MonthScope
from market.contracts import Bars, InstrumentFacts, Timeframe
from market.selectors.bars_many import bars_load_many
from market.selectors.instruments import traded_list
from traderai.common.arrays import F32
from traderai.common.clock import MOSCOW, from_epoch_s, monotonic_s
from traderai.jobs.services import advisory_lock

# Bars at the end of what is kept that are read again: a source restates its last bars most.
CHECKED_BARS = 3
# What was restated further back is found when everything is read anew.
RELOAD_AFTER = timedelta(hours=1)


class LiveMarket:
    """One feature set on one timeframe of one market; updated by one process, in one thread."""

    def __init__(self, *, feature_set: str, timeframe: Timeframe, simulated: bool) -> None:
        self.facts = feature_set_get(name=feature_set)
        self._specs = feature_specs(name=feature_set)
        self._own = [place for place, spec in enumerate(self._specs) if spec.reads == "bars"]
        self._joined = [place for place, spec in enumerate(self._specs) if spec.reads != "bars"]
        self._timeframe = timeframe
        self._simulated = simulated
        self._scope: BuildScope | None = None
        self._joins: Joins | None = None
        self._month: MonthScope | None = None
        self._read_at: datetime | None = None
        self._failed: dict[str, str] = {}  # shares whose bars could not be read
        self._published: dict[str, FeatureRow] = {}
        self._is_due = False  # something was read that is not published yet

    def update(self, *, now: datetime) -> LiveReport:
        """Publish the row of every share's newest closed bar that is not published yet.

        Repeating publishes nothing until another bar has closed. The rows have the bits that the store will have: a
        row that another share's late bar changes is published again, and so is every row when the month is read anew
        or Redis has lost some.

        Raises: TransientError if Redis cannot be reached; the next update publishes then.
        """
        started_s = monotonic_s()
        reloaded = not self._extend(now)
        if reloaded:
            self._reload(now)
        elif self._published and rows_held(self.facts, self._timeframe) < len(self._published):
            self._published, self._is_due = {}, True  # Redis has lost them
        rows, failed = self._rows() if self._is_due else ([], {})
        rows_put(self.facts, self._timeframe, rows)
        self._published |= {row.secid: row for row in rows}
        self._is_due = False
        return LiveReport(
            feature_set_key=self.facts.key,
            timeframe=self._timeframe.value,
            rows=len(rows),
            shares=0 if self._month is None else len(self._month.bars),
            reloaded=reloaded,
            seconds=monotonic_s() - started_s,
            failed=tuple(sorted((self._failed | failed).items())),
        )

    def _newest_month(self, now: datetime) -> date:
        return (now - self._timeframe.duration).astimezone(MOSCOW).date().replace(day=1)

    def _universe(self) -> tuple[InstrumentFacts, ...]:
        everything = traded_list(timeframe=self._timeframe, active_only=False)
        return tuple(facts for facts in everything if facts.is_simulated is self._simulated)

    def _reload(self, now: datetime) -> None:
        """Read the month anew, and what is joined to it."""
        month = self._newest_month(now)
        universe = self._universe()
        self._read_at, self._month, self._failed = now, None, {}
        self._published, self._is_due = {}, True
        covered = build_scope(
            universe=universe, timeframe=self._timeframe, since=month_begin(month), as_of=now
        )
        if covered is None:
            return
        self._scope, months = covered
        self._joins = None  # what was joined may have been restated
        scopes = month_scopes(self._scope, months, warmup_bars=self.facts.warmup_bars, failed=self._failed)
        self._month = list(scopes)[-1]

    def _extend(self, now: datetime) -> bool:
        """Add the bars that have closed since; False where the month has to be read anew."""
        if self._month is None or self._scope is None or self._read_at is None:
            return False
        if now - self._read_at >= RELOAD_AFTER or self._month.month != f"{self._newest_month(now):%Y-%m}":
            return False
        if now.astimezone(MOSCOW).date() != self._read_at.astimezone(MOSCOW).date():
            return False  # what is known once a day was known to the day before
        if self._universe() != self._scope.universe:
            return False  # the others are compared with a share that is new
        shares = [facts for facts in self._scope.universe if facts.secid not in self._failed]
        loaded = bars_load_many(
            instruments=shares,
            timeframe=self._timeframe,
            as_of=now,
            since_by_id={
                facts.id: _checked_from(self._month.bars.get(facts.secid), self._month) for facts in shares
            },
            until=month_begin(next_month(self._newest_month(now))),
        )
        bars = dict(self._month.bars)
        for secid, new in loaded.items():
            extended = _extended(bars.get(secid), new)
            if extended is None:
                return False
            if extended.rows:
                bars[secid] = extended
        self._is_due |= any(len(one.bars) != _size(self._month, secid) for secid, one in bars.items())
        if self._is_due:
            self._month = replace(self._month, bars=bars)
            self._scope = replace(self._scope, as_of=now)
        return True

    def _rows(self) -> tuple[list[FeatureRow], dict[str, str]]:
        """Return the rows that differ from what is published."""
        if self._month is None or self._scope is None:
            return [], {}
        month = self._month
        # Most of both is compiled and lets the other run; the database is asked by this thread alone.
        with ThreadPoolExecutor(1) as beside:
            computing = beside.submit(
                self._own_values, {secid: bars for secid, bars in month.bars.items() if bars.rows}
            )
            self._joins = Joins(self._scope, self._specs, keep=self._joins)
            joined = self._joins.newest_columns(month)
            own, failed = computing.result()
        rows = []
        for secid, own_values in own.items():
            values = np.empty(len(self._specs), dtype=np.float32)
            values[self._own], values[self._joined] = own_values, joined[secid][-1]
            row = FeatureRow(secid=secid, begin_s=_newest_begin_s(month.bars[secid]), values=values)
            if not self._is_published(row):
                rows.append(row)
        return rows, failed

    def _is_published(self, row: FeatureRow) -> bool:
        old = self._published.get(row.secid)
        return old is not None and old.begin_s == row.begin_s and old.values.tobytes() == row.values.tobytes()

    def _own_values(self, bars: Mapping[str, MonthBars]) -> tuple[dict[str, F32], dict[str, str]]:
        """Return by ticker the newest values of the columns of own bars, and why a share has none."""
        values: dict[str, F32] = {}
        windows: dict[str, Window] = {}
        failed: dict[str, str] = {}
        for secid, one in bars.items():
            old = self._published.get(secid)
            if old is not None and old.begin_s == _newest_begin_s(one):
                # Its own bars are the same: else the month was read anew.
                values[secid] = old.values[self._own]
                continue
            try:
                windows[secid] = window_of(one.bars, start=0, stop=len(one.bars))
            except ValueError as error:
                failed[secid] = str(error)
        computed = newest_columns(list(windows.values()), [self._specs[place] for place in self._own])
        return values | dict(zip(windows, computed, strict=True)), failed


def _newest_begin_s(bars: MonthBars) -> int:
    return int(bars.bars.begin_s[-1])


_LOCK = "features live rows"
# A worker keeps what it has read; another worker that takes the next update reads the month itself.
_KEPT: dict[tuple[str, Timeframe, bool], LiveMarket] = {}


def live_update(*, now: datetime) -> tuple[LiveReport, ...]:
    """Publish the newest rows of every set and timeframe that is kept fresh, of the real and the simulated market.

    Repeating publishes nothing until another bar has closed. While another process publishes, this one does nothing:
    an earlier moment's rows must not replace a later one's.

    Raises: TransientError if Redis cannot be reached.
    """
    with advisory_lock(_LOCK) as held:
        return tuple(market.update(now=now) for market in _markets()) if held else ()


def _markets() -> Iterator[LiveMarket]:
    for name in feature_set_names():
        for timeframe in fresh_timeframes(name=name):
            for simulated in (False, True):
                key = (feature_set_get(name=name).key, timeframe, simulated)
                if key not in _KEPT:
                    _KEPT[key] = LiveMarket(feature_set=name, timeframe=timeframe, simulated=simulated)
                yield _KEPT[key]


def _checked_from(bars: MonthBars | None, month: MonthScope) -> datetime:
    """Return from when on a share's bars are read again: the last few that are kept, and all new ones."""
    if bars is None:
        return from_epoch_s(month.begin_s)
    return from_epoch_s(int(bars.bars.begin_s[-min(CHECKED_BARS, len(bars.bars))]))


def _size(month: MonthScope, secid: str) -> int:
    return len(month.bars[secid].bars) if secid in month.bars else 0


def _extended(kept: MonthBars | None, new: Bars) -> MonthBars | None:
    """Return the kept bars with the new ones; None where the source has restated a kept one."""
    if kept is None:
        return MonthBars(bars=new, start=0)
    again = min(CHECKED_BARS, len(kept.bars))
    if len(new) < again:
        return None
    arrays: dict[str, Any] = {}
    for field in fields(Bars):
        old, fresh = getattr(kept.bars, field.name), getattr(new, field.name)
        if not isinstance(old, np.ndarray):
            continue
        if not np.array_equal(old[-again:], fresh[:again]):
            return None
        arrays[field.name] = np.concatenate([old, fresh[again:]])
    bars = replace(kept.bars, **arrays)
    # The first bar of the month may show a hole behind the warm-up, which was not to be seen before.
    first = 0 if kept.rows else unbroken_from(bars.trading_day, first=0, start=kept.start)
    return MonthBars(bars=bars.part(first, len(bars)), start=kept.start - first)
