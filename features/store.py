"""Feature files in the lake and their rows: written whole, switched in one transaction, checked when read."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from django.conf import settings
from django.db import connection, transaction

from features.catalog import CODE_VERSION
from features.contracts import FeatureSetFacts
from features.models import FeatureSnapshot, UnlistedFile
from market.contracts import Timeframe
from traderai.common.arrays import F32, I64
from traderai.common.clock import from_epoch_s
from traderai.common.errors import InvariantError, NotFoundError
from traderai.common.lake import Lake, lake_at, sha256_hex

SWEEP_AFTER = timedelta(days=1)
_TURN = zlib.crc32(b"features: rows of files")
_SWITCHED = (
    "feature_set", "first_bar_at", "last_bar_at", "rows", "size_bytes", "file_key", "file_sha256", "inputs_sha256",
    "code_version", "columns_missing", "built_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthFile:
    """One month of one share on its way into the lake."""

    instrument_id: int
    secid: str
    month: date
    first_s: int  # begin of the first bar
    last_s: int
    rows: int
    content: bytes
    sha256: str
    inputs_sha256: str
    columns_missing: tuple[str, ...]  # without a single value


def features_lake() -> Lake:
    """Return the lake that the settings name."""
    return lake_at(settings.LAKE_URL)


def encode(begin_s: I64, values: F32, columns: tuple[str, ...]) -> bytes:
    """Return a month of features as a Parquet file: `begin_s` and one float32 column a feature.

    A column without a single value is left out; readers take it for missing. Columns that stand still for long
    (figures of companies, regimes) go as dictionaries, the others byte by byte: measured, that is smaller than zstd
    and written twice as fast.
    """
    told, still = _told_and_still(values)
    names = [columns[j] for j in told]
    arrays = [pa.array(begin_s), *(pa.array(np.ascontiguousarray(values[:, j])) for j in told)]
    sink = io.BytesIO()
    pq.write_table(
        pa.table(arrays, names=["begin_s", *names]),
        sink,
        compression="lz4",
        use_dictionary=[columns[j] for j in told if still[j]],
        use_byte_stream_split=[columns[j] for j in told if not still[j]],
        write_statistics=False,
        write_page_checksum=True,  # for readers that do not read the whole file
    )
    return sink.getvalue()


def decode(
    content: bytes, columns: tuple[str, ...], wanted: tuple[str, ...] | None = None
) -> tuple[I64, F32]:
    """Return begin and values of a stored month, of `wanted` columns only where they are named.

    Raises: InvariantError for a file with other columns than the set's.
    """
    file = pq.ParquetFile(pa.BufferReader(content))
    told = file.schema_arrow.names
    known = set(told)
    if told != ["begin_s", *(name for name in columns if name in known)]:
        raise InvariantError(f"a feature file must have columns of {columns} in their order, was {told[1:]}")
    names = columns if wanted is None else wanted
    table = file.read(columns=["begin_s", *(name for name in names if name in known)], use_threads=False)
    values = np.full((table.num_rows, len(names)), np.nan, dtype=np.float32, order="F")
    for j, name in enumerate(names):
        if name in known:
            values[:, j] = table.column(name).to_numpy()
    return np.asarray(table.column("begin_s").to_numpy()), values


def file_key(facts: FeatureSetFacts, timeframe: Timeframe, file: MonthFile) -> str:
    """Return the place of a month's file in the lake; another content is another place."""
    place = f"features/{facts.key}/{timeframe.value}/{file.secid}"
    return f"{place}/{file.month:%Y-%m}-{file.sha256[:12]}.parquet"


def snapshot_is_whole(snapshot: FeatureSnapshot) -> bool:
    """Return whether a snapshot's file is there with the bytes that were written."""
    try:
        features_lake().read(snapshot.file_key, sha256=snapshot.file_sha256)
    except (NotFoundError, InvariantError):
        return False
    return True


def snapshot_read(
    snapshot: FeatureSnapshot, columns: tuple[str, ...], wanted: tuple[str, ...] | None = None
) -> tuple[I64, F32]:
    """Return begin and values of a snapshot.

    Raises: InvariantError `checksum_mismatch` for a corrupt file, NotFoundError for a lost one.
    """
    return decode(features_lake().read(snapshot.file_key, sha256=snapshot.file_sha256), columns, wanted)


def month_file(
    *,
    begin_s: I64,
    values: F32,
    columns: tuple[str, ...],
    instrument_id: int,
    secid: str,
    month: date,
    inputs_sha256: str,
) -> MonthFile:
    """Return a month of features as the file to be stored; nothing is written."""
    content = encode(begin_s, values, columns)
    missing = np.flatnonzero(np.isnan(values).all(axis=0))
    return MonthFile(
        instrument_id=instrument_id,
        secid=secid,
        month=month,
        first_s=int(begin_s[0]),
        last_s=int(begin_s[-1]),
        rows=len(begin_s),
        content=content,
        sha256=sha256_hex(content),
        inputs_sha256=inputs_sha256,
        columns_missing=tuple(columns[j] for j in missing),
    )


