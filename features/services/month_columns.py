"""The columns of one month of one share: what is joined to its bars, what they give themselves, the file of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from features import store
from features.contracts import FeatureSetFacts
from features.kernels.engine import (
    MonthSlice,
    compute_columns,
    float32_or_nan,
    inputs_fingerprint,
)
from features.kernels.window import window_of
from features.models import FeatureSnapshot
from features.sources.base import (
    BuildScope,
    ColumnSource,
    MonthBars,
    MonthScope,
    NewestSource,
    RenewableSource,
)
from features.sources.listed import SOURCES
from features.spec import FeatureSpec, Reads
from market.contracts import InstrumentFacts
from traderai.common.arrays import F32, F64

# A column of these reads every share of the market, not only its own.
_READ_THE_UNIVERSE: Final[frozenset[Reads]] = frozenset({"panel", "fundamental", "calendar"})

# What these read becomes known at midnight or long before.
_DAILY: Final[frozenset[Reads]] = frozenset({"fundamental", "index", "regime"})

# A row of these reads no other row of the month.
_ROW_BY_ROW: Final[frozenset[Reads]] = frozenset({"fundamental", "higher", "index", "news", "regime"})


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthWork:
    """What became of one month of one share."""

    file: store.MonthFile | None  # None where the stored one still stands
    missing: tuple[str, ...]  # columns without a single value
    corrupt: str | None  # the stored file, where it was lost or differed from its checksum


class Joins:
    """The columns of one build that are joined to bars, source by source."""

    def __init__(self, scope: BuildScope, specs: Sequence[FeatureSpec], *, keep: Joins | None = None) -> None:
        """Open the sources that the specs read.

        `keep` hands over those whose facts change once a day at most, and those that can go on from what they read.
        """
        self._specs = [spec for spec in specs if spec.reads != "bars"]
        self._places: dict[Reads, list[int]] = {}
        for place, spec in enumerate(self._specs):
            self._places.setdefault(spec.reads, []).append(place)
        kept = {} if keep is None else keep._sources
        self._sources: dict[Reads, ColumnSource] = {
            reads: _kept_source(reads, kept.get(reads), scope)
            or SOURCES[reads](scope, tuple(self._specs[place] for place in places))
            for reads, places in self._places.items()
        }

    @staticmethod
    def need_universe(specs: Sequence[FeatureSpec]) -> bool:
        """Return whether some column of a share reads the others."""
        return any(spec.reads in _READ_THE_UNIVERSE for spec in specs)

    def month_columns(self, month: MonthScope) -> Mapping[str, F32]:
        """Return by ticker the joined columns at the month's bars, in the order of the specs; NaN where unknown."""
        return self._joined(
            month, {reads: source.month_columns(month) for reads, source in self._sources.items()}
        )

    def newest_columns(self, month: MonthScope) -> Mapping[str, F32]:
        """Return by ticker the joined columns at the newest bar of the month, the bits that `month_columns` has there.

        Shapes: (1, k); (0, k) for a share without a bar in the month.
        """
        newest = month.newest()
        found: dict[Reads, Mapping[str, F64]] = {}
        for reads, source in self._sources.items():
            if reads in _ROW_BY_ROW:
                found[reads] = source.month_columns(newest)
            elif isinstance(source, NewestSource):
                found[reads] = source.newest_columns(month)
            else:
                found[reads] = {secid: rows[-1:] for secid, rows in source.month_columns(month).items()}
        return self._joined(newest, found)

    def _joined(self, month: MonthScope, found: Mapping[Reads, Mapping[str, F64]]) -> Mapping[str, F32]:
        joined = {
            secid: np.full((bars.rows, len(self._specs)), np.nan, dtype=np.float32, order="F")
            for secid, bars in month.bars.items()
        }
        for reads, columns in found.items():
            for secid, values in columns.items():
                joined[secid][:, self._places[reads]] = float32_or_nan(values)
        return joined


def _kept_source(reads: Reads, kept: ColumnSource | None, scope: BuildScope) -> ColumnSource | None:
    """Return what a kept source is at a later moment of its day; None where it has to be opened anew."""
    if kept is None or reads in _DAILY:
        return kept
    return kept.renewed(scope) if isinstance(kept, RenewableSource) else None


def month_values(bars: MonthBars, specs: Sequence[FeatureSpec], joined: F32 | None) -> F32:
    """Return all columns of a month's bars, those that are joined and those of the bars themselves.

    Shapes: joined (rows, j) in the order of the specs that are joined; returns (rows, k).
    NaN:    what is unknown.
    Raises: ValueError if a dividend is not below the close before it.
    """
    own = [place for place, spec in enumerate(specs) if spec.reads == "bars"]
    window = window_of(bars.bars, start=0, stop=len(bars.bars))
    computed = compute_columns(window, [specs[place] for place in own])[bars.start :]
    if joined is None or len(own) == len(specs):
        return computed
    values = np.empty((bars.rows, len(specs)), dtype=np.float32, order="F")
    values[:, own] = computed
    values[:, [place for place, spec in enumerate(specs) if spec.reads != "bars"]] = joined
    return values


def month_work(
    *,
    specs: Sequence[FeatureSpec],
    facts: FeatureSetFacts,
    instrument: InstrumentFacts,
    month: MonthScope,
    joined: F32 | None,
    old: FeatureSnapshot | None,
    rebuild: bool,
) -> MonthWork:
    """Compute a month and make its file if its inputs or its stored file say so; the database is not touched.

    Raises: ValueError for bars that features cannot be made of.
    """
    bars = month.bars[instrument.secid]
    place = MonthSlice(month=month.month, warmup_start=0, start=bars.start, stop=len(bars.bars))
    inputs = inputs_fingerprint(bars.bars, place, joined)
    whole = old is not None and store.snapshot_is_whole(old)
    corrupt = old.file_key if old is not None and not whole else None
    if old is not None and whole and old.inputs_sha256 == inputs and not rebuild:
        return MonthWork(file=None, missing=tuple(old.columns_missing), corrupt=None)
    file = store.month_file(
        begin_s=np.ascontiguousarray(bars.bars.begin_s[bars.start :]),
        values=month_values(bars, specs, joined),
        columns=facts.columns,
        instrument_id=instrument.id,
        secid=instrument.secid,
        month=date.fromisoformat(f"{month.month}-01"),
        inputs_sha256=inputs,
    )
    return MonthWork(file=file, missing=file.columns_missing, corrupt=corrupt)
