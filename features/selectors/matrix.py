"""Stored features as arrays and as a lazy table. NumPy and Parquet: not for the web process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.dataset as pads
from django.db.models import Max, QuerySet

from features import store
from features.contracts import FeatureMatrix, FeatureSetFacts
from features.models import FeatureSnapshot
from features.selectors.catalogue import feature_set_get
from market.contracts import InstrumentFacts, Timeframe
from market.selectors.instruments import instrument_get
from traderai.common.clock import to_epoch_s
from traderai.common.errors import InputError, NotReadyError, did_you_mean


def feature_matrix_load(
    *,
    feature_set: str,
    secid: str,
    timeframe: Timeframe,
    as_of: datetime,
    since: datetime | None = None,
    columns: Sequence[str] | None = None,
) -> FeatureMatrix:
    """Return the stored features of the bars known at `as_of`, those that begin at or after `since`.

    Only the months asked for are opened, and of them only `columns` where they are named.

    Raises: InputError for an unknown set or column, NotFoundError for an unknown instrument, NotReadyError where
        nothing is stored yet, InvariantError `checksum_mismatch` for a corrupt file (`build_features` repairs it).
    """
    facts = feature_set_get(name=feature_set)
    names = _wanted_columns(facts, columns)
    instrument = instrument_get(secid=secid)
    snapshots = _snapshots(facts, (instrument,), timeframe)
    wanted = _within(snapshots, timeframe, as_of=as_of, since=since)
    return _matrix(instrument, facts, names, timeframe, tuple(wanted), as_of=as_of, since=since)


def feature_matrices_load(
    *,
    feature_set: str,
    instruments: Sequence[InstrumentFacts],
    timeframe: Timeframe,
    as_of: datetime,
    since_by_id: Mapping[int, datetime],
) -> dict[int, FeatureMatrix]:
    """Return by instrument's id what `feature_matrix_load` returns for one, found in one query.

    Each has its own `since`; an instrument without one, or of which nothing is stored in that time, is left out.

    Raises: InputError for an unknown set, InvariantError `checksum_mismatch` for a corrupt file.
    """
    facts, asked = feature_set_get(name=feature_set), [one for one in instruments if one.id in since_by_id]
    if not asked:
        return {}
    stored = FeatureSnapshot.objects.filter(
        set_sha=facts.sha, timeframe_min=timeframe.minutes, instrument_id__in=[one.id for one in asked]
    ).order_by("instrument_id", "month")
    found: dict[int, list[FeatureSnapshot]] = {}
    for snapshot in _within(stored, timeframe, as_of=as_of, since=min(since_by_id.values())):
        if snapshot.last_bar_at >= since_by_id[snapshot.instrument_id]:
            found.setdefault(snapshot.instrument_id, []).append(snapshot)
    return {
        one.id: _matrix(
            one, facts, facts.columns, timeframe, found[one.id], as_of=as_of, since=since_by_id[one.id]
        )
        for one in asked
        if one.id in found
    }


def features_stored_until(
    *, feature_set: str, timeframe: Timeframe, instruments: Sequence[InstrumentFacts]
) -> dict[int, datetime]:
    """Return by instrument's id the begin of the newest bar whose features are stored; those without any are left out."""
    rows = FeatureSnapshot.objects.filter(
        set_sha=feature_set_get(name=feature_set).sha,
        timeframe_min=timeframe.minutes,
        instrument_id__in=[one.id for one in instruments],
    )
    newest = rows.order_by("instrument_id").values("instrument_id").annotate(newest=Max("last_bar_at"))
    return {row["instrument_id"]: row["newest"] for row in newest}


