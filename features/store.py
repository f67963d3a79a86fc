"""Feature files in the lake and their rows: written whole, switched in one transaction, checked when read."""

from __future__ import annotations

import io
from datetime import date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from django.conf import settings
from django.db import transaction

from features.catalog import CODE_VERSION
from features.contracts import FeatureSetFacts
from features.models import FeatureSnapshot, UnlistedFile
from market.contracts import Timeframe
from traderai.common.arrays import F32, I64
from traderai.common.clock import from_epoch_s
from traderai.common.errors import InvariantError, NotFoundError
from traderai.common.lake import Lake, lake_at, sha256_hex

SWEEP_AFTER = timedelta(days=1)


def features_lake() -> Lake:
    """Return the lake that the settings name."""
    return lake_at(settings.LAKE_URL)


def encode(begin_s: I64, values: F32, columns: tuple[str, ...]) -> bytes:
    """Return a month of features as a Parquet file: `begin_s` and one float32 column a feature."""
    arrays = [pa.array(begin_s)] + [pa.array(np.ascontiguousarray(values[:, j])) for j in range(len(columns))]
    sink = io.BytesIO()
    pq.write_table(pa.table(arrays, names=["begin_s", *columns]), sink, compression="zstd")
    return sink.getvalue()


def decode(content: bytes, columns: tuple[str, ...]) -> tuple[I64, F32]:
    """Return begin and values of a stored month; other columns than expected are an InvariantError."""
    table = pq.read_table(pa.BufferReader(content))
    if table.column_names != ["begin_s", *columns]:
        raise InvariantError(f"a feature file must have the columns {columns}, was {table.column_names}")
    values = [table.column(name).to_numpy() for name in columns]
    return np.asarray(table.column("begin_s").to_numpy()), np.column_stack(values).astype(
        np.float32, copy=False
    )


def file_key(facts: FeatureSetFacts, timeframe: Timeframe, secid: str, month: str, content: bytes) -> str:
    """Return the place of a month's file in the lake; another content is another place."""
    return f"features/{facts.key}/{timeframe.value}/{secid}/{month}-{sha256_hex(content)[:12]}.parquet"


def snapshot_is_whole(snapshot: FeatureSnapshot) -> bool:
    """Return whether a snapshot's file is there with the bytes that were written."""
    try:
        features_lake().read(snapshot.file_key, sha256=snapshot.file_sha256)
    except (NotFoundError, InvariantError):
        return False
    return True


def snapshot_read(snapshot: FeatureSnapshot, columns: tuple[str, ...]) -> tuple[I64, F32]:
    """Return begin and values of a snapshot.

    Raises: InvariantError `checksum_mismatch` for a corrupt file, NotFoundError for a lost one.
    """
    return decode(features_lake().read(snapshot.file_key, sha256=snapshot.file_sha256), columns)


def snapshot_write(
    snapshot: FeatureSnapshot, *, facts: FeatureSetFacts, secid: str, begin_s: I64, values: F32, now: datetime
) -> None:
    """Store a month's file, then switch its row to it in one transaction.

    The file is unlisted until the row names it: a crash in between leaves the old snapshot as it was and a file
    that the sweep removes. Repeating writes the same file and the same row.
    """
    content = encode(begin_s, values, facts.columns)
    month = f"{snapshot.month:%Y-%m}"
    key = file_key(facts, Timeframe.of_minutes(snapshot.timeframe_min), secid, month, content)
    UnlistedFile.objects.update_or_create(file_key=key, defaults={"unlisted_at": now})
    sha256 = features_lake().write(key, content)
    snapshot.feature_set, snapshot.set_sha, snapshot.code_version = facts.name, facts.sha, CODE_VERSION
    snapshot.first_bar_at, snapshot.last_bar_at = from_epoch_s(begin_s[0]), from_epoch_s(begin_s[-1])
    snapshot.rows, snapshot.size_bytes, snapshot.built_at = len(begin_s), len(content), now
    missing = np.flatnonzero(~np.isfinite(values).any(axis=0))
    snapshot.columns_missing = [facts.columns[j] for j in missing]
    snapshot_switch(snapshot, key=key, sha256=sha256, now=now)


def snapshot_switch(snapshot: FeatureSnapshot, *, key: str, sha256: str, now: datetime) -> None:
    """Point a month's row at its new file and unlist the old one, both or neither."""
    with transaction.atomic():
        old = (
            FeatureSnapshot.objects.select_for_update()
            .filter(
                set_sha=snapshot.set_sha,
                instrument_id=snapshot.instrument_id,
                timeframe_min=snapshot.timeframe_min,
                month=snapshot.month,
            )
            .first()
        )
        if old is not None:
            snapshot.pk = old.pk
            if old.file_key != key:
                UnlistedFile.objects.update_or_create(file_key=old.file_key, defaults={"unlisted_at": now})
        snapshot.file_key, snapshot.file_sha256 = key, sha256
        snapshot.save(force_insert=old is None, force_update=old is not None)
        UnlistedFile.objects.filter(file_key=key).delete()


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


def month_date(month: str) -> date:
    """Return the first day of a month such as "2024-05"."""
    return date.fromisoformat(f"{month}-01")
