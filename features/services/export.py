"""One file of features for work outside: all shares joined, month by month, checksums looked at."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from features import store
from features.contracts import ExportReport, FeatureSetFacts
from features.models import FeatureSnapshot
from features.selectors.catalogue import feature_set_get
from market.contracts import Timeframe
from market.selectors.instruments import instrument_get
from traderai.common.clock import to_epoch_s
from traderai.common.errors import InputError, NotReadyError
from traderai.common.progress import Progress, silent

FORMATS: Final = {".parquet": "Parquet", ".feather": "Feather", ".arrow": "Feather"}


def features_export(
    *,
    feature_set: str,
    timeframe: Timeframe,
    path: Path,
    as_of: datetime,
    since: datetime | None = None,
    secids: Sequence[str] | None = None,
    progress: Progress = silent,
) -> ExportReport:
    """Write `secid`, `begin` (UTC) and the features of the bars known at `as_of` to a Parquet or Feather file.

    Rows are ordered by ticker and time. Memory holds one month of one share at a time. The file appears whole or not
    at all; repeating writes the same rows again.

    Raises: InputError for a path that cannot be written or another kind of file, and for an unknown set;
        NotFoundError for an unknown instrument; NotReadyError where nothing is stored; InvariantError
        `checksum_mismatch` for a corrupt file (`build_features` repairs it).
    """
    _require_writable(path)
    facts = feature_set_get(name=feature_set)
    snapshots = _snapshots(facts, timeframe, secids, as_of=as_of, since=since)
    span_s = (0 if since is None else to_epoch_s(since), to_epoch_s(as_of) - 60 * timeframe.minutes)
    schema = pa.schema(
        [pa.field("secid", pa.string()), pa.field("begin", pa.timestamp("s", tz="UTC"))]
        + [pa.field(name, pa.float32()) for name in facts.columns]
    )
    rows, shares = 0, set()
    with _writer(path, schema) as write:
        for done, snapshot in enumerate(snapshots):
            progress(done, len(snapshots), snapshot.instrument.secid)
            begin_s, values = store.snapshot_read(snapshot, facts.columns)
            inside = (begin_s >= span_s[0]) & (begin_s <= span_s[1])
            if inside.any():
                write(_table(schema, snapshot.instrument.secid, begin_s[inside], values[inside]))
                rows += int(inside.sum())
                shares.add(snapshot.instrument_id)
    progress(len(snapshots), len(snapshots), "done")
    return ExportReport(
        feature_set_key=facts.key,
        timeframe=timeframe.value,
        path=str(path),
        instruments=len(shares),
        rows=rows,
        columns=len(facts.columns),
        size_bytes=path.stat().st_size,
    )


def _require_writable(path: Path) -> None:
    if path.suffix not in FORMATS:
        raise InputError(f"the file must end with {' or '.join(FORMATS)}, was {path.name!r}", field="path")
    if not path.absolute().parent.is_dir():
        raise InputError(f"the folder of the file must exist, {path.parent} does not; make it", field="path")
    if path.is_dir():
        raise InputError(f"the file must not be a folder, {path} is one; name a file in it", field="path")
    try:
        with _unfinished(path).open("wb"):
            pass
        _unfinished(path).unlink()
    except OSError as error:
        raise InputError(f"the file must be one that can be written: {error}", field="path") from error


def _unfinished(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.unfinished")


def _snapshots(
    facts: FeatureSetFacts,
    timeframe: Timeframe,
    secids: Sequence[str] | None,
    *,
    as_of: datetime,
    since: datetime | None,
) -> list[FeatureSnapshot]:
    rows = FeatureSnapshot.objects.filter(
        set_sha=facts.sha,
        timeframe_min=timeframe.minutes,
        first_bar_at__lte=as_of - timeframe.duration,
    )
    if secids is not None:
        rows = rows.filter(instrument_id__in=[instrument_get(secid=secid).id for secid in secids])
    if since is not None:
        rows = rows.filter(last_bar_at__gte=since)
    found = list(rows.select_related("instrument").order_by("instrument__secid", "month"))
    if not found:
        raise NotReadyError(
            f"no {facts.key} features on {timeframe.value} are stored for what was asked; "
            "run manage.py build_features",
            code="features_not_built",
        )
    return found


def _table(schema: pa.Schema, secid: str, begin_s: Any, values: Any) -> pa.Table:
    columns = [
        pa.array([secid] * len(begin_s), pa.string()),
        pa.array(begin_s, pa.timestamp("s", tz="UTC")),
        *(pa.array(np.ascontiguousarray(values[:, j])) for j in range(values.shape[1])),
    ]
    return pa.Table.from_arrays(columns, schema=schema)


@contextmanager
def _writer(path: Path, schema: pa.Schema) -> Iterator[Any]:
    """Write tables to a file beside the wanted one, which takes its place when all of them are there."""
    unfinished = _unfinished(path)
    try:
        if FORMATS[path.suffix] == "Parquet":
            with pq.ParquetWriter(unfinished, schema, compression="zstd") as parquet:
                yield parquet.write_table
        else:
            options = pa.ipc.IpcWriteOptions(compression="lz4")
            with pa.ipc.new_file(unfinished, schema, options=options) as arrow:
                yield arrow.write_table
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
