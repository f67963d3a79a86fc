"""Ingesting the candles of files: each file is read once, whatever shares it holds."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from market.calendar_config import session_table
from market.contracts import CandleWriteReport, FileAccount, TickerSpan, Timeframe
from market.models import CorporateAction, Instrument, InstrumentBoard
from market.selectors.tickers import ticker_holders
from market.services.candle_page_write import candle_page_write
from market.services.ingest_run import RunLog
from market.sources.candle_json import NO_TRADES
from market.sources.candle_pages import DatedSplit, SeriesReference, day_of, series_read, span_of
from market.sources.candle_rows import SeriesRows, Survey
from market.sources.corporate_files import splits_merged
from market.sources.file_rules import FoundFile
from market.sources.files import FilesSource
from market.sources.records import RejectedRow, SplitRecord
from traderai.common.arrays import I64
from traderai.common.clock import to_epoch_s
from traderai.common.errors import InputError, did_you_mean
from traderai.common.progress import Progress, silent

_OTHER_KINDS = frozenset({"index", "etf"})  # their bars tell nothing of the days on which shares are traded


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCandlesRequest:
    """Which of the files' candles are wanted; None asks for all."""

    secids: Sequence[str] | None
    timeframes: Sequence[Timeframe] | None
    since: datetime | None
    until: datetime | None
    now: datetime


def file_candles_ingest(
    *,
    source: FilesSource,
    files: Sequence[FoundFile],
    request: FileCandlesRequest,
    log: RunLog,
    progress: Progress = silent,
) -> dict[str, datetime]:
    """Bring the candles of files, file by file and series by series, each series whole or not at all.

    Returned are the tickers of which something has changed, each with the begin of its first new or changed bar.

    Every file's stamps are checked before the first row of any is stored.

    Repeating: changes nothing where the files say the same; a run that was killed is simply run again.
    Raises: InputError for a file that cannot be read or whose stamps are declared wrongly.
    """
    known = _Known.load(source)
    wanted = known.wanted(request.secids)
    surveys = [source.survey(file=file) for file in files]
    touched: dict[str, datetime] = {}
    for done, (file, survey) in enumerate(zip(files, surveys, strict=True)):
        progress(done, len(files), file.place)
        reading = _Reading(
            source=source, file=file, survey=survey, known=known, wanted=wanted, request=request, log=log
        )
        log.add_account(reading.run())
        for secid, since in reading.touched.items():
            touched[secid] = min(since, touched.get(secid, since))
    progress(len(files), len(files), "candles")
    return touched


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """Reference data as they are stored when the reading begins."""

    holders: Mapping[str, tuple[TickerSpan, ...]]
    instruments: Mapping[int, Instrument]
    boards: Mapping[int, dict[str, tuple[int, int]]]
    splits: Mapping[int, tuple[DatedSplit, ...]]
    group_of: Mapping[str, int]
    tickers: Mapping[int, dict[str, tuple[int, int]]]

    @classmethod
    def load(cls, source: FilesSource) -> _Known:
        holders = ticker_holders()
        instruments = {row.pk: row for row in Instrument.objects.filter(is_simulated=False)}
        holders = {
            ticker: tuple(span for span in spans if span.instrument_id in instruments)
            for ticker, spans in holders.items()
        }
        holders = {ticker: spans for ticker, spans in holders.items() if spans}
        boards: dict[int, dict[str, tuple[int, int]]] = defaultdict(dict)
        for row in InstrumentBoard.objects.order_by("traded_from"):
            boards[row.instrument_id][row.board] = span_of(row.traded_from, row.traded_till)
        return cls(
            holders=holders,
            instruments=instruments,
            boards=boards,
            splits=_splits(source, holders, instruments),
            group_of=_groups(holders),
            tickers=_tickers(holders),
        )

    def wanted(self, secids: Sequence[str] | None) -> frozenset[int]:
        """Return the instruments of the tickers, all where none are named; an unknown ticker is an InputError."""
        if not secids:
            return frozenset(self.instruments)
        found = set()
        for secid in secids:
            if secid not in self.holders:
                raise unknown_ticker(secid, self.holders)
            found |= {span.instrument_id for span in self.holders[secid]}
        return frozenset(found)

    def reference(self, instrument_id: int) -> SeriesReference:
        """Return what is known of one instrument."""
        row = self.instruments[instrument_id]
        return SeriesReference(
            secid=row.secid,
            tickers=self.tickers[instrument_id],
            boards=self.boards.get(instrument_id, {}),
            board=row.board,
            splits=self.splits.get(instrument_id, ()),
            is_index=row.kind == Instrument.Kind.INDEX,
        )

    def owners(self, rows: SeriesRows) -> I64:
        """Return whose each row is: on its day the ticker belonged to that instrument."""
        day = rows.stamp.astype("datetime64[D]").astype(np.int64)
        owners = np.zeros(len(rows), dtype=np.int64)
        for code, ticker in enumerate(rows.tickers):
            spans = self.holders[ticker]
            ends = np.array([span_of(None, span.valid_till)[1] for span in spans], dtype=np.int64)
            # Who held it last is also told of days after it gave the ticker up: they are left out by name later.
            which = np.minimum(np.searchsorted(ends, day, side="right"), len(spans) - 1)
            ids = np.array([span.instrument_id for span in spans], dtype=np.int64)
            owners = np.where(rows.ticker == code, ids[which], owners)
        return owners


