"""The source "files": a folder of candle files, corporate actions and saved reference data."""

from __future__ import annotations

import fnmatch
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from market.configs import CandleFileRule, FileSourcesConfig, file_sources_config, universe_config
from market.contracts import CandleColumns, CandleOrigin
from market.kernels.adjustment import prices_as_traded
from market.sources.candle_files import FileRows, read_rows
from market.sources.records import ActionPage, CandlePage, CandleRequest, InstrumentPage, SplitRecord
from market.sources.reference_files import read_actions, read_instruments, split_table
from market.sources.wall_clock import moscow_to_epoch_s
from traderai.common.clock import to_epoch_s
from traderai.common.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesSource:
    """Candles, actions and reference data of one folder, read by the rules of file_sources.yaml."""

    root: Path
    config: FileSourcesConfig
    name: str = "files"

    def default_secids(self) -> tuple[str, ...]:
        """Return the universe that universe.yaml names for files."""
        return universe_config().secids(universe_config().default["files"])

    def instruments(self, *, secids: Sequence[str]) -> InstrumentPage:
        """Return the saved ISS descriptions with the packaged reference data laid over them."""
        return read_instruments(self.root, self.config, secids)

    def actions(self, *, secids: Sequence[str]) -> ActionPage:
        """Return the splits and dividends of the folder, splits of the manual table included."""
        return read_actions(self.root, self.config, secids)

    def candles(self, *, request: CandleRequest) -> Generator[CandlePage, None, None]:
        """Yield a page for each file that holds the series, in the order of the rules."""
        splits = [split for split in split_table(self.root, self.config) if split.secid == request.secid]
        for rule, path in self._files():
            if rule.timeframe is not None and rule.timeframe != request.timeframe.value:
                continue
            rows = read_rows(path, root=self.root, secid=request.secid, timeframe=request.timeframe)
            if rows is not None:
                place = str(path.relative_to(self.root))
                yield _page(rows, rule=rule, request=request, splits=splits, place=place)

    def _files(self) -> list[tuple[CandleFileRule, Path]]:
        chosen = []
        for path in sorted(self.root.rglob("*")):
            if path.suffix not in {".parquet", ".csv"} or not path.is_file():
                continue
            relative = path.relative_to(self.root).as_posix()
            rank, rule = next(
                (rank, rule)
                for rank, rule in enumerate(self.config.candles)
                if fnmatch.fnmatchcase(relative, rule.glob)
            )
            if rule.skipped is None:
                chosen.append((rank, relative, rule, path))
        return [(rule, path) for _, _, rule, path in sorted(chosen, key=lambda entry: entry[:2])]


def files_source(path: Path | None) -> FilesSource:
    """Return the source of a folder; a missing folder is an InputError."""
    if path is None or not path.is_dir():
        raise InputError(f"--path must name a folder with candle files, was {path}; give --path DIR")
    return FilesSource(root=path, config=file_sources_config())


def _page(
    rows: FileRows, *, rule: CandleFileRule, request: CandleRequest, splits: list[SplitRecord], place: str
) -> CandlePage:
    begin = rows.stamp
    if rule.stamp == "end":
        begin = begin - np.timedelta64(request.timeframe.minutes * 60, "s")
    figures = rows.figures
    if rule.adjusted_through is not None:
        applied = [split for split in splits if split.ex_date <= date.fromisoformat(rule.adjusted_through)]
        figures = figures.copy()
        figures[:, :4] = prices_as_traded(
            figures[:, :4],
            begin.astype("datetime64[D]").astype(np.int64),
            np.array([split.ex_date.toordinal() - 719_163 for split in applied], dtype=np.int64),
            np.array([split.shares_after_per_before for split in applied], dtype=np.float64),
        )
    begin_s = moscow_to_epoch_s(begin)
    wanted = np.ones(begin_s.size, dtype=np.bool_)
    if request.since is not None:
        wanted &= begin_s >= to_epoch_s(request.since)
    if request.until is not None:
        wanted &= begin_s < to_epoch_s(request.until)
    columns = CandleColumns(
        begin_s=begin_s,
        open=figures[:, 0],
        high=figures[:, 1],
        low=figures[:, 2],
        close=figures[:, 3],
        volume_shares=figures[:, 4],
        value_rub=figures[:, 5],
    )
    return CandlePage(
        place=place,
        origin=CandleOrigin(name=place, kind="file", priority=rule.priority),
        columns=columns.take(wanted),
        rejected=rows.rejected,
        outside=rows.outside + int((~wanted).sum()),
    )
