"""The newest features of shares: from Redis where they are newer than the store. Not for the web process."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from features.contracts import FeatureRow
from features.live_rows import rows_get
from features.selectors.catalogue import feature_set_get
from features.selectors.matrix import feature_matrix_load, features_stored_until
from market.contracts import Timeframe
from market.selectors.instruments import instrument_get
from traderai.common.clock import from_epoch_s, to_epoch_s
from traderai.common.errors import NotReadyError


def feature_rows_latest(
    *, feature_set: str, timeframe: Timeframe, secids: Sequence[str], as_of: datetime
) -> dict[str, FeatureRow]:
    """Return by ticker the newest row of features that was known at `as_of`; shares without any are left out.

    A published row is used if its bar had closed at `as_of` and the store has none newer, otherwise the store's newest
    one. Both have the same bits for the same bar; `begin_s` says how old a row is.

    Raises: InputError for an unknown set, NotFoundError for an unknown instrument, InvariantError
        `checksum_mismatch` for a corrupt file.
    """
    facts = feature_set_get(name=feature_set)
    found = [instrument_get(secid=secid) for secid in secids]
    newest_s = to_epoch_s(as_of) - 60 * timeframe.minutes
    published = rows_get(facts, timeframe, [one.secid for one in found])
    until = features_stored_until(feature_set=feature_set, timeframe=timeframe, instruments=found)
    stored_s = {key: to_epoch_s(begin) for key, begin in until.items()}
    rows = {}
    for one in found:
        row = published.get(one.secid)
        if row is not None and row.begin_s > newest_s:
            row = None
        if row is None or min(newest_s, stored_s.get(one.id, 0)) > row.begin_s:
            stored = _stored_row(feature_set, timeframe, one.secid, as_of)
            if row is None or (stored is not None and stored.begin_s > row.begin_s):
                row = stored
        if row is not None:
            rows[one.secid] = row
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