def _matrix(
    instrument: InstrumentFacts,
    facts: FeatureSetFacts,
    names: tuple[str, ...],
    timeframe: Timeframe,
    snapshots: Sequence[FeatureSnapshot],
    *,
    as_of: datetime,
    since: datetime | None,
) -> FeatureMatrix:
    """Return the rows of some months that were known at `as_of` and begin at or after `since`."""
    parts = [store.snapshot_read(snapshot, facts.columns, names) for snapshot in snapshots]
    begin_s = np.concatenate([np.empty(0, dtype=np.int64), *(part[0] for part in parts)])
    values = np.concatenate([np.empty((0, len(names)), dtype=np.float32), *(part[1] for part in parts)])
    keep = begin_s <= to_epoch_s(as_of) - 60 * timeframe.minutes
    if since is not None:
        keep &= begin_s >= to_epoch_s(since)
    return FeatureMatrix(
        secid=instrument.secid,
        timeframe=timeframe,
        feature_set=facts,
        columns=names,
        begin_s=begin_s[keep],
        values=values[keep],
    )


def feature_dataset(
    *,
    feature_set: str,
    timeframe: Timeframe,
    as_of: datetime,
    secids: Sequence[str] | None = None,
    since: datetime | None = None,
) -> pads.Dataset:
    """Return the stored months as one lazy table: `secid`, `begin_s` and a column a feature.

    Nothing is read but the files' footers until rows are asked for; scan it with a projection and a filter, for
    example `dataset.to_table(columns=["secid", "begin_s", "ret_1"], filter=pc.field("begin_s") < moment_s)`, or hand
    it to polars. Whole months are handed out: filter `begin_s` where a month is cut by `as_of` or `since`. A page that
    is corrupt is an OSError when it is read; the checksums of whole files are looked at by `feature_matrix_load` and
    `export_features` only.

    Raises: InputError for an unknown set, NotFoundError for an unknown instrument, NotReadyError where nothing is
        stored yet.
    """
    facts = feature_set_get(name=feature_set)
    instruments = None if secids is None else tuple(instrument_get(secid=secid) for secid in secids)
    wanted = _within(_snapshots(facts, instruments, timeframe), timeframe, as_of=as_of, since=since)
    filesystem, base = store.features_lake().filesystem()
    columns = [pa.field("begin_s", pa.int64()), *(pa.field(name, pa.float32()) for name in facts.columns)]
    parquet = pads.ParquetFileFormat(
        default_fragment_scan_options=pads.ParquetFragmentScanOptions(page_checksum_verification=True)
    )
    # A file lies under the ticker of its day, which may have been replaced since: the row says whose it is.
    fragments = [
        parquet.make_fragment(
            f"{base}/{key}", filesystem=filesystem, partition_expression=pads.field("secid") == secid
        )
        for key, secid in wanted.values_list("file_key", "instrument__secid")
    ]
    return pads.FileSystemDataset(
        fragments, pa.schema([pa.field("secid", pa.string()), *columns]), parquet, filesystem
    )


def _wanted_columns(facts: FeatureSetFacts, columns: Sequence[str] | None) -> tuple[str, ...]:
    for name in columns or ():
        if name not in facts.columns:
            raise InputError(
                f"column must be one of the set {facts.name}, was {name!r}{did_you_mean(name, facts.columns)}",
                code="unknown_feature",
                field="columns",
            )
    return facts.columns if columns is None else tuple(columns)


def _snapshots(
    facts: FeatureSetFacts, instruments: Sequence[InstrumentFacts] | None, timeframe: Timeframe
) -> QuerySet[FeatureSnapshot]:
    snapshots = FeatureSnapshot.objects.filter(set_sha=facts.sha, timeframe_min=timeframe.minutes).order_by(
        "instrument_id", "month"
    )
    whose = "any share"
    if instruments is not None:
        snapshots = snapshots.filter(instrument_id__in=[item.id for item in instruments])
        whose = ", ".join(item.secid for item in instruments)
    if not snapshots.exists():
        raise NotReadyError(
            f"no {facts.key} features of {whose} {timeframe.value} are stored; run manage.py build_features",
            code="features_not_built",
        )
    return snapshots


def _within(
    snapshots: QuerySet[FeatureSnapshot], timeframe: Timeframe, *, as_of: datetime, since: datetime | None
) -> QuerySet[FeatureSnapshot]:
    wanted = snapshots.filter(first_bar_at__lte=as_of - timeframe.duration)
    return wanted if since is None else wanted.filter(last_bar_at__gte=since)