def unknown_ticker(secid: str, known: Iterable[str]) -> InputError:
    """Return the refusal of a ticker that nobody has."""
    return InputError(
        f"no instrument {secid!r}{did_you_mean(secid, list(known))}; bring it with `ingest instruments` or spell it otherwise",
        code="unknown_ticker",
        field="secids",
    )


def _splits(
    source: FilesSource, holders: Mapping[str, tuple[TickerSpan, ...]], instruments: Mapping[int, Instrument]
) -> dict[int, tuple[DatedSplit, ...]]:
    stored = [
        SplitRecord(
            secid=instruments[row.instrument_id].secid,
            ex_date=row.ex_date,
            shares_after_per_before=row.shares_after_per_before or 1.0,
            source=row.source,
        )
        for row in CorporateAction.objects.filter(kind=CorporateAction.Kind.SPLIT)
        if row.instrument_id in instruments
    ]
    told = [_under_todays_ticker(split, holders) for split in source.splits()]
    found: dict[int, list[DatedSplit]] = defaultdict(list)
    for split in splits_merged(stored, [split for split in told if split is not None]):
        spans = holders.get(split.secid)
        if spans:
            found[spans[-1].instrument_id].append(
                DatedSplit(
                    ex_day=day_of(split.ex_date), shares_after_per_before=split.shares_after_per_before
                )
            )
    return {key: tuple(sorted(splits, key=lambda split: split.ex_day)) for key, splits in found.items()}


def _under_todays_ticker(
    split: SplitRecord, holders: Mapping[str, tuple[TickerSpan, ...]]
) -> SplitRecord | None:
    spans = holders.get(split.secid)
    if not spans:
        return None
    return SplitRecord(
        secid=spans[-1].secid,
        ex_date=split.ex_date,
        shares_after_per_before=split.shares_after_per_before,
        source=split.source,
    )


def _tickers(holders: Mapping[str, tuple[TickerSpan, ...]]) -> dict[int, dict[str, tuple[int, int]]]:
    found: dict[int, dict[str, tuple[int, int]]] = defaultdict(dict)
    for ticker, spans in holders.items():
        for span in spans:
            found[span.instrument_id][ticker] = span_of(span.valid_from, span.valid_till)
    return found


def _groups(holders: Mapping[str, tuple[TickerSpan, ...]]) -> dict[str, int]:
    """Return for each ticker a number that it shares with every ticker of the same instruments."""
    lead: dict[int, int] = {}

    def root(key: int) -> int:
        while lead.setdefault(key, key) != key:
            key = lead[key]
        return key

    for spans in holders.values():
        for span in spans:
            lead[root(span.instrument_id)] = root(spans[0].instrument_id)
    return {ticker: root(spans[0].instrument_id) for ticker, spans in holders.items()}


