"""The newest features of shares: from Redis where they are newer than the store. Not for the web process."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from features.contracts import FeatureRow
from features.live_rows import rows_get
from features.selectors.catalogue import feature_set_get
from features.selectors.matrix import feature_matrix_load
from market.contracts import Timeframe
from market.selectors.instruments import instrument_get
from traderai.common.clock import from_epoch_s, to_epoch_s
from traderai.common.errors import NotReadyError


def feature_rows_latest(
    *, feature_set: str, timeframe: Timeframe, secids: Sequence[str], as_of: datetime
) -> dict[str, FeatureRow]:
    """Return by ticker the newest row of features that was known at `as_of`; shares without any are left out.

    A published row is used if its bar had closed at `as_of`, otherwise the store's newest one. Both have the same
    bits for the same bar; `begin_s` says how old a row is.

    Raises: InputError for an unknown set, NotFoundError for an unknown instrument, InvariantError
        `checksum_mismatch` for a corrupt file.
    """
    facts = feature_set_get(name=feature_set)
    current = [instrument_get(secid=secid).secid for secid in secids]
    newest_s = to_epoch_s(as_of) - 60 * timeframe.minutes
    published = rows_get(facts, timeframe, current)
    rows = {}
    for secid in current:
        row = published.get(secid)
        if row is None or row.begin_s > newest_s:
            row = _stored_row(feature_set, timeframe, secid, as_of)
        if row is not None:
            rows[secid] = row
    return rows


def _stored_row(feature_set: str, timeframe: Timeframe, secid: str, as_of: datetime) -> FeatureRow | None:
    # The newest row lies in the last stretch that holds any; most lie in the last days.
    for days in (7, 40, 100_000):
        since = from_epoch_s(max(0, to_epoch_s(as_of) - days * 86_400))
        try:
            matrix = feature_matrix_load(
                feature_set=feature_set, secid=secid, timeframe=timeframe, as_of=as_of, since=since
            )
        except NotReadyError:
            return None
        if len(matrix.begin_s):
            return FeatureRow(secid=secid, begin_s=int(matrix.begin_s[-1]), values=matrix.values[-1])
    return None
