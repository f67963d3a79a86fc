"""Ingesting the candles of one series."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

import numpy as np
from django.db import transaction

from market.contracts import CandleColumns, CandleOrigin, CandleWriteReport, IngestReport, InstrumentFacts
from market.kernels.validation import REASONS, candle_faults
from market.models import Candle, Instrument
from market.selectors.tickers import ticker_holders
from market.services.candle_coverage import (
    Covered,
    Series,
    bars_forget,
    coverage_extend,
    coverage_get,
    coverage_set,
    series_of,
    split_since,
    stored_bar,
    windows_before,
)
from market.services.candle_write import candles_write
from market.services.quarantine import rows_quarantine
from market.services.seen_bars import SeenBars
from market.sources.records import CandlePage, CandleRequest, RejectedRow
from traderai.common.arrays import I8, I64
from traderai.common.clock import from_epoch_s, midnight, to_epoch_s

_log = logging.getLogger(__name__)
_COLUMNS = ("open", "high", "low", "close", "volume_shares", "value_rub")
# A gap up to this long between what is covered and what is asked for is asked for too: the covered span stays one.
_BRIDGED = timedelta(days=10)


class CandleFeed(Protocol):
    """Anything that yields a series in pages; with an `origin`, what it has covered is remembered."""

    @property
    def name(self) -> str:
        """Return the name under which refused rows are kept."""

    def candles(self, *, request: CandleRequest) -> Generator[CandlePage, None, None]:
        """Yield one series in pages, oldest first."""


def series_ingest(
    *,
    source: CandleFeed,
    instrument: InstrumentFacts,
    request: CandleRequest,
    run_id: int,
    refetch: bool = False,
    on_page: Callable[[IngestReport], None] = lambda _report: None,
) -> IngestReport:
    """Bring one series page by page; bad rows go to quarantine, good rows of the same page are kept.

    A source with an origin (ISS) is asked only for what has not been covered yet: each page is stored together
    with how far the series is covered, so that a killed run goes on where it stopped. Without `since` it goes on
    from the newest stored bar. Where ISS tells that closed bar otherwise than it did, it has restated its past;
    where the share was split since, every stored bar is suspect: the whole span is then fetched anew and bars
    that are not told any more are removed. `refetch` asks for the span without looking at what is covered.

    Repeating: the same bars change nothing. Where pages of one origin hold the same bar, the first page wins.
    """
    origin: CandleOrigin | None = getattr(source, "origin", None)
    ingest = _SeriesIngest(
        source=source, instrument=instrument, request=request, run_id=run_id, on_page=on_page
    )
    if origin is None:
        for page in source.candles(request=request):
            ingest.write(page)
        return ingest.report
    board = Instrument.objects.values_list("board", flat=True).get(pk=instrument.id)
    ingest.request = replace(request, board=board)
    series = series_of(instrument_id=instrument.id, timeframe=request.timeframe, origin=origin)
    return _Resumed(ingest=ingest, series=series).run(refetch=refetch)


class _RestatedError(Exception):
    """The source tells a stored closed bar otherwise."""


@dataclass(slots=True, kw_only=True)
class _SeriesIngest:
    """The series that is being brought and what has become of its rows so far."""

    source: CandleFeed
    instrument: InstrumentFacts
    request: CandleRequest
    run_id: int
    on_page: Callable[[IngestReport], None]
    report: IngestReport = field(init=False)
    seen: dict[str, SeenBars] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.report = IngestReport(kind="candles", source=self.source.name)

    def seen_of(self, origin: CandleOrigin) -> SeenBars:
        """Return the bars that an origin has told in this run."""
        return self.seen.setdefault(origin.name, SeenBars(step_s=self.request.timeframe.minutes * 60))

    def write(self, page: CandlePage) -> None:
        """Store a page, all of it or nothing."""
        seen = self.seen_of(page.origin)
        faults = _faults(page.columns, self.request)
        rejected = [*page.rejected, *_rejected(page, faults, self.request)]
        with transaction.atomic():
            quarantined = (
                rows_quarantine(run_id=self.run_id, source=self.source.name, rows=rejected) if rejected else 0
            )
            good = page.columns.take(faults == 0)
            fresh = good.take(~seen.holds(good.begin_s))
            written = candles_write(
                instrument_id=self.instrument.id,
                timeframe=self.request.timeframe,
                columns=fresh,
                origin=page.origin,
                board=page.board,
                marks_trading_days=self.instrument.kind != "index",
            )
        begin_s = page.columns.begin_s
        # A refused row tells of its bar too, but not of a bar in some other century.
        seen.add(begin_s[(begin_s >= 0) & (begin_s <= to_epoch_s(self.request.now))])
        overlapping = len(good) - len(fresh)
        self.add(_page_report(page, written, quarantined, overlapping=overlapping))

    def add(self, report: IngestReport) -> None:
        """Add what a page or the whole span came to."""
        self.report = self.report.plus(report)
        self.on_page(report)


@dataclass(slots=True, kw_only=True)
class _Resumed:
    """Bringing what is not covered yet."""

    ingest: _SeriesIngest
    series: Series

    def run(self, *, refetch: bool) -> IngestReport:
        """Bring what is asked for and not covered, or the whole span anew."""
        request = self.ingest.request
        covered = coverage_get(series=self.series)
        if covered is None:
            self._forward(since=request.since, until=request.until, covered=None, anchor=None)
        elif split_since(series=self.series, covered=covered, now=request.now):
            self._anew(covered)
        elif refetch and _holds(request, covered):
            self._anew(covered, restated=False)
        elif refetch:
            self._uncovered()
        else:
            try:
                self._missing(covered)
            except _RestatedError:
                self._anew(covered)
        return self.ingest.report

    def _missing(self, covered: Covered) -> None:
        """Bring the span before the covered one and the span after it, as far as they are asked for."""
        request = self.ingest.request
        since, until = request.since, request.until
        if (since is not None and since > covered.till + _BRIDGED) or (
            until is not None and until < covered.since - _BRIDGED
        ):
            self._uncovered()
            return
        if since is not None and since < covered.since:
            self._backward(since, covered)
        if until is None or until > covered.till:
            anchor = stored_bar(series=self.series, covered=covered, newest=True)
            begin = covered.till if anchor is None else anchor.begin
            self._forward(since=begin, until=until, covered=covered, anchor=anchor)

    def _anew(self, covered: Covered, *, restated: bool = True) -> None:
        """Bring the whole span again; a run that is killed meanwhile goes on with that."""
        request = self.ingest.request
        since = covered.since if request.since is None else min(covered.since, request.since)
        begun = Covered(since=since, till=since, started_at=request.now)
        coverage_set(series=self.series, covered=begun)
        self.ingest.seen.clear()
        last = self._forward(since=since, until=None, covered=begun, anchor=None)
        if last is not None:
            self._forget(last, covered.till)
        if restated:
            name = f"{request.secid} {request.timeframe.value}"
            self.ingest.add(IngestReport(kind="candles", source="", restated_series=(name,)))

    def _uncovered(self) -> None:
        """Bring a span that does not touch the covered one, or a part of it again; coverage stays."""
        for page in self._pages(self.ingest.request.since, self.ingest.request.until):
            self.ingest.write(page)

    def _backward(self, since: datetime, covered: Covered) -> None:
        """Bring the span before the covered one window by window, the newest first."""
        oldest = stored_bar(series=self.series, covered=covered, newest=False)
        for begin, end in windows_before(covered=covered, since=since, timeframe=self.series.timeframe):
            # The oldest stored bar is asked for once more: it shows whether the past has been restated.
            with_oldest = oldest is not None and end <= oldest.begin <= end + _BRIDGED
            until = oldest.begin + timedelta(seconds=1) if oldest and with_oldest else end
            for page in self._pages(begin, until):
                if oldest is not None:
                    _check(page.columns, oldest, must_hold=False)
                self.ingest.write(page)
            coverage_extend(series=self.series, covered=replace(covered, since=begin))

    def _forward(
        self,
        *,
        since: datetime | None,
        until: datetime | None,
        covered: Covered | None,
        anchor: Candle | None,
    ) -> datetime | None:
        """Bring a span page by page and cover it; return the end of its newest bar, None without one.

        A page covers what lies before its own first bar: rows may stand in one page too late, but hardly in two.
        What the source has told last is covered at the end, and no more: bars may come late.
        """
        end: datetime | None = None
        for page in self._pages(since, until):
            begins = page.columns.begin_s
            if anchor is not None and end is None and begins.size:
                _check(page.columns, anchor, must_hold=True)
            with transaction.atomic():
                self.ingest.write(page)
                if begins.size:
                    first, newest = from_epoch_s(int(begins.min())), from_epoch_s(int(begins.max()))
                    covered = covered or Covered(
                        since=since or first, till=since or first, started_at=self.ingest.request.now
                    )
                    covered = self._cover(covered, first)
                    end = max(end or newest, newest + self.series.timeframe.duration)
        if covered is not None and end is not None:
            with transaction.atomic():
                self._cover(covered, end)
        return end

    def _cover(self, covered: Covered, till: datetime) -> Covered:
        if till > covered.till:
            self._forget(covered.till, till)
        wider = replace(covered, till=max(covered.till, till))
        coverage_extend(series=self.series, covered=wider)
        return wider

    def _forget(self, since: datetime, till: datetime) -> None:
        told = self.ingest.seen_of(self.series.origin).holds
        gone = bars_forget(series=self.series, since=since, till=till, told=told)
        if gone:
            request = self.ingest.request
            _log.warning(
                "%s %s: %d bars that ISS does not tell any more are removed",
                request.secid, request.timeframe.value, gone,
            )  # fmt: skip

    def _pages(self, since: datetime | None, until: datetime | None) -> Iterable[CandlePage]:
        """Yield the pages of a span; the days under a former ticker are asked for under that one."""
        request = replace(self.ingest.request, since=since, until=until)
        named = [
            (secid, span)
            for secid, spans in ticker_holders().items()
            for span in spans
            if span.instrument_id == self.ingest.instrument.id
        ]
        for secid, span in sorted(named, key=lambda one: (one[1].valid_till is None, one[1].valid_till)):
            # The first ticker holds from the beginning, whatever the files say.
            begin = None if span.valid_from is None else midnight(span.valid_from)
            end = None if span.valid_till is None else midnight(span.valid_till)
            asked = replace(request, secid=secid, since=_later(since, begin), until=_earlier(until, end))
            if asked.since is None or asked.until is None or asked.since < asked.until:
                yield from self.ingest.source.candles(request=asked)


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((moment for moment in (one, other) if moment is not None), default=None)


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((moment for moment in (one, other) if moment is not None), default=None)


def _holds(request: CandleRequest, covered: Covered) -> bool:
    return (request.since is None or request.since <= covered.since) and (
        request.until is None or request.until >= covered.till
    )


def _check(columns: CandleColumns, stored: Candle, *, must_hold: bool) -> None:
    at = np.flatnonzero(columns.begin_s == to_epoch_s(stored.begin))
    if at.size == 0:
        if must_hold:
            raise _RestatedError
        return
    told = [float(getattr(columns, name)[at[0]]) for name in _COLUMNS[:-1]]
    if told != [getattr(stored, name) for name in _COLUMNS[:-1]]:
        raise _RestatedError


def _faults(columns: CandleColumns, request: CandleRequest) -> I8:
    return candle_faults(
        columns.begin_s,
        np.column_stack([columns.open, columns.high, columns.low, columns.close]),
        columns.volume_shares,
        columns.value_rub,
        step_s=request.timeframe.minutes * 60,
        now_s=to_epoch_s(request.now),
    )


def _rejected(page: CandlePage, faults: I8, request: CandleRequest) -> list[RejectedRow]:
    rows: I64 = np.flatnonzero(faults)
    return [
        RejectedRow(
            place=page.place,
            reason=REASONS[int(faults[row])],
            raw={
                "secid": request.secid,
                "timeframe": request.timeframe.value,
                "begin_s": int(page.columns.begin_s[row]),
                **{name: float(getattr(page.columns, name)[row]) for name in _COLUMNS},
            },
        )
        for row in rows.tolist()
    ]


def _page_report(
    page: CandlePage, written: CandleWriteReport, quarantined: int, *, overlapping: int
) -> IngestReport:
    return IngestReport(
        kind="candles",
        source="",
        rows_received=len(page.columns) + len(page.rejected) + page.unclosed + page.outside,
        rows_new=written.new,
        rows_changed=written.changed,
        rows_unchanged=written.unchanged,
        rows_outranked=written.outranked + overlapping,
        rows_unclosed=page.unclosed,
        rows_outside=page.outside,
        rows_quarantined=quarantined,
    )