@dataclass(slots=True, kw_only=True)
class _Reading:
    """One file while it is read."""

    source: FilesSource
    file: FoundFile
    survey: Survey
    known: _Known
    wanted: frozenset[int]
    request: FileCandlesRequest
    log: RunLog
    touched: dict[str, datetime] = field(default_factory=dict)
    outside: Counter[str] = field(default_factory=Counter)
    quarantined: Counter[str] = field(default_factory=Counter)
    written: list[CandleWriteReport] = field(default_factory=list)
    received: int = 0

    def run(self) -> FileAccount:
        """Read the file and return its account."""
        self._leave_out_unknown()
        groups = self._groups_wanted()
        unreadable: list[tuple[str, RejectedRow]] = []
        for rows in self.source.series(
            file=self.file, survey=self.survey, groups=groups, rejected=unreadable
        ):
            if self._is_asked_for(rows.timeframe):
                self._store(rows)
        self._refuse(
            [
                row
                for ticker, row in unreadable
                if not ticker or ticker in groups or self.request.secids is None
            ]
        )
        return FileAccount(
            place=self.file.place,
            kind=self.log.kind,
            rows_received=self.received,
            rows_new=sum(report.new for report in self.written),
            rows_changed=sum(report.changed for report in self.written),
            rows_unchanged=sum(report.unchanged for report in self.written),
            rows_outranked=sum(report.outranked for report in self.written),
            rows_disagreeing=sum(report.disagreements for report in self.written),
            outside=dict(self.outside),
            quarantined=dict(self.quarantined),
        )

    def _is_asked_for(self, timeframe: Timeframe) -> bool:
        return not self.request.timeframes or timeframe in self.request.timeframes

    def _leave_out_unknown(self) -> None:
        if self.request.secids:
            return
        for (ticker, timeframe), rows in self.survey.rows.items():
            if ticker not in self.known.holders and self._is_asked_for(timeframe):
                self.outside["unknown_ticker"] += rows
                self.received += rows

    def _groups_wanted(self) -> dict[str, int]:
        return {
            ticker: self.known.group_of[ticker]
            for ticker, timeframe in self.survey.rows
            if ticker in self.known.holders
            and self._is_asked_for(timeframe)
            and any(span.instrument_id in self.wanted for span in self.known.holders[ticker])
        }

    def _store(self, rows: SeriesRows) -> None:
        for instrument_id, part in self._by_instrument(rows):
            if instrument_id not in self.wanted:
                continue
            self.received += len(part)
            read = series_read(
                part,
                file=self.file,
                reference=self.known.reference(instrument_id),
                table=session_table(),
                since_s=to_epoch_s(self.request.since) if self.request.since else None,
                until_s=to_epoch_s(self.request.until) if self.request.until else None,
            )
            self.outside.update(read.outside)
            self._count(read.rejected)
            row = self.known.instruments[instrument_id]
            for page in read.pages:
                report, rejected = candle_page_write(
                    page=page,
                    instrument_id=instrument_id,
                    secid=row.secid,
                    timeframe=rows.timeframe,
                    now=self.request.now,
                    marks_trading_days=row.kind not in _OTHER_KINDS,
                )
                self.written.append(report)
                self._count(rejected)
                self._touch(row.secid, report)

    def _by_instrument(self, rows: SeriesRows) -> Iterator[tuple[int, SeriesRows]]:
        owners = self.known.owners(rows)
        ids = np.unique(owners).tolist()
        for instrument_id in ids:
            yield instrument_id, rows if len(ids) == 1 else rows.take(owners == instrument_id)

    def _refuse(self, rows: Sequence[RejectedRow]) -> None:
        idle = [row for row in rows if row.reason == NO_TRADES]
        if idle:
            self.outside[NO_TRADES] += len(idle)
        self.received += len(rows)
        self._count([row for row in rows if row.reason != NO_TRADES])

    def _count(self, rows: Iterable[RejectedRow]) -> None:
        self.quarantined.update(self.log.quarantine(rows))

    def _touch(self, secid: str, report: CandleWriteReport) -> None:
        if report.touched_from is not None:
            self.touched[secid] = min(report.touched_from, self.touched.get(secid, report.touched_from))
