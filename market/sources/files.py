"""The source "files": whatever the rules of file_sources.yaml can read under the paths given."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from market.calendar_config import session_table
from market.configs import (
    FileSourcesConfig,
    Reader,
    file_sources_config,
    universe_config,
)
from market.contracts import Timeframe
from market.sources.candle_files import chunks_of, survey_of
from market.sources.candle_pages import (
    DatedSplit,
    SeriesReference,
    day_of,
    series_read,
    span_of,
    stamp_convention_check,
    stamps_outside,
)
from market.sources.candle_rows import RowChunk, SeriesRows, Stamps, Survey, grouped
from market.sources.corporate_files import (
    announced_dividends_of,
    dividends_of,
    manual_splits,
    splits_merged,
    splits_of,
)
from market.sources.file_pages import page_of_secids, pages_added, pages_of_each, pages_together
from market.sources.file_rules import FoundFile, files_found
from market.sources.flow_files import order_book_statistics_of, trade_statistics_of
from market.sources.fundamental_files import company_list_of, market_caps_of, smartlab_of
from market.sources.iss_indices import index_page
from market.sources.macro_files import central_bank_events, key_rate_changes_of, key_rate_of
from market.sources.news_files import investopit_of, markettwits_of, news_table_of, telegram_of
from market.sources.other_files import index_closes_of, saved_dividends_of
from market.sources.records import (
    ActionPage,
    BoardRecord,
    CandlePage,
    CandleRequest,
    EventRecord,
    FlowRecord,
    FundamentalRecord,
    IndexMemberRecord,
    IndexWeightRecord,
    InstrumentPage,
    InstrumentRecord,
    MacroRecord,
    NewsRecord,
    OrderBookRecord,
    RecordPage,
    RejectedRow,
    SplitRecord,
    TermsRecord,
    TickerChangeRecord,
)
from market.sources.reference_files import (
    boards_of,
    described_secids,
    index_weights_of,
    lots_of,
    read_instruments,
    ticker_changes_of,
)
from traderai.common.clock import to_epoch_s
from traderai.common.errors import InputError

CANDLE_READERS: tuple[Reader, ...] = ("candles", "iss_candles", "iss_history")
FileReader = Callable[[Path], Any]
INDEX_READERS: tuple[Reader, ...] = ("index_candles",)
# Where no file describes instruments, only we do (instruments.yaml).
_NOWHERE = Path("/dev/null")


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesSource:
    """The files that were found, each with its rule, and those that no rule is for."""

    files: tuple[FoundFile, ...]
    left_alone: tuple[Path, ...]
    config: FileSourcesConfig
    name: str = "files"

    def read_by(self, *readers: Reader) -> tuple[FoundFile, ...]:
        """Return the files that one of the readers is for, by name."""
        return tuple(file for file in self.files if set(readers) & set(file.rule.readers))

    def skipped(self) -> dict[str, str]:
        """Return the files that are left alone, with the reasons."""
        told = {file.place: file.rule.skipped for file in self.files if file.rule.skipped is not None}
        return told | {path.name: "no rule of file_sources.yaml is for it" for path in self.left_alone}

    def default_secids(self) -> tuple[str, ...]:
        """Return the universe that universe.yaml names for files; () means whatever the files hold."""
        return universe_config().secids(universe_config().default["files"])

    def instruments(self, *, secids: Sequence[str]) -> InstrumentPage:
        """Return what the files and we say of the tickers, of every ticker they describe where none are named."""
        indices = {record.secid for record in self.indices().records}
        found: dict[str, InstrumentRecord] = {}
        rejected: dict[str, RejectedRow] = {}
        if self.read_by(*CANDLE_READERS):
            told = self._described("share", "preferred")
            found = {record.secid: record for record in told if not secids or record.secid in secids}
        for root in self._roots():
            page = read_instruments(root, self.config, secids or described_secids(root, self.config))
            found |= {record.secid: record for record in page.records}
            rejected |= {f"{row.reason} {row.raw}": row for row in page.rejected}
        # What one folder does not describe another one may.
        left = [row for row in rejected.values() if row.raw.get("secid") not in {*found, *indices}]
        return InstrumentPage(records=tuple(found.values()), rejected=tuple(left))

    def ticker_changes(self) -> RecordPage[TickerChangeRecord]:
        """Return every known replacement of a ticker."""
        return pages_together(self.read_by("ticker_changes"), ticker_changes_of)

    def boards(self, *, secids: Sequence[str]) -> RecordPage[BoardRecord]:
        """Return the boards of instruments and their spans."""
        page = pages_together(self.read_by("boards"), boards_of)
        return page_of_secids(page, secids, lambda record: record.secid)

    def terms(self, *, secids: Sequence[str]) -> RecordPage[TermsRecord]:
        """Return the lots that candle files name, from their first days on."""
        page = pages_together(self.read_by("lots"), lots_of)
        return page_of_secids(page, secids, lambda record: record.secid)

    def index_members(self) -> RecordPage[IndexMemberRecord]:
        """Return nothing: no file tells of spans in an index."""
        return RecordPage(place="", records=())

    def index_weights(self) -> RecordPage[IndexWeightRecord]:
        """Return the weights of indices by day."""
        return pages_together(self.read_by("index_weights"), index_weights_of)

    def splits(self) -> tuple[SplitRecord, ...]:
        """Return every known split once: the files', then those of the manual table that they lack."""
        return splits_merged(pages_together(self.read_by("splits"), splits_of).records, manual_splits())

    def actions(self, *, secids: Sequence[str]) -> ActionPage:
        """Return splits and dividends of the tickers, of all where none are named."""
        splits = pages_together(self.read_by("splits"), splits_of)
        told = [
            pages_together(self.read_by("dividends"), dividends_of),
            pages_together(self.read_by("iss_dividends"), saved_dividends_of),
            pages_together(self.read_by("announced_dividends"), announced_dividends_of),
        ]
        rejected = [*splits.rejected, *(row for page in told for row in page.rejected)]
        wanted = set(secids)
        return ActionPage(
            splits=tuple(split for split in self.splits() if not wanted or split.secid in wanted),
            dividends=tuple(
                record for page in told for record in page.records if not wanted or record.secid in wanted
            ),
            rejected=tuple(row for row in rejected if not wanted or row.raw.get("secid") in wanted),
        )

    def indices(self) -> InstrumentPage:
        """Return the indices and funds whose candles the files hold."""
        if not self.read_by(*INDEX_READERS):
            return InstrumentPage(records=())
        return InstrumentPage(records=(*index_page().records, *self._described("etf")))

    def fundamentals(
        self, *, secids: Sequence[str] | None
    ) -> Generator[RecordPage[FundamentalRecord], None, None]:
        """Yield companies' figures, the capitalisation by day among them."""
        readers: dict[Reader, FileReader] = {
            "smartlab": smartlab_of,
            "market_caps": market_caps_of,
            "company_list": company_list_of,
        }
        for reader, read in readers.items():
            for page in pages_of_each(self.read_by(reader), read):
                yield page_of_secids(page, secids or (), lambda record: record.secid)

    def macro(self) -> RecordPage[MacroRecord]:
        """Return the key rate and the indices of which only closes are known."""
        pages = [
            pages_together(self.read_by("key_rate"), key_rate_of),
            pages_together(self.read_by("index_closes"), index_closes_of),
        ]
        return pages_added(pages)

    def events(self) -> RecordPage[EventRecord]:
        """Return the meetings of the central bank and what the files of its key rate say was decided."""
        changes = pages_together(self.read_by("key_rate"), key_rate_changes_of)
        # What is wrong with a file of rates is told with its values.
        return pages_added([central_bank_events(), replace(changes, rejected=())])

    def flow(self, *, secids: Sequence[str] | None) -> Generator[RecordPage[FlowRecord], None, None]:
        """Yield order flow."""
        for page in pages_of_each(self.read_by("trade_statistics"), trade_statistics_of):
            yield page_of_secids(page, secids or (), lambda record: record.secid)

    def order_books(
        self, *, secids: Sequence[str] | None
    ) -> Generator[RecordPage[OrderBookRecord], None, None]:
        """Yield order-book figures."""
        for page in pages_of_each(self.read_by("order_book"), order_book_statistics_of):
            yield page_of_secids(page, secids or (), lambda record: record.secid)

    def news(
        self,
        *,
        since: datetime | None,
        now: datetime,  # noqa: ARG002  # the protocol's; files do not grow
    ) -> Generator[RecordPage[NewsRecord], None, None]:
        """Yield news, the later ones of each file where `since` is given."""
        readers: dict[Reader, FileReader] = {
            "markettwits": markettwits_of,
            "investopit": investopit_of,
            "telegram": telegram_of,
            "news_table": news_table_of,
        }
        for reader, read in readers.items():
            for page in pages_of_each(self.read_by(reader), read):
                late = tuple(r for r in page.records if since is None or r.published_at >= since)
                yield replace(page, records=late, outside=page.outside + len(page.records) - len(late))

    def candle_files(self, *readers: Reader) -> tuple[FoundFile, ...]:
        """Return the files of candles, those of indices if asked for their readers."""
        return self.read_by(*(readers or CANDLE_READERS))

    def survey(self, *, file: FoundFile) -> Survey:
        """Return what series a file holds; its convention of stamps is checked against the exchange's sessions.

        Raises: InputError
        """

        def outside(stamp: Stamps, timeframe: Timeframe) -> tuple[int, int]:
            return stamps_outside(stamp, timeframe, session_table())

        survey = survey_of(file, outside=outside)
        stamp_convention_check(file, outside_begin=survey.outside_begin, outside_end=survey.outside_end)
        return survey

    def series(
        self,
        *,
        file: FoundFile,
        survey: Survey,
        groups: dict[str, int],
        rejected: list[tuple[str, RejectedRow]],
    ) -> Generator[SeriesRows, None, None]:
        """Yield a file's series by groups of tickers, each once and whole; unreadable rows go to `rejected`."""
        # Rows that cannot be read are told of, whoever's they are.
        wanted = [
            tickers & groups.keys() or (frozenset({""}) if number in survey.unreadable else frozenset())
            for number, tickers in enumerate(survey.chunks_with)
        ]

        def chunks() -> Generator[tuple[int, RowChunk], None, None]:
            for number, chunk in chunks_of(file, wanted=wanted):
                rejected.extend(chunk.rejected)
                yield number, chunk

        yield from grouped(chunks(), groups=groups, last_chunk=survey.last_chunk)

    def candles(self, *, request: CandleRequest) -> Generator[CandlePage, None, None]:
        """Yield a page for each file that holds the series; whoever wants many series reads them by `series`."""
        splits = tuple(
            DatedSplit(ex_day=day_of(split.ex_date), shares_after_per_before=split.shares_after_per_before)
            for split in self.splits()
            if split.secid == request.secid
        )
        reference = SeriesReference(
            secid=request.secid,
            tickers={request.secid: span_of(None, None)},
            boards={},
            board=request.board,
            splits=splits,
        )
        for file in self.candle_files():
            survey = self.survey(file=file)
            if survey.rows.get((request.secid, request.timeframe)):
                yield from self._pages(file, survey, request, reference)

    def index_candles(self, *, request: CandleRequest) -> Generator[CandlePage, None, None]:
        """Yield one index's candles in pages."""
        source = replace(self, files=self.candle_files(*INDEX_READERS))
        rules = [replace(file.rule, readers=("candles",)) for file in source.files]
        files = tuple(replace(file, rule=rule) for file, rule in zip(source.files, rules, strict=True))
        yield from replace(source, files=files).candles(request=request)

    def _pages(
        self, file: FoundFile, survey: Survey, request: CandleRequest, reference: SeriesReference
    ) -> Generator[CandlePage, None, None]:
        rejected: list[tuple[str, RejectedRow]] = []
        for rows in self.series(file=file, survey=survey, groups={request.secid: 0}, rejected=rejected):
            if rows.timeframe is not request.timeframe:
                continue
            read = series_read(
                rows,
                file=file,
                reference=reference,
                table=session_table(),
                since_s=to_epoch_s(request.since) if request.since else None,
                until_s=to_epoch_s(request.until) if request.until else None,
            )
            refused = [*read.rejected, *(row for ticker, row in rejected if ticker == request.secid)]
            outside = sum(read.outside.values())
            for page in read.pages:
                yield replace(page, rejected=(*refused, *page.rejected), outside=outside)
                refused, outside = [], 0

    def _described(self, *kinds: str) -> list[InstrumentRecord]:
        """Return the instruments that only we describe."""
        return [
            InstrumentRecord(
                secid=entry.secid,
                name_ru=entry.name_ru,
                name_en=entry.name_en,
                kind=entry.kind,
                board=entry.board,
                terms_told=False,
            )
            for entry in self.config.described
            if entry.kind in kinds
        ]

    def _roots(self) -> list[Path]:
        """Return the folders in which the files that describe instruments have their places."""
        described = self.read_by("boards", "instruments", "sectors")
        roots = {file.path.parents[len(Path(file.place).parts) - 1] for file in described}
        return sorted(roots) or [_NOWHERE]


def files_source(path: Path | Sequence[Path] | None) -> FilesSource:
    """Return the source of folders, files or globs; a path that names nothing is an InputError."""
    paths = [path] if isinstance(path, Path) else list(path or ())
    if not paths:
        raise InputError("--path must name a folder, a file or a glob, none was given; give --path DIR")
    config = file_sources_config()
    known, unknown = files_found(paths, config.files)
    if not any(file.rule.readers for file in known):
        raise InputError(
            f"no file under {', '.join(map(str, paths))} has a reader; add a rule for it to file_sources.yaml"
        )
    return FilesSource(files=tuple(known), left_alone=tuple(unknown), config=config)
