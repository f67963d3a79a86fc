"""Stored features as arrays. NumPy and Parquet: not for the web process."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from features import store
from features.contracts import FeatureMatrix
from features.models import FeatureSnapshot
from features.selectors.catalogue import feature_set_get
from market.contracts import Timeframe
from market.selectors.instruments import instrument_get
from traderai.common.clock import to_epoch_s
from traderai.common.errors import NotReadyError


def feature_matrix_load(
    *, feature_set: str, secid: str, timeframe: Timeframe, as_of: datetime, since: datetime | None = None
) -> FeatureMatrix:
    """Return the stored features of the bars known at `as_of`, those that begin at or after `since`.

    Raises: InputError for an unknown set, NotFoundError for an unknown instrument, NotReadyError where nothing
        is stored yet, InvariantError `checksum_mismatch` for a corrupt file (`build_features` repairs it).
    """
    facts = feature_set_get(name=feature_set)
    instrument = instrument_get(secid=secid)
    snapshots = FeatureSnapshot.objects.filter(
        set_sha=facts.sha, instrument_id=instrument.id, timeframe_min=timeframe.minutes
    ).order_by("month")
    if not snapshots.exists():
        raise NotReadyError(
            f"no {facts.key} features of {secid} {timeframe.value} are stored; run manage.py build_features",
            code="features_not_built",
        )
    wanted = snapshots.filter(first_bar_at__lte=as_of - timeframe.duration)
    if since is not None:
        wanted = wanted.filter(last_bar_at__gte=since)
    parts = [store.snapshot_read(snapshot, facts.columns) for snapshot in wanted]
    begin_s = np.concatenate([np.empty(0, dtype=np.int64), *(part[0] for part in parts)])
    values = np.concatenate(
        [np.empty((0, len(facts.columns)), dtype=np.float32), *(part[1] for part in parts)]
    )
    keep = begin_s <= to_epoch_s(as_of) - 60 * timeframe.minutes
    if since is not None:
        keep &= begin_s >= to_epoch_s(since)
    return FeatureMatrix(
        secid=instrument.secid,
        timeframe=timeframe,
        feature_set=facts,
        begin_s=begin_s[keep],
        values=values[keep],
    )