def months_write(
    files: Sequence[MonthFile],
    *,
    facts: FeatureSetFacts,
    timeframe: Timeframe,
    now: datetime,
    seen: Mapping[int, str] | None = None,
) -> None:
    """Store files of months, then switch their rows to them in one transaction.

    A file is unlisted until its row names it: a crash in between leaves the old snapshots as they were and files that
    the sweep removes. Repeating writes the same files and the same rows. `seen` are the files, by instrument, that
    the rows named when the build looked: a row that a later build has switched meanwhile is left to it.
    """
    keys = [file_key(facts, timeframe, file) for file in files]
    with _turn():
        _unlist(keys, now)
    lake = features_lake()
    for key, file in zip(keys, files, strict=True):
        lake.write(key, file.content)
    rows = [_snapshot(file, key, facts, timeframe, now) for file, key in zip(files, keys, strict=True)]
    snapshots_switch(rows, now=now, seen=seen)


def snapshots_switch(
    snapshots: Sequence[FeatureSnapshot], *, now: datetime, seen: Mapping[int, str] | None = None
) -> None:
    """Point the rows of months to their new files and unlist the old ones, all or none."""
    with _turn():
        stored = {
            (row.instrument_id, row.month): row
            for row in FeatureSnapshot.objects.select_for_update().filter(
                set_sha__in={row.set_sha for row in snapshots},
                timeframe_min__in={row.timeframe_min for row in snapshots},
                instrument_id__in={row.instrument_id for row in snapshots},
                month__in={row.month for row in snapshots},
            )
        }
        new, changed, left = [], [], []
        for row in snapshots:
            old = stored.get((row.instrument_id, row.month))
            if old is None:
                new.append(row)
                continue
            if seen is not None and old.built_at > now and old.file_key != seen.get(row.instrument_id):
                continue
            row.pk = old.pk
            changed.append(row)
            if old.file_key != row.file_key:
                left.append(old.file_key)
        FeatureSnapshot.objects.bulk_create(new)
        FeatureSnapshot.objects.bulk_update(changed, _SWITCHED)
        _unlist(left, now)
        UnlistedFile.objects.filter(file_key__in=[row.file_key for row in (*new, *changed)]).delete()


def files_sweep(*, now: datetime) -> int:
    """Delete the files that no snapshot has named for a day; return how many. Repeating deletes no more."""
    lake, swept = features_lake(), 0
    for unlisted in UnlistedFile.objects.filter(unlisted_at__lt=now - SWEEP_AFTER):
        with transaction.atomic():
            # A build that has just written the same bytes again waits here, or has renewed `unlisted_at`.
            if not UnlistedFile.objects.filter(pk=unlisted.pk, unlisted_at=unlisted.unlisted_at).delete()[0]:
                continue
            if not FeatureSnapshot.objects.filter(file_key=unlisted.file_key).exists():
                lake.delete(unlisted.file_key)
                swept += 1
    return swept


def unfinished_sweep(*, now: datetime) -> int:
    """Delete what writers that were killed more than a day ago have left; return how many. It looks at every file."""
    return features_lake().delete_unfinished("features", before_s=(now - SWEEP_AFTER).timestamp())


@contextmanager
def _turn() -> Iterator[None]:
    """Hold a transaction that changes rows of files: builds take turns, so none meets another's half."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_TURN])
        yield


def _unlist(keys: Sequence[str], now: datetime) -> None:
    UnlistedFile.objects.bulk_create(
        [UnlistedFile(file_key=key, unlisted_at=now) for key in keys],
        update_conflicts=True,
        unique_fields=["file_key"],
        update_fields=["unlisted_at"],
    )


def _snapshot(
    file: MonthFile, key: str, facts: FeatureSetFacts, timeframe: Timeframe, now: datetime
) -> FeatureSnapshot:
    return FeatureSnapshot(
        feature_set=facts.name,
        set_sha=facts.sha,
        instrument_id=file.instrument_id,
        timeframe_min=timeframe.minutes,
        month=file.month,
        first_bar_at=from_epoch_s(file.first_s),
        last_bar_at=from_epoch_s(file.last_s),
        rows=file.rows,
        size_bytes=len(file.content),
        file_key=key,
        file_sha256=file.sha256,
        inputs_sha256=file.inputs_sha256,
        code_version=CODE_VERSION,
        columns_missing=list(file.columns_missing),
        built_at=now,
    )


def _told_and_still(values: F32) -> tuple[list[int], list[bool]]:
    """Return the columns with a value, and of all columns whether they change less than once in eight rows."""
    by_column = np.asfortranarray(values)
    told = np.flatnonzero(~np.isnan(by_column).all(axis=0))
    bits = by_column.view(np.int32)
    changes = np.count_nonzero(bits[1:] != bits[:-1], axis=0)
    return [int(j) for j in told], [bool(count * 8 < len(values)) for count in changes]
